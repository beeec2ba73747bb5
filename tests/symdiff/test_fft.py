"""`numpy.fft`: values are NumPy's, gradients come from the matrices of the transforms.

Every transform is linear, so its matrix has for columns what NumPy makes of unit vectors. That matrix gives gradients,
and second derivatives of what is made of the transform, without differences.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft

import symdiff as sd

Transform = Callable[[Any], Any]
plainly = sd.differentiable(simplify=False)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def numbers(shape: tuple[int, ...], *, of_complex: bool, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    real = rng.normal(size=shape)
    return real + 1j * rng.normal(size=shape) if of_complex else real


def matrix(transform: Transform, x: Any) -> Any:
    """One row for each real number of the argument: what the transform makes of it alone."""
    units = [u.reshape(x.shape) for u in np.eye(x.size)]
    if x.dtype.kind == "c":
        units += [1j * u for u in units]
    return np.array([np.ravel(transform(u)) for u in units])


def flat(found: Any) -> Any:
    """Of complex numbers the real parts, then the imaginary ones."""
    found = np.ravel(found)
    return np.concatenate((found.real, found.imag)) if found.dtype.kind == "c" else found


# -- every function with every option ----------------------------------------------------------------------------------

# of real and complex arguments, along one axis
ALONG = {
    "fft": lambda z: np.fft.fft(z),
    "ifft": lambda z: np.fft.ifft(z),
    "irfft": lambda z: np.fft.irfft(z),
    "hfft": lambda z: np.fft.hfft(z),
    "fft ortho": lambda z: np.fft.fft(z, norm="ortho"),
    "fft forward": lambda z: np.fft.fft(z, norm="forward"),
    "fft backward": lambda z: np.fft.fft(z, norm="backward"),
    "ifft ortho": lambda z: np.fft.ifft(z, None, -1, "ortho"),
    "ifft forward": lambda z: np.fft.ifft(z, norm="forward"),
    "irfft ortho": lambda z: np.fft.irfft(z, norm="ortho"),
    "irfft forward": lambda z: np.fft.irfft(z, norm="forward"),
    "hfft ortho": lambda z: np.fft.hfft(z, norm="ortho"),
    "hfft forward": lambda z: np.fft.hfft(z, norm="forward"),
    "fft cut": lambda z: np.fft.fft(z, n=3),
    "fft padded": lambda z: np.fft.fft(z, 8),
    "fft of one": lambda z: np.fft.fft(z, 1),
    "ifft cut": lambda z: np.fft.ifft(z, n=2, norm="ortho"),
    "ifft padded": lambda z: np.fft.ifft(z, 9, norm="forward"),
    "irfft odd": lambda z: np.fft.irfft(z, n=7),
    "irfft cut": lambda z: np.fft.irfft(z, 4, norm="ortho"),
    "irfft padded": lambda z: np.fft.irfft(z, 15),
    "irfft of one": lambda z: np.fft.irfft(z, 1),
    "hfft odd": lambda z: np.fft.hfft(z, n=9),
    "hfft cut": lambda z: np.fft.hfft(z, 4, norm="ortho"),
}
# of real arguments alone
OF_REALS = {
    "rfft": lambda x: np.fft.rfft(x),
    "rfft ortho": lambda x: np.fft.rfft(x, norm="ortho"),
    "rfft forward": lambda x: np.fft.rfft(x, norm="forward"),
    "rfft cut": lambda x: np.fft.rfft(x, n=4),
    "rfft cut to odd": lambda x: np.fft.rfft(x, 3, norm="ortho"),
    "rfft padded": lambda x: np.fft.rfft(x, 9),
    "ihfft": lambda x: np.fft.ihfft(x),
    "ihfft ortho": lambda x: np.fft.ihfft(x, norm="ortho"),
    "ihfft forward": lambda x: np.fft.ihfft(x, 7, norm="forward"),
}
SHIFTS = {
    "fftshift": lambda z: np.fft.fftshift(z),
    "ifftshift": lambda z: np.fft.ifftshift(z),
    "fftshift of rows": lambda z: np.fft.fftshift(z, axes=0),
    "ifftshift of rows": lambda z: np.fft.ifftshift(z, axes=(0,)),
}
# of matrices
OF_AXES = {
    "fft down": lambda z: np.fft.fft(z, axis=0),
    "ifft down, padded": lambda z: np.fft.ifft(z, 5, axis=-2),
    "irfft down": lambda z: np.fft.irfft(z, axis=0),
    "fft2": lambda z: np.fft.fft2(z),
    "ifft2": lambda z: np.fft.ifft2(z),
    "irfft2": lambda z: np.fft.irfft2(z),
    "fftn": lambda z: np.fft.fftn(z),
    "ifftn": lambda z: np.fft.ifftn(z),
    "irfftn": lambda z: np.fft.irfftn(z),
    "fft2 ortho": lambda z: np.fft.fft2(z, norm="ortho"),
    "ifft2 forward": lambda z: np.fft.ifft2(z, norm="forward"),
    "irfft2 ortho": lambda z: np.fft.irfft2(z, norm="ortho"),
    "fft2 of sizes": lambda z: np.fft.fft2(z, s=(2, 6)),
    "ifft2 of sizes": lambda z: np.fft.ifft2(z, (5, 3), (0, 1)),
    "irfft2 of sizes": lambda z: np.fft.irfft2(z, s=(4, 5), axes=(0, 1)),
    "fftn of a size": lambda z: np.fft.fftn(z, s=(3,), axes=(0,)),
    "fftn over axes": lambda z: np.fft.fftn(z, axes=(1, 0), norm="ortho"),
    "fftn of whole axes": lambda z: np.fft.fftn(z, s=(-1, 3), axes=(0, 1)),
    "ifftn along one": lambda z: np.fft.ifftn(z, axes=(-1,)),
    "irfftn over axes": lambda z: np.fft.irfftn(z, s=(4, 3), axes=(1, 0), norm="forward"),
    "shift of an axis": lambda z: np.fft.fftshift(z, axes=1),
    "shift of axes": lambda z: np.fft.ifftshift(z, axes=(0, 1)),
}
REALS_OF_AXES = {
    "rfft down": lambda x: np.fft.rfft(x, axis=0),
    "ihfft down": lambda x: np.fft.ihfft(x, 4, 0),
    "rfft2": lambda x: np.fft.rfft2(x),
    "rfftn": lambda x: np.fft.rfftn(x),
    "rfft2 ortho": lambda x: np.fft.rfft2(x, norm="ortho"),
    "rfftn forward": lambda x: np.fft.rfftn(x, norm="forward"),
    "rfft2 of sizes": lambda x: np.fft.rfft2(x, s=(5, 3)),
    "rfftn over axes": lambda x: np.fft.rfftn(x, s=(6, 2), axes=(1, 0)),
}
PLAIN = {name: f for name, f in (ALONG | SHIFTS).items() if " " not in name or "ortho" in name or "cut" in name}
GROUPS: dict[str, tuple[dict[str, Transform], tuple[int, ...], bool]] = {
    "real, even": (ALONG | OF_REALS | SHIFTS, (6,), False),
    "real, odd": (PLAIN | OF_REALS, (5,), False),
    "complex, even": (ALONG | SHIFTS, (6,), True),
    "complex, odd": (PLAIN, (5,), True),
    "real matrix": (OF_AXES | REALS_OF_AXES, (3, 4), False),
    "complex matrix": (OF_AXES, (4, 3), True),
    "three axes": ({n: OF_AXES[n] for n in ("fftn", "irfftn", "fft2", "fft2 of sizes")}, (2, 3, 4), True),
}


@pytest.mark.parametrize("group", GROUPS)
def test_values_and_gradients(group: str) -> None:
    """Of sums with random weights: each transform has its own argument, all are in one program."""
    transforms, shape, of_complex = GROUPS[group]
    x = numbers(shape, of_complex=of_complex)
    expected = [transform(x) for transform in transforms.values()]
    weights = [numbers(np.shape(y), of_complex=np.asarray(y).dtype.kind == "c", seed=7) for y in expected]

    def weighted(arguments: Any) -> Any:
        found = [transform(argument) for transform, argument in zip(transforms.values(), arguments, strict=True)]
        return sum([np.sum(np.real(np.conj(w) * y)) for w, y in zip(weights, found, strict=True)]), found

    compiled = sd.value_and_grad(plainly(weighted), has_aux=True)
    (_, values), gradients = compiled([x] * len(transforms))
    for name, value, exact, weight, gradient in zip(transforms, values, expected, weights, gradients, strict=True):
        assert (value.shape, value.dtype) == (exact.shape, exact.dtype), name
        np.testing.assert_allclose(value, exact, rtol=1e-13, atol=1e-14, err_msg=name)
        assert (gradient.shape, gradient.dtype) == (x.shape, x.dtype), name
        slopes = np.real(matrix(transforms[name], x) @ np.conj(np.ravel(weight)))
        np.testing.assert_allclose(flat(gradient), slopes, rtol=1e-12, atol=1e-13, err_msg=name)


# -- lengths known at run time only ------------------------------------------------------------------------------------


def of_length(x: Any, n: int, m: int) -> Any:
    """Transforms to lengths that are arguments, of a vector whose length is computed."""
    longer = np.repeat(x, m)
    return (
        np.fft.fft(x, n),
        np.fft.ifft(x, n, norm="ortho"),
        np.fft.rfft(x, n, norm="forward"),
        np.fft.irfft(x, n),
        np.fft.hfft(x, n, norm="ortho"),
        np.fft.ihfft(x, n),
        np.fft.fft(longer),
        np.fft.irfft(longer),
        np.fft.rfft(longer, norm="ortho"),
        np.fft.fftshift(longer),
        np.fft.rfft2(np.outer(x, longer), s=(n, 3)),
    )


def test_lengths_known_at_run_time() -> None:
    compiled = plainly(of_length)
    loss = plainly(lambda x, n, m: sum([np.sum(np.abs(y) ** 2) for y in of_length(x, n, m)[:10]]))
    for size, n, m in ((5, 3, 2), (5, 8, 1), (4, 4, 3), (2, 7, 2), (6, 1, 1)):
        x = numbers((size,), of_complex=False, seed=n)
        for k, (a, b) in enumerate(zip(compiled(x, n, m), of_length(x, n, m), strict=True)):
            assert (a.shape, a.dtype) == (b.shape, b.dtype), (k, size, n, m)
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13, err_msg=f"{k}: {size}, {n}, {m}")
        exact = np.zeros(size)
        for k, y in enumerate(of_length(x, n, m)[:10]):
            columns = matrix(lambda u, k=k, n=n, m=m: of_length(u, n, m)[k], x)
            exact += 2 * np.real(columns @ np.conj(np.ravel(y)))
        np.testing.assert_allclose(loss.grad(x, n, m), exact, rtol=1e-12, atol=1e-12)


# -- second derivatives ------------------------------------------------------------------------------------------------

CURVED = {
    "fft": (lambda x: np.fft.fft(x, 7, norm="ortho"), (5,)),
    "rfft": (lambda x: np.fft.rfft(x), (6,)),
    "ihfft": (lambda x: np.fft.ihfft(x), (5,)),
    "irfft": (lambda x: np.fft.irfft(x, 7), (5,)),
    "fft2": (lambda x: np.fft.fft2(x, s=(2, 4)), (3, 3)),
    "rfftn": (lambda x: np.fft.rfftn(x, axes=(1, 0)), (3, 4)),
}


@pytest.mark.parametrize("name", CURVED)
def test_second_derivatives(name: str) -> None:
    """Of the cubes of both parts: twice the transform goes into its Hessian, with a diagonal between."""
    transform, shape = CURVED[name]
    x, v = numbers(shape, of_complex=False), numbers(shape, of_complex=False, seed=3)

    def cubes(x: Any) -> Any:
        y = transform(x)
        return np.sum(np.real(y) ** 3) - 0.5 * np.sum(np.imag(y) ** 3)

    columns, y = matrix(transform, x), np.ravel(transform(x))
    re, im = columns.real, columns.imag
    slope = 3 * re @ y.real**2 - 1.5 * im @ y.imag**2
    turn = re @ (6 * y.real * (v.ravel() @ re)) - im @ (3 * y.imag * (v.ravel() @ im))
    np.testing.assert_allclose(plainly(cubes).grad(x).ravel(), slope, rtol=1e-12)
    np.testing.assert_allclose(sd.hvp(plainly(cubes))(x, v).ravel(), turn, rtol=1e-12, atol=1e-12)


# -- frequencies, single precision, SciPy's, refusals ------------------------------------------------------------------


def test_frequencies() -> None:
    def several(n: int, d: float) -> Any:
        return np.fft.fftfreq(n, d), np.fft.rfftfreq(n, d), np.fft.fftfreq(n)

    for n in (1, 2, 5, 8):
        for a, b in zip(plainly(several)(n, 0.3), several(n, 0.3), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-15)
    slope = plainly(lambda d: np.sum(np.fft.rfftfreq(5, d))).grad(0.3)
    assert slope == pytest.approx(-np.sum(np.fft.rfftfreq(5, 0.3)) / 0.3, rel=1e-14)


def test_single_precision() -> None:
    x = numbers((6,), of_complex=False).astype(np.float32)

    def several(x: Any) -> Any:
        return np.fft.fft(x), np.fft.rfft(x), np.fft.irfft(x), np.fft.fft(np.arange(6))

    for a, b in zip(plainly(several)(x), several(x), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert plainly(lambda x: np.sum(np.abs(np.fft.fft(x)))).grad(x).dtype == np.float32


def test_scipy_has_the_same_transforms() -> None:
    x = numbers((3, 4), of_complex=False)

    def several(x: Any) -> Any:
        return (
            scipy.fft.fft(x, 5, axis=0, norm="ortho"),
            scipy.fft.irfft2(scipy.fft.rfft2(x), s=(3, 4)),
            scipy.fft.ifftn(x=x, axes=(0,), workers=1),
            scipy.fft.hfft(x),
            scipy.fft.fftshift(x, axes=1),
        )

    for a, b in zip(plainly(several)(x), several(x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)


REFUSED: list[tuple[Transform, str]] = [
    (lambda x: np.fft.fft(x, 0), r"Invalid number of FFT data points \(0\)"),
    (lambda x: np.fft.fft(x, norm="unit"), r"Invalid norm value unit"),
    (lambda x: np.fft.fft(x, axis=1), r"axis 1 is out of bounds"),
    (lambda x: np.fft.fftn(x, s=(2, 3), axes=(0,)), r"Shape and axes have different lengths"),
    (lambda x: np.fft.rfft(1j * x), r"rfft takes real numbers"),
    (lambda x: np.fft.fft(x, out=x), r"out= is not supported"),
    (lambda x: np.fft.fft(x[0]), r"at least one axis"),
]


@pytest.mark.parametrize(("transform", "message"), REFUSED, ids=range(len(REFUSED)))
def test_refused(transform: Transform, message: str) -> None:
    with pytest.raises(sd.SymdiffError, match=message):
        plainly(lambda x: np.sum(np.real(transform(x))))(np.ones(4))
