"""From a kernel to machine code that Python calls: emit, optimise, load, put a callable in front."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import Any

from llvmlite import ir

from . import blas, entry, fourier, special
from .context import POINTER, VOID, arena_free_all
from .ctypes_entry import CALLBACKS, SlowCallable
from .invoked import Invoked
from .kernel import Kernel
from .llvm import emit_kernel
from .loading import Code, Loaded, new_builtin, set_next
from .python_api import Symbols, function_address, is_declaration
from .signature import Signature, check_signature
from .support import define_support
from .targets import NativeBuildError, Optimised, Options, module_text, optimise

__all__ = ["NativeBuildError", "Options", "Unit", "compile_unit", "module_builds"]

_FINISH = "unit.finish"

#: A kernel of at most this many LLVM blocks may be taken up into its builtin: a few checks, but no loop.
_STRAIGHT_BLOCKS = 8

_builds = 0
_builds_lock = Lock()


def module_builds() -> int:
    """How many LLVM modules this process has built."""
    return _builds


class Unit:
    """
    One compiled kernel.

    Attributes
    ----------
    llvm : str
        The module before optimisation.
    seconds : float
        How long everything took, from the kernel to the callable.
    entry_address : int
        Address of the native function that is called first: the builtin's, or the kernel's where there is none. It
        holds while the unit or its callable lives.
    finish_address : int or None
        Where there is no builtin: the function, of the context, that frees a call's workspace.
    """

    def __init__(self, text: str, optimised: Optimised, loaded: Loaded, symbols: Symbols, kernel: Kernel) -> None:
        self.llvm = text
        self.seconds = 0.0
        self.entry_address = loaded.addresses[kernel.name if _FINISH in loaded.addresses else entry.ENTRY]
        self.finish_address = loaded.addresses.get(_FINISH)
        self._optimised = optimised
        self._code = Code((loaded.handle, tuple(symbols.kept), [None]))
        self._next_cell = loaded.addresses.get(entry.NEXT)
        self._callable: Callable[..., Any] | None = None

    @property
    def llvm_optimised(self) -> str:
        """The module after optimisation; its text is made when it is first asked for."""
        return self._optimised.llvm

    @property
    def asm(self) -> str:
        """The machine code as text, made when it is first asked for."""
        return self._optimised.asm

    @property
    def builtin(self) -> Callable[..., Any]:
        """What Python calls. It keeps the code loaded, also when the unit is gone."""
        if self._callable is None:
            raise ValueError("this unit was compiled without a signature")
        return self._callable

    @property
    def next(self) -> Callable[..., Any] | None:
        """The callable of the next variant: it gets the calls that fail a test here. None: the dispatcher does."""
        if isinstance(self._callable, SlowCallable):
            return self._callable.next
        following: Callable[..., Any] | None = self._code[2][0]
        return following

    @next.setter
    def next(self, following: Callable[..., Any] | None) -> None:
        if isinstance(self._callable, SlowCallable):
            self._callable.next = following
        elif self._next_cell is None:
            raise ValueError("this unit was compiled without a signature")
        else:
            set_next(self._code, self._next_cell, following)

    def _attach(self, loaded: Loaded, kernel: Kernel, signature: Signature) -> None:
        """Make the callable."""
        if self.finish_address is None:
            self._callable = new_builtin(self._code, loaded.addresses[entry.METHOD])
        else:
            self._callable = SlowCallable(loaded.handle, self.entry_address, self.finish_address, kernel, signature)


def compile_unit(kernel: Kernel, *, signature: Signature | None = None, options: Options | None = None) -> Unit:
    """
    Compile a kernel.

    Parameters
    ----------
    kernel : Kernel
        What to compile; `check` has passed.
    signature : Signature, optional
        How Python calls it. Without one the unit has no callable, only the address of its native function, which must
        be called with the interpreter lock held.
    options : Options, optional
        How to compile.

    Returns
    -------
    Unit
        The code, its texts and its callable.

    Raises
    ------
    NativeBuildError
        If LLVM rejects the module, or a symbol has no address.
    ValueError
        If the signature does not fit the kernel.
    """
    start = time.perf_counter()
    if signature is not None:
        check_signature(signature, kernel)
        signature = signature.named(kernel.name)
    unit = _build(_with_own_name(kernel), signature, options or Options())
    unit.seconds = time.perf_counter() - start
    return unit


def _with_own_name(kernel: Kernel) -> Kernel:
    """The kernel under a name that is no other symbol's: its own is the user's and could be that of a C function."""
    return replace(kernel, name="kernel." + re.sub(r"\W", "_", kernel.name, flags=re.ASCII))


def _build(kernel: Kernel, signature: Signature | None, options: Options) -> Unit:
    symbols = Symbols(ir.Module(kernel.name, context=ir.Context()))
    exports = _emit(symbols, kernel, signature, options)
    _count_build()
    _resolve(symbols)
    text = module_text(symbols.module, options)
    optimised = optimise(text, options)
    loaded = Loaded(optimised.object_code, symbols.addresses, exports)
    unit = Unit(text, optimised, loaded, symbols, kernel)
    if signature is not None:
        unit._attach(loaded, kernel, signature)
    return unit


def _count_build() -> None:
    global _builds
    with _builds_lock:
        _builds += 1


def _emit(symbols: Symbols, kernel: Kernel, signature: Signature | None, options: Options) -> tuple[str, ...]:
    """Fill a module; return the names whose addresses are needed."""
    native = emit_kernel(symbols.module, kernel)
    if signature is not None and entry.AVAILABLE and options.entry != "ctypes":
        entry.emit_entry(symbols, native, kernel, signature)
        define_support(symbols, releases=signature.may_release, invoked=Invoked.of(kernel, signature))
        # Only the builtin calls the kernel, so one that is taken up into it need not be compiled twice; and one with
        # loops gains nothing there, but takes longer to compile.
        native.linkage = "internal"
        if len(native.blocks) > _STRAIGHT_BLOCKS:
            native.attributes.add("noinline")
        return entry.ENTRY, entry.METHOD, entry.NEXT
    if options.entry == "builtin":
        raise NativeBuildError("builtins cannot be built for this interpreter")
    _emit_finish(symbols.module)
    if entry.AVAILABLE and signature is None:
        define_support(symbols, releases=False)
        return kernel.name, _FINISH
    symbols.addresses.update({name: address for name, address in CALLBACKS.items() if name in symbols.module.globals})
    define_support(symbols, releases=False)
    return kernel.name, _FINISH


def _emit_finish(module: ir.Module) -> None:
    """A function to free a call's workspace, for callers outside the module."""
    finish = ir.Function(module, ir.FunctionType(VOID, [POINTER]), _FINISH)
    builder = ir.IRBuilder(finish.append_basic_block("entry"))
    builder.call(arena_free_all(module), finish.args)
    builder.ret_void()


def _resolve(symbols: Symbols) -> None:
    """Find an address for every name that the module declares and nobody has bound yet."""
    for name, value in symbols.module.globals.items():
        if not is_declaration(value) or name in symbols.addresses or name.startswith("llvm."):
            continue
        try:
            found = blas.symbol_address(name) or special.symbol_address(name) or fourier.symbol_address(name)
            symbols.addresses[name] = function_address(name) if found is None else found
        except LookupError as error:
            raise NativeBuildError(f"a kernel refers to {name!r}: {error}") from error
