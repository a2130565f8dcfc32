"""Small networks as functions of the framework: one with every kind of part, one of three layers, an empty one."""

from __future__ import annotations

from collections import OrderedDict


def network(torch):
    """Every kind of part: nested, shared, absent, a buffer that is saved and one that is not."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.inner = nn.Sequential(OrderedDict(first=nn.Linear(n, n), act=nn.ReLU(), last=nn.Linear(n, 2)))
            self.scale = nn.Parameter(torch.ones(2))
            self.register_parameter("absent", None)
            self.register_buffer("count", torch.zeros(3))
            self.register_buffer("scratch", torch.ones(()), persistent=False)
            self.note = "plain"

        def forward(self, x):
            return self.inner(x) * self.scale

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([Block(3), Block(3)])
            self.blocks.append(self.blocks[0])
            self.heads = nn.ModuleDict({"a": nn.Linear(2, 1, bias=False), "b": nn.Tanh()})
            self.tied = self.blocks[1].scale
            self.nothing = None
            self.add_module("empty", None)

        def forward(self, x):
            return self.heads["b"](self.heads["a"](self.blocks[0](x) + self.blocks[1](x)))

    return Network()


def small(torch):
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))


def foo(torch):
    class Foo(torch.nn.Module):
        pass

    return Foo()
