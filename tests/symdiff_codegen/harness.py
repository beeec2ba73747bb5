"""Run a kernel natively from tests, with Python functions for what the kernel calls back."""

import ctypes
from dataclasses import dataclass, field
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from symdiff_codegen import blas, fourier, special
from symdiff_codegen.check import check_kernel
from symdiff_codegen.context import ERROR_ARGS_OFFSET, RESULTS_OFFSET, VOID, arena_free_all
from symdiff_codegen.instructions import NUMPY_NAME
from symdiff_codegen.kernel import Buffer, Kernel
from symdiff_codegen.llvm import lower_kernel
from symdiff_codegen.targets import Options, module_text, target_machine

C_TYPE = {
    "f64": ctypes.c_double, "f32": ctypes.c_float, "i64": ctypes.c_int64, "i32": ctypes.c_int32, "i1": ctypes.c_uint8,
}  # fmt: skip
POLL = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)
NEW_ARRAY = ctypes.CFUNCTYPE(
    ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32, ctypes.c_int32,
    ctypes.POINTER(ctypes.c_int64), ctypes.c_int32,
)  # fmt: skip


class Failed(Exception):
    """A kernel returned another status than 0: the status, and the bits of the error's operands."""


@dataclass
class Call:
    """What one call of a kernel produced."""

    results: list[Any]
    polls: int
    chunks: int


@dataclass
class Native:
    """A kernel compiled for this machine; call it with numbers and arrays."""

    kernel: Kernel
    options: Options = field(default_factory=Options)
    polls: int = 0
    poll_answer: int = 0

    def __post_init__(self) -> None:
        check_kernel(self.kernel)
        module = lower_kernel(self.kernel)
        arena_free_all(module).linkage = ""
        _define_flags(module)
        self.text = module_text(module, self.options)
        machine = target_machine(self.options.level)
        parsed = llvm.parse_assembly(self.text, llvm.create_context())
        parsed.verify()
        tuning = llvm.create_pipeline_tuning_options(self.options.level)
        tuning.loop_vectorization = tuning.slp_vectorization = self.options.vectorise
        builder = llvm.create_pass_builder(machine, tuning)
        builder.getModulePassManager().run(parsed, builder)
        self.optimised = str(parsed)
        self.asm = machine.emit_assembly(parsed)
        self._link(machine.emit_object(parsed), module)

    def _link(self, code: bytes, module: ir.Module) -> None:
        self._callbacks = POLL(self._poll), NEW_ARRAY(self._new_array)
        addresses = dict(zip(("poll", "new_array"), self._callbacks, strict=True))
        library = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for name, callback in addresses.items():
            library.import_symbol(name, ctypes.cast(callback, ctypes.c_void_p).value)
        for name in module.globals:
            if name.startswith("gufunc_"):
                library.import_symbol(name, blas.symbol_address(name))
            if name.startswith(special.PREFIX):
                library.import_symbol(name, special.symbol_address(name))
            if name.startswith("fourier_"):
                library.import_symbol(name, fourier.symbol_address(name))
        for name in (self.kernel.name, "arena_free_all"):
            library.export_symbol(name)
        self._linker = llvm.create_lljit_compiler(target_machine())
        self._tracker = library.link(self._linker, "unit")
        self._function = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, *self._argument_types())(
            self._tracker[self.kernel.name]
        )
        self._free_all = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(self._tracker["arena_free_all"])

    def _argument_types(self) -> list[Any]:
        bound = self.kernel.bound_dims()
        types: list[Any] = []
        for param in self.kernel.params:
            if isinstance(param, Buffer):
                types += [ctypes.c_void_p, *[ctypes.c_int64] * len(bound[param])]
            else:
                types.append(C_TYPE[param.type])
        return types

    def _poll(self, _: int) -> int:
        self.polls += 1
        return self.poll_answer

    def _new_array(self, _: int, slot: int, number: int, ndim: int, dims: Any, zeroed: int) -> int:
        dtype = np.dtype(NUMPY_NAME[self.kernel.results[slot].type])
        assert dtype.num == number
        array = np.zeros(dims[:ndim], dtype)
        if not zeroed:
            array.view(np.uint8).fill(0xA5) if ndim else None
        self._arrays[slot] = array
        return array.ctypes.data

    def run(self, *args: Any) -> Call:
        """Call the kernel; raise `Failed` unless it returns 0."""
        self._arrays: dict[int, np.ndarray] = {}
        self.polls = 0
        words = (ctypes.c_int64 * (RESULTS_OFFSET // 8 + len(self.kernel.results) + 1))()
        flat: list[Any] = []
        bound = self.kernel.bound_dims()
        for param, arg in zip(self.kernel.params, args, strict=True):
            if isinstance(param, Buffer):
                assert arg.flags.c_contiguous and arg.dtype == NUMPY_NAME[param.type], arg.dtype
                flat += [arg.ctypes.data, *(arg.shape[param.dims.index(dim)] for dim in bound[param])]
            else:
                flat.append(arg)
        status = self._function(ctypes.addressof(words), *flat)
        chunks = _chunks(words[0])
        self._free_all(ctypes.addressof(words))
        if status:
            first = ERROR_ARGS_OFFSET // 8
            raise Failed(status, *words[first : first + 4])
        return Call([self._result(words, slot) for slot in range(len(self.kernel.results))], self.polls, chunks)

    def _result(self, words: Any, slot: int) -> Any:
        spec = self.kernel.results[slot]
        if spec.is_array:
            return self._arrays[slot]
        cell = ctypes.addressof(words) + RESULTS_OFFSET + 8 * slot
        if spec.type == "i1":
            return bool(words[RESULTS_OFFSET // 8 + slot])
        value = C_TYPE[spec.type].from_address(cell).value
        return np.float32(value) if spec.type == "f32" else value

    def __call__(self, *args: Any) -> Any:
        """Call the kernel; return its result, or a list of several."""
        results = self.run(*args).results
        return results[0] if len(results) == 1 else results


def _chunks(current: int) -> int:
    """How many chunks the arena has: back to the first one, then forward through all."""
    if not current:
        return 0
    first = current
    while previous := ctypes.c_void_p.from_address(first).value:
        first = previous
    count = 1
    while following := ctypes.c_void_p.from_address(first + 8).value:
        first, count = following, count + 1
    return count


def _define_flags(module: ir.Module) -> None:
    """Define the tests of the floating-point flags with those of the C library."""
    word = ir.IntType(32)
    for name, library in (("fp_clear", "feclearexcept"), ("fp_invalid", "fetestexcept")):
        function = module.globals.get(name)
        if function is not None:
            flags = ir.Function(module, ir.FunctionType(word, [word]), library)
            builder = ir.IRBuilder(function.append_basic_block())
            answer = builder.call(flags, [word(1)])
            builder.ret_void() if function.ftype.return_type == VOID else builder.ret(answer)
