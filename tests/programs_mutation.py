"""The corpus: stores, views and aliases."""

import numpy as np

from tests.program_model import away, positive, program

# ---------------------------------------------------------------------------------------------------------------------
# Masks
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {
        "some": lambda rng: (away(rng, 6),),
        "none": lambda rng: (-positive(rng, 3),),
        "all": lambda rng: (positive(rng, 4),),
    },
    "x",
    "array index reduction mask",
    second=True,
)
def sum_of_positive(x):
    return np.sum(x[x > 0] ** 2) + np.sum(x)


@program(lambda rng: (away(rng, 7),), "x", "array index reduction mask", second=True)
def mean_of_either_sign(x):
    m = x > 0
    return x[m].mean() * np.prod(x[~m]) + len(x[m])


@program(lambda rng: (away(rng, 7),), "x", "array index mask")
def positions_of_large(x):
    where = np.flatnonzero(x > 0.3)
    (below,) = np.nonzero(x < 0)
    return np.sum(x[where] ** 3) * np.sum(x[below]) + np.sum(x[np.where(x > 0.3)] * where)


@program(lambda rng: (away(rng, 4, 3),), "a", "array index mask", second=True)
def mask_of_two_axes(a):
    chosen = a[a > 0]
    return np.sum(chosen**3) + np.sum(chosen * np.arange(len(chosen)))


@program(lambda rng: (away(rng, 4), away(rng, 4, 5)), ("x", "a"), "array index mask")
def mask_beside_other_indices(x, a):
    rows, element = a[x > 0], a[1, a[0] > 0]
    columns = a[:, a[1] < 0]
    return np.sum(rows**2) + np.sum(columns) * np.sum(element**3) + np.sum(a[x > 0, 1] * x[x > 0])


@program(lambda rng: (away(rng, 5),), "x", "array index mask")
def compress_and_extract(x):
    table = np.outer(x, x)
    return np.sum(np.compress(x > 0, x) ** 2) + np.sum(np.extract(x < 0, x)) + np.sum(np.compress(x > 0, table, axis=1))


@program(lambda rng: (away(rng, 5),), "x", "array index mask loop carried")
def mask_in_a_loop(x):
    s = 1.0
    for i in range(len(x)):
        s += np.sum(x[x > x[i]] ** 2) * x[i] * s
    return s


@program(lambda rng: (away(rng, 6),), "x", "array store mask", second=True)
def negative_set_to_zero(x):
    y = x.copy()
    y[y < 0] = 0.0
    return np.sum(y * x * x)


@program(lambda rng: (away(rng, 6),), "x", "array store mask augment", second=True)
def masked_in_place(x):
    y = x * 2
    y[y < 0] += x[0] * x[0]
    y[x > 0] **= 1.5
    return np.sum(y * x)


@program(lambda rng: (away(rng, 6),), "x", "array store mask")
def masked_vector(x):
    y = np.zeros(len(x))
    m = x > 0
    y[m] = np.sqrt(x[m])
    y[~m] = np.arange(np.sum(~m)) * x[0]
    return np.sum(y * x)


@program(lambda rng: (away(rng, 4),), "x", "array store mask augment broadcast")
def masked_rows(x):
    a = np.outer(x, x) + 1.0
    a[a < 0] **= 2
    a[x > 0] = 2.0 * x[0]
    a[x < 0] += x
    a[[True, False, True, False]] *= x
    return np.sum(a * np.arange(4))


@program(lambda rng: (away(rng, 6),), "x", "array store mask loop augment")
def masked_in_a_loop(x):
    y = x.copy()
    for i in range(3):
        y[y > 0.1 * i] *= 0.5 + x[i]
    return np.sum(y * x)


@program(lambda rng: (away(rng, 6),), "x", "array store mask", second=True)
def root_only_where_it_exists(x):
    y = x.copy()
    y[x > 0] = np.sqrt(y[x > 0])
    return np.sum(y * y * x)


# ---------------------------------------------------------------------------------------------------------------------
# Views
# ---------------------------------------------------------------------------------------------------------------------


@program(lambda rng: (away(rng, 4),), "x", "array store shape augment", second=True)
def in_place_on_views(x):
    a = np.outer(x, x)
    a.T[0] += 1
    a[1] *= 2
    a[:, 1] -= x
    a[::2, 1:] *= x[0]
    a.reshape(-1)[::2] *= 2
    a.ravel()[3] = x[0]
    a.reshape(2, 8)[1] += 1
    return np.sum(a * np.arange(16).reshape(4, 4))


@program(lambda rng: (away(rng, 4),), "x", "array store shape make")
def views_read_back(x):
    a = np.zeros((2, 4))
    flat = a.reshape(-1)
    flat[:4] = x
    flat[4:] = x * x
    columns = a.T
    columns[1] = 7
    return np.sum(a * a) + flat[1] * x[0]


@program(lambda rng: (away(rng, 4),), "x", "array store shape make augment")
def views_of_views(x):
    a = np.array([x, x * 2])
    r = a.ravel()
    r[3] = 5
    v = a[1].reshape(2, 2)
    v[0, 1] += x[0]
    a[0, ...] = x**2
    a[...] = a * 2
    return np.sum(a * a) + np.sum(r * r[0])


@program(lambda rng: (away(rng, 4),), "x", "array store shape")
def one_axis_is_always_split(x):
    y = x * 1.0
    y.reshape(2, 2)[0] = x[2:]
    y[:, None][3] = 2.0
    y[None][0, 1] = x[0]
    y[::2].reshape(2, 1)[1] *= 3
    return np.sum(y * x)


