"""Loops inside loops: meta-learning through gradient steps, an optimiser of one's own, hooks, averaged weights."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call
from torch.optim.swa_utils import AveragedModel

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(1, 10), nn.Tanh(), nn.Linear(10, 1))
outer = torch.optim.Adam(model.parameters(), lr=1e-2)


def wave():
    height, phase = torch.rand(2).tolist()

    def draw(count):
        x = torch.rand(count, 1) * 4 - 2
        return x, (0.5 + height) * torch.sin(x + 3 * phase)

    return draw


for meta in range(9):
    total = 0
    for _ in range(2):
        draw = wave()
        params = dict(model.named_parameters())
        for _ in range(2):
            x, y = draw(10)
            loss = F.mse_loss(functional_call(model, params, (x,)), y)
            grads = torch.autograd.grad(loss, list(params.values()), create_graph=True)
            params = {name: p - 0.1 * g for (name, p), g in zip(params.items(), grads)}
        x, y = draw(10)
        total = total + F.mse_loss(functional_call(model, params, (x,)), y)
    outer.zero_grad()
    total.backward()
    outer.step()
    if meta % 4 == 0:
        print(f"meta {meta}: {total.item():.4f}")


class SignMomentum(torch.optim.Optimizer):
    """Steps by the sign of an average that is brought up to date afterwards."""

    def __init__(self, params, lr=1e-3, beta=0.9):
        super().__init__(params, dict(lr=lr, beta=beta))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["average"] = torch.zeros_like(p)
                update = state["average"] * group["beta"] + p.grad * (1 - group["beta"])
                p.add_(update.sign_(), alpha=-group["lr"])
                state["average"].mul_(group["beta"]).add_(p.grad, alpha=1 - group["beta"])


copied = copy.deepcopy(model)
print("gradients of the copy:", [p.grad for p in copied.parameters()][:2])
averaged = AveragedModel(copied)
optimizer = SignMomentum(copied.parameters(), lr=0.01)
x, y = wave()(32)
for step in range(40):
    optimizer.zero_grad()
    loss = F.mse_loss(copied(x), y)
    loss.backward()
    optimizer.step()
    if step >= 20:
        averaged.update_parameters(copied)
    if step % 13 == 0:
        print(f"step {step}: {loss.item():.4f}")
print(f"averaged over {averaged.n_averaged.item()}: {F.mse_loss(averaged(x), y).item():.4f}")

seen = []
handle = copied[0].register_full_backward_hook(lambda module, given, out: seen.append(out[0].norm().item()))
h = copied[0](x.requires_grad_())
left, right = torch.relu(h), torch.sigmoid(h)
left.retain_grad()
right.retain_grad()
h.register_hook(lambda g: g.clamp(-0.01, 0.01))
(left * right).mean().backward()
handle.remove()
print([f"{g.sum().item():.4f}" for g in (left.grad, right.grad)], f"{seen[0]:.4f}")
print([f"{p.grad.norm().item():.3f}" for p in copied[0].parameters()])
