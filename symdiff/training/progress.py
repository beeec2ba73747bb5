"""The progress of a training, as a bar."""

from __future__ import annotations

import os
import sys
from typing import Any

from symdiff.training.callbacks import State

__all__ = ["Progress"]

_FORMAT = "{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}, {rate_fmt}{postfix}]"


class Progress:
    """One bar for all epochs; it moves with the steps, where an epoch's number of steps is known.

    Parameters
    ----------
    epochs : int
    steps : int or None
        Of an epoch.
    finished : int
        Epochs that were finished before.
    """

    def __init__(self, epochs: int, steps: int | None, finished: int) -> None:
        from tqdm import tqdm

        self._steps, self._epochs, self._by_step = steps or 1, epochs, steps is not None
        unit = "step" if self._by_step else "epoch"
        self._bar: Any = tqdm(
            total=epochs * self._steps, initial=finished * self._steps, desc=self._label(finished), unit=unit,
            mininterval=0.1, miniters=1, bar_format=_FORMAT, **_width(),
        )  # fmt: skip

    def _label(self, epoch: int) -> str:
        return f"epoch {min(epoch, self._epochs)}/{self._epochs}"

    def tick(self, steps: int) -> None:
        """Some steps were finished."""
        if self._by_step:
            self._bar.set_description_str(self._label(int(self._bar.n + steps - 1) // self._steps + 1), refresh=False)
            self._bar.update(steps)

    def epoch_end(self, state: State) -> None:
        """An epoch was finished, or several."""
        values = {"loss": state.loss, "val_loss": state.val_loss, **state.metrics}
        shown = ", ".join(f"{name}={value:.4g}" for name, value in values.items() if value is not None)
        self._bar.set_postfix_str(shown, refresh=False)
        self._bar.set_description_str(self._label(state.epoch), refresh=False)
        self._bar.update(state.epoch * self._steps - self._bar.n)

    def close(self) -> None:
        """Show the last numbers, and leave them there."""
        self._bar.close()


def _width() -> dict[str, Any]:
    """The width of the terminal; some know none, and a bar would have no room."""
    try:
        known = os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except (OSError, ValueError, AttributeError):
        known = True  # no terminal: tqdm finds a width
    return {"dynamic_ncols": True} if known else {"ncols": 80}
