"""What a program cannot repeat: functions that read a value, and functions that change what Python knows."""

from __future__ import annotations

import copy
import inspect
import itertools
import random
import time

import numpy as np

import tinygrad_mlp as torch


def line_of(function, text):
    """Where a text stands in the source of a function: the words that a refusal says."""
    lines, start = inspect.getsourcelines(function)
    number = next(start + i for i, line in enumerate(lines) if text in line and "#here" in line.replace(" ", ""))
    return f"line {number} of {__file__}"


# -- values that are read --------------------------------------------------------------------------


def item(h):
    return h * h.sum().item()  # here


def to_bool(h):
    return h if (h > 0).all() else -h  # here


def compared(h):
    return h * 2 if h.sum() > 1 else h  # here


def to_float(h):
    return h * float(h.sum())  # here


def to_int(h):
    return h * int(h.sum())  # here


def as_index(h):
    return h[h.sum().long()] if [0, 1][h.argmax() * 0] == 0 else h  # here


def printed(h):
    print(h)  # here
    return h


def formatted(h):
    return h, f"{h.sum():.3f}"  # here


def as_text(h):
    return h, str(h)  # here


def represented(h):
    return h, repr(h)  # here


def to_numpy(h):
    return h * torch.from_numpy(np.sort(h.detach().numpy()))  # here


def by_numpy(h):
    return h * torch.tensor(np.asarray(h.detach()))  # here


def to_list(h):
    return h * torch.tensor(h.tolist())  # here


def shape_by_values(h):
    return h[h > 0].sum()  # here


def nonzero(h):
    return torch.nonzero(h)  # here


def loop_by_value(h):
    while h.abs().sum() > 1:  # here
        h = h / 2
    return h


def contained(h):
    return h if 3.0 in h else -h  # here


def close_to(h):
    return h if torch.allclose(h, h + 1e-9) else -h  # here


def equal_to(h):
    return h if torch.equal(h, h * 1) else -h  # here


def array_as_text(h):
    return torch.tensor(len(str(h.detach().array)))  # here


def shaped_by_value(h):
    return torch.zeros(int(h.max()))  # here


def repeated_by_value(h):
    return [h for _ in range(h.max().long())]  # here


def copied(h):
    return copy.deepcopy(h.detach()) + torch.tensor(h.detach().numpy().copy())  # here


READING = [
    item, to_bool, compared, to_float, to_int, as_index, printed, formatted, as_text, represented, to_numpy, by_numpy,
    to_list, shape_by_values, nonzero, loop_by_value, contained, close_to, equal_to, array_as_text,
    shaped_by_value, repeated_by_value, copied,
]  # fmt: skip


# -- Python state that would freeze ----------------------------------------------------------------

COUNT = 0


class Counter:
    def __init__(self):
        self.n = 0


counter, log, table = Counter(), [], {}


def counts_in_an_attribute(h):
    counter.n += 1
    return h * counter.n


def counts_in_a_global(h):
    global COUNT
    COUNT += 1
    return h * COUNT


def appends(h):
    log.append(1)
    return h * len(log)


def fills_a_dict(h):
    table[len(table)] = 1
    return h * len(table)


def appends_tensors(h):
    log.append(h.detach())
    return log[-1] * 1


def draws_by_python(h):
    return h * random.random()


def decides_by_chance(h):
    return h * 2 if random.random() < 2 else h


def draws_by_numpy(h):
    return h * np.random.rand()


def draws_an_array_by_numpy(h):
    return h + torch.from_numpy(np.random.randn(2, 2).astype(np.float32))


def draws_by_numpys_generator(h, rng=np.random.default_rng(0)):  # noqa: B008
    return h * rng.random()


def reads_the_clock(h):
    return h * time.perf_counter()


def counts_in_an_iterator(h, counting=itertools.count(1)):  # noqa: B008
    return h * next(counting)


def returns_the_clock(h):
    return h * 1, time.perf_counter()


def returns_a_list_of_its_own(h):
    log.append(h.sum())
    return log


def counts_in_a_default(h, kept=[0]):  # noqa: B006
    kept[0] += 1
    return h * kept[0]


def counts_in_its_own_attribute(h):
    counts_in_its_own_attribute.n = getattr(counts_in_its_own_attribute, "n", 0) + 1
    return h * counts_in_its_own_attribute.n


def counts_on_its_class(h):
    Counter.total = getattr(Counter, "total", 0) + 1
    return h * Counter.total


CHANGING = [
    counts_in_an_attribute, counts_in_a_global, appends, fills_a_dict, appends_tensors, draws_by_python,
    decides_by_chance,
    draws_by_numpy, draws_an_array_by_numpy, draws_by_numpys_generator, reads_the_clock, counts_in_an_iterator,
    returns_the_clock, returns_a_list_of_its_own, counts_in_a_default, counts_in_its_own_attribute,
    counts_on_its_class,
]  # fmt: skip
