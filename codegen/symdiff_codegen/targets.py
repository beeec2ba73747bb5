"""LLVM set up for this machine: options, the optimiser's pipeline, and what comes out of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any, Literal

import llvmlite.binding as llvm
from llvmlite import ir


class NativeBuildError(RuntimeError):
    """Native code cannot be made: LLVM rejects the module, or a symbol has no address."""


@dataclass(frozen=True)
class Options:
    """
    How a unit is compiled.

    Parameters
    ----------
    level : int
        Effort of the optimiser, 0 (none) to 3. All levels give the same results.
    vectorise : bool
        Whether LLVM may vectorise loops and straight code by itself.
    vector_width : int
        Widest vector registers to prefer, in bits.
    entry : {"auto", "builtin", "ctypes"}
        What Python calls: a builtin written in LLVM IR, or a slower callable that needs to know nothing of the
        interpreter's structs. `"auto"` takes the builtin where it is available.
    """

    level: int = 3
    vectorise: bool = True
    vector_width: int = 512
    entry: Literal["auto", "builtin", "ctypes"] = "auto"


def _hold_llvm_while_forking() -> None:
    """No thread is inside LLVM when the process forks: the child would wait for ever for a lock nobody gives back."""
    lock = getattr(llvm.ffi.lib, "_lock", None)
    if lock is not None and hasattr(os, "register_at_fork"):
        leave = partial(lock.__exit__, None, None, None)
        os.register_at_fork(before=lock.__enter__, after_in_parent=leave, after_in_child=leave)


_hold_llvm_while_forking()


@cache
def _initialise() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@cache
def triple() -> str:
    """The target triple of this process."""
    return str(llvm.get_process_triple())


@cache
def cpu() -> tuple[str, str]:
    """Name and features of this machine's processor."""
    _initialise()
    return str(llvm.get_host_cpu_name()), str(llvm.get_host_cpu_features().flatten())


@cache
def target_machine(level: int = 3) -> Any:
    """LLVM's view of this machine, for one level of effort."""
    name, features = cpu()
    target = llvm.Target.from_triple(triple())
    # Position-independent: data outside the module is reached through a table, however far away it lies.
    return target.create_target_machine(
        cpu=name, features=features, opt=level, reloc="pic", codemodel="default", jit=True
    )


@dataclass(frozen=True)
class Optimised:
    """
    What the optimiser and the code generator made of a module.

    Attributes
    ----------
    object_code : bytes
        The object file.
    bitcode : bytes
        The optimised module, from which its texts are made when someone looks.
    level : int
        The level of effort.
    """

    object_code: bytes
    bitcode: bytes
    level: int

    @cached_property
    def llvm(self) -> str:
        """The optimised module as text."""
        return str(self._module())

    @cached_property
    def asm(self) -> str:
        """The machine code as text."""
        return str(target_machine(self.level).emit_assembly(self._module()))

    def _module(self) -> Any:
        return llvm.parse_bitcode(self.bitcode, llvm.create_context())


def prefer_width(module: ir.Module, bits: int) -> None:
    """Ask for registers of this width in every function that the module defines."""
    for function in module.functions:
        if not function.is_declaration:
            # llvmlite's list of attributes has no attributes with values, hence the set's plain method.
            set.add(function.attributes, f'"prefer-vector-width"="{bits}"')


def module_text(module: ir.Module, options: Options) -> str:
    """The text of a module for this machine."""
    prefer_width(module, options.vector_width)
    module.triple = triple()
    module.data_layout = str(target_machine(options.level).target_data)
    return str(module)


def _excerpt(text: str, message: str) -> str:
    """The lines LLVM complains of, where its message tells them."""
    lines = text.splitlines()
    found = re.search(r"<string>:(\d+):", message)
    if found is None:
        return "\n".join(lines[:20])
    at = int(found[1]) - 1
    return "\n".join(lines[max(0, at - 3) : at + 3])


def optimise(text: str, options: Options) -> Optimised:
    """
    Verify, optimise and compile the text of a module.

    Raises
    ------
    NativeBuildError
        If LLVM rejects the text; the message shows the place.
    """
    machine = target_machine(options.level)
    try:
        # A context of its own: the global one would keep the types and constants of every module ever parsed.
        module = llvm.parse_assembly(text, llvm.create_context())
        module.verify()
    except RuntimeError as error:
        raise NativeBuildError(f"LLVM rejects a module: {error}\n{_excerpt(text, str(error))}") from error
    if options.level > 0:
        _run_passes(module, machine, options, unroll=len(text) < _LARGE)
    return Optimised(machine.emit_object(module), module.as_bitcode(), options.level)


_LARGE = 100_000
"""Characters of a module from which on loops are not unrolled. Unrolling makes each of many loops a few times as long,
which takes up to three quarters of the time to compile, and so much code runs no faster for it."""


def _run_passes(module: Any, machine: Any, options: Options, *, unroll: bool) -> None:
    """Run LLVM's own pipeline. A builder serves one run only: it keeps pointers into the run, and llvmlite 0.50 never
    frees its 3 KiB of callbacks."""
    tuning = llvm.create_pipeline_tuning_options(options.level)
    tuning.loop_vectorization = tuning.slp_vectorization = options.vectorise and options.level >= 2
    tuning.loop_unrolling = unroll
    builder = llvm.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)
