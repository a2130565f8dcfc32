"""What is warned of as torch warns: the text, the category, the line, and whether it is said again."""

from __future__ import annotations

import functools
import subprocess
import sys

import pytest

from support.parity import same

# Runs each program in a process of its own, forked from one that has imported the framework.
RUNNER = """
import os, sys, warnings
import {framework} as torch

for lines in {programs!r}:
    sys.stdout.flush()
    if os.fork():
        os.wait()
        continue
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(lines, {{"torch": torch, "x": torch.ones(1, requires_grad=True)}})
    print([(w.category.__name__, str(w.message).partition(" (Triggered")[0]) for w in caught], flush=True)
    os._exit(0)
"""
ONCE = {
    "backward(create_graph=True)": ["(x * 2).backward(create_graph=True)"] * 2,
    "with inputs": ["(x * 2).backward(create_graph=True, inputs=[x])", "torch.autograd.backward(x, create_graph=True)"],
    "not of grad": ["torch.autograd.grad(x * 2, x, create_graph=True)", "(x * 2).backward()"],
    "refused before": ["try: torch.ones(1).backward(create_graph=True)", "except RuntimeError: pass"],
    "float": ["float(x)", "float(x * 2)"],
    "a result": ["import math", "math.sqrt(x * 2)", "complex(x)"],
    "a list of arrays": ["import numpy as np", "torch.tensor([np.ones(2)])", "torch.tensor([1, np.array(2)])"],
    "copies": ["torch.tensor(x.detach())", "torch.tensor(x.detach())", "x.new_tensor(x.detach())"],
    "in a list": ["torch.tensor([x, 1.0])", "torch.tensor([[x * 2]])"],
    "not of others": ["x.item(), int(x), bool(x), x.tolist(), f'{x[0]:.2f}', float(x.detach()), x == 1"],
    "not without grad": ["with torch.no_grad(): float(x)", "with torch.inference_mode(): float(x)"],
}


@functools.cache
def _said(framework):
    programs = ["\n".join(lines) for lines in ONCE.values()]
    code = RUNNER.format(framework=framework, programs=programs)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(zip(ONCE, done.stdout.splitlines(), strict=True))


@pytest.mark.parametrize("case", ONCE)
def test_once_in_a_process_as_torch(case):
    assert _said("tinygrad_mlp")[case] == _said("torch")[case]


def test_the_line_of_the_program_is_named():
    code = "import tinygrad_mlp as torch\nx = torch.ones(1, requires_grad=True)\n"
    code += "float(x)\nx.backward(create_graph=True)\nx.var()\ntorch.std(x, 0)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if "UserWarning: " in line]
    assert [line.partition(" UserWarning")[0] for line in lines] == [f"<string>:{n}:" for n in (3, 4, 5, 6)]


SPREAD = [
    lambda torch: torch.ones(1).var(),
    lambda torch: [torch.ones(1).var(), torch.ones(1).var()],
    lambda torch: torch.ones(1).std(),
    lambda torch: torch.ones(3, 1).var(1),
    lambda torch: torch.ones(3, 1).std(1, keepdim=True),
    lambda torch: torch.ones(2).var(correction=2),
    lambda torch: torch.ones(2).std(correction=3),
    lambda torch: torch.ones(2).var(correction=1.5),
    lambda torch: torch.ones(0).var(),
    lambda torch: torch.ones(0).var(unbiased=False),
    lambda torch: torch.ones(0, 3).var(1),
    lambda torch: torch.ones(3, 0).var(1),
    lambda torch: torch.ones(3, 0).var(1, unbiased=False),
    lambda torch: torch.ones(1).var(unbiased=False),
    lambda torch: torch.ones(()).var(),
    lambda torch: torch.ones((), requires_grad=True).std(),
]


@pytest.mark.parametrize("program", SPREAD, ids=range(len(SPREAD)))
def test_degrees_of_freedom(program):
    same(program)
