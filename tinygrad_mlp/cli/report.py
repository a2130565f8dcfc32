"""What `train` shows: lines of text, and a progress bar if stdout is a terminal and rich is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

import numpy as np

from ..tables.scores import Classification, Regression, Scores
from ..tables.targets import Task
from ..tables.training import Epoch, Fitted

__all__ = [
    "Screen",
    "epoch_header",
    "epoch_row",
    "importance",
    "screen",
    "summary",
]

Array = np.ndarray[Any, np.dtype[Any]]

# A confusion matrix is shown for up to MOST_CLASSES classes, whose names are cut to NAME_WIDTH characters.
MOST_CLASSES = 20
_BACKENDS = {
    "numpy": "compiled in NumPy", "loops": "compiled in loops", "exact": "as a NumPy program with the same numbers",
}  # fmt: skip
NAME_WIDTH = 12


class Screen(Protocol):
    """Where the lines and the progress bar are shown."""

    def line(self, text: str = "") -> None:
        """Show a line."""

    def progress(self, title: str, steps: int) -> AbstractContextManager[Callable[[], object]]:
        """Show a progress bar within the context; the function that it gives is called after each of the `steps`."""


def screen(quiet: bool) -> Screen:
    """Return the screen to use: a silent one if `quiet`, one of rich on a terminal that has it, else plain lines."""
    if quiet:
        return Silent()
    if sys.stdout is not None and sys.stdout.isatty():
        try:
            return Terminal()
        except ImportError:
            pass
    return Plain()


class Silent:
    """A screen that shows nothing, for `--json`."""

    def line(self, text: str = "") -> None:
        """Show nothing."""

    def progress(self, title: str, steps: int) -> AbstractContextManager[Callable[[], object]]:
        """Show nothing."""
        return nullcontext(lambda: None)


class Plain(Silent):
    """A screen of lines on stdout, for files, pipes and terminals without rich."""

    def line(self, text: str = "") -> None:
        """Print the line and flush, so that a reader of a pipe sees it at once."""
        print(text, flush=True)


class Terminal:
    """A screen of lines above a progress bar. Raises ImportError without rich."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)

    def line(self, text: str = "") -> None:
        """Print the line, above the bar if there is one."""
        self.console.print(text)

    @contextmanager
    def progress(self, title: str, steps: int) -> Iterator[Callable[[], object]]:
        """Show a bar, which is removed at the end."""
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(title, total=steps)
            yield lambda: bar.advance(task)


# -- epochs ----------------------------------------------------------------------------------------


def epoch_header(task: str) -> str:
    """Return the titles above the lines of `epoch_row`."""
    return "epoch  " + "  ".join(f"{title:>13}" for title in _titles(task))


def epoch_row(epoch: Epoch) -> str:
    """Return the line of one epoch: its loss and its scores on the test part."""
    return f"{epoch.number:5}  " + "  ".join(f"{value:>13}" for value in _values(epoch))


def _titles(task: str) -> list[str]:
    return ["loss", "test accuracy"] if task == "classification" else ["loss", "test RMSE", "test R2"]


def _values(epoch: Epoch) -> list[str]:
    scores = epoch.scores
    loss = f"{epoch.loss:#.6g}"
    if isinstance(scores, Classification):
        return [loss, f"{scores.accuracy:.2%}"]
    assert scores is not None
    return [loss, f"{scores.rmse:.5g}", _r2(scores)]


def _r2(scores: Regression) -> str:
    return "undefined" if scores.r2 != scores.r2 else f"{scores.r2:.4f}"


# -- the trained network ---------------------------------------------------------------------------


def summary(scores: Scores, guess: Scores, fitted: Fitted, class_names: Sequence[str], target: str) -> list[str]:
    """Return lines on the trained network: accuracy and confusion for classes, the error for a quantity.

    `guess` are the scores of the simplest guess, beside which those of the network stand.
    """
    trained = f"trained in {fitted.seconds:.2f} s"
    if fitted.backend is not None:
        trained += f", {_BACKENDS[fitted.backend]}"
    if fitted.epochs[-1].validation_loss is not None:
        trained += f", kept from epoch {fitted.best} of {len(fitted.epochs)}"
    if isinstance(scores, Regression):
        assert isinstance(guess, Regression)
        return [
            f"test RMSE {scores.rmse:.5g} (in units of {target!r}), R2 {_r2(scores)}; {trained}",
            f"the mean of the training rows: RMSE {guess.rmse:.5g}",
            *_worse(scores, guess, "the mean"),
        ]
    assert isinstance(guess, Classification)
    frequent = class_names[int(guess.confusion.sum(0).argmax())]
    return [
        f"test accuracy {scores.accuracy:.2%} ({scores.right} of {scores.rows}); {trained}",
        f"the most frequent class, {frequent}: {guess.accuracy:.2%}",
        *_worse(scores, guess, "the most frequent class"),
        *(_confusion_matrix(scores, class_names) if len(class_names) <= MOST_CLASSES else []),
        "",
        _most_confused(scores.confusion, class_names),
    ]


def _worse(scores: Scores, guess: Scores, what: str) -> list[str]:
    if scores.value > guess.value:
        return []
    return [f"this is no better than always predicting {what}: the network has learnt nothing of use"]


def importance(used: Sequence[tuple[str, float]], task: Task) -> list[str]:
    """Return lines on which columns the network uses: by how much the score falls when a column is shuffled."""
    if not used:
        return []
    measure = "accuracy" if task == "classification" else "R2"
    width = min(30, max(len(name) for name, _ in used))
    lines = [f"{name[:width]:<{width}}  {drop:+.4f}" for name, drop in used[:MOST_CLASSES]]
    return ["", f"importance: how much the test {measure} falls when the values of a column are shuffled", *lines]


def _confusion_matrix(scores: Classification, class_names: Sequence[str]) -> list[str]:
    names = [name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 2] + ".." for name in class_names]
    width = max(5, *map(len, names))
    lines = ["", "confusion: a row for each true class, a column for each predicted one"]
    lines.append(" " * width + "".join(f" {name:>{width}}" for name in names) + "   precision  recall      F1")
    for i, name in enumerate(names):
        cells = "".join(f" {count or '.':>{width}}" for count in scores.confusion[i])
        measures = (f"{x:7.1%}" if x == x else f"{'-':>7}" for x in scores.by_class[i])
        lines.append(f"{name:>{width}}{cells}     " + " ".join(measures))
    return lines


def _most_confused(confusion: Array, class_names: Sequence[str], most: int = 5) -> str:
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [(wrong.flat[k], *divmod(int(k), len(wrong))) for k in order if wrong.flat[k]]
    if not pairs:
        return "nothing was confused"
    return "most confused: " + ", ".join(
        f"{class_names[i]} taken for {class_names[j]} ({'once' if n == 1 else f'{n} times'})" for n, i, j in pairs
    )
