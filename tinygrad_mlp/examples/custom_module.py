"""The network as a class of one's own, a Module whose forward may be any code that computes with tensors."""

import tinygrad_mlp as torch

torch.manual_seed(1)
N, D_in, H, D_out = 64, 1000, 100, 10
learning_rate = 1e-6


class TwoLayerNet(torch.nn.Module):
    """A Linear layer, clamp at 0, and a second Linear layer."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.linear1 = torch.nn.Linear(inputs, hidden)
        self.linear2 = torch.nn.Linear(hidden, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear2(self.linear1(x).clamp(min=0))


x = torch.randn(N, D_in)
y = torch.randn(N, D_out)
model = TwoLayerNet(D_in, H, D_out)
loss_fn = torch.nn.MSELoss(reduction="sum")
optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)

for step in range(500):
    loss = loss_fn(model(x), y)
    print(step, loss.item())

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
