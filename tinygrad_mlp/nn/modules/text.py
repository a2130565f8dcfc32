"""How modules and types are shown: the lines of a printed module, and the names of types in torch's messages."""

from __future__ import annotations

from ...tensor import Tensor


def in_lines(name: str, lines: list[str]) -> str:
    """Return `name(...)` with each item on its own indented lines, or `name()` if there are none."""
    if not lines:
        return f"{name}()"
    return "\n  ".join([f"{name}(", *(line.replace("\n", "\n  ") for line in lines)]) + "\n)"


def typename(value: object) -> str:
    """Return the name that torch's messages give to the type of a value, or to a class (torch.typename)."""
    if isinstance(value, Tensor):
        return str(value.type())
    name = getattr(value, "__qualname__", type(value).__name__)
    module = getattr(value, "__module__", None) or "builtins"
    package, _, rest = module.partition(".")
    if package == "tinygrad_mlp":
        module = f"torch.{rest}" if rest else "torch"
    return name if module == "builtins" else f"{module}.{name}"
