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

# (sinh(r) - r) / r^3 in z = r^2, |r| <= log(2)/2: relative error 2^-61.68
SINH = (
    _hex("0x1.5555555555559p-3"),
    _hex("0x1.111111110f627p-7"),
    _hex("0x1.a01a01b022689p-13"),
    _hex("0x1.71ddf7a94ec02p-19"),
    _hex("0x1.af5ffefb5c105p-26"),
)

# (cosh(r) - 1 - r^2/2) / r^4 in z = r^2, |r| <= log(2)/2: relative error 2^-57.34
COSH = (
    _hex("0x1.5555555553170p-5"),
    _hex("0x1.6c16c17cf24d2p-10"),
    _hex("0x1.a019aa9be2023p-16"),
    _hex("0x1.28a01851381b9p-22"),
)

# (atan(t) - t) / t^3 in z = t^2, |t| <= sqrt(2) - 1: relative error 2^-59.47
ATAN = (
    _hex("-0x1.555555555553dp-2"),
    _hex("0x1.9999999995899p-3"),
    _hex("-0x1.24924922aefb4p-3"),
    _hex("0x1.c71c70e6c246ep-4"),
    _hex("-0x1.745cf8f1157ccp-4"),
    _hex("0x1.3b111a88b4b3bp-4"),
    _hex("-0x1.10ebc7fb253c8p-4"),
    _hex("0x1.df1025e3b399ep-5"),
    _hex("-0x1.9cd661b429dc0p-5"),
    _hex("0x1.37de5465b585ap-5"),
    _hex("-0x1.257c10236284ep-6"),
)

# (asin(x) - x) / x^3 in z = x^2 <= 1/4: relative error 2^-59.81
ASIN = (
    _hex("0x1.5555555555578p-3"),
    _hex("0x1.333333332df28p-4"),
    _hex("0x1.6db6db722a17fp-5"),
    _hex("0x1.f1c71a8c37b00p-6"),
    _hex("0x1.6e8bdfd2da2d9p-6"),
    _hex("0x1.1c49df8e122e8p-6"),
    _hex("0x1.ca211b99ec153p-7"),
    _hex("0x1.7578f50145c57p-7"),
    _hex("0x1.61824c307785dp-7"),
    _hex("0x1.e1e286755eeb9p-9"),
    _hex("0x1.64d696c7f5be2p-6"),
    _hex("-0x1.59b5ff5ee2d37p-6"),
    _hex("0x1.0bcf4e33d758cp-5"),
)

# (asinh(x) - x) / x^3 in z = x^2 <= 1/4: relative error 2^-60.42
ASINH = (
    _hex("-0x1.5555555555541p-3"),
    _hex("0x1.3333333330748p-4"),
    _hex("-0x1.6db6db6ba5132p-5"),
    _hex("0x1.f1c71ba923c9ep-6"),
    _hex("-0x1.6e8b8c9625708p-6"),
    _hex("0x1.1c4d2e84e5549p-6"),
    _hex("-0x1.c972d171a9319p-7"),
    _hex("0x1.7941302fabf10p-7"),
    _hex("-0x1.3866bbe0b2defp-7"),
    _hex("0x1.e92f61dbf9002p-8"),
    _hex("-0x1.36ff257e4177ap-8"),
    _hex("0x1.c1fc3a236b451p-10"),
)

# (atanh(s) - s) / s^3 in z = s^2 <= 0.0435: relative error 2^-61.57
ATANH = (
    _hex("0x1.5555555555549p-2"),
    _hex("0x1.999999999e13fp-3"),
    _hex("0x1.24924920223f0p-3"),
    _hex("0x1.c71c760668d79p-4"),
    _hex("0x1.745bf80102754p-4"),
    _hex("0x1.3b3fc48f8e507p-4"),
    _hex("0x1.0d2bb7bd475dap-4"),
    _hex("0x1.1f872cb5a0ae0p-4"),
)

# m^(-1/3), sqrt(1/2) <= m <= sqrt(2): relative error 2^-14.69
CBRT = (
    _hex("0x1.e0838be00fc69p+0"),
    _hex("-0x1.df2d065cb6e14p+0"),
    _hex("0x1.936fc7ec8bbc7p+0"),
    _hex("-0x1.6c69e63eda023p-1"),
    _hex("0x1.0b6aaea8d9931p-3"),
)

# erf(x)/x - 1 in z = x^2, x <= 1: relative error 2^-56.32
ERF = (
    _hex("0x1.06eba8214db69p-3"),
    _hex("-0x1.812746b037a25p-2"),
    _hex("0x1.ce2f21a0458d8p-4"),
    _hex("-0x1.b82ce31354d18p-6"),
    _hex("0x1.565bcd2c6201fp-8"),
    _hex("-0x1.c02db9326988dp-11"),
    _hex("0x1.f9a3b92adff76p-14"),
    _hex("-0x1.f4dcec9beeb26p-17"),
    _hex("0x1.ba68c0a524eccp-20"),
    _hex("-0x1.638d3642875cfp-23"),
    _hex("0x1.130953527877cp-26"),
    _hex("-0x1.c4104ddbcf836p-30"),
    _hex("0x1.3a99846bf96cep-33"),
)

