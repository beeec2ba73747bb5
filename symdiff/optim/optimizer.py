"""What all optimisers share: groups of parameters with their options, and what is remembered of each parameter."""

from __future__ import annotations

import copy
import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from symdiff.optim.hooks import Hooks
from symdiff.tensors import grad_mode
from symdiff.tensors.creation import made
from symdiff.tensors.lazy import known
from symdiff.tensors.plans import compile_for_next_step
from symdiff.tensors.stores import overwrite
from symdiff.tensors.tensor import Tensor, as_lazy

__all__ = ["Optimizer", "required"]


class _Required:
    """Stands for an option that each group must give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


class Optimizer:
    """The base of optimisers.

    Parameters
    ----------
    params : iterable
        Tensors, pairs of a name and a tensor, or dicts of a group each: ``{"params": ..., "lr": ...}``.
    defaults : dict
        Options of the groups that do not give them.

    Attributes
    ----------
    param_groups : list of dict
        The options may be changed between steps.
    state : dict
        What is remembered of each parameter, by the tensor itself.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + params.dtype.tensor_type
            )
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self.hooks = Hooks()
        self.steps_taken = 0
        self._watched_from: int | None = None
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        step = cls.__dict__.get("step")
        if step is not None and not hasattr(step, "complete"):
            cls.step = _with_hooks(step)  # type: ignore[method-assign]

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for k, group in enumerate(self.param_groups):
            lines += [""] * (k > 0) + [f"Parameter Group {k}"]
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimise further parameters.

        Raises
        ------
        TypeError
            If something else than tensors is given.
        ValueError
            If a tensor is not a leaf, or is optimised already.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in "
                "sets will change between runs. Please use a list instead."
            )
        param_group["params"] = list(params)
        _split_names(param_group)
        self._check_params(param_group["params"])
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        if len({*map(id, param_group["params"])}) < len(param_group["params"]):
            # PyTorch warns, and takes several steps in a row
            raise ValueError("optimizer contains a parameter group with duplicate parameters")
        self._check_new(param_group)
        self.param_groups.append(param_group)

    def _check_params(self, params: list[Any]) -> None:
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor")

    def _check_new(self, param_group: dict[str, Any]) -> None:
        before = {id(p) for group in self.param_groups for p in group["params"]}
        if any(id(p) in before for p in param_group["params"]):
            raise ValueError("some parameters appear in more than one parameter group")
        if self.param_groups and ("param_names" in param_group) != ("param_names" in self.param_groups[0]):
            raise ValueError(
                "all optimizer param groups should be with/without names: here are some groups of each kind"
            )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or fill them with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p._grad = None
                elif p._grad is not None:
                    _fill_with_zeros(p._grad)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by their gradients.

        Parameters
        ----------
        closure : callable, optional
            Evaluates the model again; what it returns is returned.
        """
        raise NotImplementedError

    def watch(self) -> None:
        """A schedule begins: from now on it counts whether steps are taken."""
        if self._watched_from is None:
            self._watched_from = self.steps_taken

    def stepped_since_watched(self) -> bool:
        """Whether a step was taken since the first schedule began."""
        return self._watched_from is not None and self.steps_taken > self._watched_from

    # -- hooks ---------------------------------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> Any:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return other arguments."""
        return self.hooks.enter("before", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> Any:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return self.hooks.enter("after", hook)

    # -- state ---------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state and the options, with parameters numbered in the order of the groups."""
        numbers = self._numbers()
        groups = [{k: v for k, v in group.items() if k != "params"} for group in self.param_groups]
        for packed, group in zip(groups, self.param_groups, strict=True):
            packed["params"] = [numbers[p] for p in group["params"]]
        state = {numbers[p] if isinstance(p, Tensor) else p: kept for p, kept in self.state.items()}
        return {"state": state, "param_groups": groups}

    def _numbers(self) -> dict[Tensor, int]:
        found: dict[Tensor, int] = {}
        for group in self.param_groups:
            for p in group["params"]:
                found.setdefault(p, len(found))
        return found

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` of a like optimiser gave.

        Raises
        ------
        ValueError
            If the groups, or the numbers of parameters in them, differ.
        """
        saved = state_dict["param_groups"]
        if len(saved) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        pairs = list(zip(saved, self.param_groups, strict=True))
        if any(len(new["params"]) != len(old["params"]) for new, old in pairs):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        by_number = {n: p for new, old in pairs for n, p in zip(new["params"], old["params"], strict=True)}
        state: dict[Any, dict[str, Any]] = defaultdict(dict)
        for number, kept in state_dict["state"].items():
            key = by_number.get(number, number)
            state[key] = _fitting(kept, key) if isinstance(key, Tensor) else kept
        self.param_groups = [_loaded(new, old) for new, old in pairs]
        self.state = state


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step of a user's own optimiser, with what goes on around each step."""

    @functools.wraps(step)
    def around(self: Optimizer, closure: Callable[[], Any] | None = None) -> Any:
        if self.hooks.before:
            closure = self.hooks.run_before(self, closure)
        loss = step(self) if closure is None else step(self, closure)
        compile_for_next_step()
        self.steps_taken += 1
        if self.hooks.after:
            self.hooks.run_after(self, closure)
        return loss

    return around


def _split_names(param_group: dict[str, Any]) -> None:
    """Pairs of names and tensors as two lists."""
    params = param_group["params"]
    named = [isinstance(p, tuple) for p in params]
    if not any(named):
        return
    if not all(named):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    param_group["param_names"] = [name for name, _ in params]
    param_group["params"] = [p for _, p in params]


def _fill_with_zeros(gradient: Tensor) -> None:
    if not gradient.is_leaf:
        gradient.detach_()
    elif gradient.requires_grad:
        gradient.requires_grad_(False)
    value = as_lazy(gradient)
    with grad_mode.no_grad():
        overwrite(gradient, known(np.zeros(value.shape, value.dtype.numpy), value.dtype, value.shape))


def _fitting(kept: dict[str, Any], param: Tensor) -> dict[str, Any]:
    """A copy of what is remembered, in the parameter's dtype; counts of steps stay what they are."""
    return {name: x if name == "step" and not isinstance(x, Tensor) else _cast(x, name, param)
            for name, x in kept.items()}  # fmt: skip


def _cast(x: Any, name: str, param: Tensor) -> Any:
    if isinstance(x, Tensor):
        keeps = name == "step" or param.dtype.category < 2
        return made(np.array(x._array(), x.dtype.numpy if keeps else param.dtype.numpy))
    if isinstance(x, dict):
        return {k: _cast(v, name, param) for k, v in x.items()}
    return type(x)(_cast(v, name, param) for v in x) if isinstance(x, list | tuple) else x


def _loaded(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """A group with options that were saved, of the parameters that are there."""
    found = copy.deepcopy({name: option for name, option in new.items() if name != "params"})
    if "param_names" in old and "param_names" not in new:
        found["param_names"] = old["param_names"]
    found["params"] = old["params"]
    return found
