"""What a notebook does: this package becomes torch in the first cell, and libraries follow."""

import tinygrad_mlp

tinygrad_mlp.install_as_torch()

import torch
from einops import rearrange
from safetensors.torch import load, save
from torch import nn
from tqdm import tqdm

torch.manual_seed(0)
images, labels = torch.randn(32, 4, 4), torch.randint(3, (32,))
model = nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for _epoch in tqdm(range(5), disable=True):
    loss = nn.functional.cross_entropy(model(rearrange(images, "b h w -> b (h w)")), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.4f}")
weights = load(save(model.state_dict()))
print({name: tuple(weight.shape) for name, weight in sorted(weights.items())}, model.load_state_dict(weights))
