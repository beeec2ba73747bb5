"""Small trainings, with `fit` and as loops written out, for any library of PyTorch's names."""

from typing import Any

import numpy as np

import symdiff as sd
import symdiff.nn as nn
import symdiff.utils.data as data

__all__ = ["curve", "fitted", "network", "parameters", "written_out"]


def curve(rows: int = 11) -> tuple[Any, Any]:
    """Inputs and targets in float32."""
    k = np.arange(rows, dtype=np.float32)
    return np.stack([np.sin(k), np.cos(2 * k)], 1), (np.sin(k) * 0.5 + 0.1)[:, None]


def network(lib: Any = sd, dropout: float = 0.0) -> Any:
    """A small model, the same each time for one library."""
    lib.manual_seed(3)
    middle = [lib.nn.Dropout(dropout)] if dropout else []
    return lib.nn.Sequential(lib.nn.Linear(2, 4), lib.nn.Tanh(), *middle, lib.nn.Linear(4, 1))


def written_out(
    model: Any, loss: Any, x: Any, y: Any, optimizer: Any, epochs: int, *, lib: Any = sd, d: Any = data,
    scheduler: Any = None, **loader: Any,
) -> list[float]:  # fmt: skip
    """The loop that users write; the mean losses of the epochs."""
    losses = []
    for _ in range(epochs):
        total, count = 0.0, 0
        for a, b in d.DataLoader(d.TensorDataset(lib.tensor(x), lib.tensor(y)), **loader):
            optimizer.zero_grad()
            found = loss(model(a), b)
            found.backward()
            optimizer.step()
            total += found.item() * len(b)
            count += len(b)
        losses.append(total / count)
        if scheduler is not None:
            scheduler.step()
    return losses


def fitted(model: Any, optimizer: Any, epochs: int = 3, **options: Any) -> Any:
    """The history of a training on the curve, step by step unless it is said otherwise."""
    options = {"batch_size": 4, "native": False, **options}
    return sd.fit(model, options.pop("loss", nn.MSELoss()), *curve(), optimizer=optimizer, epochs=epochs, **options)


def parameters(model: Any) -> list[list[float]]:
    """All parameters and buffers, as lists."""
    return [tensor.detach().numpy().tolist() for tensor in model.state_dict().values()]