# (erfc(x) / erfc(1))^(1/8) in x - 1, up to where erf rounds to 1; absolute error of erf: relative error 2^-57.46
ERF_ROOT = (
    _hex("0x1.0000000000000p+0"),
    _hex("-0x1.51c9b0006c22dp-2"),
    _hex("-0x1.a1a2e1ed5dc14p-5"),
    _hex("0x1.8272e1a413953p-6"),
    _hex("0x1.ae0413ff290a6p-9"),
    _hex("-0x1.ab507aad8c693p-10"),
    _hex("-0x1.0b9904d4ba161p-15"),
    _hex("0x1.0ccd9858fe33ep-14"),
    _hex("-0x1.7e06d07752d99p-18"),
    _hex("-0x1.0804d16315839p-24"),
    _hex("-0x1.510a4729ec320p-23"),
    _hex("0x1.f0ea1da00961ep-27"),
    _hex("0x1.789625efece71p-26"),
    _hex("-0x1.4933e3c1b814bp-27"),
    _hex("0x1.35f655b9abe9ep-29"),
    _hex("-0x1.9554691aaeca4p-32"),
    _hex("0x1.746da6e39ed8ep-35"),
    _hex("-0x1.aeb2a586e168dp-39"),
    _hex("0x1.d1ef3b03b092bp-44"),
)

# erf(x)/x - 1 in z = x^2, x <= 3/4: relative error 2^-56.33
ERFC_NEAR = (
    _hex("0x1.06eba8214db69p-3"),
    _hex("-0x1.812746b037a45p-2"),
    _hex("0x1.ce2f21a0492c2p-4"),
    _hex("-0x1.b82ce315470fep-6"),
    _hex("0x1.565bcda85c74bp-8"),
    _hex("-0x1.c02ddb6ac2210p-11"),
    _hex("0x1.f9a9730690c3cp-14"),
    _hex("-0x1.f577dab75d557p-17"),
    _hex("0x1.c4d195fd2be07p-20"),
    _hex("-0x1.d1e8fe288e93bp-23"),
    _hex("0x1.d1be8da3e7938p-25"),
    _hex("-0x1.d741f73eca283p-27"),
)

# (1 + 2x) exp(x^2) erfc(x) - 5/4 in (x - 3) / (x + 3), 3/4 <= x <= 27.5: relative error 2^-57.63
ERFC = (
    _hex("0x1.8a45afc930e69p-9"),
    _hex("-0x1.15c084bb9e8f3p-3"),
    _hex("-0x1.85a15c58aa620p-5"),
    _hex("0x1.098366a5b46f6p-3"),
    _hex("-0x1.e88b803a486e9p-4"),
    _hex("0x1.17ca2877ef966p-4"),
    _hex("-0x1.8574c40c2862fp-6"),
    _hex("0x1.4b884e48f90f7p-9"),
    _hex("0x1.ef1bdd9a6ea9fp-10"),
    _hex("-0x1.98db523501879p-11"),
    _hex("-0x1.b9129f97d8afdp-14"),
    _hex("0x1.065a5fe320f13p-13"),
    _hex("0x1.4c320af72785fp-18"),
    _hex("-0x1.51427af97253dp-16"),
    _hex("-0x1.897e4994291afp-21"),
    _hex("0x1.d2d30b946c4ffp-19"),
    _hex("0x1.7fec35d2519ffp-22"),
    _hex("-0x1.517b646876aedp-21"),
    _hex("-0x1.2639e170d73fap-23"),
    _hex("0x1.f0edeb162193ep-24"),
    _hex("0x1.08777e6952e1bp-25"),
    _hex("-0x1.4eb2ba630f6eap-26"),
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

# pi
PI = (
    _hex("0x1.921fb54442d18p+1"),
    _hex("0x1.1a62633145c07p-53"),
)

# pi/4
PI_4_PAIR = (
    _hex("0x1.921fb54442d18p-1"),
    _hex("0x1.1a62633145c07p-55"),
)

# 3 pi/4
PI_3_4 = (
    _hex("0x1.2d97c7f3321d2p+1"),
    _hex("0x1.a79394c9e8a0ap-54"),
)

# 2^(1/3) and its inverse
CBRT_2 = (
    _hex("0x1.428a2f98d728bp+0"),
    _hex("0x1.965fea53d6e3dp-1"),
)

# erfc(1)
ERFC_AT_SPLIT = (
    _hex("0x1.4226162fbddd5p-3"),
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
