"""Orders and batches with PyTorch's own beside them."""

import collections
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symdiff
import symdiff.utils.data as ours
from symdiff.tensors import generator as generators

Pair = collections.namedtuple("Pair", "first second")


class Squares:
    """Samples of a user's own kind."""

    def __len__(self) -> int:
        return 11

    def __getitem__(self, k: int) -> dict[str, Any]:
        return {"x": np.arange(3, dtype=np.float32) * k, "y": [k * k, float(k)], "name": f"s{k}"}


def plain(x: Any) -> Any:
    """A batch as lists, with the dtypes."""
    if hasattr(x, "tolist"):
        return str(x.dtype), x.tolist()
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return type(x).__name__, [plain(v) for v in x]
    return x


def columns(lib: Any) -> tuple[Any, Any]:
    return lib.arange(11), lib.tensor(np.arange(22, dtype=np.float32).reshape(11, 2))


LOADERS: list[Callable[[Any, Any, Any], Any]] = [
    lambda lib, d, g: d.DataLoader(d.TensorDataset(*columns(lib)), batch_size=4, shuffle=True),
    lambda lib, d, g: d.DataLoader(d.TensorDataset(*columns(lib)), batch_size=4, shuffle=True, generator=g),
    lambda lib, d, g: d.DataLoader(d.TensorDataset(*columns(lib)), batch_size=11, shuffle=True, generator=g),
    lambda lib, d, g: d.DataLoader(d.TensorDataset(*columns(lib)), batch_size=3, drop_last=True),
    lambda lib, d, g: d.DataLoader(d.TensorDataset(*columns(lib)), shuffle=True, drop_last=True),
    lambda lib, d, g: d.DataLoader(
        d.Subset(d.Subset(d.TensorDataset(*columns(lib)), [8, 1, 5, 3]), [2, 0, 3]), 2, shuffle=True
    ),
    lambda lib, d, g: d.DataLoader(d.random_split(d.TensorDataset(*columns(lib)), [0.7, 0.3])[0], 3, shuffle=True),
    lambda lib, d, g: d.DataLoader(
        d.TensorDataset(*columns(lib)), 3, collate_fn=lambda batch: [x.tolist() for x, _ in batch]
    ),
    lambda lib, d, g: d.DataLoader(
        d.TensorDataset(*columns(lib)), 5, sampler=d.RandomSampler(range(11), True, 70, generator=g)
    ),
    lambda lib, d, g: d.DataLoader(
        d.TensorDataset(*columns(lib)), 4, sampler=d.RandomSampler(range(11), num_samples=26, generator=g)
    ),
    lambda lib, d, g: d.DataLoader(
        d.TensorDataset(*columns(lib)), 4, sampler=d.SubsetRandomSampler([9, 2, 4, 7, 1], generator=g)
    ),
    lambda lib, d, g: d.DataLoader(
        d.TensorDataset(*columns(lib)), 4, sampler=d.WeightedRandomSampler([0.1, 0.3, 2.0], 9, generator=g)
    ),
    lambda lib, d, g: d.DataLoader(d.TensorDataset(*columns(lib)), batch_sampler=[[3, 1], [0], [10, 10, 2]]),
    lambda lib, d, g: d.DataLoader(Squares(), batch_size=4, shuffle=True),
    lambda lib, d, g: d.DataLoader(Squares(), batch_size=None, shuffle=True, generator=g),
    lambda lib, d, g: d.DataLoader([(k, k * 0.5) for k in range(7)], batch_size=3, shuffle=True),
    lambda lib, d, g: d.DataLoader([Pair(k, [k]) for k in range(7)], batch_size=3),
    lambda lib, d, g: d.DataLoader(d.ConcatDataset([range(4), range(10, 15)]), batch_size=4, shuffle=True),
]


@pytest.mark.parametrize("make", LOADERS)
def test_batches_are_those_of_pytorch(make: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def batches(lib: Any, data: Any, seed: Any, generator: Any, integers: Any) -> list[Any]:
        seed(11)
        own = generator()
        own.manual_seed(5)
        loader = make(lib, data, own)
        found: list[Any] = [len(loader)]
        for _ in range(2):
            found += [plain(batch) for batch in loader]
        # both generators stand where PyTorch's do
        return [*found, integers(None), integers(own)]

    def theirs(generator: Any) -> int:
        return int(torch.randint(0, 2**20, (), generator=generator))

    def mine(generator: Any) -> int:
        return int(symdiff.randint(0, 2**20, (), generator=generator))

    expected = batches(torch, torch.utils.data, torch.manual_seed, torch.Generator, theirs)
    assert batches(symdiff, ours, generators.manual_seed, generators.Generator, mine) == expected


SAMPLES: list[list[Any]] = [
    [1, 2], [1.0, 2.0], [1, 2.5], [True, False], ["a", "b"], [b"a"], [{"x": 1, "y": [1, 2]}, {"x": 2, "y": [3, 4]}],
    [(1, 2.0), (3, 4.0)], [Pair(1, 2), Pair(3, 4)], [np.float32(1), np.float32(2)], [np.arange(2), np.arange(2)],
    [np.array(1.0), np.array(2.0)], [np.int64(1)], [np.float64(1)], [np.bool_(True)], [[1, 2], [3, 4]],
]  # fmt: skip


@pytest.mark.parametrize("samples", SAMPLES, ids=str)
def test_collated_samples_are_those_of_pytorch(samples: list[Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert plain(ours.default_collate(samples)) == plain(torch.utils.data.default_collate(samples))
    assert plain(ours.default_convert(samples)) == plain(torch.utils.data.default_convert(samples))
