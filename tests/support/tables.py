"""Files with a table in them, and what is said where one cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygrad_mlp.cli.table import DataError, load_table


def write(tmp_path: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: Path, *args: object) -> str:
    """The message, less the path that every message begins with."""
    with pytest.raises(DataError) as raised:
        load_table(path, *args)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")
