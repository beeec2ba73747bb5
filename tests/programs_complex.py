"""Programs with complex numbers and Fourier transforms; their arguments and results are real."""

import cmath

import numpy as np

from tests.program_model import away, positive, program


def signal(n):
    return lambda rng: (rng.normal(size=n),)


def two(n, m=None):
    return lambda rng: (rng.normal(size=n), rng.normal(size=m or n))


EVEN_ODD = {"even": signal(8), "odd": signal(7)}


@program(EVEN_ODD, "x", "array complex")
def complex_power_spectrum(x):
    return np.sum(np.abs(np.fft.fft(x)) ** 2 * np.arange(len(x)))


@program(EVEN_ODD, "x", "array complex")
def complex_half_spectrum(x):
    c = np.fft.rfft(x)
    return np.sum(c.real**3) + np.sum(c.imag**2)


@program({"even": two(5, 5), "odd": two(4, 4)}, ("a", "b"), "array complex")
def complex_from_half_spectrum(a, b):
    return np.sum(np.fft.irfft(a + 1j * b, n=9) ** 3) + np.sum(np.fft.irfft(a * (1 + 2j)) * 0.5)


@program(two(8), ("x", "kernel"), "array app complex")
def complex_convolution_theorem(x, kernel):
    smooth = np.fft.ifft(np.fft.fft(x) * np.fft.fft(kernel)).real
    return np.sum(smooth**2) + smooth[3]


@program(EVEN_ODD, "u", "array app complex")
def complex_spectral_derivative(u):
    k = 2 * np.pi * np.fft.fftfreq(len(u), d=1.0 / len(u))
    du = np.fft.ifft(1j * k * np.fft.fft(u)).real
    return 0.5 * np.mean(du**2)


@program(lambda rng: (rng.normal(size=(4, 6)), rng.normal(size=(4, 6))), ("image", "blur"), "array app complex")
def complex_deconvolution(image, blur):
    transfer = np.fft.fft2(np.fft.ifftshift(blur))
    restored = np.fft.ifft2(np.fft.fft2(image) * np.conj(transfer) / (np.abs(transfer) ** 2 + 0.1)).real
    return np.sum(restored**2)


@program(lambda rng: (rng.normal(size=(3, 4, 5)),), "x", "array complex")
def complex_transforms_of_all_axes(x):
    y = np.fft.rfftn(x, axes=(2, 0), norm="ortho")
    return np.sum(np.abs(np.fft.fftn(x)) ** 2) + np.sum(y.real * y.imag) + np.sum(np.fft.ifftn(x).real[0] ** 3)


@program(lambda rng: (rng.normal(size=(4, 5)),), "x", "array complex")
def complex_padded_and_cut(x):
    a = np.fft.fft(x, n=3, axis=0)
    b = np.fft.fft(x, n=8)
    c = np.fft.irfft2(np.fft.rfft2(x, s=(6, 4), axes=(0, 1)), s=(5, 7), axes=(0, 1))
    return np.sum(np.abs(a) ** 2) + np.sum(b.imag**2) + np.sum(c**2)


@program(EVEN_ODD, "x", "array complex")
def complex_hermitian_transforms(x):
    return np.sum(np.fft.hfft(x) ** 2) + np.sum(np.fft.ihfft(x).real ** 3) + np.sum(np.fft.ihfft(x, norm="ortho").imag)


@program(EVEN_ODD, "x", "array index complex")
def complex_shifted(x):
    c = np.fft.fftshift(np.fft.fft(x, norm="forward"))
    return c[2].real * c[3].imag + np.sum(np.fft.ifftshift(c).real ** 2 * np.arange(len(x)))


@program(lambda rng: (rng.normal(size=4), rng.normal(size=9)), ("coefficients", "t"), "array app loop complex")
def complex_fourier_series(coefficients, t):
    total = np.zeros(len(t), dtype=complex)
    for k in range(len(coefficients)):
        total += coefficients[k] * np.exp(2j * np.pi * k * t)
    return np.mean(np.abs(total - t) ** 2)


@program(lambda rng: (1.5, 0.4), ("a", "b"), "scalar complex")
def complex_scalar_arithmetic(a, b):
    z = a + 1j * b
    w = (2 - 1j) * z / (z * z + 3j) - 1 / z
    return w.real * w.imag + abs(w)


