"""Handwritten digits that come with scikit-learn, recognised by a network of two layers.

A class with `forward`, a `DataLoader`, cross entropy, Adam: as one writes it for PyTorch, which reaches, from the same
seed, the same 0.9722 of the digits that it was not trained on (350 of 360). Run it:

    python examples/digits_mlp.py
"""

from __future__ import annotations

from dataclasses import dataclass

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import symdiff as torch
import symdiff.nn as nn
from symdiff.utils.data import DataLoader, TensorDataset


@dataclass(frozen=True)
class Result:
    """The losses of the epochs, and the share of digits that are recognised."""

    losses: list[float]
    train_accuracy: float
    test_accuracy: float


class Classifier(nn.Module):
    """64 pixels to ten scores."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(64, 128)
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(128, 10)

    def forward(self, x):
        return self.out(self.dropout(torch.relu(self.hidden(x))))


def load_data():
    """Pixels from 0 to 1 and digits: four fifths to train with, and the rest."""
    data = load_digits()
    x, x_test, y, y_test = train_test_split(data.data / 16.0, data.target, test_size=0.2, random_state=0)
    to_pixels = lambda a: torch.tensor(a, dtype=torch.float32)  # noqa: E731
    return to_pixels(x), torch.tensor(y), to_pixels(x_test), torch.tensor(y_test)


def accuracy(model, x, y) -> float:
    """The share of digits whose score is the largest."""
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(dim=1) == y).float().mean().item()


def main(epochs: int = 20) -> Result:
    """Train, and print what was reached."""
    torch.manual_seed(0)
    x, y, x_test, y_test = load_data()
    loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
    model = Classifier()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    losses = []
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for images, digits in loader:
            optimizer.zero_grad()
            loss = criterion(model(images), digits)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(digits)
        losses.append(total / len(x))
        if epoch % 5 == 0 or epoch == epochs - 1:
            print(f"epoch {epoch:3d}: loss {losses[-1]:.4f}")

    result = Result(losses, accuracy(model, x, y), accuracy(model, x_test, y_test))
    print(f"accuracy {result.train_accuracy:.4f} on what it learnt, {result.test_accuracy:.4f} on the rest")
    return result


if __name__ == "__main__":
    main()
