"""How modules and types are written: a tree of modules in lines, and torch's name of a type."""

from __future__ import annotations

from ...tensor import Tensor


def in_lines(name: str, lines: list[str]) -> str:
    """`name(...)` with every item on lines of its own, indented; `name()` without any."""
    if not lines:
        return f"{name}()"
    return "\n  ".join([f"{name}(", *(line.replace("\n", "\n  ") for line in lines)]) + "\n)"


def typename(value: object) -> str:
    """The type of a value, or a class itself, as torch's messages name it (torch.typename)."""
    if isinstance(value, Tensor):
        return str(value.type())
    name = getattr(value, "__qualname__", type(value).__name__)
    module = getattr(value, "__module__", None) or "builtins"
    package, _, rest = module.partition(".")
    if package == "tinygrad_mlp":
        module = f"torch.{rest}"
    return name if module == "builtins" else f"{module}.{name}"
