"""What expressions are made of: weighted templates by type.

Types: F a float, I a small int, B a truth value, V a vector of length n, U a vector of length m, M an m x n matrix, W a
vector of truth values. In a template, `{F}` is an expression of that type, `{F1}` one that stands there twice, `{v}` a
variable that holds a V (lower case: a name), `{i}` an index inside a V, `{j}` one inside a U, `{c}` a constant. The
third entry names what the template needs. Every function is bounded or grows slowly, and no argument leaves its domain.

EXACT templates use only what IEEE 754 rounds correctly, in an order that both sides share, so that values can be
compared bit for bit.
"""

Template = tuple[float, str, str]

EXACT: dict[str, list[Template]] = {
    "F": [
        (6, "({F} + {F})", ""),
        (4, "({F} - {F})", ""),
        (5, "({F} * {F})", ""),
        (2, "({F} * {c})", ""),
        (2, "({F} / (1.5 + abs({F})))", "abs"),
        (1, "(-{F})", ""),
        (1, "abs({F})", "abs"),
        (1.5, "({F} if {B} else {F})", ""),
        (1, "max({F}, {F})", "max"),
        (1, "min({F}, {F})", "min"),
        (1, "math.sqrt({F1} * {F1} + 0.5)", "math"),
        (1, "({F} * float({I}))", "float"),
        (1, "({F} + {I})", ""),
        (3, "{v}[{i}]", ""),
        (1, "{u}[{j}]", ""),
        (1, "{m}[{j}, {i}]", ""),
        (0.5, "{m}[{j}][{i}]", ""),
        (0.5, "({V})[{i}]", ""),
        (0.4, "np.max({V})", ""),
        (0.4, "{v}.min()", ""),
    ],
    "V": [
        (3, "({V} + {V})", ""),
        (2, "({V} - {V})", ""),
        (3, "({V} * {V})", ""),
        (2, "({V} * {F})", ""),
        (2, "({F} + {V})", ""),
        (1, "({V} / (1.5 + np.abs({V})))", ""),
        (1, "(-{V})", ""),
        (1, "np.abs({V})", ""),
        (1, "np.maximum({V}, {F})", ""),
        (1, "np.minimum({V}, {V})", ""),
        (1.5, "np.where({V} > {F}, {V}, {V})", ""),
        (1, "np.where({W}, {V}, {F})", ""),
        (1, "np.clip({V}, -0.75, 0.75)", ""),
        (1, "np.sqrt({V1} * {V1} + 0.25)", ""),
        (1, "{v}[::-1]", ""),
        (1, "{v}[:]", ""),
        (1, "{v}.copy()", ""),
        (0.7, "np.zeros({n})", ""),
        (0.4, "np.ones_like({v})", ""),
        (0.4, "np.full({n}, {F})", ""),
        (1, "{m}[{j}]", ""),
        (0.5, "{m}.T[:, {j}]", ""),
        (0.5, "np.array([{F} for k_ in range({n})])", "comprehension"),
        (0.5, "np.array([e_ * {F} for e_ in {v}])", "comprehension"),
        (0.5, "np.concatenate(({v}[1:], {v}[:1]))", ""),
        (0.5, "np.roll({v}, {I})", "roll"),
        (0.3, "({V} if {B} else {V})", ""),
        (0.3, "{m}.ravel()[:{n}]", ""),
    ],
    "U": [
        (2, "({U} + {U})", ""),
        (2, "({U} * {F})", ""),
        (2, "({U} * {U})", ""),
        (2, "{m}[:, {i}]", ""),
        (1, "{m}.T[{i}]", ""),
        (1, "np.zeros({m}.shape[0])", ""),
        (0.5, "{u}[::-1]", ""),
        (0.5, "np.max({M}, axis=1)", ""),
    ],
    "M": [
        (2, "({M} + {M})", ""),
        (2, "({M} * {V})", ""),
        (1, "({M} * {F})", ""),
        (1, "({M} + {U}[:, None])", ""),
        (1, "np.outer({U}, {V})", ""),
        (1, "np.where({M} > {F}, {M}, {F})", ""),
        (0.5, "{m}.copy()", ""),
        (0.5, "{m}[::-1]", ""),
        (0.5, "{m}.T.T", ""),
        (0.5, "np.zeros({m}.shape)", ""),
        (0.5, "np.zeros_like({m})", ""),
    ],
    "I": [
        (3, "{c_int}", ""),
        (1, "({I} + {c_int})", ""),
        (1, "({I} * 2)", ""),
        (1, "({I} % 3)", ""),
        (1, "({I} // 2)", ""),
        (0.5, "min({I}, 2)", "min"),
        (1, "len({v})", "len"),
        (0.5, "{v}.shape[0]", ""),
        (0.5, "({I} if {B} else {I})", ""),
        (0.3, "int({B})", "int"),
    ],
    "B": [
        (3, "({F} < {F})", ""),
        (3, "({F} > {c})", ""),
        (1, "({F} <= {F})", ""),
        (2, "({I} % 2 == 0)", ""),
        (2, "({I} < {c_int})", ""),
        (1, "({B} and {B})", ""),
        (1, "({B} or {B})", ""),
        (1, "(not {B})", ""),
        (1, "({c} < {F} < {F})", ""),
        (0.4, "np.any({W})", ""),
        (0.3, "True", ""),
        (0.3, "False", ""),
    ],
    "W": [  # a vector of truth values
        (3, "({V} > {F})", ""),
        (2, "({V} <= {V})", ""),
        (1, "(({V} > {c}) & ({V} < {F}))", ""),
    ],
}

