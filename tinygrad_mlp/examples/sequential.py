"""The network as a Sequential of layers, which hold the weights; the update is still written by hand."""

import tinygrad_mlp as torch

torch.manual_seed(1)
N, D_in, H, D_out = 64, 1000, 100, 10
learning_rate = 1e-6

x = torch.randn(N, D_in)
y = torch.randn(N, D_out)
model = torch.nn.Sequential(
    torch.nn.Linear(D_in, H, bias=False),
    torch.nn.ReLU(),
    torch.nn.Linear(H, D_out, bias=False),
)
torch.nn.init.normal_(model[0].weight)
torch.nn.init.normal_(model[2].weight)
loss_fn = torch.nn.MSELoss(reduction="sum")

for step in range(500):
    loss = loss_fn(model(x), y)
    print(step, loss.item())

    model.zero_grad()
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= learning_rate * parameter.grad