@program(lambda rng: (1.2, -0.7), ("a", "b"), "scalar complex")
def complex_cmath_functions(a, b):
    z = complex(a, b)
    w = cmath.exp(z) + cmath.log(z) * cmath.sqrt(z) - cmath.sin(z) * cmath.cos(z)
    v = cmath.sinh(z) / cmath.cosh(z) + cmath.tan(z) - cmath.tanh(z)
    return (w * v).real + cmath.phase(w) + abs(v)


@program(two(5), ("x", "y"), "array elementary complex")
def complex_numpy_functions(x, y):
    z = x + 1j * y
    w = np.exp(z) + np.sin(z) * np.cosh(z) - np.tanh(z) + np.sqrt(z) * np.log(z)
    return np.sum(w.real) + np.sum(np.angle(z)) + np.sum(np.imag(np.conj(w) * z))


@program({"upper": lambda rng: (-1.3, 0.2), "lower": lambda rng: (-0.8, -0.3)}, ("a", "b"), "scalar complex")
def complex_left_of_the_cut(a, b):
    z = a + b * 1j
    return (z**0.5).real + (z**1.5).imag + (z ** (0.5 + 0.25j)).real + cmath.sqrt(z).imag


@program(lambda rng: (0.7, 1.1), ("a", "b"), "scalar complex")
def complex_integer_powers(a, b):
    z = complex(a, b)
    return (z**3).real + (z**-2).imag + (z**5 / z**2).real + (z**0).real


@program(two(6), ("x", "y"), "array reduction complex")
def complex_reductions(x, y):
    z = (x + 1j * y).reshape(2, 3)
    total, mean = np.sum(z, axis=0), np.mean(z)
    return np.sum(np.abs(total) ** 2) + mean.real * mean.imag + np.prod(z).real + z.sum().imag


@program(two(4), ("x", "y"), "array linalg complex")
def complex_products_of_matrices(x, y):
    a = (x + 1j * y).reshape(2, 2)
    b = a @ a.T + np.conj(a) @ np.array([[1.0, 2.0], [0.5, 1.0]])
    v = a[0]
    return np.sum(b.real) + np.vdot(v, a[1]).imag + np.dot(v, v).real + np.sum(np.abs(np.outer(v, v)))


@program(two(4), ("x", "y"), "array linalg complex")
def complex_linear_system(x, y):
    a = (x + 1j * y).reshape(2, 2) + 3.0 * np.eye(2)
    solved = np.linalg.solve(a, np.array([1.0, 2.0j]))
    return np.sum(np.abs(solved) ** 2) + np.sum(np.linalg.inv(a).real)


@program(two(5), ("x", "y"), "array store loop complex")
def complex_stores(x, y):
    z = np.zeros(5, dtype=complex)
    for i in range(5):
        z[i] = x[i] + 1j * y[i]
    z[1:3] *= 2j
    z[0] = 1.5
    z.imag[4] = x[0] * y[0]
    return np.sum(z.real * z.imag) + abs(z[1])


@program(two(5), ("x", "y"), "array shape index complex")
def complex_shapes(x, y):
    z = np.concatenate((x + 1j * y, x))
    w = np.stack([z, z[::-1]]).T
    return np.sum((w[:, 0] * w[:, 1]).real) + w[-1, 0].real * w[2, 1].imag


@program(two(5), ("x", "y"), "array select complex")
def complex_where(x, y):
    z = x + 1j * y
    w = np.where(x > 0, z, 2.0 * np.conj(z))
    return np.sum(np.abs(w) ** 2) + np.sum(np.where(np.abs(z) > 1.0, w, 0.0).imag)


@program({"right": lambda rng: (1.2, 0.4), "left": lambda rng: (-1.2, 0.4)}, ("a", "b"), "scalar branch complex")
def complex_branches(a, b):
    z = complex(a, b)
    if a > 0:
        w = z * z
        z = w + 1.0
    else:
        w = b
    return (w * z).real + abs(w)


