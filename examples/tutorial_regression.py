"""The regression of every PyTorch tutorial: the loop that moves a line onto points.

The points are Anscombe's first data set, which lies around the line ``y = 3 + 0.5 x``. Nothing but the imports differs
from a program for PyTorch, which reaches, from the same seed, weight 0.5001, bias 2.9997 and loss 1.2512: the same
digits. The exact solution of least squares stands beside them. Run it:

    python examples/tutorial_regression.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import symdiff as torch
import symdiff.nn as nn

X = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0]
Y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]


@dataclass(frozen=True)
class Result:
    """The line that was found, its loss, and the line of least squares."""

    weight: float
    bias: float
    loss: float
    exact_weight: float
    exact_bias: float


def main(epochs: int = 4000) -> Result:
    """Train, print the way, and compare."""
    torch.manual_seed(0)
    x = torch.tensor(X).unsqueeze(1)
    y = torch.tensor(Y).unsqueeze(1)
    model = nn.Linear(1, 1)
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    for epoch in range(epochs):
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % (epochs // 5) == 0:
            print(f"epoch {epoch:5d}: loss {loss.item():.4f}")

    exact_weight, exact_bias = np.polyfit(X, Y, 1)
    result = Result(model.weight.item(), model.bias.item(), loss.item(), float(exact_weight), float(exact_bias))
    print(f"weight {result.weight:.4f}, bias {result.bias:.4f}, loss {result.loss:.4f}")
    print(f"least squares: weight {result.exact_weight:.4f}, bias {result.exact_bias:.4f}")
    return result


if __name__ == "__main__":
    main()
