"""A normalising flow of affine coupling layers (Dinh et al., 2017) that learns two moons."""

import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch import Tensor
from torch import distributions as D


class AffineCoupling(nn.Module):
    def __init__(self, mask: Tensor, hidden: int = 32):
        super().__init__()
        self.register_buffer("mask", mask)
        self.net = nn.Sequential(nn.Linear(2, hidden), nn.SiLU(), nn.Linear(hidden, 4))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def parameters_of(self, x):
        scale, shift = self.net(x * self.mask).chunk(2, dim=-1)
        return torch.tanh(scale) * (1 - self.mask), shift * (1 - self.mask)

    def forward(self, x):
        log_s, t = self.parameters_of(x)
        return x * log_s.exp() + t, log_s.sum(-1)

    @torch.no_grad()
    def inverse(self, y):
        log_s, t = self.parameters_of(y)
        return (y - t) * torch.exp(-log_s)


class Flow(nn.Module):
    def __init__(self, n_layers=4):
        super().__init__()
        masks = [torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])]
        self.layers = nn.ModuleList(AffineCoupling(masks[i % 2]) for i in range(n_layers))
        self.register_buffer("loc", torch.zeros(2))
        self.register_buffer("cov", torch.eye(2))

    @property
    def base(self):
        return D.MultivariateNormal(self.loc, self.cov)

    def log_prob(self, x):
        log_det = x.new_zeros(x.shape[0])
        for layer in self.layers:
            x, ld = layer(x)
            log_det = log_det + ld
        return self.base.log_prob(x) + log_det

    def sample(self, n):
        z = self.base.sample((n,))
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z


torch.manual_seed(0)
x = torch.tensor(make_moons(512, noise=0.05, random_state=0)[0], dtype=torch.float32)
x = (x - x.mean(0)) / x.std(0)
flow = Flow()
optimizer = torch.optim.Adam(flow.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=150)
for step in range(150):
    batch = x[torch.randperm(len(x))[:128]]
    loss = -flow.log_prob(batch).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 30 == 0:
        print(f"{step:4d} nll {loss.item():.3f} lr {scheduler.get_last_lr()[0]:.2e}")

samples = flow.sample(256)
print(tuple(samples.shape), "finite:", bool(torch.isfinite(samples).all()))
with torch.no_grad():
    y = x[:3]
    for layer in flow.layers:
        y, _ = layer(y)
    for layer in reversed(flow.layers):
        y = layer.inverse(y)
    print("inverse:", torch.allclose(y, x[:3], atol=1e-5))
base = D.TransformedDistribution(D.Normal(torch.zeros(1), torch.ones(1)), [D.transforms.AffineTransform(1.0, 2.0)])
print("transformed:", base.log_prob(torch.tensor([1.5])).item().__round__(4))
