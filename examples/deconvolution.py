"""A blurred photograph made sharp: deconvolution by FFT with a penalty on total variation.

The image is one of those that come with scikit-learn, blurred by a Gaussian and with noise added. What is minimised is

    0.5 ||blur(image) - data||^2 + strength * sum sqrt(dx^2 + dy^2 + eps^2)

over all pixels, with the gradient through the Fourier transforms. With a quadratic penalty in place of total variation
the minimum is known, Wiener's filter, which is the check. Run it:

    python examples/deconvolution.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_sample_image

import symdiff as sd


@dataclass(frozen=True)
class Result:
    """Peak signal-to-noise ratios in decibels; how far descent with a quadratic penalty ends from Wiener's filter."""

    blurred: float
    wiener: float
    restored: float
    distance_to_wiener: float
    evaluations: int


def gaussian_transfer(shape: tuple[int, int], sigma: float) -> np.ndarray:
    """The Fourier transform of a Gaussian blur on a periodic image."""
    u = np.fft.fftfreq(shape[0])[:, None]
    v = np.fft.rfftfreq(shape[1])[None, :]
    return np.exp(-2.0 * np.pi**2 * sigma**2 * (u**2 + v**2))


def blur(image, transfer):
    """Convolution as a product of Fourier transforms."""
    return np.fft.irfft2(np.fft.rfft2(image) * transfer, s=image.shape)


def total_variation(image, eps=0.01):
    """The length of the gradient at each pixel, summed."""
    dx = np.roll(image, -1, axis=0) - image
    dy = np.roll(image, -1, axis=1) - image
    return np.sum(np.sqrt(dx**2 + dy**2 + eps**2))


@sd.differentiable
def loss(pixels, data, transfer, strength):
    """The data term and total variation; the minimiser wants a vector."""
    image = pixels.reshape(data.shape)
    return 0.5 * np.sum((blur(image, transfer) - data) ** 2) + strength * total_variation(image)


@sd.differentiable
def quadratic_loss(pixels, data, transfer, strength):
    """The data term and the square of the pixels."""
    image = pixels.reshape(data.shape)
    misfit = np.fft.rfft2(image) * transfer - np.fft.rfft2(data)
    weights = np.full(misfit.shape[1], 2.0)  # a column of the half transform stands for two of the whole
    weights[0] = weights[-1] = 1.0
    return 0.5 * np.sum(weights * np.abs(misfit) ** 2) / image.size + 0.5 * strength * np.sum(image**2)


def wiener(data: np.ndarray, transfer: np.ndarray, strength: float) -> np.ndarray:
    """The minimum of the quadratic loss."""
    return np.fft.irfft2(np.fft.rfft2(data) * transfer / (transfer**2 + strength), s=data.shape)


def quality(image: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels."""
    return float(-10.0 * np.log10(np.mean((image - truth) ** 2)))


def load_image(size: int) -> np.ndarray:
    """A square part of the photograph, grey, between 0 and 1."""
    picture = np.asarray(load_sample_image("china.jpg"), dtype=float).mean(axis=2) / 255.0
    return picture[100 : 100 + size, 200 : 200 + size]


def descend(function: object, data: np.ndarray, *args: object, iterations: int = 200) -> tuple[np.ndarray, int]:
    """The minimum by L-BFGS, from the data."""
    options = {"maxiter": iterations, "maxfun": 2 * iterations, "ftol": 1e-14, "gtol": 1e-8}
    found = minimize(
        function.value_and_grad, data.ravel(), args=(data, *args), jac=True, method="L-BFGS-B", options=options
    )
    return found.x.reshape(data.shape), int(found.nfev)


def main(size: int = 128, sigma: float = 1.5, noise: float = 0.01) -> Result:
    """Blur, restore, compare."""
    truth = load_image(size)
    transfer = gaussian_transfer(truth.shape, sigma)
    data = blur(truth, transfer) + noise * np.random.default_rng(3).standard_normal(truth.shape)
    restored, evaluations = descend(loss, data, transfer, 2e-4)
    by_filter = wiener(data, transfer, 0.01)
    by_descent, _ = descend(quadratic_loss, data, transfer, 0.01)
    distance = float(np.max(np.abs(by_descent - by_filter)))
    result = Result(quality(data, truth), quality(by_filter, truth), quality(restored, truth), distance, evaluations)
    print(f"blurred {result.blurred:.2f} dB, Wiener {result.wiener:.2f} dB, total variation {result.restored:.2f} dB")
    print(f"{size} x {size} pixels, {evaluations} gradients; descent ends {distance:.1e} from Wiener's filter")
    return result


if __name__ == "__main__":
    main()
