"""A physics-informed network for the damped oscillator u'' + 2 d u' + w^2 u = 0 (Raissi, Perdikaris, Karniadakis)."""

import numpy as np
import torch
import torch.nn as nn
from torch.autograd import grad

torch.manual_seed(123)
torch.set_default_dtype(torch.float64)


class FCN(nn.Module):
    """A fully connected network."""

    def __init__(self, n_input, n_output, n_hidden, n_layers):
        super().__init__()
        activation = nn.Tanh
        self.fcs = nn.Sequential(*[nn.Linear(n_input, n_hidden), activation()])
        self.fch = nn.Sequential(
            *[nn.Sequential(*[nn.Linear(n_hidden, n_hidden), activation()]) for _ in range(n_layers - 1)]
        )
        self.fce = nn.Linear(n_hidden, n_output)

    def forward(self, x):
        return self.fce(self.fch(self.fcs(x)))


def exact_solution(d, w0, t):
    w = np.sqrt(w0**2 - d**2)
    phi = np.arctan(-d / w)
    a = 1 / (2 * np.cos(phi))
    return torch.exp(-d * t) * 2 * a * torch.cos(phi + w * t)


d, w0 = 1.5, 8.0
pinn = FCN(1, 1, 24, 3)
t_boundary = torch.tensor(0.0).view(-1, 1).requires_grad_(True)
t_physics = torch.linspace(0, 1, 30).view(-1, 1).requires_grad_(True)
t_test = torch.linspace(0, 1, 100).view(-1, 1)
u_exact = exact_solution(d, w0, t_test)
optimiser = torch.optim.Adam(pinn.parameters(), lr=1e-2)
scheduler = torch.optim.lr_scheduler.StepLR(optimiser, step_size=100, gamma=0.5)


def losses():
    u = pinn(t_boundary)
    loss1 = (torch.squeeze(u) - 1) ** 2
    dudt = grad(u, t_boundary, torch.ones_like(u), create_graph=True)[0]
    loss2 = (torch.squeeze(dudt) - 0) ** 2
    u = pinn(t_physics)
    dudt = grad(u, t_physics, torch.ones_like(u), create_graph=True)[0]
    d2udt2 = grad(dudt, t_physics, torch.ones_like(dudt), create_graph=True)[0]
    loss3 = torch.mean((d2udt2 + 2 * d * dudt + w0**2 * u) ** 2)
    return loss1 + 1e-1 * loss2 + 1e-3 * loss3


for i in range(201):
    optimiser.zero_grad()
    loss = losses()
    loss.backward()
    optimiser.step()
    scheduler.step()
    if i % 50 == 0:
        with torch.no_grad():
            error = torch.mean((pinn(t_test) - u_exact) ** 2)
        print(f"step {i}: loss {loss.item():.5f} error {error.item():.5f} lr {scheduler.get_last_lr()[0]:g}")

lbfgs = torch.optim.LBFGS(pinn.parameters(), max_iter=20, line_search_fn="strong_wolfe")


def closure():
    lbfgs.zero_grad()
    loss = losses()
    loss.backward()
    return loss


before = losses().item()
lbfgs.step(closure)
print(f"L-BFGS: {before:.4f} -> {'better' if losses().item() < before else 'worse'}")
