"""What a training left behind: numbers of each epoch."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import Any

from symdiff.errors import MissingExtraError

__all__ = ["COLUMNS", "History"]

COLUMNS = ("epoch", "loss", "val_loss", "lr", "seconds")
"""The names in `History.to_dict` that no metric can have."""


@dataclass(repr=False)
class History:
    """What `fit` returns.

    Attributes
    ----------
    loss : list of float
        The mean training loss of each epoch, weighted by rows: taken while the parameters change.
    val_loss : list of float
        The loss of the validation data after each epoch; empty without such data.
    metrics : dict of str to list of float
    lr : list of float
        The learning rate of each epoch (of the optimiser's first group).
    seconds : list of float
        How long each epoch took, with what was done after it. Of epochs that ran in one piece, the mean.
    native : bool
        Whether the epochs ran as native code.
    reason : str or None
        Why not, if not.
    stopped_early : bool
        Whether early stopping or a callback ended the training before its last epoch.
    """

    loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    lr: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    native: bool = False
    reason: str | None = None
    stopped_early: bool = False

    @property
    def epochs(self) -> int:
        """How many epochs were run."""
        return len(self.loss)

    def to_dict(self) -> dict[str, list[Any]]:
        """Columns of equal length, which `pandas.DataFrame` takes: ``epoch``, counted from 1, ``loss``, and so on."""
        found: dict[str, list[Any]] = {"epoch": list(range(1, self.epochs + 1)), "loss": list(self.loss)}
        if self.val_loss:
            found["val_loss"] = list(self.val_loss)
        found.update({name: list(values) for name, values in self.metrics.items()})
        return {**found, "lr": list(self.lr), "seconds": list(self.seconds)}

    def __repr__(self) -> str:
        how = "native" if self.native else "eager"
        early = ", stopped early" if self.stopped_early else ""
        head = f"{self.epochs} epoch{'s' * (self.epochs != 1)} in {sum(self.seconds):.3g} s, {how}{early}"
        courses = {"loss": self.loss, "val_loss": self.val_loss, **self.metrics}
        return f"History({'; '.join([head, *(_course(*item) for item in courses.items() if item[1])])})"

    def plot(self, ax: Any = None, path: str | os.PathLike[str] | None = None) -> Any:
        """Draw the losses, and below them the metrics if there are any.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw, the losses only; else a new figure is made.
        path : str or os.PathLike, optional
            Where to save the figure.

        Returns
        -------
        matplotlib.axes.Axes
            That of the losses.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        """
        metrics = {name: values for name, values in self.metrics.items() if values}
        axes = [ax] if ax is not None else _new_axes(1 + bool(metrics), shown=path is None)
        _draw(axes[0], {"loss": self.loss, "val_loss": self.val_loss}, "loss")
        if _spread([*self.loss, *self.val_loss]) > 30:
            axes[0].set_yscale("log")
        if len(axes) > 1:
            _draw(axes[1], metrics, "metrics" if len(metrics) > 1 else next(iter(metrics)))
        axes[-1].set_xlabel("epoch")
        if path is not None:
            axes[0].figure.savefig(path)
        return axes[0]


def _course(name: str, values: list[float]) -> str:
    first, last = f"{values[0]:.4g}", f"{values[-1]:.4g}"
    return f"{name} {last}" if len(values) == 1 else f"{name} {first} -> {last}"


def _new_axes(count: int, shown: bool) -> list[Any]:
    try:
        from matplotlib import pyplot
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("plot needs matplotlib", hint="pip install matplotlib") from None
    size = (6.4, 3.2 + 1.6 * count)
    # a figure that is only saved needs no window, and nobody would close it
    figure = pyplot.figure(figsize=size, layout="constrained") if shown else Figure(figsize=size, layout="constrained")
    found = list(figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0])
    found[-1].xaxis.get_major_locator().set_params(integer=True)
    return found


def _draw(ax: Any, courses: dict[str, list[float]], label: str) -> None:
    for name, values in courses.items():
        if values:
            marker = "o" if len(values) == 1 else None
            ax.plot(range(1, len(values) + 1), values, label=name.replace("val_loss", "validation loss"), marker=marker)
    ax.set_ylabel(label)
    ax.grid(alpha=0.3)
    if ax.lines:
        ax.legend()


def _spread(values: list[float]) -> float:
    """How many times the largest is the smallest, if a logarithm shows them all."""
    finite = [value for value in values if math.isfinite(value)]
    return max(finite) / min(finite) if finite and min(finite) > 0 else 0.0
