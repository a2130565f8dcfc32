"""Chooses whose BLAS computes each product of a program, by trying them: NumPy's, or oneMKL's with one thread or all.

Which is best is a question of shapes and of the processor: oneMKL starts threads also for small products, which then
take longer. Each product is tried alone first; then all in their order, because the threads of two libraries may be in
each other's way. What was found is kept on disk, so that the next process computes as this one.

    [64x1000 @ 1000x100, 64x100 @ 100x10]  ->  [oneMKL with all threads, NumPy's]
"""

from __future__ import annotations

import ctypes
import functools
import json
import math
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from . import blas, cache
from .forms import NUMPY, Choice, Product
from .products import Size, size_of

MKL = (Choice("mkl_gemm", "oneMKL with all threads"), Choice("mkl_gemm_one_thread", "oneMKL with one thread"))
_BY_FUNCTION = {choice.function: choice for choice in (NUMPY, *MKL)}
SECONDS = 1e-3  # for so long a product is called by each of the libraries
LEAST, MOST = 3, 200  # so often at least, and at most
WAITING = 0.1  # seconds after which the threads of NumPy's library have gone to sleep
GAIN = 0.95  # oneMKL has to take less than this share of the time of NumPy's library


class Timed(NamedTuple):
    """A choice for a product, and the seconds of a call by each of the choices, by the names of their functions."""

    choice: Choice
    seconds: dict[str, float]


def choose(products: list[Product]) -> None:
    """Note in each product of a program by whom it is computed; without oneMKL nothing is tried."""
    library = blas.library_asked()
    if not products or library == "openblas" or blas.mkl_version() is None:
        return
    for form, timed in zip(products, _tried(tuple(map(size_of, products)), library == "mkl"), strict=False):
        form.by = timed.choice._replace(why=_why(timed))


def _why(timed: Timed) -> str:
    """What `explain` says of a choice."""
    said = [f"{_BY_FUNCTION[function].name} {seconds * 1e6:.3g} us" for function, seconds in timed.seconds.items()]
    return f"by {timed.choice.name}; tried: {', '.join(said)}"


@functools.cache
def _tried(sizes: tuple[Size, ...], only_mkl: bool) -> list[Timed]:
    """The choices for the products of a program, from the disk or by a trial."""
    key = ["trial", json.dumps(sizes), str(only_mkl), str(blas.mkl_version()), str(os.cpu_count()), *_threads_asked()]
    try:
        return [Timed(_BY_FUNCTION[function], seconds) for function, seconds in json.loads(cache.found_text(key))]
    except (ValueError, TypeError, KeyError):  # there is none, or none that can be read
        pass
    try:
        found = _best(sizes, only_mkl)
    except OSError:  # oneMKL is installed, but cannot be loaded
        return []
    cache.keep_text(key, json.dumps([(timed.choice.function, timed.seconds) for timed in found]))
    return found


def _threads_asked() -> list[str]:
    """The environment variables that say how many threads the libraries may have."""
    return [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.endswith("_NUM_THREADS")]


def _best(sizes: tuple[Size, ...], only_mkl: bool) -> list[Timed]:
    """The choices by which all products together take the least time.

    NumPy's library comes first, while oneMKL has no threads yet: after each product the threads of a library wait for
    more work for a while, and keep the cores busy.
    """
    libraries = _Libraries()
    calls = {size: libraries.calls(size) for size in dict.fromkeys(sizes)}
    alone: dict[Size, dict[Choice, float]] = {size: {} for size in calls}
    plans: list[tuple[float, list[Choice]]] = []

    def try_alone(*choices: Choice) -> None:
        for size, of in calls.items():
            alone[size] |= {choice: libraries.time_of([(choice, of[choice])]) for choice in choices}

    def try_together(favour: float = 1.0) -> None:
        """Take for each product what has been best so far."""
        plan = [min(alone[size], key=lambda x: alone[size][x] * (GAIN if x is NUMPY else 1.0)) for size in sizes]
        if all(plan != other for _, other in plans):
            listed = [(choice, calls[size][choice]) for size, choice in zip(sizes, plan, strict=True)]
            plans.append((libraries.time_of(listed) * favour, plan))

    if not only_mkl:
        try_alone(NUMPY)
        try_together(GAIN)
        of_numpy = {size: timed.pop(NUMPY) for size, timed in alone.items()}
    time.sleep(WAITING)
    try_alone(*MKL)
    try_together()
    if not only_mkl:
        for size, seconds in of_numpy.items():
            alone[size] = {NUMPY: seconds, **alone[size]}
        try_together()
    _, best = min(plans, key=lambda x: x[0])
    return [
        Timed(choice, {tried.function: seconds for tried, seconds in alone[size].items()})
        for size, choice in zip(sizes, best, strict=True)
    ]


