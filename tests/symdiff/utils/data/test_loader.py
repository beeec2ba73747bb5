"""Batches: PyTorch's orders as literals, containers, and what is refused."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import symdiff
from symdiff.tensors.generator import Generator, manual_seed
from symdiff.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)

TEN = TensorDataset(symdiff.tensor(np.arange(10)))


def seeded(number: int) -> Generator:
    return Generator().manual_seed(number)


def test_the_order_after_a_seed() -> None:
    manual_seed(0)
    found = [batch[0].tolist() for batch in DataLoader(TEN, batch_size=4, shuffle=True)]
    assert found == [[6, 7, 1, 4], [2, 0, 9, 8], [3, 5]]


def test_the_order_of_a_generator_over_two_loops() -> None:
    loader = DataLoader(TEN, batch_size=4, shuffle=True, generator=seeded(5))
    assert [batch[0].tolist() for batch in loader] == [[7, 4, 8, 1], [2, 3, 6, 5], [9, 0]]
    assert [batch[0].tolist() for batch in loader] == [[2, 1, 6, 3], [5, 9, 4, 7], [8, 0]]


def test_samplers() -> None:
    assert list(RandomSampler(range(5), generator=seeded(1))) == [0, 4, 2, 3, 1]
    assert list(RandomSampler(range(5), num_samples=12, generator=seeded(1))) == [0, 4, 2, 3, 1, 3, 2, 4, 1, 0, 4, 1]
    many = list(RandomSampler(range(5), replacement=True, num_samples=40, generator=seeded(1)))
    assert many[:8] == [0, 4, 4, 3, 3, 3, 1, 1]
    assert many[32:] == [2, 3, 2, 3, 3, 1, 2, 0]
    assert list(SubsetRandomSampler([3, 5, 7, 9], generator=seeded(1))) == [5, 9, 7, 3]
    weights = [0.1, 0.2, 0.7]
    assert list(WeightedRandomSampler(weights, 10, generator=seeded(1))) == [0, 1, 1, 1, 2, 1, 2, 2, 2, 2]
    assert list(WeightedRandomSampler(weights, 3, replacement=False, generator=seeded(1))) == [2, 0, 1]
    assert list(SequentialSampler("abc")) == [0, 1, 2]
    assert list(BatchSampler(range(7), 3, drop_last=False)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(BatchSampler(range(7), 3, drop_last=True)) == [[0, 1, 2], [3, 4, 5]]
    assert len(BatchSampler(range(7), 3, drop_last=False)) == 3


def test_random_split() -> None:
    manual_seed(0)
    assert [list(s.indices) for s in random_split(range(10), [7, 3])] == [[4, 1, 7, 5, 3, 9, 0], [8, 6, 2]]
    parts = random_split(range(11), [0.5, 0.5], generator=seeded(1))
    assert [list(s.indices) for s in parts] == [[0, 10, 2, 3, 7, 6], [4, 8, 1, 9, 5]]
    assert parts[0][1] == 10


def test_data_sets() -> None:
    both = ConcatDataset([range(3), range(10, 14)])
    assert (len(both), both[0], both[3], both[-1], both.cumulative_sizes) == (7, 0, 10, 13, [3, 7])
    assert len(TEN + TEN) == 20
    assert [x.item() for x in Subset(TEN, [7, 3])[1]] == [3]
    assert TEN[[1, 2]][0].tolist() == [1, 2]


def test_batches_of_a_subset_and_of_its_samples_agree() -> None:
    part = Subset(TEN, [5, 3, 8])
    whole = [b[0].tolist() for b in DataLoader(part, batch_size=2)]
    single = [b[0].tolist() for b in DataLoader(part, batch_size=2, collate_fn=lambda x: default_collate(x))]
    assert whole == single == [[5, 3], [8]]


def test_a_batch_is_a_copy_of_what_the_tensor_holds_then() -> None:
    x = symdiff.tensor([0.0, 1.0, 2.0])
    batches = iter(DataLoader(TensorDataset(x), batch_size=1))
    (first,) = next(batches)
    x += 10.0
    assert first.item() == 0.0
    assert next(batches)[0].item() == 11.0
    first += 1.0
    assert x.tolist() == [10.0, 11.0, 12.0]


def test_samples_that_require_gradients_are_recorded() -> None:
    x = symdiff.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (batch,) = next(iter(DataLoader(TensorDataset(x), batch_size=2)))
    (batch * batch).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 4.0, 0.0]


def test_samples_one_after_the_other() -> None:
    class Five(IterableDataset):
        def __iter__(self) -> Iterator[int]:
            return iter(range(5))

    assert [b.tolist() for b in DataLoader(Five(), batch_size=2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in DataLoader(Five(), batch_size=2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Five(), batch_size=None)) == [0, 1, 2, 3, 4]
    with pytest.raises(TypeError, match="has no len"):
        len(DataLoader(Five()))
    with pytest.raises(ValueError, match="expected unspecified shuffle option"):
        DataLoader(Five(), shuffle=True)


def test_lengths() -> None:
    assert len(DataLoader(TEN, batch_size=4)) == 3
    assert len(DataLoader(TEN, batch_size=4, drop_last=True)) == 2
    assert len(DataLoader(TEN, batch_size=None)) == 10


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: DataLoader(TEN, batch_size=0), ValueError, "batch_size should be a positive integer value"),
    (lambda: DataLoader(TEN, num_workers=-1), ValueError, "num_workers option should be non-negative"),
    (lambda: DataLoader(TEN, num_workers=2), NotImplementedError, "use num_workers=0"),
    (lambda: DataLoader(TEN, shuffle=True, sampler=[0]), ValueError, "sampler option is mutually exclusive with"),
    (lambda: DataLoader(TEN, batch_sampler=[[1]], shuffle=True), ValueError, "batch_sampler option is mutually"),
    (lambda: DataLoader(TEN, batch_size=None, drop_last=True), ValueError, "batch_size=None option disables"),
    (lambda: DataLoader(TEN, timeout=-1), ValueError, "timeout option should be non-negative"),
    (lambda: DataLoader(TEN, prefetch_factor=2), ValueError, "prefetch_factor option could only be specified"),
    (lambda: DataLoader(TEN, foo=1), TypeError, "unexpected keyword argument 'foo'"),  # type: ignore[call-arg]
    (lambda: DataLoader([], shuffle=True), ValueError, "num_samples should be a positive integer value"),
    (lambda: setattr(DataLoader(TEN), "batch_size", 3), ValueError, "should not be set after DataLoader"),
    (lambda: list(DataLoader(TEN, sampler=[12])), IndexError, "index 12 is out of bounds for dimension 0"),
    (lambda: random_split(range(10), [7, 2]), ValueError, "Sum of input lengths does not equal the length"),
    (lambda: random_split(range(10), [1.7, -0.7]), ValueError, "Fraction at index 0 is not between 0 and 1"),
    (lambda: TensorDataset(symdiff.zeros(3), symdiff.zeros(4)), AssertionError, "Size mismatch between tensors"),
    (lambda: TensorDataset(np.zeros(3)), TypeError, "takes tensors, not ndarray"),  # type: ignore[arg-type]
    (lambda: ConcatDataset([]), AssertionError, "datasets should not be an empty iterable"),
    (lambda: ConcatDataset([range(2)])[-3], ValueError, "absolute value of index should not exceed dataset length"),
    (lambda: Dataset()[0], NotImplementedError, "Subclasses of Dataset should implement __getitem__."),
    (lambda: RandomSampler(range(3), num_samples=0), ValueError, "num_samples should be a positive integer value"),
    (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, "weights should be a 1d sequence"),
    (lambda: default_collate([None]), TypeError, "default_collate: batch must contain tensors, numpy arrays"),
    (lambda: default_collate([np.array(["a"])]), TypeError, "default_collate: batch must contain .* found <U1"),
    (lambda: default_collate([[1, 2], [3]]), RuntimeError, "each element in list of batch should be of equal size"),
    (
        lambda: default_collate([symdiff.ones(2), symdiff.ones(3)]),
        RuntimeError,
        r"stack expects each tensor to be equal size, but got \[2\] at entry 0 and \[3\] at entry 1",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS, ids=lambda x: x if isinstance(x, str) else "")
def test_errors(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


def test_an_empty_part_warns() -> None:
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(1), [0.5, 0.5])
