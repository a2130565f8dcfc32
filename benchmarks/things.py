"""The small things that a training loop does, each a line of Python that torch and `tinygrad_mlp` run alike.

`SETUP` is run once in each process, with `torch` as the name of the package that is timed.
"""

from __future__ import annotations

SETUP = """
nn, F = torch.nn, torch.nn.functional
torch.manual_seed(0)
x = torch.randn(64, 100)
written = torch.zeros(64, 100)
mask = x > 0
indices = list(range(0, 64, 2))
rows = [torch.randn(100) for _ in range(64)]
long = torch.randn(3000, 10)
one = torch.tensor(1.5)
logits = torch.randn(64, 10)
labels = torch.randint(0, 10, (64,))
guesses = logits.argmax(1)
batch = torch.randn(32, 4)
target = torch.randn(32, 1)


def network():
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    F.mse_loss(model(batch), target).backward()
    return model


model, emptied = network(), network()
descent = torch.optim.SGD(network().parameters(), lr=1e-3)
adam = torch.optim.Adam(network().parameters(), lr=1e-3)
w = torch.randn(4, 1, requires_grad=True)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, labels), batch_size=32, shuffle=True)


def ignore_gradients():
    with torch.no_grad():
        pass
"""

THINGS = {
    "x[i]": "x[3]",
    "x[a:b]": "x[8:40]",
    "x[i, j]": "x[3, 5]",
    "x[i] = v": "written[3] = 1.0",
    "x[a:b] = y": "written[8:40] = x[8:40]",
    "x[mask]": "x[mask]",
    "x[list]": "x[indices]",
    "view": "x.view(32, 200)",
    "reshape": "x.reshape(-1)",
    "t": "x.t()",
    "transpose": "x.transpose(0, 1)",
    "unsqueeze": "x.unsqueeze(0)",
    "stack of 64 rows": "torch.stack(rows)",
    "cat of 64 rows": "torch.cat(rows)",
    "rows of a tensor": "for row in x: pass",
    "item()": "one.item()",
    "float()": "float(one)",
    "sum(-1) of 3000x10": "long.sum(-1)",
    "amax(-1) of 3000x10": "long.amax(-1)",
    "mean(0) of 3000x10": "long.mean(0)",
    "argmax(1)": "logits.argmax(1)",
    "accuracy": "(guesses == labels).float().mean()",
    "randn(64, 10)": "torch.randn(64, 10)",
    "rand(64, 10)": "torch.rand(64, 10)",
    "randperm(1000)": "torch.randperm(1000)",
    "zeros(64, 10)": "torch.zeros(64, 10)",
    "ones(64, 10)": "torch.ones(64, 10)",
    "tensor([...])": "torch.tensor([1.0, 2.0, 3.0])",
    "call of a module": "model(batch)",
    "zero_grad()": "emptied.zero_grad()",
    "SGD step": "descent.step()",
    "Adam step": "adam.step()",
    "cross_entropy": "F.cross_entropy(logits, labels)",
    "softmax": "logits.softmax(-1)",
    "one_hot": "F.one_hot(labels, 10)",
    "detach": "x.detach()",
    "clone": "x.clone()",
    ".data": "x.data",
    "to(dtype)": "x.to(torch.float64)",
    "DataLoader, 2 batches": "for part in loader: pass",
    "no_grad": "ignore_gradients()",
    "small backward": "batch.mm(w).sub(target).pow(2).mean().backward()",
}