class _Libraries:
    """The functions of NumPy's BLAS and of oneMKL, to be called from Python. OSError without oneMKL."""

    def __init__(self) -> None:
        addresses = blas.mkl_addresses()
        gemm = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)
        self._set_threads = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(addresses["threads"])
        self._of_numpy = {name: gemm(blas.address_of(name)) for name in ("sgemm", "dgemm")}
        self._of_mkl = {name: gemm(addresses[name]) for name in ("sgemm", "dgemm")}

    def calls(self, size: Size) -> dict[Choice, Callable[[], Any]]:
        """Calls that compute a product of this size with random numbers."""
        random = np.random.default_rng(0)
        dtype = np.dtype(size.dtype)
        a = random.random((size.inner, size.rows) if size.turned_a else (size.rows, size.inner)).astype(dtype)
        b = random.random((size.columns, size.inner) if size.turned_b else (size.inner, size.columns)).astype(dtype)
        c = np.zeros((size.rows, size.columns), dtype)
        integers = np.array([size.columns, size.rows, size.inner, b.shape[1], a.shape[1], c.shape[1]], np.int64)
        factors = np.array([1e-6, 1.0 if size.adds else 0.0], dtype)
        letters = np.array([ord("T" if turned else "N") for turned in (size.turned_b, size.turned_a)], np.uint8)
        n, m, k, of_b, of_a, of_c = (integers.ctypes.data + 8 * i for i in range(6))
        alpha, beta = (factors.ctypes.data + dtype.itemsize * i for i in range(2))
        first, second = (letters.ctypes.data + i for i in range(2))
        # BLAS takes matrices in Fortran's order, in which a matrix in C order is its transpose: c.T = b.T @ a.T.
        args = (first, second, n, m, k, alpha, b.ctypes.data, of_b, a.ctypes.data, of_a, beta, c.ctypes.data, of_c)
        alive = (a, b, c, integers, factors, letters)

        def call_of(function: Callable[..., Any]) -> Callable[[], Any]:
            return lambda _=alive: function(*args)  # type: ignore[misc]

        name = "sgemm" if dtype == np.float32 else "dgemm"
        by_mkl = call_of(self._of_mkl[name])
        return {NUMPY: call_of(self._of_numpy[name]), MKL[0]: by_mkl, MKL[1]: by_mkl}

    def time_of(self, plan: list[tuple[Choice, Callable[[], Any]]]) -> float:
        """The seconds that these calls take, one after the other: the least of several times."""
        least, begun, count = math.inf, time.perf_counter(), -1
        before = self._set_threads(0)
        limit = 0
        while count < LEAST or (count < MOST and time.perf_counter() - begun < SECONDS * len(plan)):
            start = time.perf_counter()
            for choice, call in plan:
                wanted = limit if choice is NUMPY else 1 if choice is MKL[1] else 0
                if wanted != limit:
                    self._set_threads(limit := wanted)
                call()
            if count >= 0:  # in the first calls the libraries start their threads
                least = min(least, time.perf_counter() - start)
            count += 1
        self._set_threads(before)
        return least
