"""Coefficients of the elementary functions, written by ``codegen/tools/fit_coefficients.py``."""

from __future__ import annotations

_hex = float.fromhex

# (exp(r) - 1 - r - r^2/2) / r^3, |r| <= log(2)/2: relative error 2^-59.21
EXP = (
    _hex("0x1.5555555555559p-3"),
    _hex("0x1.5555555555549p-5"),
    _hex("0x1.111111110f7e8p-7"),
    _hex("0x1.6c16c16c1cd45p-10"),
    _hex("0x1.a01a01af772fcp-13"),
    _hex("0x1.a01a0182d76a9p-16"),
    _hex("0x1.71ddf94fa28b4p-19"),
    _hex("0x1.27e52baa93d89p-22"),
    _hex("0x1.af5d282a430a1p-26"),
    _hex("0x1.1ef442f9eddcep-29"),
)

# (2^r - 1 - r log(2)) / r^2, |r| <= 1/2: relative error 2^-57.68
EXP2 = (
    _hex("0x1.ebfbdff82c5a1p-3"),
    _hex("0x1.c6b08d704a044p-5"),
    _hex("0x1.3b2ab6fba07afp-7"),
    _hex("0x1.5d87fe78c3c02p-10"),
    _hex("0x1.4309130dc1022p-13"),
    _hex("0x1.ffcbfbc6469adp-17"),
    _hex("0x1.62bfc9fd79ff4p-20"),
    _hex("0x1.b52655f7d231bp-24"),
    _hex("0x1.e617ab7bae9a5p-28"),
    _hex("0x1.e7c259e5c4e3ap-32"),
)

# (log((1+s)/(1-s)) - 2s) / s^3 in z = s^2, sqrt(1/2) <= (1+s)/(1-s) <= sqrt(2): relative error 2^-59.49
LOG = (
    _hex("0x1.5555555555592p-1"),
    _hex("0x1.999999997ff03p-2"),
    _hex("0x1.24924941e3170p-2"),
    _hex("0x1.c71c521294f4ep-3"),
    _hex("0x1.74663d574b8fbp-3"),
    _hex("0x1.39a1dc9f1a091p-3"),
    _hex("0x1.2f044434b8bd4p-3"),
)

# the terms of LOG after 2/3 and 2/5 z, over z^2: relative error 2^-72.76
LOG_FINE = (
    _hex("0x1.999999999999ap-2"),
    _hex("0x1.24924924926e9p-2"),
    _hex("0x1.c71c71c672546p-3"),
    _hex("0x1.745d17ccd7c0ap-3"),
    _hex("0x1.3b137ac5d7e2cp-3"),
    _hex("0x1.111d7355b7e21p-3"),
    _hex("0x1.deabebae43561p-4"),
    _hex("0x1.e777ac3463e49p-4"),
)

# (sin(r) - r) / r^3 in z = r^2, |r| <= pi/4: relative error 2^-57.89
SIN = (
    _hex("-0x1.5555555555548p-3"),
    _hex("0x1.111111110f733p-7"),
    _hex("-0x1.a01a019be9beep-13"),
    _hex("0x1.71de3555d9ed4p-19"),
    _hex("-0x1.ae5e4c23fb4efp-26"),
    _hex("0x1.5d8b89a791da1p-33"),
)

# (cos(r) - 1 + r^2/2) / r^4 in z = r^2, |r| <= pi/4: relative error 2^-64.18
COS = (
    _hex("0x1.555555555554cp-5"),
    _hex("-0x1.6c16c16c1521fp-10"),
    _hex("0x1.a01a019cbf608p-16"),
    _hex("-0x1.27e4f812b34e1p-22"),
    _hex("0x1.1ee9f14f64b80p-29"),
    _hex("-0x1.8fb12ed5e7f39p-37"),
)

# log(2): 42 bits, then 53
LN2 = (
    _hex("0x1.62e42fefa3800p-1"),
    _hex("0x1.ef35793c76730p-45"),
)

# log(2) in full precision
LN2_PAIR = (
    _hex("0x1.62e42fefa39efp-1"),
    _hex("0x1.abc9e3b39803fp-56"),
)

# 1/log(2)
INV_LN2 = (
    _hex("0x1.71547652b82fep+0"),
    _hex("0x1.777d0ffda0d24p-56"),
)

# 1/log(10)
INV_LN10 = (
    _hex("0x1.bcb7b1526e50ep-2"),
    _hex("0x1.95355baaafad3p-57"),
)

# log10(2): 42 bits, then 53
LOG10_2 = (
    _hex("0x1.34413509f7800p-2"),
    _hex("0x1.fef311f12b358p-46"),
)

# pi/2: 53, 33 and 53 bits
PI_2 = (
    _hex("0x1.921fb54442d18p+0"),
    _hex("0x1.1a62633100000p-54"),
    _hex("0x1.1701b839a2520p-88"),
)

# pi/2 in full precision
PI_2_PAIR = (
    _hex("0x1.921fb54442d18p+0"),
    _hex("0x1.1a62633145c07p-54"),
)

# 2/pi
INV_PI_2 = (
    _hex("0x1.45f306dc9c883p-1"),
)

# 2/3
TWO_THIRDS = (
    _hex("0x1.5555555555555p-1"),
    _hex("0x1.5555555555555p-55"),
)

# 64 zero bits, then the bits of 2/pi
TWO_OVER_PI_WORDS = (
    0,
    0xA2F9836E4E441529,
    0xFC2757D1F534DDC0,
    0xDB6295993C439041,
    0xFE5163ABDEBBC561,
    0xB7246E3A424DD2E0,
    0x06492EEA09D1921C,
    0xFE1DEB1CB129A73E,
    0xE88235F52EBB4484,
    0xE99C7026B45F7E41,
    0x3991D639835339F4,
    0x9C845F8BBDF9283B,
    0x1FF897FFDE05980F,
    0xEF2F118B5A0A6D1F,
    0x6D367ECF27CB09B7,
    0x4F463F669E5FEA2D,
    0x7527BAC7EBE5F17B,
    0x3D0739F78A5292EA,
    0x6BFB5FB11F8D5D08,
    0x56033046FC7B6BAB,
    0xF0CFBC209AF4361D,
)
