"""The smallest inputs of which a gradient test failed, kept in pytest's cache until the test passes with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from .cases import Case
from .shrinking import smallest_inputs


def kept(request: pytest.FixtureRequest) -> list[tuple[Any, ...]]:
    """The inputs that are kept for a test: a list of one, or none."""
    cache = _cache(request)
    found = cache.get(_key(request), None) if cache is not None else None
    return [] if found is None else [tuple(map(_read, found))]


def keep(request: pytest.FixtureRequest, case: Case, check: Callable[[Case], None]) -> None:
    """Look for the smallest inputs of which a check fails like this, and keep them."""
    cache = _cache(request)
    if cache is None:
        return
    quick = case.for_shrinking()

    def fails(inputs: Any) -> list[str]:
        try:
            check(quick.with_inputs(inputs))
        except AssertionError:
            return ["wrong"]
        except pytest.skip.Exception:  # with fewer rows another check would find it
            pass
        return []

    written = [_written(x) for x in smallest_inputs(case.inputs, "wrong", fails)]
    if None not in written:
        cache.set(_key(request), written)


def forget(request: pytest.FixtureRequest) -> None:
    """Keep nothing for a test that passes."""
    cache = _cache(request)
    if cache is not None and cache.get(_key(request), None) is not None:
        cache.set(_key(request), None)


def _cache(request: pytest.FixtureRequest) -> pytest.Cache | None:
    return getattr(request.config, "cache", None)  # not there with `-p no:cacheprovider`


def _key(request: pytest.FixtureRequest) -> str:
    return f"gradient_test/{request.node.nodeid}"


def _written(x: Any) -> Any:
    """An input as JSON, or None for what JSON does not hold."""
    if isinstance(x, np.ndarray):
        return {"array": x.ravel().tolist(), "shape": x.shape, "dtype": x.dtype.name}
    return {"constant": x} if x is None or isinstance(x, (bool, int, float, str)) else None


def _read(x: dict[str, Any]) -> Any:
    return np.array(x["array"], x["dtype"]).reshape(x["shape"]) if "array" in x else x["constant"]
