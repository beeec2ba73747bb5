"""Sequences of several lengths in one tensor: padded, or packed position by position."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from symdiff.tensors.arithmetic import FUNCTIONS
from symdiff.tensors.creation import made
from symdiff.tensors.tensor import Tensor

__all__ = [
    "PackedSequence", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence", "unpad_sequence",
]  # fmt: skip

PackedSequence: Any = namedtuple(
    "PackedSequence", "data batch_sizes sorted_indices unsorted_indices", defaults=(None, None)
)
"""Rows of all sequences, position by position: the rows of a position are those of the sequences that reach it.

The sequences are sorted by length, the longest first; ``batch_sizes`` says how many reach each position.
"""


def pad_sequence(
    sequences: Sequence[Any], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences of several lengths as one tensor, filled up to the longest.

    Parameters
    ----------
    sequences : sequence of Tensor
        Whose first axes are the positions.
    batch_first : bool
        Whether the first axis of the result counts the sequences; else the second does.
    padding_value : float
    padding_side : str
        ``"right"`` or ``"left"``.
    """
    if padding_side not in ("left", "right"):
        raise ValueError("padding_side must be either 'left' or 'right'")
    several: list[Any] = list(sequences)
    if not several:
        raise RuntimeError("received an empty list of sequences")
    longest = max(x.shape[0] for x in several)
    rows = []
    for x in several:
        missing = longest - x.shape[0]
        if missing:
            filler = x.new_full((missing, *x.shape[1:]), padding_value)
            x = FUNCTIONS["cat"]([x, filler] if padding_side == "right" else [filler, x], 0)
        rows.append(x)
    found: Tensor = FUNCTIONS["stack"](rows, 0 if batch_first else 1)
    return found


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The sequences that `pad_sequence` filled up."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:n] for row, n in zip(rows, _lengths(lengths), strict=True)]


def _lengths(lengths: Any) -> list[int]:
    return [int(n) for n in (lengths.tolist() if isinstance(lengths, Tensor) else lengths)]


def pack_padded_sequence(input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True) -> Any:
    """Padded sequences, packed.

    Parameters
    ----------
    input : Tensor
    lengths : sequence of int, or Tensor
        Of the sequences without what they are filled up with.
    batch_first : bool
    enforce_sorted : bool
        Whether the sequences must be sorted by length, the longest first; else they are sorted here.
    """
    counts = np.array(_lengths(lengths), np.int64)
    x = input if batch_first else input.transpose(0, 1)
    if len(counts) != x.shape[0]:
        raise RuntimeError(f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)}")
    if (counts <= 0).any():
        raise RuntimeError("Length of all samples has to be greater than 0, but found an element in 'lengths' <= 0")
    order = back = None
    if not enforce_sorted:
        places = np.argsort(-counts, kind="stable")
        order, back = made(places), made(np.argsort(places))
        x, counts = x.index_select(0, order), counts[places]
    elif (np.diff(counts) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence to sidestep this requirement"
        )
    sizes = [int((counts > t).sum()) for t in range(int(counts.max()))]
    data = FUNCTIONS["cat"]([x[:size, t] for t, size in enumerate(sizes)], 0)
    return PackedSequence(data, made(np.array(sizes, np.int64)), order, back)


def pack_sequence(sequences: Iterable[Any], enforce_sorted: bool = True) -> Any:
    """Sequences of several lengths, packed."""
    several = list(sequences)
    return pack_padded_sequence(pad_sequence(several, True), [len(x) for x in several], True, enforce_sorted)


def pad_packed_sequence(
    sequence: Any, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Any, Any]:
    """Packed sequences as one tensor, filled up to the longest or to a length; and their lengths."""
    sizes = sequence.batch_sizes.tolist()
    if total_length is not None and total_length < len(sizes):
        raise ValueError(
            f"Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {len(sizes)}"
        )
    steps = []
    for rows in sequence.data.split(sizes, 0):
        missing = sizes[0] - rows.shape[0]
        filler = rows.new_full((missing, *rows.shape[1:]), padding_value)
        steps.append(FUNCTIONS["cat"]([rows, filler], 0) if missing else rows)
    steps += [steps[0].new_full(tuple(steps[0].shape), padding_value)] * ((total_length or 0) - len(sizes))
    x = FUNCTIONS["stack"](steps, 1)
    lengths: Any = made((np.array(sizes)[:, None] > np.arange(sizes[0])).sum(0).astype(np.int64))
    if sequence.unsorted_indices is not None:
        x, lengths = (t.index_select(0, sequence.unsorted_indices) for t in (x, lengths))
    return (x if batch_first else x.transpose(0, 1)), lengths
