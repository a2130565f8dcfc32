"""Which classes and functions a file may name while `load` restricts it: a short list, and what a program adds."""

from __future__ import annotations

import codecs
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from .names import NAMES
from .refusals import PAIR_LENGTH, PAIR_NAME

Trusted = Callable[..., Any] | tuple[Callable[..., Any], str]

ALLOWED: dict[str, Any] = {
    "_codecs.encode": codecs.encode,  # of bytes, which protocol 2 writes as text
    "builtins.bytearray": bytearray,
    "builtins.bytes": bytes,
    "builtins.complex": complex,
    "builtins.set": set,
    "collections.Counter": Counter,
    "collections.OrderedDict": OrderedDict,
    **NAMES,
}
# Nothing of these modules can be allowed.
BLOCKED_MODULES = frozenset(("nt", "os", "posix", "sys"))
# What torch allows, and this package has no counterpart of.
LACKED = frozenset(
    f"torch.{name}"
    for name in (
        *(f"_utils._rebuild_{kind}_tensor" for kind in ("sparse", "nested")),
        *("_utils._rebuild_qtensor", "_utils._rebuild_wrapper_subclass"),
        *(f"_utils._rebuild_device_tensor_from_{source}" for source in ("cpu_tensor", "numpy")),
        *(f"{kind}Storage" for kind in ("ComplexDouble", "ComplexFloat", "QInt8", "QInt32", "QUInt8")),
        *("uint16", "uint32", "uint64", "qint8", "qint32", "quint8"),
        *(f"float8_{kind}" for kind in ("e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz", "e8m0fnu")),
    )
)

_trusted: dict[Trusted, None] = {}  # in the order in which they were added


def add_safe_globals(safe_globals: Sequence[Trusted]) -> None:
    """Let files name these classes and functions, also where `load` restricts them, as torch.serialization does.

    A file may then call them with any arguments. A pair is of an object and the name by which files know it. ValueError
    or TypeError, when a file is loaded, for a pair that is none.
    """
    _trusted.update(dict.fromkeys(safe_globals))


def get_safe_globals() -> list[Trusted]:
    """All that `add_safe_globals` was given (torch.serialization.get_safe_globals)."""
    return list(_trusted)


def clear_safe_globals() -> None:
    """Take back all that `add_safe_globals` was given (torch.serialization.clear_safe_globals)."""
    _trusted.clear()


class safe_globals:
    """`add_safe_globals` for the time of a `with` block (torch.serialization.safe_globals)."""

    def __init__(self, safe_globals: Sequence[Trusted]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        add_safe_globals(self.safe_globals)

    def __exit__(self, *raised: object) -> None:
        for each in self.safe_globals:
            _trusted.pop(each, None)


def trusted() -> dict[str, Any]:
    """What a program has added, by the names that files have for it; a class of this package by torch's, too."""
    found: dict[str, Any] = {}
    for each in _trusted:
        if isinstance(each, tuple):
            if len(each) != 2:
                raise ValueError(PAIR_LENGTH.format(length=len(each)))
            value, name = each
            if type(name) is not str:
                raise TypeError(PAIR_NAME.format(found=type(name)))
            found[name] = value
            continue
        name = f"{each.__module__}.{each.__qualname__}"
        package, _, rest = name.partition(".")
        if package == __package__.partition(".")[0]:
            found[f"torch.{rest}"] = each
        found[name] = each
    return found
