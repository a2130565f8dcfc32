"""A mixture density network (Bishop, 1994) for a relation with several answers."""

import torch
import torch.nn as nn
from torch.distributions import Categorical, MixtureSameFamily, Normal


class MDN(nn.Module):
    def __init__(self, n_hidden=20, n_gaussians=5):
        super().__init__()
        self.z_h = nn.Sequential(nn.Linear(1, n_hidden), nn.Tanh())
        self.z_pi = nn.Linear(n_hidden, n_gaussians)
        self.z_mu = nn.Linear(n_hidden, n_gaussians)
        self.z_sigma = nn.Linear(n_hidden, n_gaussians)

    def forward(self, x):
        h = self.z_h(x)
        pi = Categorical(logits=self.z_pi(h))
        components = Normal(self.z_mu(h), nn.functional.softplus(self.z_sigma(h)) + 1e-3)
        return MixtureSameFamily(pi, components)


torch.manual_seed(2)
n = 400
y = torch.empty(n, 1).uniform_(-1, 1)
x = 0.7 * torch.sin(5 * y) + 0.5 * y + 0.05 * torch.randn(n, 1)

model = MDN()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=5, threshold=1e-3)
history = []
for epoch in range(120):
    optimizer.zero_grad()
    loss = -model(x).log_prob(y.squeeze(-1)).mean()
    loss.backward()
    optimizer.step()
    history.append(loss.item())
    if epoch < 60:
        plateau.step(loss.item())
    if epoch % 40 == 0:
        print(f"epoch {epoch}: nll {loss.item():.3f}")

with torch.no_grad():
    grid = torch.linspace(-1, 1, 5).unsqueeze(-1)
    mixture = model(grid)
    print("shape", mixture.batch_shape, mixture.event_shape)
    print("mean", [f"{m:.1f}" for m in mixture.mean.tolist()])
    print("most probable", mixture.mixture_distribution.probs.argmax(-1).tolist())
    samples = mixture.sample((1000,))
    print("within", bool((samples.mean(0) - mixture.mean).abs().max() < 0.2), tuple(samples.shape))
    print("cdf", bool((mixture.cdf(torch.full((5,), 10.0)) > 0.999).all()))
