"""Deep Q-learning of a corridor, with a replay buffer and a target network (Mnih et al., 2015)."""

import copy
import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

Transition = namedtuple("Transition", ("state", "action", "next_state", "reward", "done"))
SEED = 7
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)
torch.backends.cudnn.deterministic = True
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


class Corridor:
    """Seven cells; the right end gives 1, the left end 0.1, every step costs 0.01."""

    n = 7

    def reset(self):
        self.position, self.t = 3, 0
        return self.observe()

    def observe(self):
        return np.eye(self.n, dtype=np.float32)[self.position]

    def step(self, action):
        self.position += 1 if action == 1 else -1
        self.t += 1
        done = self.position in (0, self.n - 1) or self.t >= 30
        reward = {0: 0.1, self.n - 1: 1.0}.get(self.position, -0.01)
        return self.observe(), reward, done


class ReplayMemory:
    def __init__(self, capacity):
        self.memory = deque(maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


class DuelingDQN(nn.Module):
    def __init__(self, n_states, n_actions):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_states, 32), nn.ReLU())
        self.value = nn.Linear(32, 1)
        self.advantage = nn.Linear(32, n_actions)

    def forward(self, x):
        h = self.body(x)
        advantage = self.advantage(h)
        return self.value(h) + advantage - advantage.mean(dim=-1, keepdim=True)


env, memory = Corridor(), ReplayMemory(1000)
policy_net = DuelingDQN(env.n, 2).to(device)
target_net = copy.deepcopy(policy_net)
for parameter in target_net.parameters():
    parameter.requires_grad = False
optimizer = torch.optim.RMSprop(policy_net.parameters(), lr=2e-3)


def select_action(state, epsilon):
    if random.random() < epsilon:
        return random.randrange(2)
    with torch.no_grad():
        return policy_net(torch.as_tensor(state, device=device).unsqueeze(0)).max(1)[1].item()


def optimize(batch_size=32, gamma=0.95):
    if len(memory) < batch_size:
        return None
    batch = Transition(*zip(*memory.sample(batch_size)))
    states = torch.from_numpy(np.stack(batch.state)).to(device)
    next_states = torch.from_numpy(np.stack(batch.next_state)).to(device)
    actions = torch.tensor(batch.action, device=device).long().unsqueeze(-1)
    rewards = torch.tensor(batch.reward, dtype=torch.float32, device=device)
    not_done = ~torch.tensor(batch.done, dtype=torch.bool, device=device)
    q = policy_net(states).gather(1, actions).squeeze(-1)
    with torch.no_grad():
        best = policy_net(next_states).argmax(dim=1, keepdim=True)
        target = rewards + gamma * target_net(next_states).gather(1, best).squeeze(-1) * not_done
    loss = F.smooth_l1_loss(q, target)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(policy_net.parameters(), 1.0)
    optimizer.step()
    for target_p, p in zip(target_net.parameters(), policy_net.parameters()):
        target_p.data.copy_(0.95 * target_p.data + 0.05 * p.data)
    return loss.item()


returns = []
for episode in range(40):
    state, total, done = env.reset(), 0.0, False
    while not done:
        action = select_action(state, max(0.05, 0.9 - episode / 30))
        next_state, reward, done = env.step(action)
        memory.push(state, action, next_state, reward, done)
        state, total = next_state, total + reward
        loss = optimize()
    returns.append(total)
    if episode % 8 == 7:
        print(f"episode {episode}: mean return {np.mean(returns[-8:]):.3f}, buffer {len(memory)}")

with torch.no_grad():
    q = policy_net(torch.eye(env.n))
print("greedy policy:", "".join("<>"[int(a)] for a in q.argmax(1)))
