"""A Wasserstein critic held to slopes of one by its gradient penalty, and a generator that learns a ring from it."""

import torch
import torch.nn as nn
from torch import autograd, optim

torch.manual_seed(1)


def ring(count):
    angle = 2 * torch.pi * torch.rand(count)
    return torch.stack([angle.cos(), angle.sin()], dim=1) + 0.05 * torch.randn(count, 2)


def start_small(module):
    if isinstance(module, nn.Linear):
        module.weight.data.normal_(0.0, 0.2)
        module.bias.data.fill_(0)


def penalty(critic, real, fake):
    mix = torch.rand(real.size(0), 1).expand(real.size())
    between = autograd.Variable(mix * real + (1 - mix) * fake, requires_grad=True)
    scores = critic(between)
    slopes = autograd.grad(
        outputs=scores,
        inputs=between,
        grad_outputs=torch.ones(scores.size()),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    return ((slopes.norm(2, dim=1) - 1) ** 2).mean()


generator = nn.Sequential(nn.Linear(2, 12), nn.ReLU(True), nn.Linear(12, 2))
critic = nn.Sequential(nn.Linear(2, 12), nn.LeakyReLU(0.1), nn.Linear(12, 1))
generator.apply(start_small)
critic.apply(start_small)
steps_g = optim.Adam(generator.parameters(), lr=3e-3, betas=(0.5, 0.9))
steps_c = optim.Adam(critic.parameters(), lr=3e-3, betas=(0.5, 0.9))
one = torch.tensor(1.0)

for iteration in range(12):
    for p in critic.parameters():
        p.requires_grad = True
    for _ in range(3):
        critic.zero_grad()
        real = ring(32)
        on_real = critic(real).mean()
        on_real.backward(-one)
        with torch.no_grad():
            noise = torch.randn(32, 2)
        fake = generator(noise).data
        on_fake = critic(fake).mean()
        on_fake.backward(one)
        held = 0.5 * penalty(critic, real.data, fake)
        held.backward()
        steps_c.step()
    for p in critic.parameters():
        p.requires_grad = False
    generator.zero_grad()
    score = critic(generator(torch.randn(32, 2))).mean()
    score.backward(-one)
    steps_g.step()
    if iteration % 3 == 2:
        distance = on_real - on_fake
        print(f"{iteration}: distance {distance.item():.4f} penalty {held.item():.4f} score {score.item():.4f}")

values = torch.linspace(-1, 1, 5, requires_grad=True)
slope = autograd.grad(critic(torch.stack([values, 0 * values], 1)).sum(), values)[0]
print([f"{v:.3f}" for v in slope.tolist()], [p.grad is None for p in generator.parameters()])
