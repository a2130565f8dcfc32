"""Columns that give the target away, and columns that the network uses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.tables import job, write
from tinygrad_mlp.tables.inspection import giveaways, importance
from tinygrad_mlp.tables.scores import score


@pytest.mark.parametrize(
    ("header", "row", "found"),
    [
        ("code,y", lambda i: f"{'AB'[i % 2]},{['no', 'yes'][i % 2]}", ["code"]),
        ("code,y", lambda i: f"{i % 3},{'abc'[i % 3]}", ["code"]),
        ("code,y", lambda i: f"{'AB'[i % 2]},{['no', 'yes'][i % 2] if i else 'yes'}", []),
        ("code,y", lambda i: f"{i % 4},{['no', 'yes'][i % 2]}", []),
        ("twice,y", lambda i: f"{2 * (i % 7) + 0.25},{i % 7 + 0.125}", ["twice"]),
        ("near,y", lambda i: f"{i % 7 + 0.001 * (i % 2)},{i % 7 + 0.125}", []),
        ("colour,y", lambda i: f"{['red', 'blue', 'green'][i % 3]},{i % 3 + 0.5}", []),
    ],
)
def test_what_gives_the_target_away(tmp_path: Path, header: str, row, found: list[str]) -> None:
    path = write(tmp_path, f"a,{header}\n" + "".join(f"{i * 37 % 11},{row(i)}\n" for i in range(60)))
    prepared = job(path, task="regression" if "." in row(1).split(",")[1] else None)
    assert giveaways(prepared.columns, prepared.target) == found


def test_importance_is_the_fall_of_the_score(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    text = "".join(f"{a:.4f},{b:.4f},{int(a > 0)}\n" for a, b in random.standard_normal((200, 2)))
    prepared = job(write(tmp_path, "a,b,y\n" + text))

    def scored(inputs: np.ndarray):  # a network that uses the first column alone
        return score("classification", np.stack([-inputs[:, 0], inputs[:, 0]], 1), prepared.parts.test_target)

    before = prepared.parts.test_features.copy()
    found = importance(prepared.features.encoders, prepared.parts.test_features, scored, seed=0)
    assert [name for name, _ in found] == ["a", "b"]
    assert found[0][1] == pytest.approx(0.5, abs=0.2) and found[1][1] == 0
    assert (prepared.parts.test_features == before).all()
    assert found == importance(prepared.features.encoders, prepared.parts.test_features, scored, seed=0)
