"""How diabetes goes on within a year, from ten measurements: a network trained by `fit`, the loop as one call.

The data come with scikit-learn. `fit` takes the arrays as they are, shuffles and batches them as a `DataLoader` does,
keeps the parameters that were best on validation data, and runs the steps as native code. PyTorch, with the loop
written out, reaches from the same seed the same R2 of 0.393 on patients it has not seen; ridge regression reaches
0.324. The settings were chosen with these patients in view, so this shows that both train alike, not how well such
networks do. Run it:

    python examples/diabetes_fit.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split

import symdiff as sd
import symdiff.nn as nn


@dataclass(frozen=True)
class Result:
    """The history of the training, and the share of the variance that is explained."""

    history: sd.History
    r2: float
    reference_r2: float


def load_data() -> list[np.ndarray]:
    """Measurements and progression, standardised: to train with, to validate, and the rest."""
    x, y = load_diabetes(return_X_y=True, scaled=False)
    x, x_rest, y, y_rest = train_test_split(x, y[:, None], test_size=0.4, random_state=0)
    x_valid, x_test, y_valid, y_test = train_test_split(x_rest, y_rest, test_size=0.5, random_state=0)
    parts = []
    for a, b in ((x, y), (x_valid, y_valid), (x_test, y_test)):
        parts += [(a - x.mean(axis=0)) / x.std(axis=0), (b - y.mean()) / y.std()]
    return parts


def r2(y: np.ndarray, predicted: np.ndarray) -> float:
    """The share of the variance that is explained."""
    return float(1.0 - np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2))


def main(epochs: int = 400) -> Result:
    """Train, compare with a linear model, and print both."""
    x, y, x_valid, y_valid, x_test, y_test = load_data()
    sd.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = sd.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=1.0)
    history = sd.fit(
        model,
        nn.MSELoss(),
        x,
        y,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=32,
        validation_data=(x_valid, y_valid),
        early_stopping=20,
    )
    model.eval()
    with sd.no_grad():
        predicted = model(sd.tensor(x_test, dtype=sd.float32)).numpy()
    linear = RidgeCV(np.logspace(-2, 3, 30)).fit(x, y[:, 0])
    result = Result(history, r2(y_test, predicted), r2(y_test, linear.predict(x_test)[:, None]))
    best = int(np.argmin(history.val_loss))
    print(f"{len(history.loss)} epochs, the best was epoch {best + 1}: loss {history.loss[best]:.4f}, ", end="")
    print(f"validation {history.val_loss[best]:.4f}")
    print(f"R2 {result.r2:.4f} on patients not seen before; ridge regression {result.reference_r2:.4f}")
    return result


if __name__ == "__main__":
    main()
