"""What SymPy is asked to try on a region: a few narrow rewrites, each giving a further form of it.

Exponentials are where derivatives of densities cancel. Products of them are compared by their expanded exponents: where
two differ by logarithms only, one is an algebraic multiple of the other, and both are written with the simpler one, in
the form in which its exponent stood. Expanded exponents themselves are not used: ``exp(-a**2)`` stays finite where
``exp(-b**2) * exp(-2*b*c) * exp(-c**2)`` overflows in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

__all__ = ["steps"]

# Pairs of exponents are compared, so their number counts twice.
MOST_EXPONENTS = 12
LONGEST_RATIO = 12
LARGEST_RATIONAL = 60
LARGEST_SIMPLIFIED = 12

Expressions = list[Any]
Change = Callable[[Any, Expressions], Expressions]


def steps(*, full: bool) -> Iterator[tuple[str, str, Change]]:
    """What to try, in order: a name, the form to begin from (empty for the region as it is), and how to change it.

    Parameters
    ----------
    full : bool
        Whether ``sympy.simplify`` is tried on expressions of any size.
    """
    yield "collected terms", "", lambda sp, es: list(es)
    yield "related exponentials", "", _related
    # which of two related exponentials is the more accurate depends on where the function is called
    yield "exponentials related the other way", "", lambda sp, es: _related(sp, es, other_way=True)
    yield "factored", "related exponentials", lambda sp, es: [sp.factor_terms(e) for e in es]
    yield "joined exponentials", "related exponentials", lambda sp, es: [_joined(sp, e) for e in es]
    yield "factored sums", "related exponentials", lambda sp, es: [_factored(sp, e) for e in es]
    yield "stable forms", "related exponentials", lambda sp, es: [_stable(sp, e) for e in es]
    yield "simplified", "related exponentials", lambda sp, es: _simplified(sp, es, full)


def _simplified(sp: Any, expressions: Expressions, full: bool) -> Expressions:
    """SymPy's own idea of simple, for what is small unless the user asked."""
    return [sp.simplify(e) if full or sp.count_ops(e) <= LARGEST_SIMPLIFIED else e for e in expressions]


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
    if e.is_Mul or e.is_Pow:
        return _logistic(sp, e)
    return e


def _logistic(sp: Any, product: Any) -> Any:
    """A quotient by powers of ``1 + exp(x)``."""
    sigmoid = sp.Function("sigmoid", real=True)
    for factor in sp.Mul.make_args(product):
        base, power = factor.as_base_exp()
        if not (power.is_Integer and power < 0 and base.is_Add and len(base.args) == 2 and base.args[0] == 1):
            continue
        if isinstance(base.args[1], sp.exp):
            x = base.args[1].args[0]
            rest = product / factor
            if rest.has(sp.exp(x)) and isinstance(rest / sp.exp(x), sp.Basic) and not (rest / sp.exp(x)).has(sp.exp(x)):
                return rest / sp.exp(x) * sigmoid(x) * sigmoid(-x) ** (-power - 1)
            return rest * sigmoid(-x) ** -power
    return product
