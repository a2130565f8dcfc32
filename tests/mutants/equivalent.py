"""Mutants that no test can catch, because they compute the same: each with its reason."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {}
