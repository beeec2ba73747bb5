"""Affine couplings between a normal distribution and two half moons, fitted by maximum likelihood."""

import torch
import torch.nn as nn
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

torch.manual_seed(3)


def half_moons(count):
    angle = torch.rand(count) * torch.pi
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    return torch.where((torch.rand(count) < 0.5).unsqueeze(1), upper, lower) + 0.05 * torch.randn(count, 2)


class Coupling(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)
        self.scale = nn.Sequential(nn.Linear(2, 12), nn.LeakyReLU(), nn.Linear(12, 2), nn.Tanh())
        self.shift = nn.Sequential(nn.Linear(2, 12), nn.LeakyReLU(), nn.Linear(12, 2))

    def parts(self, x):
        held = x * self.mask
        free = 1 - self.mask
        return held, free, self.scale(held) * free, self.shift(held) * free

    def forward(self, x):
        held, free, s, t = self.parts(x)
        return held + free * (x - t) * torch.exp(-s), -s.sum(dim=1)

    def inverse(self, z):
        held, free, s, t = self.parts(z)
        return held + free * (z * torch.exp(s) + t)


class Flow(nn.Module):
    def __init__(self, couplings):
        super().__init__()
        masks = torch.tensor([[0.0, 1.0], [1.0, 0.0]] * (couplings // 2))
        self.layers = nn.ModuleList(Coupling(mask) for mask in masks)
        self.prior = MultivariateNormal(torch.zeros(2), torch.eye(2))

    def log_prob(self, x):
        log_det = x.new_zeros(x.shape[0])
        for layer in self.layers:
            x, found = layer(x)
            log_det += found
        return self.prior.log_prob(x) + log_det

    def sample(self, count):
        x = self.prior.sample((count,))
        for layer in reversed(self.layers):
            x = layer.inverse(x)
        return x


flow = Flow(4)
optimizer = torch.optim.Adam(flow.parameters(), lr=5e-3)
for step in range(31):
    loss = -flow.log_prob(half_moons(64)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"step {step}: {loss:.3f} nats")

with torch.no_grad():
    points = half_moons(5)
    z = points
    for layer in flow.layers:
        z, _ = layer(z)
    for layer in reversed(flow.layers):
        z = layer.inverse(z)
    print("inverse:", torch.allclose(z, points, atol=1e-4), flow.sample(10).shape)

# a Gaussian that is fitted to a target by draws with a gradient, and compared with the divergence in closed form
target = Independent(Normal(torch.tensor([1.0, -1.0]), torch.tensor([0.5, 2.0])), 1)
mean, log_std = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
optimizer = torch.optim.Adam([mean, log_std], lr=0.05)
for step in range(60):
    fitted = Independent(Normal(mean, log_std.exp()), 1)
    x = fitted.rsample((16,))
    loss = (fitted.log_prob(x) - target.log_prob(x)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{kl_divergence(fitted, target).item():.3f}", [f"{v:.2f}" for v in mean.tolist() + log_std.exp().tolist()])
