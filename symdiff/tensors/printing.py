"""How tensors are shown: the texts that PyTorch prints, made of NumPy arrays.

All elements of one tensor share a `Style` (notation and width), which is found from the elements that are shown. Of a
tensor with more than ``threshold`` elements only its corners are shown: they are cut out first, as an array of their
own, so that the cost of printing does not depend on what is left out.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from symdiff.errors import located

__all__ = ["PrintOptions", "format_tensor", "get_printoptions", "printoptions", "set_printoptions", "tensor_text"]

Profile = Literal["default", "short", "full"]


@dataclass(frozen=True, slots=True)
class PrintOptions:
    """What `set_printoptions` sets; the defaults are those of the profile ``"default"``.

    Attributes
    ----------
    precision : int
        Digits after the point.
    threshold : float
        Tensors with more elements than this are summarised.
    edgeitems : int
        Elements shown at either end of a summarised dimension.
    linewidth : int
        Characters of a line.
    sci_mode : bool or None
        Scientific notation: always, never, or where the magnitudes ask for it.
    """

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES: dict[str, PrintOptions] = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}

# One entry, replaced as a whole: a text that another thread is just making keeps the options it began with.
_current = [PrintOptions()]


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: Profile | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed.

    What is None stays as it is; only ``sci_mode`` goes back to automatic when it is not given, as in PyTorch.

    Parameters
    ----------
    precision, threshold, edgeitems, linewidth, sci_mode
        See `PrintOptions`.
    profile : {"default", "short", "full"}, optional
        A set of values to begin with; the other arguments override them.
    """
    base = _current[0]
    if profile is not None:
        if profile not in PROFILES:
            raise located(ValueError, f"profile {profile!r} is none of {', '.join(map(repr, PROFILES))}")
        base = PROFILES[profile]
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    for name in changes.keys() & {"precision", "edgeitems"}:
        if changes[name] < 0:
            raise located(ValueError, f"{name} is {changes[name]}, which is negative")
    _current[0] = dataclasses.replace(base, sci_mode=sci_mode, **changes)


def get_printoptions() -> dict[str, Any]:
    """Return the options as a dict, which can be passed to `set_printoptions` as keywords."""
    return dataclasses.asdict(_current[0])


@contextlib.contextmanager
def printoptions(**changes: Any) -> Iterator[None]:
    """Change the options inside a ``with`` block; the arguments are those of `set_printoptions`."""
    before = _current[0]
    set_printoptions(**changes)
    try:
        yield
    finally:
        _current[0] = before


# ---- the whole text --------------------------------------------------------------------------------------------------


def tensor_text(
    array: np.ndarray[Any, Any],
    *,
    prefix: str = "tensor",
    heading: str = "",
    requires_grad: bool = False,
    grad_fn: str = "",
    default_dtype: Any = np.float32,
    options: PrintOptions | None = None,
) -> str:
    """Return the text that PyTorch prints for a tensor of these values.

    Parameters
    ----------
    array : numpy.ndarray
        The values: booleans, integers or floats of any shape.
    prefix : str, optional
        The word before the parenthesis.
    heading : str, optional
        A line above, such as ``"Parameter containing:"``.
    requires_grad : bool, optional
        Whether the tensor requires a gradient; shown where there is no ``grad_fn``.
    grad_fn : str, optional
        Name of the operation that made the tensor, such as ``"MulBackward0"``.
    default_dtype : numpy.dtype or what makes one, optional
        The dtype of floats that is not shown.
    options : PrintOptions, optional
        Instead of those set by `set_printoptions`.

    Returns
    -------
    str
    """
    if array.dtype.kind not in "biuf":
        raise located(TypeError, f"an array of {array.dtype} cannot be shown as a tensor")
    options = options or _current[0]
    margin = len(prefix) + 1
    body = "[]" if array.size == 0 else _body(array, margin, options)
    suffixes = _suffixes(array, np.dtype(default_dtype), options)
    if grad_fn:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    text = _with_suffixes(f"{prefix}({body}", suffixes, margin, options.linewidth)
    return f"{heading}\n{text}" if heading else text


def _suffixes(array: np.ndarray[Any, Any], default: np.dtype[Any], options: PrintOptions) -> list[str]:
    """Size and dtype, where the elements do not tell them: none are shown, or they may be of several dtypes."""
    empty = array.size == 0
    size_hidden = array.ndim != 1 if empty else options.edgeitems == 0
    inferred = {default} if empty else {default, np.dtype(np.int64), np.dtype(np.bool_)}
    found = [f"size={array.shape}"] if size_hidden else []
    if array.dtype not in inferred:
        found.append(f"dtype=torch.{array.dtype.name}")
    return found


