"""The scores of a trained network, and the words of the report."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from tinygrad_mlp.cli.report import summary
from tinygrad_mlp.tables.scores import Classification, Regression, baseline, score
from tinygrad_mlp.tables.training import Epoch, Fitted

GUESS = Classification(np.array([[1, 0], [1, 0]]))  # half of it is right
FITTED = Fitted(None, [Epoch(1, 1.0, GUESS, 1.0)], 1)


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


def test_precision_recall_and_f1_are_scikit_learns() -> None:
    random = np.random.default_rng(0)
    true, predicted = random.integers(0, 4, (2, 200))
    true[true == 3] = 2  # a class that is predicted and not met
    confusion = np.zeros((4, 4), np.int64)
    np.add.at(confusion, (true, predicted), 1)
    wanted = np.stack(precision_recall_fscore_support(true, predicted, zero_division=np.nan)[:3], 1)
    found = Classification(confusion).by_class
    np.testing.assert_allclose(found[:3], wanted[:3])
    assert found[3, 0] == 0 and np.isnan(found[3, 1]) and found[3, 2] == 0


def test_a_guess_is_the_most_frequent_class_or_the_mean_of_the_training_rows() -> None:
    found = baseline("classification", np.array([1, 1, 2]), np.array([1, 2, 2, 0]), 3)
    assert isinstance(found, Classification) and found.confusion.tolist() == [[0, 1, 0], [0, 1, 0], [0, 2, 0]]
    train, test = np.array([[-1.0], [1.0]], np.float32), np.array([[0.0], [2.0]], np.float32)
    found = baseline("regression", train, test, 1, unit=3.0)
    assert isinstance(found, Regression)
    assert (found.rmse, found.r2) == (pytest.approx(3 * 2**0.5), pytest.approx(-1))


def test_a_score_below_the_guess_is_said() -> None:
    poor = Regression(2.0, -0.5)
    assert summary(poor, Regression(1.5, 0.0), FITTED, (), "price")[1:] == [
        "the mean of the training rows: RMSE 1.5",
        "this is no better than always predicting the mean: the network has learnt nothing of use",
    ]
    assert len(summary(Regression(1.0, 0.5), Regression(1.5, 0.0), FITTED, (), "price")) == 2


def test_a_summary_of_many_classes_names_the_worst_only() -> None:
    names = [f"class {i}" for i in range(30)]
    confusion = np.eye(30, dtype=np.int64) * 5
    confusion[3, 7] = 2
    lines = summary(Classification(confusion), GUESS, FITTED, names, "kind")
    assert lines[-1] == "most confused: class 3 taken for class 7 (2 times)"
    assert lines[:2] == [
        "test accuracy 98.68% (150 of 152); trained in 1.00 s",
        "the most frequent class, class 0: 50.00%",
    ]
    assert len(lines) == 4  # no matrix of thirty classes


def test_a_summary_cuts_long_names_and_leaves_out_what_was_not_tested() -> None:
    confusion = np.array([[3, 0], [0, 0]])
    lines = summary(Classification(confusion), GUESS, FITTED, ["a name that is long", "b"], "kind")
    assert lines[4].split() == ["a", "name", "tha..", "b", "precision", "recall", "F1"]
    assert lines[5].split()[-5:] == ["3", ".", "100.0%", "100.0%", "100.0%"] and lines[6].split()[-3:] == [
        "-",
        "-",
        "-",
    ]
    assert lines[-1] == "nothing was confused"
