"""Functions of SciPy, statsmodels and scikit-learn, as their authors wrote them: the table of `test_foreign.py`.

A row is a name, a function, its arguments, and what the package itself says of the gradient by the first argument, if
it says anything: the gradient of a number, or the derivative of each entry.
"""

import sys
import warnings

import numpy as np
import scipy.integrate
import scipy.linalg
import scipy.optimize
import scipy.optimize._lsq.least_squares
import scipy.signal
import scipy.special
import scipy.stats
import statsmodels.api as sm
from scipy.integrate._ivp import common, rk
from scipy.signal import windows
from scipy.spatial import distance
from sklearn.gaussian_process.kernels import DotProduct
from sklearn.neural_network import _base as network_losses
from statsmodels.base import _penalties
from statsmodels.base.transform import BoxCox
from statsmodels.genmod import families
from statsmodels.genmod.families import links
from statsmodels.nonparametric import kernels as smoothing
from statsmodels.robust import norms
from statsmodels.sandbox.nonparametric import kernels as densities
from statsmodels.stats import moment_helpers, stattools
from statsmodels.tools import eval_measures
from statsmodels.tsa import tsatools
from statsmodels.tsa.statespace import tools as statespace

RNG = np.random.default_rng(0)
X = np.array([0.3, -0.7, 1.2, 0.9, 1.7])
P = np.array([0.2, 0.35, 0.5, 0.71, 0.9])
POSITIVE = np.array([0.4, 1.3, 2.2, 0.8, 3.1])
Y = np.array([0.1, 0.5, -0.2, 1.1, 0.4])
COUNTS = np.array([1.0, 2.0, 0.0, 3.0, 1.0])
RESIDUALS = np.array([0.3, -0.9, 1.6, 2.9, -5.0, 9.5])
TABLE = RNG.normal(size=(30, 3))
DESIGN = np.column_stack([np.ones(30), TABLE[:, :2]])
BETA = np.array([0.3, -0.4, 0.2])
CHOICE = (RNG.uniform(size=30) < 0.5).astype(float)
NUMBER = RNG.poisson(2.0, 30).astype(float)
RESPONSE = DESIGN @ BETA + RNG.normal(size=30)
LEAST_SQUARES = sys.modules["scipy.optimize._lsq.least_squares"]

