"""What runs the epochs of a training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Engine", "Refused"]

Array = np.ndarray[Any, Any]


class Refused(Exception):
    """An engine that cannot train what it was asked to.

    Parameters
    ----------
    reason : str
        A clause for the user, such as ``the optimizer is of a kind that is not compiled``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Engine(Protocol):
    """Runs epochs, each of them batches in a given order.

    Between two calls of `run` everything may have changed: the options of the optimiser's groups (a schedule), the
    parameters (weights that were put back), what a callback touched. So all of that is read when a call begins.

    Attributes
    ----------
    native : bool
        Whether the epochs run as one piece of native code.
    draws : bool
        Whether steps may take numbers from the default generator. Then the order of each epoch is drawn right
        before that epoch.
    """

    native: bool
    draws: bool

    def run(self, order: NDArray[np.int64], tick: Callable[[int], None]) -> NDArray[np.float64]:
        """Train for some epochs.

        Whether it returns or raises, `KeyboardInterrupt` included, it leaves parameters, buffers and the optimiser's
        state as of the last step that was finished, and the optimiser's `steps_taken` counts those.

        Parameters
        ----------
        order : array of shape (epochs, rows)
            The rows of each epoch. They are cut into batches from the beginning; the last batch may be smaller.
        tick : callable
            To be called now and then with the number of steps finished since its last call.

        Returns
        -------
        array of shape (epochs,)
            The mean loss of each epoch: the losses of its batches times their numbers of rows, added in float64 in
            the order of the batches, over the number of all rows.
        """
        ...
