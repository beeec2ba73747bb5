"""The corpus: linear algebra."""



import numpy as np

from tests.program_model import definite, positive, program


def regular(rng, m, n):
    """A matrix with distinct singular values, none of them small."""
    u, _, vt = np.linalg.svd(rng.normal(size=(m, n)), full_matrices=False)
    return (u * np.arange(1.0, min(m, n) + 1)) @ vt


def near_diagonal(rng, n):
    """A symmetric matrix with distinct eigenvalues, its vectors near the axes."""
    a = 0.2 * rng.normal(size=(n, n))
    return a + a.T + np.diag(np.arange(1.0, n + 1))


# ---------------------------------------------------------------------------------------------------------------------
# Gaussian models
# ---------------------------------------------------------------------------------------------------------------------


@program(
    lambda rng: (np.array([0.3, -0.2, -1.0]), rng.normal(size=(6, 2)), rng.normal(size=6)),
    "theta",
    "app array linalg broadcast",
    second=True,
    note="marginal likelihood of a Gaussian process through its Cholesky factor",
)
def gaussian_process(theta, X, y):
    amplitude, scale, noise = np.exp(theta[0]), np.exp(theta[1]), np.exp(theta[2])
    d = X[:, None, :] - X[None, :, :]
    K = amplitude * np.exp(-0.5 * np.sum(d**2, axis=-1) / scale**2) + noise * np.eye(len(X))
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return -0.5 * y @ alpha - np.sum(np.log(np.diag(L))) - 0.5 * len(X) * np.log(2 * np.pi)


@program(
    lambda rng: (rng.normal(size=3), rng.normal(size=3), definite(rng, 3)),
    ("x", "mu", "S"),
    "app array linalg",
    second=True,
)
def mahalanobis(x, mu, S):
    d = x - mu
    return np.sqrt(d @ np.linalg.solve(S, d))


@program(
    lambda rng: (rng.normal(size=(5, 3)), rng.normal(size=3), definite(rng, 3)),
    ("mu", "S"),
    "app array linalg",
    second=True,
)
def normal_log_likelihood(X, mu, S):
    _, logdet = np.linalg.slogdet(S)
    d = X - mu
    return -0.5 * np.einsum("ij,jk,ik->", d, np.linalg.inv(S), d) - 0.5 * len(X) * logdet


@program(
    lambda rng: (rng.normal(size=2), definite(rng, 2), rng.normal(size=(3, 1))),
    ("m", "P"),
    "app array linalg loop carried",
    note="a Kalman filter's log-likelihood",
)
def kalman_likelihood(m, P, zs):
    F = np.array([[1.0, 0.1], [0.0, 1.0]])
    H = np.array([[1.0, 0.0]])
    Q = 0.05 * np.eye(2)
    total = 0.0
    for z in zs:
        m = F @ m
        P = F @ P @ F.T + Q
        S = H @ P @ H.T + 0.3 * np.eye(1)
        K = np.linalg.solve(S, H @ P).T
        r = z - H @ m
        total -= 0.5 * (r @ np.linalg.solve(S, r) + np.log(np.linalg.det(S)))
        m = m + K @ r
        P = (np.eye(2) - K @ H) @ P
    return total


@program(lambda rng: (np.array([0.4, -0.3, 0.2]),), "v", "app array linalg store", second=True)
def correlation_by_factor(v):
    L = np.eye(3)
    L[1, 0] = v[0]
    L[2, 0] = v[1]
    L[2, 1] = v[2]
    C = L @ L.T
    s = np.sqrt(np.diagonal(C))
    R = C / np.outer(s, s)
    return np.linalg.slogdet(R)[1] + np.trace(R @ R)


@program(
    lambda rng: (np.stack([definite(rng, 3), definite(rng, 3)]), rng.normal(size=(2, 3))),
    ("covariances", "means"),
    "app array linalg",
    second=True,
    note="a stack of Gaussians at once",
)
def stacked_gaussians(covariances, means):
    L = np.linalg.cholesky(covariances)
    z = np.linalg.solve(L, means[..., None])[..., 0]
    return np.sum(z * z) + 2 * np.sum(np.log(np.diagonal(L, axis1=-2, axis2=-1)))


@program(
    lambda rng: (definite(rng, 3), definite(rng, 3), rng.normal(size=3)),
    ("A", "B", "d"),
    "app array linalg",
    second=True,
)
def gaussian_divergence(A, B, d):
    inside = np.trace(np.linalg.solve(B, A)) + d @ np.linalg.solve(B, d) - A.shape[0]
    return 0.5 * (inside + np.linalg.slogdet(B)[1] - np.linalg.slogdet(A)[1])


# ---------------------------------------------------------------------------------------------------------------------
# Least squares
# ---------------------------------------------------------------------------------------------------------------------


