"""The training of tables in Python: three lines, DataFrames in and arrays out, and scikit-learn's conventions."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator

import tinygrad_mlp
from tinygrad_mlp.tables import DataError, Model, TableClassifier, TableRegressor, read_table

LEFT_OUT = {
    # float32 products of one row and of many may differ in the last bit, and the check allows 1e-7.
    "check_methods_subset_invariance",
    # It runs only under an environment variable, for estimators that compute on other arrays than NumPy's.
    "check_array_api_input",
}

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that they do not inherit from scikit-learn's BaseEstimator
    CHECKS = [
        (estimator, check)
        for kind in (TableClassifier, TableRegressor)
        for estimator, check in estimator_checks_generator(kind(hidden=(64,), epochs=60))
        if check.func.__name__ not in LEFT_OUT
    ]


@pytest.mark.parametrize(
    ("estimator", "check"), CHECKS, ids=[f"{type(e).__name__}-{c.func.__name__}-{i}" for i, (e, c) in enumerate(CHECKS)]
)
def test_scikit_learns_checks(estimator, check) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's own
        check(estimator)


def table(rows: int = 200, seed: int = 0) -> pandas.DataFrame:
    random = np.random.default_rng(seed)
    frame = pandas.DataFrame({
        "": range(rows),
        "size": random.random(rows) * 10,
        "colour": random.choice(["red", "blue", "green"], rows),
        "when": pandas.date_range("2024-01-01", periods=rows).astype(str),
    })  # fmt: skip
    frame.loc[frame.index % 9 == 0, "size"] = None
    value = frame["size"].fillna(5) + 5 * (frame["colour"] == "red")
    return frame.assign(price=value, kind=np.where(value > 7, "dear", "cheap"))


def test_three_lines(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    read = read_table(tmp_path / "t.csv")
    model = TableClassifier().fit(read.drop(columns=["kind", "price"]), read["kind"])
    predicted = model.predict(table(50, 1))
    assert predicted.dtype.kind in "UO" and np.mean(predicted == table(50, 1)["kind"]) > 0.9
    assert model.classes_.tolist() == ["cheap", "dear"]
    probabilities = model.predict_proba(table(50, 1))
    assert probabilities.shape == (50, 2) and np.allclose(probabilities.sum(1), 1)
    assert [model.classes_[k] for k in probabilities.argmax(1)] == predicted.tolist()
    regression = TableRegressor().fit(read.drop(columns=["kind", "price"]), read["price"])
    assert regression.score(table(50, 1), table(50, 1)["price"]) > 0.9


def test_the_columns_get_the_roles_that_the_command_finds() -> None:
    model = TableClassifier(epochs=1, category=["size"]).fit(table()[["", "size", "colour"]].round(0), table()["kind"])
    assert [(encoder.name, encoder.kind) for encoder in model.model_.features.encoders] == [
        ("size", "category"), ("colour", "category"),
    ]  # fmt: skip


def test_labels_keep_their_type() -> None:
    x = np.random.default_rng(0).standard_normal((90, 2))
    for labels in (np.where(x[:, 0] > 0, 7, 3), x[:, 0] > 0, np.where(x[:, 0] > 0, "b", "a")):
        predicted = TableClassifier(epochs=20).fit(x, labels).predict(x)
        assert predicted.dtype == labels.dtype and np.mean(predicted == labels) > 0.9


def test_cross_validation_a_pipeline_and_a_search() -> None:
    x, y = table()[["size", "colour"]], table()["kind"]
    assert cross_val_score(TableClassifier(epochs=20), x, y, cv=3).mean() > 0.85
    pipeline = make_pipeline(FunctionTransformer(lambda frame: frame.assign(more=1.5)), TableClassifier(epochs=10))
    assert pipeline.fit(x, y).score(x, y) > 0.8
    search = GridSearchCV(TableRegressor(epochs=5), {"hidden": [(8,), (64,)]}, cv=2).fit(x, table()["price"])
    assert search.best_params_ == {"hidden": (64,)}


def test_validation_keeps_the_best_epoch_and_weights_move_the_border() -> None:
    x, y = table()[["size", "colour"]], table()["kind"]
    model = TableClassifier(epochs=200, validation=0.2, patience=2).fit(x, y)
    assert model.n_iter_ < 200 and len(model.losses_) == model.n_iter_
    dear = [
        (TableClassifier(epochs=10, class_weight=weights).fit(x, y).predict(x) == "dear").sum()
        for weights in ({"dear": 0.05}, None, {"dear": 20.0})
    ]
    assert dear[0] < dear[1] < dear[2]


def test_the_random_numbers_of_the_program_are_left_alone() -> None:
    tinygrad_mlp.manual_seed(3)
    wanted = tinygrad_mlp.rand(3).tolist()
    tinygrad_mlp.manual_seed(3)
    TableRegressor(epochs=1).fit(np.eye(6), np.arange(6.0))
    assert tinygrad_mlp.rand(3).tolist() == wanted


def test_a_model_can_be_saved_and_read(tmp_path: Path) -> None:
    x, y = table()[["size", "colour", "when"]], table()["kind"]
    model = TableClassifier(epochs=5).fit(x, y)
    model.save(tmp_path / "m.safetensors")
    again = Model.load(tmp_path / "m.safetensors")
    assert again.outputs(again.inputs(x)).tobytes() == model.predict_proba(x).tobytes()
    assert again.columns == ["size", "colour", "when"]


def test_a_missing_column_is_named() -> None:
    model = TableClassifier(epochs=1).fit(table()[["size", "colour"]], table()["kind"])
    with pytest.raises(DataError, match=r"the model needs column 'colour' \(did you mean 'color'\?\)"):
        model.predict(table().rename(columns={"colour": "color"}))
