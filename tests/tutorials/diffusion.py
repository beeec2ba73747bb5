"""A small diffusion model of points on a circle: noise is added step by step, and a network learns to take it away."""

import math

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
STEPS = 20

t = torch.linspace(0, STEPS, STEPS + 1)
kept = torch.cos((t / STEPS + 0.008) / 1.008 * torch.pi * 0.5) ** 2
kept = kept / kept[0]
betas = torch.clip(1 - kept[1:] / kept[:-1], 1e-4, 0.9999)
alphas = 1.0 - betas
products = torch.cumprod(alphas, axis=0)
before = F.pad(products[:-1], (1, 0), value=1.0)
variance = betas * (1.0 - before) / (1.0 - products)


def at(table, steps, shape):
    return table.gather(-1, steps).reshape(steps.shape[0], *((1,) * (len(shape) - 1)))


class Waves(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, time):
        half = self.dim // 2
        rates = torch.exp(torch.arange(half, device=time.device) * -(math.log(10000) / (half - 1)))
        angles = time[:, None] * rates[None, :]
        return torch.cat((angles.sin(), angles.cos()), dim=-1)


class Denoiser(nn.Module):
    def __init__(self, dim=16, blocks=2):
        super().__init__()
        self.time = nn.Sequential(Waves(dim), nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))
        self.first = nn.Linear(2, dim)
        self.blocks = nn.ModuleList(
            [nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim), nn.SiLU()) for _ in range(blocks)]
        )
        self.last = nn.Linear(dim, 2)

    def forward(self, x, time):
        h, mark = self.first(x), self.time(time)
        for block in self.blocks:
            h = h + block(h + mark)
        return self.last(h)


model = Denoiser()
average = {name: p.detach().clone() for name, p in model.named_parameters()}
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
print(sum(p.numel() for p in model.parameters() if p.requires_grad))
for step in range(31):
    angle = torch.rand(64) * 2 * math.pi
    points = torch.stack((angle.cos(), angle.sin()), 1)
    when = torch.randint(0, STEPS, (points.shape[0],)).long()
    noise = torch.randn_like(points)
    noisy = at(products.sqrt(), when, points.shape) * points + at((1 - products).sqrt(), when, points.shape) * noise
    loss = F.smooth_l1_loss(model(noisy, when), noise)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    with torch.no_grad():
        for name, p in model.named_parameters():
            average[name].mul_(0.9).add_(p, alpha=0.1)
    if step % 10 == 0:
        print(f"step {step} loss {loss.item():.4f}")

model.load_state_dict(average)


@torch.no_grad()
def sample(shape):
    x = torch.randn(shape)
    path = [x.numpy()]
    for i in reversed(range(STEPS)):
        when = torch.full((shape[0],), i, dtype=torch.long)
        x = (x - betas[i] * model(x, when) / (1 - products[i]).sqrt()) / alphas[i].sqrt()
        if i > 0:
            x = x + variance[i].sqrt() * torch.randn_like(x)
        path.append(x.cpu().numpy())
    return path


path = sample((8, 2))
print(len(path), path[-1].shape, [f"{p.std():.2f}" for p in path[::5]], path[-1].mean(axis=0).round(2))
