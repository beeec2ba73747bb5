"""Functions that the text of a kernel uses and neither Python nor NumPy has, as source to be printed above it."""

from collections.abc import Mapping

HELPERS: Mapping[str, str] = {
    "fma": '''
def fma(a, b, c):
    """a * b + c, rounded once."""
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return a * b + c
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0:
        return a * b + c if a * b == 0 else type(a)(0.0)
    try:
        near = type(a)(float(exact))
    except OverflowError:
        return type(a)(math.copysign(math.inf, exact))
    if not isinstance(a, np.float32) or not math.isfinite(near):
        return near
    around = [np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32(np.inf))]
    even = lambda x: x.view(np.int32) & 1
    return min(around, key=lambda x: (abs(Fraction(float(x)) - exact), even(x)))
''',
    "gamma": '''
def gamma(x):
    """The gamma function with infinities and NaN where Python raises."""
    try:
        return math.gamma(x)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.copysign(math.inf, x) if x == 0 else math.nan
''',
    "lgamma": '''
def lgamma(x):
    """The logarithm of the gamma function with infinity where Python raises."""
    try:
        return math.lgamma(x)
    except (OverflowError, ValueError):
        return math.inf
''',
    "fits": '''
def fits(x, bits):
    """Whether an integer fits."""
    return -(2**bits) <= x < 2**bits
''',
    "shl": '''
def shl(x, count, bits):
    """Shift left within the width of the integer."""
    return ((x << min(count, bits + 1)) + 2**bits) % 2 ** (bits + 1) - 2**bits
''',
    "in_lanes": '''
def in_lanes(combine, start, terms):
    """Combine terms in sixteen lanes, then the lanes in a tree."""
    lanes = [start] * 16
    for k, term in enumerate(terms):
        lanes[k % 16] = combine(lanes[k % 16], term)
    for half in (8, 4, 2, 1):
        lanes = [combine(lanes[lane], lanes[lane + half]) for lane in range(half)]
    return lanes[0]
''',
    "reflections": '''
def reflections(a):
    """Householder's reflections of a matrix in place, with R above them; their factors are returned."""
    packed, factors = np.linalg.qr(a, "raw")
    a[...] = packed.T
    return factors
''',
    "orthogonal": '''
def orthogonal(packed, factors):
    """The first columns of the product of reflections."""
    q = np.eye(len(packed), len(factors))
    for k in reversed(range(len(factors))):
        v = np.concatenate((np.zeros(k), np.ones(1), packed[k + 1 :, k]))
        q -= factors[k] * np.outer(v, v @ q)
    return q
''',
}  # fmt: skip
