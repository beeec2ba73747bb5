"""Fit every polynomial of the elementary functions and write ``symdiff_codegen/coefficients.py``.

Run ``python codegen/tools/fit_coefficients.py``; nothing else is needed than mpmath. The result is deterministic.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import mpmath as mp
from minimax import Function, fit

TARGET = Path(__file__).parents[1] / "symdiff_codegen" / "coefficients.py"
# Range reduction may land a rounding error outside the nominal interval.
MARGIN = mp.mpf("1.0001")
HALF_LN2 = mp.log(2) / 2 * MARGIN
LOG_Z = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * MARGIN
TRIG_Z = (mp.pi / 4) ** 2 * MARGIN
# erf: from here on 1 - Q(x - ERF_SPLIT)**8 where below it was x + x W(x^2).
ERF_SPLIT = mp.mpf(1)
ERF_END = mp.mpf("5.93")
# erfc: the polynomial is one in (x - ERFC_CENTRE) / (x + ERFC_CENTRE), from ERFC_SPLIT on.
ERFC_CENTRE, ERFC_SPLIT, ERFC_END = mp.mpf(3), mp.mpf(3) / 4, mp.mpf("27.5")


@dataclasses.dataclass(frozen=True)
class Fit:
    """One polynomial: its name, what it approximates, the weight of its error, interval, degree and fixed terms."""

    name: str
    meaning: str
    function: Function
    weight: Function
    low: mp.mpf
    high: mp.mpf
    degree: int
    fixed: tuple[mp.mpf, ...] = ()


def log_tail(z: mp.mpf) -> mp.mpf:
    """Return (log((1+s)/(1-s)) - 2s) / s^3 at z = s^2."""
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / s**3


def odd_tail(function: Function) -> Function:
    """Return z -> (f(x) - x) / x^3 at z = x^2."""

    def tail(z: mp.mpf) -> mp.mpf:
        x = mp.sqrt(z)
        return (function(x) - x) / x**3

    return tail


def erf_excess(z: mp.mpf) -> mp.mpf:
    """Return erf(x)/x - 1 at z = x^2."""
    return mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1


def erfc_root(u: mp.mpf) -> mp.mpf:
    """Return the function whose eighth power gives erfc for the larger arguments of erf."""
    return (mp.erfc(u + ERF_SPLIT) / mp.erfc(ERF_SPLIT)) ** (mp.mpf(1) / 8)


def erfc_place(x: mp.mpf) -> mp.mpf:
    """Return the argument of the polynomial of erfc."""
    return (x - ERFC_CENTRE) / (x + ERFC_CENTRE)


def erfc_excess(t: mp.mpf) -> mp.mpf:
    """Return (1 + 2x) exp(x^2) erfc(x) - 5/4, which is small; it decides the last bits of the first coefficient."""
    x = ERFC_CENTRE * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x) - mp.mpf(5) / 4


FITS = [
    Fit(
        "EXP", "(exp(r) - 1 - r - r^2/2) / r^3, |r| <= log(2)/2", lambda r: (mp.expm1(r) - r - r**2 / 2) / r**3,
        lambda r: abs(r**3 / mp.expm1(r)), -HALF_LN2, HALF_LN2, 9,
    ),
    Fit(
        "EXP2", "(2^r - 1 - r log(2)) / r^2, |r| <= 1/2", lambda r: (mp.expm1(r * mp.log(2)) - r * mp.log(2)) / r**2,
        lambda r: r**2 / mp.exp(r * mp.log(2)), -MARGIN / 2, MARGIN / 2, 9,
    ),
    Fit(
        "LOG", "(log((1+s)/(1-s)) - 2s) / s^3 in z = s^2, sqrt(1/2) <= (1+s)/(1-s) <= sqrt(2)", log_tail,
        lambda z: z / 2, mp.mpf(0), LOG_Z, 6,
    ),
    Fit(
        "LOG_FINE", "the terms of LOG after 2/3 and 2/5 z, over z^2", lambda z: (log_tail(z) - mp.mpf(2) / 3) / z,
        lambda z: z**2 / 2, mp.mpf(0), LOG_Z, 7, (mp.mpf(float(mp.mpf(2) / 5)),),
    ),
    Fit(
        "SIN", "(sin(r) - r) / r^3 in z = r^2, |r| <= pi/4", odd_tail(mp.sin),
        lambda z: z * mp.sqrt(z) / mp.sin(mp.sqrt(z)), mp.mpf(0), TRIG_Z, 5,
    ),
    Fit(
        "COS", "(cos(r) - 1 + r^2/2) / r^4 in z = r^2, |r| <= pi/4",
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, lambda z: z**2, mp.mpf(0), TRIG_Z, 5,
    ),
    Fit(
        "SINH", "(sinh(r) - r) / r^3 in z = r^2, |r| <= log(2)/2", odd_tail(mp.sinh), lambda z: z,
        mp.mpf(0), HALF_LN2**2, 4,
    ),
    Fit(
        "COSH", "(cosh(r) - 1 - r^2/2) / r^4 in z = r^2, |r| <= log(2)/2",
        lambda z: (mp.cosh(mp.sqrt(z)) - 1 - z / 2) / z**2, lambda z: z**2, mp.mpf(0), HALF_LN2**2, 3,
    ),
    Fit(
        "ATAN", "(atan(t) - t) / t^3 in z = t^2, |t| <= sqrt(2) - 1", odd_tail(mp.atan), lambda z: z,
        mp.mpf(0), (mp.sqrt(2) - 1) ** 2 * MARGIN, 10,
    ),
    Fit("ASIN", "(asin(x) - x) / x^3 in z = x^2 <= 1/4", odd_tail(mp.asin), lambda z: z, mp.mpf(0), mp.mpf("0.25"), 12),
    Fit(
        "ASINH", "(asinh(x) - x) / x^3 in z = x^2 <= 1/4", odd_tail(mp.asinh), lambda z: z,
        mp.mpf(0), mp.mpf("0.25"), 11,
    ),
    Fit("ATANH", "(atanh(s) - s) / s^3 in z = s^2 <= 0.0435", odd_tail(mp.atanh), lambda z: z, mp.mpf(0), 0.0435, 7),
    Fit(
        "CBRT", "m^(-1/3), sqrt(1/2) <= m <= sqrt(2)", lambda m: m ** (-mp.mpf(1) / 3), lambda m: mp.mpf(1),
        mp.sqrt(0.5) / MARGIN, mp.sqrt(2) * MARGIN, 4,
    ),
    Fit(
        "ERF", "erf(x)/x - 1 in z = x^2, x <= 1", erf_excess, lambda z: 1 / (1 + erf_excess(z)),
        mp.mpf(0), ERF_SPLIT**2, 12,
    ),
    Fit(
        "ERF_ROOT", "(erfc(x) / erfc(1))^(1/8) in x - 1, up to where erf rounds to 1; absolute error of erf",
        erfc_root, lambda u: 8 * mp.erfc(u + ERF_SPLIT) / erfc_root(u),
        mp.mpf(0), ERF_END - ERF_SPLIT, 18, (mp.mpf(1),),
    ),
    Fit(
        "ERFC_NEAR", "erf(x)/x - 1 in z = x^2, x <= 3/4", erf_excess, lambda z: 1 / (1 + erf_excess(z)),
        mp.mpf(0), ERFC_SPLIT**2, 11,
    ),
    Fit(
        "ERFC", "(1 + 2x) exp(x^2) erfc(x) - 5/4 in (x - 3) / (x + 3), 3/4 <= x <= 27.5", erfc_excess,
        lambda t: 1 / (mp.mpf(5) / 4 + erfc_excess(t)), erfc_place(ERFC_SPLIT), erfc_place(ERFC_END), 21,
    ),
]


def parts(value: mp.mpf, bits: tuple[int, ...]) -> list[float]:
    """Split a constant into doubles of the given numbers of bits; what is left rounds to the last."""
    result = []
    for count in bits:
        exponent = mp.floor(mp.log(abs(value), 2)) + 1
        part = mp.nint(value * mp.mpf(2) ** (count - exponent)) * mp.mpf(2) ** (exponent - count)
        result.append(float(part))
        value -= part
    return result


CONSTANTS = {
    # 42 bits leave room for an exponent of 11 bits, so that k * LN2[0] is exact.
    "LN2": ("log(2): 42 bits, then 53", parts(mp.log(2), (42, 53))),
    "LN2_PAIR": ("log(2) in full precision", parts(mp.log(2), (53, 53))),
    "INV_LN2": ("1/log(2)", parts(1 / mp.log(2), (53, 53))),
    "INV_LN10": ("1/log(10)", parts(1 / mp.log(10), (53, 53))),
    "LOG10_2": ("log10(2): 42 bits, then 53", parts(mp.log10(2), (42, 53))),
    # The second part times a quotient below 2^20 is exact; see trigonometry for what follows from it.
    "PI_2": ("pi/2: 53, 33 and 53 bits", parts(mp.pi / 2, (53, 33, 53))),
    "PI_2_PAIR": ("pi/2 in full precision", parts(mp.pi / 2, (53, 53))),
    "INV_PI_2": ("2/pi", parts(2 / mp.pi, (53,))),
    "PI": ("pi", parts(mp.pi, (53, 53))),
    "PI_4_PAIR": ("pi/4", parts(mp.pi / 4, (53, 53))),
    "PI_3_4": ("3 pi/4", parts(3 * mp.pi / 4, (53, 53))),
    "CBRT_2": ("2^(1/3) and its inverse", [float(mp.cbrt(2)), float(1 / mp.cbrt(2))]),
    "ERFC_AT_SPLIT": ("erfc(1)", [float(mp.erfc(ERF_SPLIT))]),
    "TWO_THIRDS": ("2/3", parts(mp.mpf(2) / 3, (53, 53))),
}


def words(value: mp.mpf, count: int) -> list[int]:
    """Return the first ``count`` words of 64 bits of a number in (0, 1)."""
    with mp.workprec(64 * count + 200):
        scaled = int(mp.floor(value() * mp.mpf(2) ** (64 * count)))
    return [(scaled >> (64 * (count - 1 - i))) & (2**64 - 1) for i in range(count)]


def tuple_text(items: list[str]) -> str:
    return "(\n" + "".join(f"    {item},\n" for item in items) + ")\n"


def main() -> None:
    """Write the module of coefficients."""
    lines = [
        '"""Coefficients of the elementary functions, written by ``codegen/tools/fit_coefficients.py``."""\n'
        "\nfrom __future__ import annotations\n\n_hex = float.fromhex\n"
    ]
    for item in FITS:
        found, error = fit(item.function, item.weight, item.low, item.high, item.degree, item.fixed)
        values = [float(c) for c in item.fixed] + found
        lines.append(f"\n# {item.meaning}: relative error 2^{mp.nstr(mp.log(error, 2), 4)}\n{item.name} = ")
        lines.append(tuple_text([f'_hex("{c.hex()}")' for c in values]))
        print(item.name, mp.nstr(mp.log(error, 2), 5))
    for name, (meaning, values) in CONSTANTS.items():
        lines.append(f"\n# {meaning}\n{name} = " + tuple_text([f'_hex("{c.hex()}")' for c in values]))
    lines.append("\n# 64 zero bits, then the bits of 2/pi\nTWO_OVER_PI_WORDS = ")
    lines.append(tuple_text(["0"] + [f"0x{word:016X}" for word in words(lambda: 2 / mp.pi, 20)]))
    TARGET.write_text("".join(lines))


if __name__ == "__main__":
    main()
