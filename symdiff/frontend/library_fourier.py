"""`numpy.fft`: frequencies, and halves of spectra exchanged."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.written import stands_for

__all__: list[str] = []


@stands_for(np.fft.fftfreq)
def fftfreq(n: Any, d: Any = 1.0, device: Any = None) -> Any:
    """The frequencies of `np.fft.fft`: those from the middle on are negative."""
    k = np.arange(n)
    return np.where(2 * k < n, k, k - n) * (1.0 / (n * d))


@stands_for(np.fft.rfftfreq)
def rfftfreq(n: Any, d: Any = 1.0, device: Any = None) -> Any:
    """The frequencies of `np.fft.rfft`."""
    return np.arange(n // 2 + 1) * (1.0 / (n * d))


def rotated(x: Any, axes: Any, back: bool) -> Any:
    """The elements along some axes moved by half the length."""
    x = np.asarray(x)
    if axes is None:
        chosen = tuple(range(x.ndim))
    elif isinstance(axes, int):
        chosen = (axes,)
    else:
        chosen = tuple(axes)
    for axis in chosen:
        n = x.shape[axis]
        half = n // 2 if back else n - n // 2
        x = np.swapaxes(np.swapaxes(x, 0, axis)[(np.arange(n) + half) % n], 0, axis)
    return x


@stands_for(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    """The frequency 0 moves to the middle."""
    return rotated(x, axes, False)


@stands_for(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """What `fftshift` did undone."""
    return rotated(x, axes, True)
