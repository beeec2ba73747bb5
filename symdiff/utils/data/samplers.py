"""In which order samples are taken, with PyTorch's random numbers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from symdiff.tensors.generator import Generator
from symdiff.tensors.integer_draws import randint, random_integers, randperm
from symdiff.tensors.multinomial import multinomial
from symdiff.tensors.tensor import Tensor

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
    "drawn_seed",
    "sampler_generator",
]

Order = np.ndarray[Any, Any]
CHUNK = 32
"""With replacement, PyTorch draws so many numbers at a time."""


class _Own(threading.local):
    """A generator of each thread."""

    def __init__(self) -> None:
        self.generator = Generator()


_own = _Own()


def sampler_generator(seed: int) -> Generator:
    """A generator for an order that is drawn at once: before this thread asks for the next one."""
    return _own.generator.manual_seed(seed)


def drawn_seed(generator: Generator | None = None) -> int:
    """A seed for another generator."""
    return int(random_integers((), np.int64, generator=generator))


def _check_count(name: str, count: Any) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={count}")


class Sampler:
    """The base of samplers: subclasses define ``__iter__``, which gives the numbers of samples in their order."""

    def __class_getitem__(cls, item: Any) -> Any:
        return cls

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError


class _OrderSampler(Sampler):
    """A sampler that draws its order in parts."""

    def parts(self) -> Iterator[Order]:
        """The order, drawn where it is needed."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        for part in self.parts():
            yield from part.tolist()


class SequentialSampler(_OrderSampler):
    """One after the other.

    Parameters
    ----------
    data_source : Dataset
    """

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def parts(self) -> Iterator[Order]:
        yield np.arange(len(self.data_source))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(_OrderSampler):
    """In random order.

    Parameters
    ----------
    data_source : Dataset
    replacement : bool
        Whether a sample can come again before all others have come.
    num_samples : int, optional
        As many as there are, unless given.
    generator : Generator, optional
        Else each pass has one of its own, with a seed from the default one.
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source, self.replacement, self.generator = data_source, replacement, generator
        self._num_samples = num_samples
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        _check_count("num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many samples a pass has."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def parts(self) -> Iterator[Order]:
        n, count = len(self.data_source), self.num_samples
        generator = self.generator
        if generator is None and count == n and not self.replacement:
            yield randperm(n, generator=sampler_generator(drawn_seed()))
            return
        if generator is None:
            generator = Generator().manual_seed(drawn_seed())
        if self.replacement:
            for _ in range(count // CHUNK):
                yield randint(0, n, CHUNK, generator=generator)
            yield randint(0, n, count % CHUNK, generator=generator)
            return
        for _ in range(count // n):
            yield randperm(n, generator=generator)
        # the last permutation is drawn even where nothing of it is used
        yield randperm(n, generator=generator)[: count % n]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(_OrderSampler):
    """Some samples in random order.

    Parameters
    ----------
    indices : sequence of int
    generator : Generator, optional
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def parts(self) -> Iterator[Order]:
        yield np.asarray(self.indices, np.int64)[randperm(len(self.indices), generator=self.generator)]

    def __iter__(self) -> Iterator[int]:
        for k in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[k]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(_OrderSampler):
    """Samples with probabilities in proportion to weights.

    Parameters
    ----------
    weights : sequence of float
    num_samples : int
    replacement : bool
    generator : Generator, optional
    """

    def __init__(
        self,
        weights: Any,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _check_count("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        numbers = weights._array() if isinstance(weights, Tensor) else weights
        self.weights = np.array(numbers, np.float64)
        if self.weights.ndim != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def parts(self) -> Iterator[Order]:
        yield multinomial(self.weights, self.num_samples, self.replacement, self.generator)

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of the numbers that a sampler gives.

    Parameters
    ----------
    sampler : Sampler or iterable
    batch_size : int
    drop_last : bool
        Whether a last list that is shorter is left out.
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        _check_count("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        numbers = iter(self.sampler)
        while batch := list(itertools.islice(numbers, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch
            if len(batch) < self.batch_size:
                return

    def arrays(self, sampler: _OrderSampler) -> Iterator[Order]:
        """The same numbers as arrays, of a sampler that draws its order in parts."""
        size = self.batch_size
        rest = np.empty(0, np.int64)
        for part in sampler.parts():
            whole = np.concatenate([rest, part]) if rest.size else part
            end = len(whole) // size * size
            for k in range(0, end, size):
                yield whole[k : k + size]
            rest = whole[end:]
        if rest.size and not self.drop_last:
            yield rest

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
