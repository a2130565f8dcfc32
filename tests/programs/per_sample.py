"""Differentially private SGD: per-sample gradients by vmap over grad, clipped and noised (Abadi et al., 2016)."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer
from torch.func import functional_call, grad, vmap

torch.manual_seed(0)
data = load_breast_cancer()
x = torch.tensor(data.data, dtype=torch.float32)
x = (x - x.mean(0)) / x.std(0, unbiased=False)
y = torch.tensor(data.target)

model = nn.Sequential(nn.Linear(30, 16), nn.ELU(), nn.Linear(16, 2))
params = {k: v.detach() for k, v in model.named_parameters()}
buffers = {k: v.detach() for k, v in model.named_buffers()}


def compute_loss(params, buffers, sample, target):
    predictions = functional_call(model, (params, buffers), (sample.unsqueeze(0),))
    return F.cross_entropy(predictions, target.unsqueeze(0))


per_sample_grads = vmap(grad(compute_loss), in_dims=(None, None, 0, 0))
max_norm, noise, lr = 1.0, 0.3, 0.5
for step in range(30):
    index = torch.randint(len(x), (64,))
    grads = per_sample_grads(params, buffers, x[index], y[index])
    norms = torch.stack([g.flatten(1).norm(dim=1) for g in grads.values()]).norm(dim=0)
    factor = (max_norm / (norms + 1e-6)).clamp(max=1.0)
    for name, g in grads.items():
        clipped = torch.einsum("b,b...->...", factor, g)
        noised = clipped + noise * max_norm * torch.randn_like(clipped)
        params[name] = params[name] - lr * noised / len(index)
    if step % 10 == 0:
        with torch.no_grad():
            loss = F.cross_entropy(functional_call(model, params, (x,)), y)
        print(f"step {step}: norms {norms.min():.3f} to {norms.max():.3f}, loss {loss:.3f}")

# the same gradients, one sample at a time
check = per_sample_grads(params, buffers, x[:5], y[:5])
for i in range(5):
    alone = grad(compute_loss)(params, buffers, x[i], y[i])
    assert all(torch.allclose(check[k][i], alone[k], atol=1e-6) for k in check), i
accuracy = (functional_call(model, params, (x,)).argmax(1) == y).float().mean()
print({k: tuple(v.shape) for k, v in check.items()}, f"accuracy {accuracy.item():.3f}")
