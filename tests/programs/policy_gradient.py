"""REINFORCE with a baseline and an entropy bonus on a small balancing task; actions from a Categorical."""

import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Categorical

torch.manual_seed(543)
gamma, eps = 0.98, torch.finfo(torch.float32).eps


class Balance:
    """Keep a drifting value within [-1, 1] by pushing it left, right, or not at all."""

    def reset(self):
        self.x, self.v, self.t = 0.1, 0.0, 0
        return [self.x, self.v]

    def step(self, action):
        self.v += 0.05 * self.x + 0.02 * (action - 1)
        self.x += self.v
        self.t += 1
        return [self.x, self.v], 1.0, abs(self.x) > 1 or self.t == 60


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine = nn.Linear(2, 24)
        self.action_head = nn.Linear(24, 3)
        self.value_head = nn.Linear(24, 1)

    def forward(self, x):
        x = torch.tanh(self.affine(x))
        return Categorical(logits=self.action_head(x)), self.value_head(x).squeeze(-1)


model = ActorCritic()
optimizer = optim.Adam(model.parameters(), lr=2e-2)
env = Balance()
running = 10.0

for i_episode in range(1, 41):
    state, done = env.reset(), False
    log_probs, values, rewards, entropies = [], [], [], []
    while not done:
        dist, value = model(torch.FloatTensor(state))
        action = dist.sample()
        state, reward, done = env.step(action.item())
        log_probs.append(dist.log_prob(action))
        entropies.append(dist.entropy())
        values.append(value)
        rewards.append(reward)

    returns, R = [], 0.0
    for r in rewards[::-1]:
        R = r + gamma * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    log_probs, values = torch.stack(log_probs), torch.stack(values)
    advantage = returns - values.detach()
    policy_loss = -(log_probs * advantage).sum()
    value_loss = nn.functional.smooth_l1_loss(values, returns, reduction="sum")
    loss = policy_loss + value_loss - 0.01 * torch.stack(entropies).sum()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)
    optimizer.step()
    running = 0.05 * len(rewards) + 0.95 * running
    if i_episode % 10 == 0:
        print(f"Episode {i_episode}\tLast length: {len(rewards)}\tAverage length: {running:.2f}\tLoss: {loss:.3f}")

dist, value = model(torch.tensor([0.2, 0.0]))
print(dist, dist.probs.detach().round(decimals=3), f"{value.item():.3f}")