ROWS = [
    ("scipy.optimize.rosen", scipy.optimize.rosen, (X,), scipy.optimize.rosen_der),
    ("scipy.optimize.rosen_der", scipy.optimize.rosen_der, (X,), None),
    ("scipy.optimize.rosen_hess_prod", scipy.optimize.rosen_hess_prod, (X, Y), None),
    ("general_cosine", lambda a: windows.general_cosine(12, a), (np.array([0.5, 0.3, 0.2]),), None),
    ("general_hamming", lambda a: windows.general_hamming(12, a), (0.5,), None),
    ("gaussian", lambda a: windows.gaussian(12, a), (2.5,), None),
    ("general_gaussian", lambda a: windows.general_gaussian(12, 1.5, a), (2.5,), None),
    ("exponential", lambda a: windows.exponential(12, None, a), (2.5,), None),
    ("sqeuclidean", distance.sqeuclidean, (POSITIVE, P), lambda u, v: 2 * (u - v)),
    ("cityblock", distance.cityblock, (POSITIVE, P), None),
    ("chebyshev", distance.chebyshev, (POSITIVE, P), None),
    ("canberra", distance.canberra, (POSITIVE, P), None),
    ("braycurtis", distance.braycurtis, (POSITIVE, P), None),
    ("mahalanobis", distance.mahalanobis, (POSITIVE, P, np.eye(5) + 0.1), None),
    ("trapezoid", scipy.integrate.trapezoid, (X, POSITIVE), None),
    ("simpson", scipy.integrate.simpson, (X,), None),
    ("cumulative_trapezoid", scipy.integrate.cumulative_trapezoid, (X, POSITIVE), None),
    ("cumulative_simpson", scipy.integrate.cumulative_simpson, (X,), None),
    ("companion", scipy.linalg.companion, (POSITIVE,), None),
    ("leslie", scipy.linalg.leslie, (POSITIVE, P[:4]), None),
    ("convolution_matrix", lambda a: scipy.linalg.convolution_matrix(a, 3), (X,), None),
    ("convolution_matrix of one size", lambda a: scipy.linalg.convolution_matrix(a, 3, "same"), (X,), None),
    ("sawtooth", lambda t: scipy.signal.sawtooth(t, 0.3), (POSITIVE,), None),
    ("square", scipy.signal.square, (1.7 * X,), None),
    ("yeojohnson", scipy.stats.yeojohnson, (X, 0.4), None),
    ("scipy.optimize.rosen_hess", scipy.optimize.rosen_hess, (X,), None),
    ("softmax", scipy.special.softmax, (X,), None),
    ("khatri_rao", scipy.linalg.khatri_rao, (TABLE[:3], TABLE[3:5]), None),
    ("gausspulse", lambda t: scipy.signal.gausspulse(t, fc=5), (P,), None),
    ("detrend", lambda a: scipy.signal.detrend(a, type="constant"), (X,), None),
    ("sweep_poly", lambda t: scipy.signal.sweep_poly(t, np.array([1.0, 2.0])), (P,), None),
    ("ivp norm", common.norm, (X,), lambda x: x / np.sqrt(5.0) / np.linalg.norm(x)),
    ("cov2corr", moment_helpers.cov2corr, (np.eye(3) + 0.2,), None),
    ("ar_transparams", tsatools._ar_transparams, (np.array([0.3, -0.2, 0.5]),), None),
    ("ma_transparams", tsatools._ma_transparams, (np.array([0.3, -0.2, 0.5]),), None),
    ("ar_invtransparams", tsatools._ar_invtransparams, (np.array([0.3, -0.2, 0.1]),), None),
    ("constrain", statespace.constrain_stationary_univariate, (np.array([0.3, -0.2, 0.5]),), None),
    ("unconstrain", statespace.unconstrain_stationary_univariate, (np.array([0.3, -0.2, 0.1]),), None),
    ("durbin_watson", stattools.durbin_watson, (X,), None),
    ("BoxCox", lambda x: BoxCox().transform_boxcox(x, 0.4)[0], (POSITIVE,), lambda x: x ** (0.4 - 1.0)),
    ("L2", _penalties.L2().func, (X,), _penalties.L2().deriv),
    ("SCAD", _penalties.SCAD(tau=0.6).func, (X,), _penalties.SCAD(tau=0.6).deriv),
    ("PseudoHuber", _penalties.PseudoHuber(0.3).func, (X,), _penalties.PseudoHuber(0.3).deriv),
    ("smoothing.gaussian", smoothing.gaussian, (0.7, X, Y), None),
    ("smoothing.d_gaussian", smoothing.d_gaussian, (0.7, X, Y), None),
    ("smoothing.gaussian_convolution", smoothing.gaussian_convolution, (0.7, X, Y), None),
    ("DotProduct", DotProduct(sigma_0=1.2).__call__, (TABLE[:6],), None),
    ("squared_loss", network_losses.squared_loss, (POSITIVE, P), None),
]


def rho(loss, z):
    """Losses of `least_squares` store into an array that they are given."""
    found = np.zeros((3, len(z)))
    loss(z, found, False)
    return found


def step_of_runge_kutta(y):
    """One step of Dormand and Prince's method."""

    def slope(t, y):
        return np.array([y[0] * (1.0 - y[1]), y[1] * (y[0] - 1.0)])

    method = rk.RK45
    return rk.rk_step(slope, 0.0, y, np.array([0.1, 0.2]), 0.1, method.A, method.B, method.C, np.zeros((7, 2)))[0]


def losses():
    """Robust losses of SciPy and statsmodels, with the derivatives that statsmodels has."""
    yield "rk_step", step_of_runge_kutta, (np.array([1.0, 2.0]),), None
    for name in ("huber", "soft_l1", "cauchy", "arctan"):
        loss = getattr(LEAST_SQUARES, name)
        yield f"least_squares.{name}", lambda z, loss=loss: rho(loss, z), (POSITIVE,), None
    kinds = "LeastSquares HuberT RamsayE AndrewWave TrimmedMean Hampel TukeyBiweight"
    for name in kinds.split():
        norm = getattr(norms, name)()
        yield f"{name}.rho", norm.rho, (RESIDUALS,), norm.psi
        yield f"{name}.psi", norm.psi, (RESIDUALS,), norm.psi_deriv
    for name in ["mse", "rmse", "rmspe", "maxabs", "meanabs", "medianabs", "bias", "vare", "stde"]:
        yield f"eval_measures.{name}", getattr(eval_measures, name), (POSITIVE, P), None
    for name in ["aic", "bic", "hqic", "aicc"]:
        yield f"eval_measures.{name}", getattr(eval_measures, name), (-3.0, 20, 3), None
    for name in ["Epanechnikov", "Gaussian", "Biweight", "Triweight", "Cosine", "Triangular"]:
        yield f"density.{name}", getattr(densities, name)(h=1.0).__call__, (np.array([0.3, -0.7, 0.2]),), None


