"""What SymPy is asked to try on a region: a few narrow rewrites, each giving a further form of it.

Exponentials are where derivatives of densities cancel. Products of them are compared by their expanded exponents: where
two differ by logarithms only, one is an algebraic multiple of the other, and both are written with the simpler one, in
the form in which its exponent stood. Expanded exponents themselves are not used: ``exp(-a**2)`` stays finite where
``exp(-b**2) * exp(-2*b*c) * exp(-c**2)`` overflows in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["STEPS", "Change", "Step"]

# Pairs of exponents are compared, so their number counts twice.
MOST_EXPONENTS = 12
LONGEST_RATIO = 12
# In rational functions larger than this no denominators are multiplied out.
LARGEST_RATIONAL = 40

Expressions = list[Any]
Change = Callable[[Any, Expressions], Expressions]


@dataclass(frozen=True)
class Step:
    """Something to try.

    Attributes
    ----------
    name : str
        What it does.
    origin : str
        Name of the step with whose form it begins; empty for the region as it is.
    largest : int
        How many operations that form may have, so that the step takes some tenths of a second at most.
    change : callable
        From SymPy and expressions to expressions.
    """

    name: str
    origin: str
    largest: int
    change: Change


RELATED = "related exponentials"

STEPS: tuple[Step, ...] = (
    Step("collected terms", "", 3000, lambda sp, es: list(es)),
    Step(RELATED, "", 3000, lambda sp, es: _related(sp, es)),
    # which of two related exponentials is the more accurate depends on where the function is called
    Step("exponentials related the other way", "", 3000, lambda sp, es: _related(sp, es, other_way=True)),
    Step("factored", RELATED, 250, lambda sp, es: [sp.factor_terms(e) for e in es]),
    Step("nested factors", RELATED, 500, lambda sp, es: _nested(sp, es)),
    Step("joined exponentials", RELATED, 500, lambda sp, es: [_joined(sp, e) for e in es]),
    Step("factored sums", RELATED, 150, lambda sp, es: [_factored(sp, e) for e in es]),
    Step("stable forms", RELATED, 500, lambda sp, es: [_stable(sp, e) for e in es]),
    Step("simplified", RELATED, 10, lambda sp, es: [sp.simplify(e) for e in es]),
)
"""What is tried, in this order. On request the last, SymPy's own idea of simple, is tried at any size."""


def _bottom_up(expressions: Sequence[Any], change: Callable[[Any], Any]) -> Expressions:
    """Expressions with each part changed, the parts inside it first; equal parts are changed once."""
    done: dict[Any, Any] = {}

    def visit(root: Any) -> Any:
        stack = [root]
        while stack:
            e = stack[-1]
            missing = [a for a in e.args if a not in done]
            if e in done or not missing:
                stack.pop()
                if e not in done:
                    args = [done[a] for a in e.args]
                    done[e] = change(e if all(a is b for a, b in zip(args, e.args, strict=True)) else e.func(*args))
            else:
                stack.extend(missing)
        return done[root]

    return [visit(e) for e in expressions]


# -- exponentials ------------------------------------------------------------------------------------------------------


def _exponent(sp: Any, product: Any) -> tuple[Any, list[Any]]:
    """The sum of the exponents of the exponentials in a product, and its other factors."""
    factors = product.args if product.is_Mul else (product,)
    inside = [f.args[0] for f in factors if isinstance(f, sp.exp)]
    return sp.Add(*inside), [f for f in factors if not isinstance(f, sp.exp)]


def _related(sp: Any, expressions: Expressions, *, other_way: bool = False) -> Expressions:
    """Products of exponentials written with as few different ones as algebra allows."""
    products: dict[Any, list[Any]] = {}

    def note(e: Any) -> Any:
        if e.is_Mul or isinstance(e, sp.exp):
            exponent, _ = _exponent(sp, e)
            if exponent != 0:
                factors = [f for f in (e.args if e.is_Mul else (e,)) if isinstance(f, sp.exp)]
                products.setdefault(exponent, factors)
        return e

    # the exponentials inside a product are not products of their own
    _bottom_up(expressions, note)
    inner = {f.args[0] for factors in products.values() if len(factors) > 1 for f in factors}
    candidates = {a: f for a, f in products.items() if a not in inner or len(f) > 1}
    if not 2 <= len(candidates) <= MOST_EXPONENTS:
        return list(expressions)
    ratios = _ratios(sp, candidates, other_way)

    def change(e: Any) -> Any:
        if not (e.is_Mul or isinstance(e, sp.exp)):
            return e
        exponent, others = _exponent(sp, e)
        if exponent not in ratios:
            return e
        ratio, factors = ratios[exponent]
        return sp.Mul(*others, ratio, *factors)

    return [_rewritten_products(sp, e, change) for e in expressions]


def _rewritten_products(sp: Any, expression: Any, change: Callable[[Any], Any]) -> Any:
    """An expression with its products of exponentials changed as wholes; what stands in exponents is left."""
    done: dict[Any, Any] = {}
    stack = [expression]
    while stack:
        e = stack[-1]
        keep = isinstance(e, sp.exp) or not e.args
        if e in done or keep:
            done.setdefault(e, change(e))
            stack.pop()
            continue
        parts = [a for a in e.args if not (e.is_Mul and isinstance(a, sp.exp))]
        missing = [a for a in parts if a not in done]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        # the exponentials of a product stay for `change`, which takes them together
        done[e] = change(e.func(*(done[a] if a in done and a in parts else a for a in e.args)))
    return done[expression]


