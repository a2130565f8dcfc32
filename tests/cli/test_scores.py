"""The scores of a trained network, and the words of the report."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_mlp.cli.report import comparison, summary
from tinygrad_mlp.cli.scores import Classification, Regression, score
from tinygrad_mlp.cli.training import Epoch, Fitted


def test_scores_of_classes() -> None:
    outputs = np.eye(3, dtype=np.float32)[[0, 1, 1, 2]]
    found = score("classification", outputs, np.array([0, 1, 2, 2]))
    assert isinstance(found, Classification)
    assert found.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert found.accuracy == 0.75


def test_scores_of_quantities() -> None:
    target = np.array([[-1.0], [0.0], [1.0]], np.float32)
    found = score("regression", target + np.float32(0.5), target, unit=10.0)
    assert isinstance(found, Regression)
    assert found.rmse == pytest.approx(5)
    assert found.r2 == pytest.approx(1 - 0.75 / 2)


def test_a_summary_of_many_classes_names_the_worst_only() -> None:
    names = [f"class {i}" for i in range(30)]
    confusion = np.eye(30, dtype=np.int64) * 5
    confusion[3, 7] = 2
    lines = summary(Classification(confusion), 1.0, names, "kind")
    assert lines[-1] == "most confused: class 3 taken for class 7 (2 times)"
    assert len(lines) == 3


def test_a_summary_cuts_long_names_and_leaves_out_what_was_not_tested() -> None:
    confusion = np.array([[3, 0], [0, 0]])
    lines = summary(Classification(confusion), 1.0, ["a name that is long", "b"], "kind")
    assert lines[3].split() == ["a", "name", "tha..", "b", "found"]
    assert lines[4].split()[-3:] == ["3", ".", "100.0%"] and lines[5].split()[-1] == "-"
    assert lines[-1] == "nothing was confused"


def test_a_comparison_names_the_epoch_where_the_losses_are_furthest_apart() -> None:
    ours = Fitted(None, [Epoch(1, 1.0, Regression(1, 1), 1.0), Epoch(2, 0.5, Regression(1, 1), 1.0)])
    theirs = Fitted(None, [Epoch(1, 1.0, Regression(1, 1), 9.0), Epoch(2, 0.4, Regression(1, 1), 3.0)])
    assert comparison(ours, theirs, 2) == [
        "losses: at most 2.5e-01 apart (relative, epoch 2); 0.0e+00 in epoch 1",
        "time to train: 2.00 s, torch (2 threads) 12.00 s; median epoch 0.17 of torch's",
    ]
