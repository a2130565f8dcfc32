"""as_subclass: the same numbers and history as a tensor of another class."""

from __future__ import annotations

from typing import Any

from support.parity import same


def test_memory_and_history_are_shared() -> None:
    def program(torch: Any) -> Any:
        class Own(torch.Tensor):
            pass

        x = torch.ones(2, requires_grad=True)
        y = x.as_subclass(Own)
        (y * 3).sum().backward()
        plain = torch.nn.Parameter(torch.ones(1)).as_subclass(torch.Tensor)
        kinds = type(y).__name__, isinstance(plain, torch.nn.Parameter), y.data_ptr() == x.data_ptr()
        return kinds, y.grad_fn.name(), x.grad, plain

    same(program)


def test_other_classes_are_refused() -> None:
    same(lambda torch: torch.ones(2).as_subclass(int))