@program(
    lambda rng: (regular(rng, 5, 2), rng.normal(size=5), 0.3),
    ("X", "y", "ridge"),
    "app array linalg shape",
    second=True,
)
def ridge_by_lstsq(X, y, ridge):
    n = X.shape[1]
    stacked = np.vstack([X, np.sqrt(ridge) * np.eye(n)])
    target = np.concatenate([y, np.zeros(n)])
    w, residuals, rank, _ = np.linalg.lstsq(stacked, target, rcond=None)
    return np.sum(w**3) + residuals[0] + 0.0 * rank


@program(lambda rng: (regular(rng, 4, 2), rng.normal(size=4)), ("A", "b"), "app array linalg", second=True)
def projection_by_qr(A, b):
    Q, R = np.linalg.qr(A)
    x = np.linalg.solve(R, Q.T @ b)
    return np.sum(np.sin(x)) + np.linalg.norm(b - A @ x)


@program(lambda rng: (regular(rng, 3, 2), rng.normal(size=3)), ("A", "b"), "app array linalg", second=True)
def minimum_norm_solution(A, b):
    return np.sum((np.linalg.pinv(A) @ b) ** 2)


@program({"data": lambda rng: (positive(rng, 4), rng.normal(size=4))}, ("w", "y"), "app array linalg", second=True)
def weighted_polynomial_fit(w, y):
    t = np.array([0.0, 1.0, 2.0, 3.0])
    V = np.stack([np.ones(4), t, t**2], axis=1)
    c = np.linalg.solve(V.T @ (w[:, None] * V), V.T @ (w * y))
    return c @ np.array([1.0, 0.5, 0.25])


# ---------------------------------------------------------------------------------------------------------------------
# Eigenvalues and singular values
# ---------------------------------------------------------------------------------------------------------------------


@program(lambda rng: (regular(rng, 5, 3),), "X", "app array linalg reduction", second=True)
def pca_loss(X):
    centred = X - np.mean(X, axis=0)
    w, v = np.linalg.eigh(centred.T @ centred / (len(X) - 1) + np.diag([3.0, 2.0, 1.0]))
    scores = centred @ v[:, -1]
    return np.sum(scores**4) + w[0]


@program(lambda rng: (regular(rng, 4, 3),), "X", "app array linalg", second=True)
def low_rank_residual(X):
    u, s, vt = np.linalg.svd(X, full_matrices=False)
    approximation = (u[:, :2] * s[:2]) @ vt[:2]
    return np.sum((X - approximation) ** 2) + np.sum(np.sin(approximation))


@program(lambda rng: (near_diagonal(rng, 3),), "A", "array linalg", second=True)
def log_of_definite(A):
    w, v = np.linalg.eigh(A)
    return np.sum(((v * np.log(w)) @ v.T) ** 2)


@program(lambda rng: (near_diagonal(rng, 4),), "A", "array linalg index", second=True)
def spectral_gap(A):
    w = np.linalg.eigvalsh(A)
    return w[-1] - w[-2] + np.prod(w[:2])


@program(lambda rng: (regular(rng, 3, 4),), "A", "array linalg", second=True)
def sums_of_singular_values(A):
    s = np.linalg.svdvals(A)
    return np.linalg.norm(A, "nuc") + np.linalg.norm(A, 2) * np.sum(np.log(s))


@program(lambda rng: (positive(rng, 4, 4),), "W", "app array linalg broadcast", second=True)
def graph_cut(W):
    S = (W + W.T) / 2
    D = np.sum(S, axis=1)
    L = np.diag(D) - S + np.diag([0.0, 1.0, 2.0, 3.0])
    w, v = np.linalg.eigh(L)
    return w[1] + v[:, 1] @ S @ v[:, 1]


@program(lambda rng: (near_diagonal(rng, 3), rng.normal(size=3)), ("A", "x"), "array linalg loop carried")
def dominant_eigenvalue(A, x):
    for _ in range(6):
        x = A @ x
        x = x / np.linalg.norm(x)
    return x @ A @ x


# ---------------------------------------------------------------------------------------------------------------------
# Sums over named axes
# ---------------------------------------------------------------------------------------------------------------------


@program(
    lambda rng: tuple(rng.normal(size=(2, 3, 4)) for _ in range(3)),
    ("q", "k", "v"),
    "app array linalg reduction broadcast",
    second=True,
)
def einsum_attention(q, k, v):
    scores = np.einsum("bqd,bkd->bqk", q, k) / np.sqrt(q.shape[-1])
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    weights = weights / np.sum(weights, axis=-1, keepdims=True)
    return np.sum(np.einsum("bqk,bkd->bqd", weights, v) ** 2)


@program(
    {"three": lambda rng: (rng.normal(size=(3, 2)), rng.normal(size=(2, 4, 3)), rng.normal(size=(4, 2)))},
    ("a", "b", "c"),
    "array linalg",
    second=True,
)
def tensor_network(a, b, c):
    return np.einsum("ij,jki,kl->l", a, b, c) @ np.einsum("ij->j", a * a)


