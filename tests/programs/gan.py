"""A generative adversarial network that learns a ring of Gaussians (Goodfellow et al., 2014)."""

import math

import torch
import torch.nn as nn

torch.manual_seed(42)
torch.set_printoptions(precision=3, sci_mode=False)


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.1)
        nn.init.constant_(m.bias.data, 0)


def real_data(n, modes=8, std=0.02):
    k = torch.randint(0, modes, (n,))
    angle = 2 * math.pi * k.float() / modes
    centers = torch.stack((angle.cos(), angle.sin()), dim=1)
    return centers + std * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self, nz=8):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(nz, 32), nn.ReLU(True), nn.Linear(32, 32), nn.ReLU(True), nn.Linear(32, 2))

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.utils.spectral_norm(nn.Linear(2, 32)),
            nn.LeakyReLU(0.2, inplace=True),
            nn.utils.spectral_norm(nn.Linear(32, 32)),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(32, 1),
        )

    def forward(self, x):
        return self.main(x).view(-1)


netG, netD = Generator(), Discriminator()
netG.apply(weights_init)
print(netG)
criterion = nn.BCEWithLogitsLoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=2e-3, betas=(0.5, 0.999))
fixed_noise = torch.randn(4, 8)

for i in range(1, 201):
    # maximise log(D(x)) + log(1 - D(G(z)))
    netD.zero_grad()
    real = real_data(64)
    label = torch.full((64,), 1.0)
    output = netD(real)
    errD_real = criterion(output, label)
    errD_real.backward()
    D_x = output.sigmoid().mean().item()

    fake = netG(torch.randn(64, 8))
    label.fill_(0.0)
    output = netD(fake.detach())
    errD_fake = criterion(output, label)
    errD_fake.backward()
    optimizerD.step()

    # maximise log(D(G(z)))
    for p in netD.parameters():
        p.requires_grad_(False)
    netG.zero_grad()
    label.fill_(1.0)
    errG = criterion(netD(fake), label)
    errG.backward()
    optimizerG.step()
    for p in netD.parameters():
        p.requires_grad_(True)
    if i % 50 == 0:
        print(f"[{i}/200] Loss_D: {errD_real + errD_fake:.3f} Loss_G: {errG:.3f} D(x): {D_x:.3f}")

with torch.no_grad():
    print(netG(fixed_noise))
