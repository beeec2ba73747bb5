"""What a kernel calls, as Python: products of matrices, linear algebra, Fourier transforms, callbacks."""

from __future__ import annotations

from .instructions import LINALG
from .kernel import Buffer, Fourier, Invoke, Linalg, Matmul
from .text_lines import Lines

__all__ = ["print_fourier", "print_invoke", "print_linalg", "print_matmul"]


def print_matmul(text: Lines, product: Matmul) -> None:
    """Print a product of matrices."""
    a, b = (
        text.name(factor) + (".T" if transposed else "")
        for factor, transposed in ((product.a, product.transpose_a), (product.b, product.transpose_b))
    )
    assign = "+=" if product.accumulate else "="
    text.put(f"{text.name(product.out)}[...] {assign} {a} @ {b}")


def print_linalg(text: Lines, call: Linalg) -> None:
    """Print a call of linear algebra."""
    outputs = ", ".join(f"{text.name(buffer)}[...]" for buffer in call.outputs)
    row = LINALG[call.name]
    text.helpers.add(row.helper)
    value = row.python.format(*map(text.name, call.inputs))
    ok = text.name(call.ok)
    text.lines_under("try:", f"{outputs} = {value}", f"{ok} = True")
    text.lines_under("except np.linalg.LinAlgError:", f"{ok} = False")


def print_invoke(text: Lines, call: Invoke) -> None:
    """Print a callback."""
    args = (text.name(arg) if isinstance(arg, Buffer) else text.operand(arg) for arg in (*call.args, *call.outputs))
    text.put(f"invoke({', '.join([str(call.site), *args])})")


def print_fourier(text: Lines, call: Fourier) -> None:
    """Print a Fourier transform."""
    source, out = text.name(call.source), text.name(call.out)
    if call.name != "rfft":
        source = f"{source}[..., 0] + 1j * {source}[..., 1]"
    size = f", {out}.shape[1]" if call.name == "irfft" else ""
    norm = ', norm="forward"' if call.name.startswith("i") else ""
    found = f"np.fft.{call.name}({source}{size}, axis=1{norm})"
    if call.name == "irfft":
        text.put(f"{out}[...] = {found}")
    else:
        text.put(f"{out}[..., 0], {out}[..., 1] = (lambda z: (z.real, z.imag))({found})")
