"""`Module`: what holds parameters, buffers and other modules, by names, and is called like a function."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Self

from symdiff.nn.backward_hooks import BackwardHook, Meeting
from symdiff.nn.entries import Entries
from symdiff.nn.parameter import Parameter, copied
from symdiff.nn.state import IncompatibleKeys, load_entries, module_state
from symdiff.nn.tree import Tree
from symdiff.tensors import devices, names
from symdiff.tensors.autograd_calls import Handle
from symdiff.tensors.dtypes import DType, bool_, float32, float64, int32, int64
from symdiff.tensors.grad_mode import no_grad
from symdiff.tensors.tensor import Tensor

__all__ = ["Module"]

METHODS = names
"""With it, all methods of tensors are there."""

WHOLE = (bool_, int32, int64)
_TABLES = ("_parameters", "_buffers", "_modules")


class Module(Tree):
    """What layers and models derive from; a subclass defines ``forward``.

    A `Parameter`, a module, or a new value for a registered buffer that is assigned as an attribute is registered
    under that name.
    """

    training: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        own = self.__dict__
        own["training"] = True
        own["_parameters"] = Entries(own)
        own["_buffers"] = Entries(own)
        own["_modules"] = Entries(own)
        own["_non_persistent_buffers_set"] = set()
        own["_hooks"] = {}
        own["_pre_hooks"] = {}

    # -- calling -------------------------------------------------------------------------------------------------------

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What a call computes."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._hooks or self._pre_hooks:
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for hook, with_kwargs in list(self._pre_hooks.values()):
            given = hook(self, args, kwargs) if with_kwargs else hook(self, args)
            if given is None:
                continue
            if with_kwargs:
                args, kwargs = given
            else:
                args = given if isinstance(given, tuple) else (given,)
        backward = [hook for hook, _ in self._hooks.values() if type(hook) is BackwardHook]
        meeting = Meeting(self, backward) if backward else None
        result = self.forward(*(meeting.arguments(args) if meeting else args), **kwargs)
        for hook, with_kwargs in list(self._hooks.values()):
            if type(hook) is BackwardHook:
                continue
            given = hook(self, args, kwargs, result) if with_kwargs else hook(self, args, result)
            result = result if given is None else given
        return meeting.result(result) if meeting else result

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Call ``hook(module, args, output)`` after each `forward`; what it returns takes the output's place."""
        return _entered(self._hooks, (hook, with_kwargs), prepend)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Call ``hook(module, args)`` before each `forward`; what it returns takes the arguments' place."""
        return _entered(self._pre_hooks, (hook, with_kwargs), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call ``hook(module, grad_input, grad_output)``; what it returns takes the place of ``grad_input``."""
        return _entered(self._hooks, (BackwardHook(hook), False), prepend)

    # -- registering ---------------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if "_parameters" not in own:
            kind = "parameters" if isinstance(value, Parameter) else "module" if isinstance(value, Module) else ""
            if kind:
                raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
            object.__setattr__(self, name, value)
        elif isinstance(value, Parameter):
            self._forget(name, "_buffers", "_modules")
            if name not in own["_parameters"]:
                own.pop(name, None)
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._forget(name, "_parameters", "_buffers")
            own["_modules"][name] = value
        elif not self._replaced(name, value):
            object.__setattr__(self, name, value)

    def _replaced(self, name: str, value: Any) -> bool:
        """Put another value in the place of a registered one, if the name has one."""
        own = self.__dict__
        if name in own["_parameters"]:
            wanted, table = "parameter '{}' (torch.nn.Parameter or None expected)", "_parameters"
        elif name in own["_modules"]:
            wanted, table = "child module '{}' (torch.nn.Module or None expected)", "_modules"
        elif name in own["_buffers"]:
            wanted, table = "buffer '{}' (torch.nn.Buffer, torch.Tensor or None expected)", "_buffers"
        else:
            return False
        if value is not None and not (table == "_buffers" and isinstance(value, Tensor)):
            raise TypeError(f"cannot assign '{_type_name(value)}' as {wanted.format(name)}")
        own[table][name] = value
        return True

    def _forget(self, name: str, *tables: str) -> None:
        for table in tables:
            if name in self.__dict__[table]:
                del self.__dict__[table][name]

    def __delattr__(self, name: str) -> None:
        for table in _TABLES:
            if name in self.__dict__[table]:
                del self.__dict__[table][name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Enter a parameter under a name; None keeps the name for one."""
        self._check_name(name, "parameter", "_parameters", param)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_type_name(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Enter a tensor that belongs to the state but is not trained.

        Parameters
        ----------
        name : str
        tensor : Tensor or None
        persistent : bool
            Whether it is part of the `state_dict`.
        """
        self._check_name(name, "buffer", "_buffers", tensor)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_type_name(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Enter a module under a name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{_type_name(module)} is not a Module subclass")
        self._check_name(name, "module", "_modules", module)
        self._modules[name] = module

    register_module = add_module

    def _check_name(self, name: Any, what: str, table: str, value: Any) -> None:
        if table not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {_type_name(name)}")
        if "." in name:
            raise KeyError(f'{what} name can\'t contain "."' + (f", got: {name}" if what == "module" else ""))
        if name == "":
            raise KeyError(f'{what} name can\'t be empty string ""')
        if name not in self.__dict__[table] and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    # -- modes, dtypes -------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch to the behaviour while training."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Switch to the behaviour after training."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Begin, or end, to take gradients of all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or make them zero."""
        for parameter in self.parameters():
            if set_to_none:
                parameter._grad = None
            elif parameter._grad is not None:
                gradient: Any = parameter._grad.detach()
                parameter._grad = gradient.zero_()

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call a function with each module in this one, and last with this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def to(self, *args: Any, dtype: DType | None = None, device: Any = None, **kwargs: Any) -> Self:
        """Convert the parameters and buffers of float dtypes to another; there is one device."""
        for given in (*args, device):
            if isinstance(given, DType | Tensor):
                dtype = given if isinstance(given, DType) else given.dtype
            elif given is not None and not isinstance(given, bool):
                devices.device(given)
        if dtype is None:
            return self
        if not dtype.is_floating_point:
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype!r}"
            )
        return self._converted(dtype)

    def _converted(self, dtype: DType) -> Self:
        with no_grad():
            for module in self.modules():
                for parameter in module._parameters.values():
                    if parameter is not None and parameter.dtype not in (dtype, *WHOLE):
                        parameter.data = parameter.detach().to(dtype)
                        parameter._grad = None if parameter._grad is None else parameter._grad.to(dtype)
                for name, buffer in list(module._buffers.items()):
                    if buffer is not None and buffer.dtype.is_floating_point:
                        module._buffers[name] = buffer.to(dtype)
        return self

    def float(self) -> Self:
        """Convert to float32."""
        return self._converted(float32)

    def double(self) -> Self:
        """Convert to float64."""
        return self._converted(float64)

    def cpu(self) -> Self:
        """The module itself: there is one device."""
        return self

    # -- state ---------------------------------------------------------------------------------------------------------

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """The parameters and persistent buffers by their names; they share the module's memory."""
        return module_state(self, OrderedDict() if destination is None else destination, prefix, keep_vars)

    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> IncompatibleKeys:
        """Copy the tensors of a state dict into the parameters and buffers.

        Parameters
        ----------
        state_dict : dict
        strict : bool
            Whether the names have to be the same.
        assign : bool
            Whether the tensors take the place of the module's instead.

        Returns
        -------
        IncompatibleKeys
            With lists ``missing_keys`` and ``unexpected_keys``.
        """
        return load_entries(self, state_dict, strict, assign)

    def __getstate__(self) -> dict[str, Any]:
        mirrored = {name for table in _TABLES for name in self.__dict__[table]}
        state = {name: value for name, value in self.__dict__.items() if name not in mirrored}
        return {**state, **{table: dict(self.__dict__[table]) for table in _TABLES}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        own = self.__dict__
        own.update(state)
        for table in _TABLES:
            own[table] = Entries(own)
            own[table].update(state[table])

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        made = memo[id(self)] = type(self).__new__(type(self))
        state = self.__getstate__()
        for buffer in state["_buffers"].values():
            if buffer is not None:
                memo.setdefault(id(buffer), copied(buffer))
        made.__setstate__(copy.deepcopy(state, memo))
        return made

    # -- text ----------------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands in the parentheses of the module's text, before its parts."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        lines = self.extra_repr().split("\n") if self.extra_repr() else []
        parts = [f"({name}): " + indented(repr(module)) for name, module in self._modules.items()]
        if len(lines) == 1 and not parts:
            return f"{self._get_name()}({lines[0]})"
        if not lines and not parts:
            return f"{self._get_name()}()"
        return f"{self._get_name()}(\n  " + "\n  ".join([*lines, *parts]) + "\n)"

    def __dir__(self) -> list[str]:
        return sorted({*dir(type(self)), *self.__dict__})


def indented(text: str, by: int = 2) -> str:
    """A text whose lines after the first stand further right."""
    return text.replace("\n", "\n" + " " * by)


def _type_name(value: Any) -> str:
    if isinstance(value, Tensor) and type(value) is Tensor:
        return value.dtype.tensor_type
    return type(value).__name__


def _entered(hooks: dict[int, Any], entry: Any, first: bool) -> Handle:
    key = max(hooks, default=0) + 1
    before = dict(hooks)
    hooks.clear()
    hooks.update({key: entry, **before} if first else {**before, key: entry})
    return Handle(hooks, key)
