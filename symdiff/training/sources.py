"""What the batches of an epoch come from: rows of arrays, or a loader."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from symdiff.errors import located
from symdiff.tensors.creation import made
from symdiff.tensors.dtypes import DTYPES
from symdiff.tensors.generator import Generator
from symdiff.tensors.tensor import Tensor
from symdiff.training.arrays import array_of, check_rows
from symdiff.training.engine import Array
from symdiff.training.orders import orders
from symdiff.utils.data.collate import default_collate
from symdiff.utils.data.datasets import Dataset, IterableDataset
from symdiff.utils.data.loader import DataLoader, columns_of
from symdiff.utils.data.samplers import RandomSampler, SequentialSampler

__all__ = ["Batch", "Batches", "Plan", "Rows", "Source", "source_of"]

Batch: TypeAlias = tuple[tuple[Any, ...], Any]
"""What the model is called with, and the target."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How rows become batches.

    Attributes
    ----------
    batch_size : int or None
        None for all rows at once.
    shuffle : bool
    drop_last : bool
    seeded : bool
        Whether each epoch begins with the draws that a `DataLoader` makes.
    """

    batch_size: int | None
    shuffle: bool
    drop_last: bool
    seeded: bool

    @staticmethod
    def of(batch_size: Any, shuffle: Any, drop_last: Any) -> Plan:
        """The plan that options of `fit` mean."""
        if batch_size is not None:
            try:
                batch_size = operator.index(batch_size)
            except TypeError:
                raise located(TypeError, f"batch_size is an integer or None, not {batch_size!r}") from None
            if batch_size < 1:
                raise located(ValueError, f"batch_size is at least 1, not {batch_size}", hint="None is all rows")
        if shuffle is not None and not isinstance(shuffle, bool | np.bool_):
            raise located(TypeError, f"shuffle is True, False or None, not {shuffle!r}")
        shuffle = batch_size is not None if shuffle is None else bool(shuffle)
        return Plan(batch_size, shuffle, bool(drop_last), shuffle or batch_size is not None)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of arrays.

    Attributes
    ----------
    inputs : tuple of array
    target : array
    batch_size : int
    plan : Plan
    """

    inputs: tuple[Array, ...]
    target: Array
    batch_size: int
    plan: Plan

    def __str__(self) -> str:
        parts = [f"x[{k}]" for k in range(len(self.inputs))] if len(self.inputs) > 1 else ["x"]
        named = zip([*parts, "y"], [*self.inputs, self.target], strict=True)
        return ", ".join(f"{name} of shape {a.shape} and dtype {a.dtype}" for name, a in named)

    @property
    def rows(self) -> int:
        """How many rows an epoch has."""
        count = len(self.target)
        return count // self.batch_size * self.batch_size if self.plan.drop_last else count

    @property
    def steps(self) -> int | None:
        """How many batches an epoch has, if that is known."""
        return -(-self.rows // self.batch_size)

    @property
    def generators(self) -> list[Generator]:
        """Generators of its own that the order depends on."""
        return []

    def orders(self, epochs: int) -> Array:
        """The rows of the next epochs, as a `DataLoader` takes them."""
        plan = self.plan
        return orders(len(self.target), epochs, shuffle=plan.shuffle, seeded=plan.seeded)[:, : self.rows]

    def batches(self, order: Array) -> Iterator[Batch]:
        """Batches of rows in some order."""
        for k in range(0, len(order), self.batch_size):
            rows = order[k : k + self.batch_size]
            inputs = tuple(made(array.take(rows, axis=0)) for array in self.inputs)
            yield inputs, made(self.target.take(rows, axis=0))


@dataclass(frozen=True, slots=True)
class Batches:
    """The batches of a loader: each a sequence whose last item is the target.

    Attributes
    ----------
    loader : iterable
    dtype : numpy.dtype
        Of floats.
    """

    loader: Any
    dtype: np.dtype[Any]

    @property
    def rows(self) -> int:
        """None that would be known beforehand."""
        return 0

    @property
    def steps(self) -> int | None:
        """How many batches an epoch has, if that is known."""
        try:
            return len(self.loader)
        except TypeError:
            return None

    @property
    def generators(self) -> list[Generator]:
        """Generators of its own that the order depends on."""
        found = [getattr(x, "generator", None) for x in (self.loader, getattr(self.loader, "sampler", None))]
        return list({id(g): g for g in found if isinstance(g, Generator)}.values())

    def orders(self, epochs: int) -> Array:
        """No rows: the loader knows its order."""
        return np.empty((epochs, 0), np.int64)

    def batches(self, order: Array) -> Iterator[Batch]:
        """The batches of one pass."""
        for batch in self.loader:
            if not isinstance(batch, Sequence) or len(batch) < 2:
                raise located(
                    TypeError,
                    f"the loader gives {type(batch).__name__}, not a sequence of inputs and a target",
                    hint="let its batches be (x, y), or (x1, x2, y) for a model of two inputs",
                )
            *inputs, target = (self._fitting(x) for x in batch)
            yield tuple(inputs), target

    def _fitting(self, x: Any) -> Any:
        if isinstance(x, np.ndarray):
            return made(array_of(x, "a batch", self.dtype))
        if isinstance(x, Tensor) and x.dtype.is_floating_point and x.dtype.numpy != self.dtype:
            return x.to(DTYPES[self.dtype.name])  # type: ignore[attr-defined]
        return x


Source: TypeAlias = Rows | Batches


def source_of(x: Any, y: Any, dtype: np.dtype[Any], plan: Plan, names: tuple[str, str] = ("x", "y")) -> Source:
    """What batches come from.

    Parameters
    ----------
    x : array_like, tuple of array_like, Dataset, DataLoader, or iterable of batches
    y : array_like or None
        None where ``x`` has the targets.
    dtype : numpy.dtype
        Of floats.
    plan : Plan
        A loader has its own.
    names : tuple of str
        What errors call ``x`` and ``y``.
    """
    if isinstance(x, DataLoader | Dataset) or (y is None and _is_loader(x)):
        if y is not None:
            raise located(TypeError, f"{names[0]} is a {type(x).__name__} and has the targets: leave {names[1]} out")
        return _of_loader(x, dtype, plan, names)
    if y is None:
        raise located(TypeError, f"{names[1]} is missing: {names[0]} is no data set, so the targets are needed")
    inputs = tuple(array_of(part, f"{names[0]}[{k}]", dtype) for k, part in enumerate(x)) if (
        isinstance(x, tuple)
    ) else (array_of(x, names[0], dtype),)  # fmt: skip
    return _rows(inputs, array_of(y, names[1], dtype), plan, names)


def _is_loader(x: Any) -> bool:
    array = isinstance(x, np.ndarray | Tensor | list | tuple) or hasattr(x, "__array__")
    return not array and isinstance(x, Iterable)


def _rows(inputs: tuple[Array, ...], target: Array, plan: Plan, names: tuple[str, str]) -> Rows:
    if not inputs:
        raise located(ValueError, f"{names[0]} is an empty tuple: it has the inputs of the model")
    check_rows(inputs, target, names)
    count = len(target)
    if plan.drop_last and plan.batch_size is not None and plan.batch_size > count:
        raise located(ValueError, f"drop_last leaves no batch of {plan.batch_size} rows: there are {count}")
    return Rows(inputs, target, min(plan.batch_size or count, count), plan)


def _of_loader(x: Any, dtype: np.dtype[Any], plan: Plan, names: tuple[str, str]) -> Source:
    if isinstance(x, IterableDataset):
        if plan.batch_size is None:
            raise located(ValueError, f"{names[0]} is an IterableDataset: batch_size has to be a number")
        x = DataLoader(x, batch_size=plan.batch_size, drop_last=plan.drop_last)
    elif isinstance(x, Dataset):
        count = len(x)  # type: ignore[arg-type]
        if not count:
            raise located(ValueError, f"{names[0]} has no rows")
        x = DataLoader(x, batch_size=plan.batch_size or count, shuffle=plan.shuffle, drop_last=plan.drop_last)
    elif isinstance(x, Iterator):
        raise located(
            TypeError,
            f"{names[0]} is an iterator, which gives its batches once only",
            hint="pass something that each epoch can iterate over anew, such as a DataLoader",
        )
    return _plain_rows(x, dtype, names) or Batches(x, dtype)


def _plain_rows(loader: Any, dtype: np.dtype[Any], names: tuple[str, str]) -> Rows | None:
    """The arrays behind a loader that does nothing but cut tensors into batches, in order or shuffled."""
    if type(loader) is not DataLoader or loader.batch_size is None or loader.generator is not None:
        return None
    sampler, columns = loader.sampler, columns_of(loader.dataset)
    if columns is None or loader.collate_fn is not default_collate or not _takes_each_once(sampler, loader.dataset):
        return None
    tensors = columns.tensors if columns.indices is None else tuple(columns.batch(np.arange(len(columns.indices))))
    if len(tensors) < 2:
        return None
    plan = Plan(loader.batch_size, type(sampler) is RandomSampler, loader.drop_last, seeded=True)
    *inputs, target = (array_of(t, names[0], dtype) for t in tensors)
    return _rows(tuple(inputs), target, plan, names)


def _takes_each_once(sampler: Any, dataset: Any) -> bool:
    if type(sampler) is RandomSampler:
        own = sampler.replacement or sampler.generator is not None or sampler.num_samples != len(dataset)
        return sampler.data_source is dataset and not own
    return type(sampler) is SequentialSampler and sampler.data_source is dataset