@program(lambda rng: (0.3, 0.5), ("a", "b"), "scalar loop carried complex")
def complex_carried(a, b):
    c = complex(a, b)
    z = 0
    for _ in range(6):
        z = z * z + c
    return z.real - 2 * z.imag


@program(two(6), ("x", "y"), "array loop complex")
def complex_sum_of_items(x, y):
    z = x + 1j * y
    total = 0.0
    for item in z:
        total = total + item / (1 + abs(item))
    return abs(total)


@program(
    lambda rng: (0.04, 1.5, 0.05, 0.5, -0.6),
    ("v0", "kappa", "theta", "sigma", "rho"),
    "app loop helper complex",
    note="Heston",
)
def complex_heston_price(v0, kappa, theta, sigma, rho):
    def characteristic(u, t):
        d = cmath.sqrt((rho * sigma * u * 1j - kappa) ** 2 + sigma**2 * (u * 1j + u * u))
        g = (kappa - rho * sigma * u * 1j - d) / (kappa - rho * sigma * u * 1j + d)
        decay = cmath.exp(-d * t)
        first = (kappa - rho * sigma * u * 1j - d) * t - 2 * cmath.log((1 - g * decay) / (1 - g))
        second = (kappa - rho * sigma * u * 1j - d) * (1 - decay) / (1 - g * decay)
        return cmath.exp(kappa * theta / sigma**2 * first + v0 / sigma**2 * second)

    total = 0.0
    for k in range(12):
        u = 0.25 + 0.5 * k
        total += (characteristic(u - 0.5j, 1.0) * cmath.exp(0.1j * u)).real / (u * u + 0.25) * 0.5
    return 1.0 - total / cmath.pi


@program(lambda rng: (positive(rng, 6), 0.3), ("weights", "t"), "array app complex")
def complex_characteristic_function(weights, t):
    p = weights / np.sum(weights)
    phi = np.sum(p * np.exp(1j * t * np.arange(6)))
    return np.log(phi).real + np.angle(phi)


@program(lambda rng: (away(rng, 4), away(rng, 4)), ("x", "y"), "array complex")
def complex_division_everywhere(x, y):
    z = x + 1j * y
    return np.sum((1 / z).real + (x / z).imag + (z / 3.0).real + (z / (2 - 1j)).imag + np.reciprocal(z).imag)


@program(two(4), ("x", "y"), "array complex")
def complex_comparisons(x, y):
    z = x + 1j * y
    return np.sum(np.where(z == np.conj(z), 1.0, z.imag)) + float(np.all(np.isfinite(z))) * x[0]


@program(lambda rng: (2.0, 0.7), ("r", "phi"), "scalar complex")
def complex_polar_form(r, phi):
    z = cmath.rect(r, phi)
    length, angle = cmath.polar(z * z)
    return length * angle + z.conjugate().imag


@program(signal(8), "x", "array app complex")
def complex_low_pass(x):
    c = np.fft.rfft(x)
    c[3:] = 0
    return np.sum((np.fft.irfft(c, len(x)) - x) ** 2)


@program(signal(8), "x", "array app complex")
def complex_autocorrelation(x):
    padded = np.fft.fft(x, 16)
    correlation = np.fft.ifft(padded * np.conj(padded)).real[:8]
    return np.sum(correlation / correlation[0] * np.arange(8.0))


@program(signal(8), "x", "array app complex")
def complex_hilbert_envelope(x):
    spectrum = np.fft.fft(x)
    weights = np.array([1.0, 2.0, 2.0, 2.0, 1.0, 0.0, 0.0, 0.0])
    return np.sum(np.abs(np.fft.ifft(spectrum * weights)))


@program(signal(6), "phases", "array app complex")
def complex_interference(phases):
    field = np.sum(np.exp(1j * phases))
    return np.abs(field) ** 2


@program(lambda rng: (rng.normal(size=6), 0.1), ("psi", "dt"), "array loop app complex")
def complex_schroedinger_step(psi, dt):
    k = 2 * np.pi * np.fft.fftfreq(6)
    state = psi + 0j
    for _ in range(3):
        state = np.exp(-1j * dt * psi**2) * np.fft.ifft(np.exp(-0.5j * dt * k**2) * np.fft.fft(state))
    return np.sum(np.abs(state) ** 2 * np.arange(6.0))
