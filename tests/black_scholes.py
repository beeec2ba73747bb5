"""The Black-Scholes price of a call as a graph, and its derivatives, for the tests of simplification."""

from symdiff.ir.graph import CONSTANT, Function
from symdiff.ir.walk import all_nodes
from symdiff.transform.adjoint import differentiate
from symdiff.transform.dce import eliminate_dead_code
from tests.graph_maker import Maker

__all__ = ["ARGUMENTS", "NAMES", "call", "derivative", "operations"]

NAMES = ("spot", "strike", "rate", "volatility", "maturity")
ARGUMENTS = (100.0, 110.0, 0.03, 0.2, 1.5)


def call(cdf: str = "erf") -> Function:
    """The price, written with math.log, math.sqrt, math.exp and math.erf or math.erfc."""
    make = Maker()
    spot, strike, rate, volatility, maturity = (make.float(name) for name in NAMES)
    spread = volatility * make.row("sqrt", maturity)
    d1 = (make.row("log", spot / strike) + (rate + 0.5 * volatility * volatility) * maturity) / spread
    d2 = d1 - spread

    def normal(x):
        if cdf == "erfc":
            return 0.5 * make.row("erfc", -x / make.row("sqrt", make.traced(2.0)))
        if cdf == "literal":
            return 0.5 * (1.0 + make.row("erf", 0.7071067811865476 * x))
        return 0.5 * (1.0 + make.row("erf", x / make.row("sqrt", make.traced(2.0))))

    price = spot * normal(d1) - strike * make.row("exp", -rate * maturity) * normal(d2)
    return make.function("call", price)


def derivative(*wrt: str, cdf: str = "erf", value: bool = False) -> Function:
    """The gradient by some arguments, not simplified."""
    price = call(cdf)
    made = differentiate(price, [NAMES.index(w) for w in wrt], [price.results[0]], name="call_grad", value=value)
    return eliminate_dead_code(made)


def operations(function: Function) -> int:
    """How many operations a function of scalars has."""
    return sum(n.op is not CONSTANT for n in all_nodes(function.block))