SMOOTH: dict[str, list[Template]] = {
    "F": [
        (1.5, "math.sin({F})", "math"),
        (1, "({F} ** 2)", ""),
        (1, "math.tanh({F})", "math"),
        (1, "math.exp(-({F1} * {F1}))", "math"),
        (0.7, "math.log({F1} * {F1} + 1.5)", "math"),
        (0.7, "math.atan({F})", "math"),
        (1, "np.cos({F})", ""),
        (0.5, "np.exp(-abs({F}))", "abs"),
        (0.5, "math.hypot({F}, {F})", "math"),
        (0.5, "((1.2 + {F1} * {F1}) ** {c})", ""),
        (0.3, "((1.2 + {F1} * {F1}) ** {F})", ""),
        (2, "np.sum({V})", ""),
        (1, "{v}.sum()", ""),
        (1, "np.mean({V})", ""),
        (1, "({V} @ {V})", ""),
        (1, "np.dot({v}, {v})", ""),
        (1, "np.sum({V} * {V})", ""),
        (1, "np.sum({M})", ""),
        (0.5, "np.sum({v}[1:] * {v}[:-1])", ""),
        (0.4, "np.prod({V})", ""),
        (0.5, "sum({V})", "sum"),
        (0.7, "sum([e_ * {F} for e_ in {v}])", "sum comprehension"),
        (0.7, "sum(a_ * b_ for a_, b_ in zip({v}, {v}))", "sum generator"),
        (0.5, "np.linalg.norm({V})", ""),
        (0.4, "np.sum({v}[{W}])", "mask_read"),
    ],
    "V": [
        (1, "np.sin({V})", ""),
        (1, "np.tanh({V})", ""),
        (1, "np.exp(-({V1} * {V1}))", ""),
        (1, "np.log1p({V1} * {V1})", ""),
        (1, "({U} @ {M})", ""),
        (1, "np.sum({M}, axis=0)", ""),
        (0.7, "{m}.mean(axis=0)", ""),
        (0.7, "np.cumsum({V})", "cumsum"),
        (0.5, "({V} ** 2)", ""),
        (0.5, "np.hypot({V}, {F})", ""),
        (0.3, "np.sort({V})", "sort"),
        (0.3, "np.diff({v}, append={F})", "diff_append"),
    ],
    "U": [
        (2, "({M} @ {V})", ""),
        (1, "np.sum({M}, axis=1)", ""),
        (1, "np.sin({U})", ""),
    ],
    "M": [
        (1, "np.tanh({M})", ""),
        (1, "np.sin({M})", ""),
        (0.7, "({M} - {M}.mean(axis=0))", ""),
        (0.7, "({M} - np.sum({M}, axis=1, keepdims=True))", ""),
    ],
}

# names by how often a program draws from them
_PLAIN = "s t u v w p q r acc tot tmp cur prev best z0 z1 h kk ab"
_HOSTILE = (
    "x_bar y_bar x_1 s_2 v_tape tape carry grad adjoint value x_dot np_ e pi _ __q float_ self cls T dtype shape i j k "
    "n_ D ñ β Δt π lambda_ true none result out out_ y_ g0 c0 f_ func a_bar stack_ size while_ sum len abs max min "
    "math range_ list_ dict_ type object id str_ iter next input all any pow hash"
)
NAMES = [_PLAIN.split(), _HOSTILE.split()]
_CONSTANTS = "0.5 1.5 -0.3 2.0 0.25 -1.0 0.7 1.0 0.0 -0.8 3 2 1e-3"
CONSTANTS = _CONSTANTS.split()
