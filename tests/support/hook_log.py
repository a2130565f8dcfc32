"""A leaf of known numbers, and a log of what its hooks are given, to compare between the frameworks."""

from __future__ import annotations


def leaf(torch, *shape):
    """A leaf of a shape, with the elements 1, 2, 3, ..."""
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


class Log(list):
    """What happened, in order; tensors as their numbers, rounded where the frameworks round the last digits apart."""

    def __init__(self, digits=None):
        super().__init__()
        self.digits = digits

    def note(self, name, *values):
        self.append((name, *(self.plain(v) for v in values)))

    def hook(self, name):
        return lambda *values: self.note(name, *values)

    def plain(self, value):
        if isinstance(value, (tuple, list)):
            return [self.plain(v) for v in value]
        if isinstance(value, float) and self.digits is not None:
            return round(value, self.digits)
        return self.plain(value.tolist()) if hasattr(value, "tolist") else value
