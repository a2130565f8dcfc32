"""The results of operators with several outputs: tuples whose parts have names, as torch.return_types has them."""

from __future__ import annotations

import functools
from operator import itemgetter
from typing import Any


class NamedResult(tuple[Any, ...]):
    """A tuple, made of a sequence of its parts, each of which is also an attribute with the name of the output."""

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = (f"{name}={part!r}" for name, part in zip(self.__match_args__, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n" + ",\n".join(parts) + ")"


@functools.cache
def result_class(name: str, outputs: tuple[str, ...]) -> type[NamedResult]:
    """The class of the results of a row with these outputs (torch.return_types.max and the like)."""
    own: dict[str, Any] = {"__slots__": (), "__module__": "tinygrad_mlp.return_types", "__match_args__": outputs}
    own |= {output: property(itemgetter(i)) for i, output in enumerate(outputs)}
    return type(name.removesuffix("_dim"), (NamedResult,), own)