def _with_suffixes(text: str, suffixes: Sequence[str], margin: int, linewidth: int) -> str:
    """Append what stands after the elements, on new lines where the last one would become too long."""
    column = len(text) - (text.rfind("\n") + 1) + 2
    parts = [text]
    for suffix in suffixes:
        if column + len(suffix) + 2 > linewidth:
            parts.append(f",\n{' ' * margin}{suffix}")
            column = margin + len(suffix)
        else:
            parts.append(f", {suffix}")
            column += len(suffix) + 2
    return "".join(parts) + ")"


# ---- the elements ----------------------------------------------------------------------------------------------------


def _body(array: np.ndarray[Any, Any], margin: int, options: PrintOptions) -> str:
    edge = options.edgeitems
    cut = [array.size > options.threshold and size > 2 * edge for size in array.shape]
    kept = [
        [*range(edge), *range(size - edge, size)] if short else [*range(size)]
        for size, short in zip(array.shape, cut, strict=True)
    ]
    shown = array[np.ix_(*kept)] if any(cut) else array
    style = _style(shown, options)
    if array.ndim == 0:
        return style.padded(shown.item())
    per_line = max(1, (options.linewidth - (margin + array.ndim - 1)) // (style.width + 2))
    return _nested(shown.tolist(), cut, margin + 1, style, edge, per_line)


def _nested(items: list[Any], cut: Sequence[bool], column: int, style: Style, edge: int, per_line: int) -> str:
    """The text of a nested list whose first element begins in a column; ``cut`` tells where "..." is put in."""
    if len(cut) == 1:
        words = [style.padded(item) for item in items]
        dots = "..." if edge == 0 else " ..."
        separator = "\n"
    else:
        words = [_nested(item, cut[1:], column + 1, style, edge, per_line) for item in items]
        dots, separator, per_line = "...", "\n" * (len(cut) - 1), 1
    if cut[0]:
        words.insert(edge, dots)
    lines = [", ".join(words[start : start + per_line]) for start in range(0, len(words), per_line)]
    return "[" + f",{separator}{' ' * column}".join(lines) + "]"


@dataclass(frozen=True, slots=True)
class Style:
    """How each element is written."""

    text: Callable[[Any], str]
    width: int

    def padded(self, value: Any) -> str:
        return self.text(value).rjust(self.width)


def _style(shown: np.ndarray[Any, Any], options: PrintOptions) -> Style:
    if shown.dtype.kind != "f":
        return Style(str, max((len(str(value)) for value in shown.ravel().tolist()), default=1))
    # In float64, as PyTorch does: the quotient of two float32 could overflow.
    values = shown.ravel().astype(np.float64)
    values = values[np.isfinite(values) & (values != 0)]
    if values.size == 0:
        return Style(_whole, 1)
    if _scientific(np.abs(values), options):
        text: Callable[[float], str] = f"{{:.{options.precision}e}}".format
    elif np.array_equal(values, np.ceil(values)):
        text = _whole
    else:
        text = f"{{:.{options.precision}f}}".format
    return Style(text, max(len(text(value)) for value in values.tolist()))


def _scientific(magnitudes: np.ndarray[Any, Any], options: PrintOptions) -> bool:
    if options.sci_mode is not None:
        return options.sci_mode
    low, high = float(magnitudes.min()), float(magnitudes.max())
    # Not `high > 1000 * low`: that rounds differently. A quotient beyond the largest float is infinite.
    return high > 1.0e8 or low < 1.0e-4 or high / low > 1000.0


def _whole(value: float) -> str:
    """A float without fraction; the point tells it from an integer."""
    return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"


# ---- in format strings -----------------------------------------------------------------------------------------------


def format_tensor(array: np.ndarray[Any, Any], spec: str, *, text: Callable[[], str], kind: str = "Tensor") -> str:
    """Return what ``format(tensor, spec)`` gives, and with it f-strings and ``str.format``.

    A tensor without dimensions is formatted like the Python number it holds. All others, and tensors of any other class
    than Tensor itself (a Parameter, say), are shown as by ``str`` and accept no format.

    Parameters
    ----------
    array : numpy.ndarray
        The values.
    spec : str
        What stands after the colon, such as ``".3f"``.
    text : callable
        Gives the whole text of the tensor.
    kind : str, optional
        Name of the tensor's class.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If a format is given for a tensor that accepts none.
    ValueError
        If the number does not know the format (Python's own error).
    """
    if array.ndim == 0 and kind == "Tensor":
        return format(array.item(), spec)
    if spec:
        raise located(TypeError, f"unsupported format string passed to {kind}.__format__")
    return text()