@program(lambda rng: (away(rng, 4),), "x", "array store shape")
def flat_elements(x):
    a = np.outer(x, x)
    a.flat[3] = x[0]
    a.flat[::5] = x
    a.flat[1:3] += 1
    b = a.flat[4:6]
    b[0] = 100.0
    a.put([7], 2.0)
    return np.sum(a * np.arange(16).reshape(4, 4)) + b.sum() * x[1]


@program(lambda rng: (away(rng, 5), 4), "x", "array store loop carried int", second=True)
def double_buffers(x, n):
    a, b = x * 1.0, x * 0.0
    for i in range(n):
        b[1:] = a[1:] * 0.5 + a[:-1] * x[0]
        b[0] = i * x[1]
        a, b = b, a
    return np.sum(a * x) + b[1]


def _mixes(a, b):
    a[0] += b[1]
    b[2] *= a[0]
    return a.sum()


@program(lambda rng: (away(rng, 4),), "x", "array store helper")
def one_array_twice(x):
    y = x * 2.0
    return _mixes(y, y) + _mixes(y[1:], y[:-1]) + np.sum(y * x)


@program(lambda rng: (away(rng, 4),), "x", "array store")
def copies_are_copies(x):
    a, b, c = x.copy(), np.copy(x), x[:]
    d = list(x[:2] * 1.0)
    a[0], b[1], d[0] = 1.0, 2.0, 3.0
    return np.sum(a * b * c) * d[0] * d[1]


@program({"then": lambda rng: (positive(rng, 3),), "else": lambda rng: (-positive(rng, 3),)}, "x", "array store branch")
def stores_on_both_paths(x):
    a = x * x
    row = a
    if x[0] > 0:
        row[0] = 3.0 * x[1]
    else:
        a[1:] *= x[:2]
        row = a
    row[2] += 1
    return np.sum(a * x)


# ---------------------------------------------------------------------------------------------------------------------
# out=, ufunc.at, np.put and their like
# ---------------------------------------------------------------------------------------------------------------------


@program(lambda rng: (away(rng, 4),), "x", "array store make")
def results_into_out(x):
    c = np.zeros(4)
    np.add(x, x * 2, out=c)
    np.multiply(c, x, c)
    np.exp(c[1:], out=c[:-1])
    np.clip(c, -2.5, 30.0, out=c)
    return np.sum(c * x)


@program(lambda rng: (away(rng, 4),), "x", "array store make linalg reduction")
def products_into_out(x):
    a = np.outer(x, x)
    r, q, s = np.zeros(4), np.zeros((4, 4)), np.zeros(4)
    np.dot(a, x, out=r)
    np.matmul(a, a, out=q)
    np.sum(q, axis=0, out=s)
    return np.sum(r * s)


@program(lambda rng: (away(rng, 5),), "x", "array store make mask")
def out_where_it_is_defined(x):
    y = np.zeros(5)
    np.sqrt(x, out=y, where=x > 0)
    z = np.ones(5)
    np.divide(x, y, out=z, where=y > 0)
    return np.sum(y * x + z)


@program(lambda rng: (away(rng, 4),), "x", "array store make broadcast")
def out_is_broadcast(x):
    c = np.zeros((3, 4))
    np.add(x, 1, out=c)
    c[1] *= x
    return np.sum(c * c)


@program(lambda rng: (away(rng, 4),), "x", "array store make index", second=True)
def add_at_repeated(x):
    h = np.zeros(3)
    np.add.at(h, [0, 2, 0, 1], x)
    np.subtract.at(h, np.array([1, 1]), x[:2] ** 2)
    np.add.at(h, x[:3] > 0, x[0])
    return np.sum(h**3)


@program(lambda rng: (positive(rng, 4),), "x", "array store make index")
def other_ufuncs_at(x):
    h = np.ones(3) * 2
    np.multiply.at(h, [0, 2, 0, 1], x)
    np.maximum.at(h, np.array([1, 1]), x[:2] ** 2 * 3)
    np.divide.at(h, np.array([2, 2]), x[0])
    return np.sum(h**2)


@program(lambda rng: (away(rng, 4),), "x", "array store make index")
def at_with_slices(x):
    h = np.ones((3, 4))
    np.add.at(h, (np.array([0, 2, 0]), slice(None)), x)
    np.multiply.at(h, np.array([0, 0]), x)
    return np.sum(h**2)


@program(lambda rng: (away(rng, 4),), "x", "array store index")
def put_and_copyto(x):
    a = np.outer(x, x)
    np.put(a, [1, 5], x[:2])
    np.copyto(a[2], x)
    np.copyto(a, 0.5, where=a > 0.9)
    np.fill_diagonal(a, x * 3)
    a[1].fill(x[0])
    return np.sum(a * np.arange(16).reshape(4, 4))


@program(lambda rng: (away(rng, 4),), "x", "array store index")
def along_an_axis(x):
    a = np.outer(x, x)
    i = np.argmax(a, axis=1)[:, None]
    np.put_along_axis(a, i, x[:, None], axis=1)
    b = np.take_along_axis(a, i, axis=1)
    return np.sum(a * a) + b.sum() ** 2


@program(lambda rng: (away(rng, 5),), "x", "array store index")
def last_store_wins(x):
    a = np.zeros(4)
    a[[0, 1, 0, 3, 1]] = x
    a[[2, 2]] = x[:2] * 3
    return np.sum(a * a * np.arange(1.0, 5.0))


@program(lambda rng: (away(rng, 5),), "x", "array store index augment")
def repeated_places_in_place(x):
    a = x * 1.0
    a[[0, 0, 2]] += x[2:]
    return np.sum(a * a)
