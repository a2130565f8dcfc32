"""`python -m tests.planted`: how many planted faults are caught and named, and how many right functions accused.

The same faults are checked by torch's gradcheck, and by the check_grads of JAX and of autograd where installed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import tinygrad_mlp
from tinygrad_mlp.testing import Report, check_gradients

from . import CASES, FAULTS, NAMES, Case
from .cases import Vjp
from .subjects import function_of, installed, passes_autograd, passes_jax, passes_torch

Passes = Callable[[Case, Vjp, tuple[Any, ...]], bool]


def report_of(kind: str, case: Case, vjp: Vjp, inputs: tuple[Any, ...], **options: Any) -> Report:
    """The report of assert_gradients on a pair, or on a Function of this package or of torch."""
    if kind == "pair":
        return check_gradients((case.forward, vjp), *inputs, order=1, smallest=False, **options)
    if kind == "torch":
        import torch as world
    else:
        world = tinygrad_mlp
    tensors = [world.from_numpy(np.array(x)) for x in inputs]
    return check_gradients(function_of(world, case, vjp), *tensors, order=1, smallest=False, **options)


def faults_of(kind: str, mode: str | None) -> Iterator[tuple[Any, Report]]:
    """Each fault with its report."""
    for fault in FAULTS:
        yield fault, report_of(kind, fault.case, fault.vjp, fault.case.inputs(1), mode=mode)


def tell_of_faults(kind: str, mode: str | None) -> None:
    """Print how many faults are caught and named, and which are not."""
    caught = named = misnamed = repaired = 0
    start = time.perf_counter()
    for fault, report in faults_of(kind, mode):
        if report.ok:
            # A sum that a Function leaves out is taken by its framework, so that the gradient is right all the same.
            summed = any(finding.kind == "summed down" for finding in report.findings)
            repaired += summed
            if not summed:
                print(f"    not caught: {fault}")
            continue
        caught += 1
        names = [k for k in report.kinds if k != "summed down"] or report.kinds
        if names[0] in NAMES[fault.kind]:
            named += 1
        else:
            misnamed += names[0] != "other"
            print(f"    named {names[0]!r}: {fault}")
    seconds = time.perf_counter() - start
    print(
        f"assert_gradients, {kind}, {mode or 'every'}: {caught} of {len(FAULTS)} caught, {named} named rightly, "
        f"{misnamed} named wrongly, {repaired} said to be repaired by the framework, {seconds:.0f} s",
        flush=True,
    )


def tell_of_false_alarms(kind: str, dtype: Any, count: int) -> int:
    """Print which right functions are accused at random inputs."""
    accused = 0
    start = time.perf_counter()
    for case in CASES:
        for seed in range(count):
            report = report_of(kind, case, case.vjp, case.inputs(seed, dtype))
            if not report.ok:
                accused += 1
                print(f"    false alarm: {case.name}, inputs {seed}: {report}")
    name, seconds = np.dtype(dtype).name, time.perf_counter() - start
    print(f"false alarms, {kind}, {name}: {accused} of {len(CASES) * count}, {seconds:.0f} s", flush=True)
    return accused


def tell_of_others(count: int) -> None:
    """Print how the checks of other packages do."""
    others: dict[str, tuple[str, Passes]] = {
        "torch.autograd.gradcheck": ("torch", lambda *a: passes_torch(*a, fast=False)),
        "torch.autograd.gradcheck(fast_mode=True)": ("torch", lambda *a: passes_torch(*a, fast=True)),
        "jax.test_util.check_grads": ("jax", passes_jax),
        "autograd.test_util.check_grads": ("autograd", passes_autograd),
    }
    for name, (package, passes) in others.items():
        if not installed(package):
            print(f"{name}: {package} is not installed")
            continue
        start = time.perf_counter()
        missed = [fault for fault in FAULTS if passes(fault.case, fault.vjp, fault.case.inputs(1))]
        right = [(case, seed) for case in CASES for seed in range(count)]
        accused = [(case.name, seed) for case, seed in right if not passes(case, case.vjp, case.inputs(seed))]
        for fault in missed:
            print(f"    not caught: {fault}")
        for case_name, times in sorted({(n, sum(m == n for m, _ in accused)) for n, _ in accused}):
            print(f"    false alarm: {case_name}, {times} times")
        print(
            f"{name}: {len(FAULTS) - len(missed)} of {len(FAULTS)} caught, "
            f"{len(accused)} of {len(right)} false alarms, {time.perf_counter() - start:.0f} s",
            flush=True,
        )


def main(argv: list[str]) -> int:
    """Print everything; 1 if a right function is accused."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10, help="random inputs for each right function (10)")
    parser.add_argument("--kinds", default="pair,ours,torch", help="of pair,ours,torch; empty for the others alone")
    parser.add_argument("--alone", action="store_true", help="without the checks of other packages")
    options = parser.parse_args(argv)
    accused = 0
    for kind in filter(None, options.kinds.split(",")):
        tell_of_faults(kind, None)
        tell_of_faults(kind, "projections")
        for dtype in (np.float64, np.float32):
            accused += tell_of_false_alarms(kind, dtype, options.inputs)
    if not options.alone:
        tell_of_others(options.inputs)
    return int(accused > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
