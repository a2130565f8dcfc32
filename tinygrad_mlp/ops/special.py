"""scipy.special, imported when it is first used: it would triple the time that importing this package takes."""

from __future__ import annotations

from typing import Any


class _Special:
    def __getattr__(self, name: str) -> Any:
        import scipy.special

        function = getattr(scipy.special, name)
        setattr(self, name, function)
        return function


special = _Special()
