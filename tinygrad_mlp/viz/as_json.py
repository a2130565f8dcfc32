"""The rows of a tape as plain lists and dicts, for JSON."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from .model import Place
from .snapshot import Snapshot


def as_json(value: Any) -> Any:
    """Dataclasses as dicts; of an array its shape, dtype and figures; what JSON has no number for, as text."""
    if isinstance(value, Snapshot):
        return {"shape": list(value.shape), "dtype": str(value.dtype), **as_json(value.figures)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Place):
        return value._asdict()
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