def generalised_linear_models():
    """Links, families and models of statsmodels."""
    for name in [
        "Logit",
        "CLogLog",
        "LogLog",
        "Identity",
        "InversePower",
        "InverseSquared",
        "Sqrt",
        "Log",
        "LogC",
        "NegativeBinomial",
        "Power",
    ]:
        link = getattr(links, name)()
        yield f"{name}.__call__", link.__call__, (P,), link.deriv
        yield f"{name}.inverse", link.inverse, (P,), link.inverse_deriv
        yield f"{name}.deriv", link.deriv, (P,), link.deriv2
        yield f"{name}.inverse_deriv", link.inverse_deriv, (P,), None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {
            n: getattr(families, n)() for n in ["Gaussian", "Poisson", "Gamma", "InverseGaussian", "NegativeBinomial"]
        }
    for name, family in found.items():
        y = Y if name == "Gaussian" else POSITIVE if name in ("Gamma", "InverseGaussian") else COUNTS
        yield f"{name}.variance", family.variance, (P,), family.variance.deriv
        yield f"{name}.weights", family.weights, (P,), None
        yield f"{name}.deviance", lambda mu, f=family, y=y: f.deviance(y, mu), (P,), None
        yield f"{name}.resid_dev", lambda mu, f=family, y=y: f._resid_dev(y, mu), (P,), None
    for name in ("Gaussian", "InverseGaussian"):
        family, y = found[name], Y if name == "Gaussian" else POSITIVE
        yield f"{name}.loglike_obs", lambda mu, f=family, y=y: f.loglike_obs(y, mu), (P,), None
        yield f"{name}.resid_anscombe", lambda mu, f=family, y=y: f.resid_anscombe(y, mu), (P,), None


def models():
    """Log likelihoods of models with data, whose gradient is the score."""
    ordinary, weighted = sm.OLS(RESPONSE, DESIGN), sm.WLS(RESPONSE, DESIGN, weights=np.linspace(0.5, 2.0, 30))
    logit, gaussian = sm.Logit(CHOICE, DESIGN), sm.GLM(RESPONSE, DESIGN)
    several = sm.MNLogit(np.arange(30) % 3, DESIGN)
    yield "OLS.loglike", ordinary.loglike, (BETA,), ordinary.score
    yield "OLS.score", ordinary.score, (BETA,), None
    yield "WLS.loglike", weighted.loglike, (BETA,), None
    yield "Logit.loglike", logit.loglike, (BETA,), logit.score
    yield "Logit.loglikeobs", logit.loglikeobs, (BETA,), None
    yield "Logit.score", logit.score, (BETA,), None
    yield "Poisson.score", sm.Poisson(NUMBER, DESIGN).score, (BETA,), None
    yield "GLM.Gaussian.loglike", gaussian.loglike, (BETA,), None
    yield "MNLogit.loglike", several.loglike, (0.1 + np.zeros(6),), several.score


def distributions():
    """Densities, distribution functions and what remains to 1, as scipy.stats has them for each distribution."""
    densities = (
        "norm:_logpdf _pdf|expon:_logpdf _pdf _sf|cauchy:_pdf _cdf _sf|gumbel_r:_logpdf _pdf _cdf _logcdf|"
        "gumbel_l:_logpdf _pdf _sf|laplace:_pdf _cdf _sf|rayleigh:_logpdf _pdf _sf|maxwell:_logpdf _pdf|"
        "halfnorm:_logpdf _pdf|hypsecant:_pdf _cdf _sf|moyal:_pdf|levy:_pdf|wald:_logpdf _pdf"
    )
    shaped = (
        "weibull_min 1.7:_pdf _sf|pareto 2.5:_pdf _cdf _sf|lomax 1.5:_pdf|fisk 1.5:_cdf _sf|burr 1.5 2.5:_cdf _sf|"
        "powerlaw 1.5:_pdf _cdf _logcdf|invgauss 1.5:_logpdf _pdf|johnsonsu 1.5 1.2:_pdf|mielke 1.5 1.3:_logpdf _pdf|"
        "loguniform 0.1 5.0:_logpdf _pdf _cdf"
    )
    for row in f"{densities}|{shaped}".split("|"):
        start, _, functions = row.partition(":")
        name, *shape = start.split()
        for function in functions.split():
            method = getattr(getattr(scipy.stats, name), function)
            derivative = None
            if function == "_cdf" and name in ("cauchy", "laplace", "hypsecant"):
                derivative = getattr(scipy.stats, name)._pdf
            yield f"{name}.{function}", method, (1.01 * P, *map(float, shape)), derivative


ROWS += [*losses(), *generalised_linear_models(), *models(), *distributions()]
