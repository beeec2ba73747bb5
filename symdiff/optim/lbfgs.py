"""L-BFGS: Newton's method with a Hessian that is approximated from the latest steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from symdiff.optim.line_search import strong_wolfe
from symdiff.optim.optimizer import Optimizer
from symdiff.tensors import grad_mode
from symdiff.tensors.creation import made
from symdiff.tensors.plans import compile_for_next_step

__all__ = ["LBFGS"]

Array = np.ndarray[Any, Any]


class LBFGS(Optimizer):
    """Steps that use how gradients changed along the latest ones; `step` takes a closure and evaluates it often.

    Parameters
    ----------
    params : iterable
        Tensors: one group only.
    lr : float
        The length of steps, and what the line search begins with.
    max_iter : int
        Iterations of each call of `step`.
    max_eval : int, optional
        Evaluations of each call; ``max_iter * 5 // 4`` unless given.
    tolerance_grad, tolerance_change : float
        A gradient, or a change, so small ends a call.
    history_size : int
        How many steps are remembered.
    line_search_fn : str, optional
        ``"strong_wolfe"``, or no search.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if line_search_fn not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        super().__init__(
            params,
            {
                "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change,
                "history_size": history_size, "line_search_fn": line_search_fn,
            },
        )  # fmt: skip
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    # -- the parameters as one vector ----------------------------------------------------------------------------------

    @property
    def _params(self) -> list[Any]:
        params: list[Any] = self.param_groups[0]["params"]
        return params

    def _gradient(self) -> Array:
        parts = [
            np.zeros(p.numel(), p.dtype.numpy) if p._grad is None else p._grad._array().reshape(-1)
            for p in self._params
        ]
        return np.concatenate(parts)

    def _place(self) -> Array:
        return np.concatenate([p._array().reshape(-1) for p in self._params])

    def _move_to(self, place: Array) -> None:
        begin = 0
        with grad_mode.no_grad():
            for p in self._params:
                part = place[begin : begin + p.numel()]
                p.copy_(made(np.array(part.reshape(tuple(p.shape)), p.dtype.numpy)))
                begin += p.numel()

    # -- steps ---------------------------------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Several iterations.

        Parameters
        ----------
        closure : callable
            Evaluates the model again, with gradients, and returns the loss.

        Returns
        -------
        Tensor
            The loss at the beginning.
        """
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        group, state = self.param_groups[0], self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        def evaluate() -> Any:
            with grad_mode.enable_grad():
                found = closure()
            state["func_evals"] += 1
            compile_for_next_step()
            return found

        first = evaluate()
        run = _Run(self, group, state, evaluate, first.item())
        if abs(run.gradient).max(initial=0.0) <= group["tolerance_grad"]:
            return first
        for _ in range(group["max_iter"]):
            if run.advance():
                break
        run.keep()
        return first


class _Run:
    """The iterations of one call."""

    def __init__(
        self, optimizer: LBFGS, group: dict[str, Any], state: dict[str, Any], evaluate: Callable[[], Any], loss: float
    ) -> None:
        self.optimizer, self.group, self.state, self.evaluate, self.loss = optimizer, group, state, evaluate, loss
        self.gradient = optimizer._gradient()
        self.evaluations, self.iterations = 1, 0
        kept = {name: state.get(name) for name in ("d", "t", "prev_flat_grad", "H_diag")}
        self.direction, self.before = (_array(kept[name]) for name in ("d", "prev_flat_grad"))
        self.length: Any = kept["t"]
        self.scale: float = kept["H_diag"] or 1.0
        self.changes: list[Array] = [_array(x) for x in state.get("old_dirs", [])]
        self.steps: list[Array] = [_array(x) for x in state.get("old_stps", [])]

    def keep(self) -> None:
        """Remember what the next call goes on with."""
        self.state.update(
            d=made(self.direction), t=self.length, prev_flat_grad=made(self.before), H_diag=self.scale,
            old_dirs=[made(x) for x in self.changes], old_stps=[made(x) for x in self.steps], prev_loss=self.loss,
        )  # fmt: skip

    def advance(self) -> bool:
        """One iteration; whether it was the last."""
        group, state = self.group, self.state
        state["n_iter"] += 1
        self.iterations += 1
        if state["n_iter"] == 1:
            self.direction = -self.gradient
        else:
            self._remember()
            self.direction = self._newton()
        self.before, loss_before = self.gradient.copy(), self.loss
        lr = float(group["lr"])
        self.length = min(1.0, 1.0 / float(abs(self.gradient).sum())) * lr if state["n_iter"] == 1 else lr
        slope = float(self.gradient @ self.direction)
        if slope > -group["tolerance_change"]:
            return True
        self._walk(slope)
        if self.evaluations >= group["max_eval"] or self.iterations == group["max_iter"]:
            return True
        if abs(self.gradient).max(initial=0.0) <= group["tolerance_grad"]:
            return True
        if abs(self.direction * self.length).max(initial=0.0) <= group["tolerance_change"]:
            return True
        return abs(self.loss - loss_before) < group["tolerance_change"]

    def _remember(self) -> None:
        change, step = self.gradient - self.before, self.direction * self.length
        curve = float(change @ step)
        if curve > 1e-10:
            if len(self.changes) == self.group["history_size"]:
                self.changes.pop(0)
                self.steps.pop(0)
            self.changes.append(change)
            self.steps.append(step)
            self.scale = curve / float(change @ change)

    def _newton(self) -> Array:
        """The direction in which the approximated Hessian leads to the minimum: two loops over what is remembered."""
        d = -self.gradient
        pairs = [(y, s, 1.0 / float(y @ s)) for y, s in zip(self.changes, self.steps, strict=True)]
        shares = []
        for y, s, rate in reversed(pairs):
            shares.append(float(s @ d) * rate)
            d = d - y * d.dtype.type(shares[-1])
        d = d * d.dtype.type(self.scale)
        for (y, s, rate), share in zip(pairs, reversed(shares), strict=True):
            d = d + s * d.dtype.type(share - float(y @ d) * rate)
        return d

    def _at(self, place: Array, length: float) -> tuple[float, Array]:
        """The loss and the gradient so far along the direction."""
        self.optimizer._move_to(place + place.dtype.type(length) * self.direction)
        loss = self.evaluate().item()
        return loss, self.optimizer._gradient()

    def _walk(self, slope: float) -> None:
        group, place = self.group, self.optimizer._place()
        if group["line_search_fn"] is not None:
            found = strong_wolfe(
                lambda length: self._at(place, length), self.direction, self.length, self.loss, self.gradient, slope,
                tolerance=group["tolerance_change"],
            )  # fmt: skip
            self.loss, self.gradient, self.length, count = found
            self.optimizer._move_to(place + place.dtype.type(self.length) * self.direction)
            self.evaluations += count
            return
        self.optimizer._move_to(place + place.dtype.type(self.length) * self.direction)
        if self.iterations != group["max_iter"]:
            self.loss = self.evaluate().item()
            self.gradient = self.optimizer._gradient()
            self.evaluations += 1


def _array(kept: Any) -> Any:
    return None if kept is None else kept._array()
