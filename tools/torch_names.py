"""Writes `docs/torch.md`: which names of PyTorch there are, from the package itself.

What differs from PyTorch is said in `PARTIAL`, one sentence a name. PyTorch's own names lie in `pytorch_names.txt`, as
its release 2.13 has them for the CPU.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "torch.md"

PARTIAL: dict[str, dict[str, str]] = {
    "torch": {
        "grad": "the compiler's: PyTorch's is `autograd.grad`",
        "ravel": "the compiler's, of a structure; of a tensor it is `x.ravel()`",
        "vmap": "the compiler's",
        "tensor": "dtypes float32, float64, int64, int32 and bool",
        "save": "a safetensors file, no pickle",
        "load": "a safetensors file, no pickle",
        "quantile": "linear interpolation only; no nan",
        "compile": "the model itself: what it records is compiled anyway",
        "empty": "filled with zeros",
        "scatter_reduce": "no gradient of products",
        "svd": "no `compute_uv=False`",
        "use_deterministic_algorithms": "without effect: all are",
        "device": "the CPU",
    },
    "torch.Tensor": {
        "grad_fn": "its name and `next_functions`",
        "numpy": "shares memory; the tensor looks at it whenever it is read",
        "contiguous": "a tensor has no strides",
        "scatter_reduce": "no gradient of products",
        "stride": "of views; results of operations count as contiguous",
        "svd": "no `compute_uv=False`",
    },
    "torch.nn": {
        "MultiheadAttention": "no `kdim`, `vdim`, `add_bias_kv`",
        "Embedding": "no `max_norm`, `scale_grad_by_freq`, `sparse`",
        "EmbeddingBag": "no `max_norm`, `scale_grad_by_freq`, `sparse`",
        "TransformerEncoder": "no nested tensors: padded positions have results, too",
        "Upsample": "nearest and linear modes, of signals and images",
        "MaxPool1d": "no `return_indices`",
        "MaxPool2d": "no `return_indices`",
        "Parameter": "copies the tensor it is made from",
    },
    "torch.nn.functional": {
        "interpolate": "nearest and linear modes and `area`, of signals and images",
        "embedding": "no `max_norm`, `scale_grad_by_freq`, `sparse`",
        "scaled_dot_product_attention": "no `enable_gqa`",
        "gelu": "at infinity it is infinity, where PyTorch has nan",
    },
    "torch.utils.data": {"DataLoader": "no worker processes"},
    "torch.autograd": {"gradcheck": "real tensors; no forward mode and no batched gradients"},
    "torch.linalg": {
        "cholesky_ex": "of matrices that have a factor",
        "svd": "full matrices of square ones only",
        "qr": "complete of square ones only",
    },
}

HEAD = """# PyTorch's names

`import symdiff as torch` runs ordinary small PyTorch programs on the CPU. This page lists PyTorch's names, of release
2.13, and says which of them there are: with the same meaning, in part, or not at all. A name that is absent is an
`AttributeError`. What operations compute is compared with PyTorch by `tests/torch_table.py`, `tests/nn_cases.py` and
the tests beside them. The page is written by `python tools/torch_names.py`.
"""


def names_of_pytorch() -> dict[str, list[str]]:
    """PyTorch's names by module."""
    found = {}
    for line in (ROOT / "tools" / "pytorch_names.txt").read_text(encoding="utf-8").splitlines():
        module, _, names = line.partition(": ")
        found[module] = names.split()
    return found


def holder(module: str) -> Any:
    """What has the names here."""
    own = module.replace("torch", "symdiff", 1)
    if module == "torch.Tensor":
        return importlib.import_module("symdiff").Tensor
    if module == "torch.linalg":
        return importlib.import_module("symdiff").linalg
    return importlib.import_module(own)


def has(where: Any, name: str) -> bool:
    """Whether a name is there."""
    try:
        getattr(where, name)
    except AttributeError:
        return False
    return True


def section(module: str, names: list[str]) -> str:
    """One module."""
    where, partial = holder(module), PARTIAL.get(module, {})
    there = [n for n in names if has(where, n)]
    same = [n for n in there if n not in partial]
    absent = [n for n in names if n not in there]
    lines = [f"## {module}", "", f"**Same** ({len(same)}): {', '.join(f'`{n}`' for n in same)}", ""]
    if rows := [(n, partial[n]) for n in there if n in partial]:
        lines += ["**Partial:**", "", *(f"- `{n}`: {text}" for n, text in rows), ""]
    lines += [f"**Absent** ({len(absent)}): {', '.join(f'`{n}`' for n in absent) or 'none'}", ""]
    return "\n".join(lines)


def page() -> str:
    """The whole page."""
    return HEAD + "\n" + "\n".join(section(module, names) for module, names in names_of_pytorch().items())


def main() -> int:
    """Write the page; with ``--check`` only say whether it is up to date."""
    text = page()
    if "--check" in sys.argv:
        return int(PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
