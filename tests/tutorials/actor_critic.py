"""An actor and a critic in a corridor, then a Gaussian policy by clipped ratios."""

from collections import namedtuple

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal

torch.manual_seed(1)
Step = namedtuple("Step", ["log_prob", "value", "entropy", "reward"])


class Corridor:
    """Six places; the last one pays."""

    def reset(self):
        self.place, self.time = 0, 0
        return self.seen()

    def seen(self):
        row = np.zeros(6, dtype=np.float32)
        row[self.place] = 1
        return row

    def step(self, action):
        self.place = min(5, max(0, self.place + (1 if action == 1 else -1)))
        self.time += 1
        return self.seen(), 1.0 if self.place == 5 else -0.1, self.place == 5 or self.time >= 12


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(6, 16)
        self.actor = nn.Linear(16, 2)
        self.critic = nn.Linear(16, 1)

    def forward(self, x):
        h = F.relu(self.trunk(x))
        return F.softmax(self.actor(h), dim=-1), self.critic(h)


env, model = Corridor(), ActorCritic()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
for episode in range(7):
    state, done, steps = env.reset(), False, []
    while not done:
        probs, value = model(torch.from_numpy(state).float())
        choice = Categorical(probs)
        action = choice.sample()
        state, reward, done = env.step(action.item())
        steps.append(Step(choice.log_prob(action), value, choice.entropy(), reward))
    returns, total = [], 0.0
    for step in reversed(steps):
        total = step.reward + 0.99 * total
        returns.insert(0, total)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + 1e-6)
    actor, critic = [], []
    for step, wanted in zip(steps, returns):
        actor.append(-step.log_prob * (wanted - step.value.item()))
        critic.append(F.smooth_l1_loss(step.value, wanted.reshape(1)))
    loss = torch.stack(actor).sum() + torch.stack(critic).sum() - 0.01 * sum(s.entropy for s in steps)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if episode % 3 == 0:
        reward = sum(s.reward for s in steps)
        print(f"episode {episode}: {len(steps)} steps, reward {reward:.2f}, loss {loss.item():.3f}")

policy, log_std = nn.Linear(3, 1), nn.Parameter(torch.zeros(1))
optimizer = torch.optim.Adam([*policy.parameters(), log_std], lr=1e-2)
seen = torch.randn(64, 3)
with torch.no_grad():
    old = Normal(policy(seen), log_std.exp())
    actions = old.sample()
    old_log_prob = old.log_prob(actions).sum(axis=-1)
gain = -((actions.squeeze(-1) - seen[:, 0]) ** 2)
gain = (gain - gain.mean()) / gain.std()
for _ in range(20):
    new = Normal(policy(seen), log_std.exp().expand_as(actions))
    ratio = (new.log_prob(actions).sum(axis=-1) - old_log_prob).exp()
    loss = -torch.min(ratio * gain, ratio.clamp(0.8, 1.2) * gain).mean() - 0.01 * new.entropy().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.3f}, standard deviation {log_std.exp().item():.3f}, largest ratio {ratio.max().item():.2f}")
try:
    Normal(torch.zeros(2), torch.tensor([1.0, -1.0]))
except ValueError as error:
    print(str(error).splitlines()[0])
