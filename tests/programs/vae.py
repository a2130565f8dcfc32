"""A variational autoencoder of the digits (Kingma and Welling, 2014), with torch.distributions."""

import torch
from sklearn.datasets import load_digits
from torch import nn, optim
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)


class VAE(nn.Module):
    def __init__(self, latent_dim=4):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 32), nn.Tanh())
        self.mu = nn.Linear(32, latent_dim)
        self.log_var = nn.Linear(32, latent_dim)
        self.decoder = nn.Sequential(nn.Linear(latent_dim, 32), nn.Tanh(), nn.Linear(32, 64))
        self.register_buffer("prior_mean", torch.zeros(latent_dim))
        self.register_buffer("prior_std", torch.ones(latent_dim))

    def posterior(self, x):
        h = self.encoder(x)
        return Independent(Normal(self.mu(h), torch.exp(0.5 * self.log_var(h))), 1)

    def likelihood(self, z):
        return Independent(Bernoulli(logits=self.decoder(z), validate_args=False), 1)

    def forward(self, x):
        q = self.posterior(x)
        z = q.rsample()
        prior = Independent(Normal(self.prior_mean, self.prior_std), 1)
        reconstruction = self.likelihood(z).log_prob(x)
        divergence = kl_divergence(q, prior)
        return -(reconstruction - divergence).mean(), reconstruction.mean(), divergence.mean()


images = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
loader = DataLoader(TensorDataset(images), batch_size=128, shuffle=True, drop_last=True)
model = VAE()
optimizer = optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(4):
    sums = torch.zeros(3)
    for (batch,) in loader:
        loss, reconstruction, divergence = model(batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        sums += torch.stack([loss, reconstruction, divergence]).detach()
    print("epoch {}: elbo {:.2f} reconstruction {:.2f} kl {:.3f}".format(epoch, *(sums / len(loader)).tolist()))

model.eval()
with torch.no_grad():
    z = Normal(0.0, 1.0).sample((5, 4))
    samples = model.likelihood(z).mean
    print(samples.shape, samples.mean(dim=1))
    print("prior", Independent(Normal(torch.zeros(4), torch.ones(4)), 1))
    print("posterior mean of the first", model.posterior(images[:1]).mean)
