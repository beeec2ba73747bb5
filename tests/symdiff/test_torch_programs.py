"""Programs as PyTorch's tutorials have them, as a newcomer types them: they print what PyTorch 2.13 printed.

The numbers are PyTorch's own, from running the same lines with ``import torch``.
"""

import pytest

import symdiff as torch
import symdiff.nn as nn
import symdiff.nn.functional as F
from symdiff.utils.data import DataLoader, TensorDataset

datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def test_logistic_regression_with_a_loader():
    torch.manual_seed(0)
    X, y = datasets.load_breast_cancer(return_X_y=True)
    X = (X - X.mean(0)) / X.std(0)
    X = torch.tensor(X, dtype=torch.float32)
    y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
    loader = DataLoader(TensorDataset(X, y), batch_size=64, shuffle=True)
    model = nn.Sequential(nn.Linear(30, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    criterion = nn.BCEWithLogitsLoss()
    shown = []
    for _ in range(3):
        total = 0.0
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(xb)
        shown.append(f"{total / len(X):.4f}")
    with torch.no_grad():
        accuracy = ((torch.sigmoid(model(X)) > 0.5).float() == y).float().mean()
    assert shown == ["0.4989", "0.2758", "0.1960"]
    assert f"{accuracy:.4f}" == "0.9438"


def test_a_physics_informed_network():
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    x = torch.linspace(0, 1, 20).reshape(-1, 1).requires_grad_(True)
    for _ in range(30):
        u = net(x)
        du = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
        ddu = torch.autograd.grad(du.sum(), x, create_graph=True)[0]
        loss = ((ddu + u) ** 2).mean() + (u[0] - 1)[0] ** 2 + (du[0])[0] ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() == pytest.approx(0.07623, abs=2e-5)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(64, 32)
        self.mean = nn.Linear(32, 2)
        self.log_variance = nn.Linear(32, 2)
        self.hidden = nn.Linear(2, 32)
        self.decoder = nn.Linear(32, 64)

    def forward(self, x):
        h = F.relu(self.encoder(x))
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        return torch.sigmoid(self.decoder(F.relu(self.hidden(z)))), mean, log_variance


def test_a_variational_autoencoder_on_digits():
    torch.manual_seed(2)
    digits = torch.tensor(datasets.load_digits().data / 16.0, dtype=torch.float32)[:256]
    model = Autoencoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(10):
        rebuilt, mean, log_variance = model(digits)
        divergence = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        loss = F.binary_cross_entropy(rebuilt, digits, reduction="sum") + divergence
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() == pytest.approx(11078.24, abs=0.2)