def _ratios(sp: Any, products: dict[Any, list[Any]], other_way: bool) -> dict[Any, tuple[Any, list[Any]]]:
    """For each exponent, the algebraic factor that leads to it from the simplest related one (the other way: from the
    least simple one), and that one's factors.
    """
    expanded = {a: _expanded(sp, a) for a in products}
    order = sorted(products, key=lambda a: (len(products[a]), sp.count_ops(a), sp.default_sort_key(a)))
    if other_way:
        order.reverse()
    found: dict[Any, tuple[Any, list[Any]]] = {}
    heads: list[Any] = []
    for a in order:
        for head in heads:
            ratio = sp.exp(sp.expand(expanded[a] - expanded[head]))
            if _is_algebraic(sp, ratio):
                found[a] = (ratio, products[head])
                break
        else:
            heads.append(a)
    return found


def _expanded(sp: Any, exponent: Any) -> Any:
    return sp.expand(sp.expand_log(exponent, force=True))


def _is_algebraic(sp: Any, ratio: Any) -> bool:
    """Whether a factor is made of products and roots alone, and of few of them."""
    if ratio.has(sp.exp, sp.log, sp.zoo, sp.nan) or sp.count_ops(ratio) > LONGEST_RATIO:
        return False
    return all(p.exp.is_Rational and p.exp.q <= 2 for p in ratio.atoms(sp.Pow))


def _joined(sp: Any, expression: Any) -> Any:
    """Products of exponentials as the exponential of a sum."""
    return sp.powsimp(expression, combine="exp")


# -- sums and quotients ------------------------------------------------------------------------------------------------


def _factored(sp: Any, expression: Any) -> Any:
    """Small rational pieces over one denominator, common factors cancelled; and sums factored again."""
    if expression.is_Add and sp.count_ops(expression) <= LARGEST_RATIONAL:
        expression = sp.together(expression)
        if sp.count_ops(expression) <= LARGEST_RATIONAL:
            expression = sp.cancel(expression)
    return sp.factor_terms(sp.expand_mul(expression) if sp.count_ops(expression) <= LARGEST_RATIONAL else expression)


def _nested(sp: Any, expressions: Expressions) -> Expressions:
    """Sums with a factor taken out of the terms that have it, the most frequent one first."""
    return _bottom_up(expressions, lambda e: _taken_out(sp, e) if e.is_Add else e)


def _taken_out(sp: Any, total: Any) -> Any:
    terms = list(total.args)
    while (factor := _commonest(sp, terms)) is not None:
        having = [t for t in terms if factor in _bases(sp, t)]
        inside = sp.Add(*(t / factor for t in having))
        terms = [*(t for t in terms if t not in having), factor * (_taken_out(sp, inside) if inside.is_Add else inside)]
    return sp.Add(*terms)


def _bases(sp: Any, term: Any) -> list[Any]:
    """What may be taken out of a term: the bases of its positive powers."""
    powers = (f.as_base_exp() for f in sp.Mul.make_args(term) if not (f.is_Number or isinstance(f, sp.exp)))
    return [base for base, power in powers if power.is_Integer and power > 0 and not base.is_Add]


def _commonest(sp: Any, terms: Sequence[Any]) -> Any:
    """The factor that most terms have, at least two; None if there is none."""
    counts: dict[Any, int] = {}
    for term in terms:
        for base in _bases(sp, term):
            counts[base] = counts.get(base, 0) + 1
    found = [base for base, count in counts.items() if count > 1]
    return min(found, key=lambda base: (-counts[base], sp.default_sort_key(base))) if found else None


# -- stable forms ------------------------------------------------------------------------------------------------------


def _stable(sp: Any, expression: Any) -> Any:
    """``log(1 + x)``, ``exp(x) - 1`` and ``1 / (1 + exp(x))`` by functions that do not cancel or overflow."""
    (found,) = _bottom_up([expression], lambda e: _stable_part(sp, e))
    return found


def _stable_part(sp: Any, e: Any) -> Any:
    if isinstance(e, sp.log):
        rest = e.args[0] - 1
        if e.args[0].is_Add and not any(t.is_Number for t in sp.Add.make_args(rest)):
            return sp.Function("log1p", real=True)(rest)
    if e.is_Add and len(e.args) == 2 and e.args[0] == -1 and isinstance(e.args[1], sp.exp):
        return sp.Function("expm1", real=True)(e.args[1].args[0])
    if e.is_Pow or e.is_Mul:
        return _logistic(sp, e, sp.Function("sigmoid", real=True))
    return e


def _logistic(sp: Any, e: Any, sigmoid: Any) -> Any:
    """A power of ``1 + exp(x)`` below one, or a product of that and ``exp(x)``."""
    if e.is_Pow:
        base, power = e.base, e.exp
        fits = power.is_Integer and power < 0 and base.is_Add and len(base.args) == 2 and base.args[0] == 1
        return sigmoid(-base.args[1].args[0]) ** -power if fits and isinstance(base.args[1], sp.exp) else e
    factors = list(e.args)
    for k, factor in enumerate(factors):
        base, power = factor.as_base_exp()
        if not (isinstance(base, sp.core.function.AppliedUndef) and base.func.__name__ == "sigmoid"):
            continue
        other = sp.exp(-base.args[0])
        if other in factors and power.is_Integer and power > 0:
            rest = [f for j, f in enumerate(factors) if j != k and f != other]
            return sp.Mul(*rest, sigmoid(-base.args[0]), base ** (power - 1))
    return e