@program(
    lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=(2, 3))), ("m", "x"), "array linalg index", second=True
)
def repeated_indices(m, x):
    return np.einsum("ii,ji->j", m, x) @ np.einsum("ji,ji->j", x, x) + np.einsum("ii", m) ** 2


@program(
    lambda rng: (rng.normal(size=(2, 3, 2)), rng.normal(size=(3, 2))), ("a", "b"), "array linalg broadcast", second=True
)
def einsum_with_dots(a, b):
    return np.sum(np.sin(np.einsum("...ij,ij->...", a, b))) + np.sum(np.einsum("...j,ij", a, b) ** 2)


@program(
    lambda rng: (rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 3, 2))), ("a", "b"), "array linalg shape", second=True
)
def tensordot_of_pairs(a, b):
    return np.sum(np.tensordot(a, b, axes=([1, 2], [1, 0])) ** 2) + np.sum(np.tensordot(a, b, 1) ** 3)


@program(lambda rng: (rng.normal(size=(2, 2)), rng.normal(size=(2, 3))), ("a", "b"), "array linalg shape", second=True)
def kronecker(a, b):
    k = np.kron(a, b)
    return np.sum(k @ k.T) + np.trace(np.kron(a, a))


# ---------------------------------------------------------------------------------------------------------------------
# Matrices of models
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {"three": lambda rng: (positive(rng, 3, 3), 0.4)},
    ("rates", "t"),
    "app array linalg loop",
    second=True,
    note="the exponential of a rate matrix by scaling and squaring",
)
def transition_probability(rates, t):
    Q = rates - np.diag(np.diagonal(rates))
    Q = Q - np.diag(np.sum(Q, axis=1))
    A = t * Q / 16
    term = np.eye(3)
    total = np.eye(3)
    for k in range(1, 12):
        term = term @ A / k
        total = total + term
    P = np.linalg.matrix_power(total, 16)
    return np.log(P[0, 1]) + np.log(P[1, 2])


@program(lambda rng: (0.05 * rng.normal(size=(3, 3)),), "A", "array linalg loop", second=True)
def neumann_series(A):
    total = np.eye(3)
    for k in range(1, 5):
        total = total + np.linalg.matrix_power(A, k)
    return np.sum(total @ np.linalg.inv(np.eye(3) - A)) + np.linalg.cond(np.eye(3) - A)


@program(
    lambda rng: (rng.normal(size=3), rng.normal(size=3), rng.normal(size=(4, 3))),
    ("u", "v", "points"),
    "array linalg broadcast",
    second=True,
)
def turned_points(u, v, points):
    axis = np.cross(u, v)
    axis = axis / np.linalg.norm(axis)
    moved = points + np.cross(axis, points) + np.cross(axis, np.cross(axis, points))
    return np.sum(moved[:, 0] ** 3) + np.vdot(moved, points)


@program(lambda rng: (regular(rng, 3, 3), rng.normal(size=3)), ("A", "b"), "array linalg", second=True)
def chain_of_products(A, b):
    return np.linalg.multi_dot([b, A, A.T, A, b]) / np.linalg.norm(A) ** 2


@program(lambda rng: (regular(rng, 3, 3),), "A", "array linalg", second=True)
def several_norms(A):
    by_rows = np.linalg.norm(A, axis=1)
    return np.linalg.norm(A, 1) + np.linalg.norm(A, np.inf) + np.sum(by_rows**3) + np.linalg.norm(by_rows, 3)


@program(
    {"plain": lambda rng: (definite(rng, 3), 0.5), "repaired": lambda rng: (np.diag([1.0, 2.0, -0.2]), 0.5)},
    ("K", "jitter"),
    "app array linalg branch",
)
def cholesky_with_jitter(K, jitter):
    if np.min(np.linalg.eigvalsh(K)) < 1e-6:
        K = K + jitter * np.eye(len(K))
    return np.sum(np.log(np.diagonal(np.linalg.cholesky(K))))


@program(
    lambda rng: (rng.normal(size=(2, 3, 4)),),
    "x",
    "array select shape",
    second=True,
    note="a mask of two axes selects from transposed and reshaped arrays of three",
)
def masked_stacks(x):
    lower = np.arange(3)[:, None] >= np.arange(3)
    products = np.where(lower, x @ np.transpose(x, (0, 2, 1)), 0.0)
    turned = np.where(lower, np.transpose(products, (0, 2, 1)), 1.0)
    apart = np.where(lower[:, 0] > 0, np.reshape(x[:, :, :2], (4, 3)), 0.0)
    summed = np.where(lower, np.sum(turned[None] * turned[:, None], axis=0), 0.0)
    return np.sum(turned**3) + np.sum(np.sin(apart)) + np.sum(summed**2)
