"""Batches of a data set."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from symdiff.tensors.creation import made
from symdiff.tensors.generator import Generator
from symdiff.tensors.tensor import Tensor, elements
from symdiff.utils.data.collate import default_collate, default_convert
from symdiff.utils.data.datasets import IterableDataset, Subset, TensorDataset
from symdiff.utils.data.samplers import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
    drawn_seed,
)

__all__ = ["Columns", "DataLoader", "columns_of"]

_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
_ORDERED = (SequentialSampler, RandomSampler, SubsetRandomSampler, WeightedRandomSampler)


class DataLoader:
    """The batches of a data set, anew in each loop.

    Parameters
    ----------
    dataset : Dataset, or anything with ``__getitem__`` and ``__len__``
    batch_size : int or None
        None for single samples.
    shuffle : bool, optional
        Take the samples in random order: PyTorch's order for the same seed.
    sampler : Sampler or iterable, optional
        Gives the order.
    batch_sampler : Sampler or iterable, optional
        Gives lists of numbers.
    num_workers : int
        Only 0: batches are made where they are asked for.
    collate_fn : callable, optional
        Makes a batch of a list of samples.
    drop_last : bool
        Whether a last batch that is smaller is left out.
    generator : Generator, optional
    pin_memory, timeout, worker_init_fn, multiprocessing_context, prefetch_factor, persistent_workers, in_order
        Without a meaning here; what PyTorch refuses without workers is refused.
    """

    def __class_getitem__(cls, item: Any) -> Any:
        return cls

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        _check_choice(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset, self.generator = dataset, generator
        self.num_workers, self.prefetch_factor, self.pin_memory = num_workers, prefetch_factor, pin_memory
        self.timeout, self.worker_init_fn, self.persistent_workers = timeout, worker_init_fn, persistent_workers
        self.pin_memory_device, self.in_order = pin_memory_device, in_order
        if sampler is None and not isinstance(dataset, IterableDataset):
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is not None:
            batch_size, drop_last = None, False
        elif batch_size is not None:
            batch_sampler = BatchSampler(() if sampler is None else sampler, batch_size, drop_last)
        self.batch_size, self.drop_last = batch_size, drop_last
        self.sampler, self.batch_sampler = sampler, batch_sampler
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self._complete = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and hasattr(self, "_complete"):
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    def __len__(self) -> int:
        if isinstance(self.dataset, IterableDataset):
            count = len(self.dataset)  # type: ignore[arg-type]
            if self.batch_size is None:
                return count
            return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        if self.pin_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't "
                "be used.",
                UserWarning,
                stacklevel=2,
            )
        # PyTorch draws a seed for its workers here, even where there are none
        drawn_seed(self.generator)
        if isinstance(self.dataset, IterableDataset):
            return self._of_iterable()
        if self.batch_sampler is None:
            return (self.collate_fn(self.dataset[k]) for k in self.sampler)  # type: ignore[union-attr]
        columns = columns_of(self.dataset) if self.collate_fn is default_collate else None
        return self._of_samples() if columns is None else self._of_columns(columns)

    def _of_iterable(self) -> Iterator[Any]:
        samples = iter(self.dataset)
        if self.batch_size is None:
            yield from map(self.collate_fn, samples)
            return
        while batch := list(itertools.islice(samples, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield self.collate_fn(batch)

    def _of_samples(self) -> Iterator[Any]:
        dataset, collate = self.dataset, self.collate_fn
        several = getattr(dataset, "__getitems__", None)
        for numbers in self.batch_sampler or ():
            yield collate(several(numbers) if several is not None else [dataset[k] for k in numbers])

    def _of_columns(self, columns: Columns) -> Iterator[Any]:
        """Whole batches of tensors: the same as of the samples put together."""
        batches = self.batch_sampler
        if type(batches) is BatchSampler and type(batches.sampler) in _ORDERED:
            batches = batches.arrays(batches.sampler)  # type: ignore[arg-type]
        for numbers in batches or ():
            yield columns.batch(numbers)


class Columns:
    """The tensors of a data set, and which of their elements it has."""

    __slots__ = ("indices", "tensors")

    def __init__(self, tensors: tuple[Tensor, ...], indices: np.ndarray[Any, Any] | None) -> None:
        self.tensors, self.indices = tensors, indices

    def batch(self, numbers: Any) -> list[Tensor]:
        """Some samples."""
        try:
            places = numbers if self.indices is None else self.indices[numbers]
            return [made(elements(t).take(places, axis=0)) for t in self.tensors]
        except IndexError as error:
            raise IndexError(str(error).replace("axis", "dimension")) from None


def columns_of(dataset: Any) -> Columns | None:
    """The tensors that a data set takes its samples from, where it is nothing but these."""
    if type(dataset) is TensorDataset:
        return None if any(t.requires_grad for t in dataset.tensors) else Columns(dataset.tensors, None)
    if type(dataset) is Subset:
        inner = columns_of(dataset.dataset)
        if inner is not None:
            indices = np.asarray(dataset.indices, np.int64)
            return Columns(inner.tensors, indices if inner.indices is None else inner.indices[indices])
    return None


def _check_workers(workers: int, timeout: float, prefetch: int | None, persistent: bool, context: Any) -> None:
    if workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if workers > 0:
        raise NotImplementedError(f"num_workers={workers}: batches are made in this process; use num_workers=0")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if timeout > 0:
        raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
    if prefetch is not None:
        raise ValueError("prefetch_factor option could only be specified in multiprocessing: set it to None.")
    if persistent:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if context is not None:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
            "num_workers=0"
        )


def _check_choice(dataset: Any, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop: bool) -> None:
    if isinstance(dataset, IterableDataset):
        for name, option in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
            if option is not None:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={option}"
                )
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop):
        raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
    if batch_sampler is None and batch_size is None and drop:
        raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
