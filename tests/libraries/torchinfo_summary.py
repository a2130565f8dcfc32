"""The layers of a network as torchinfo shows them."""

import torch
from torch import nn
from torchinfo import summary


class Residual(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.norm, self.layers = nn.LayerNorm(n), nn.Sequential(nn.Linear(n, 2 * n), nn.GELU(), nn.Linear(2 * n, n))

    def forward(self, x):
        return x + self.layers(self.norm(x))


model = nn.Sequential(nn.Embedding(10, 8), *(Residual(8) for _ in range(2)), nn.Flatten(), nn.BatchNorm1d(40))
model.append(nn.Linear(40, 2, bias=False))
for parameter in model[0].parameters():
    parameter.requires_grad_(False)
columns = ("input_size", "output_size", "num_params", "params_percent", "mult_adds", "trainable")
print(summary(model, input_size=(4, 5), dtypes=[torch.long], col_names=columns, depth=4, row_settings=("var_names",)))
found = summary(model, input_data=torch.zeros(2, 5, dtype=torch.long), verbose=0)
print(found.total_params, found.trainable_params, found.total_mult_adds, model.training)
