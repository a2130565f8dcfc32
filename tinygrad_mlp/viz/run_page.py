"""A training as a page: how loss and score went, what was confused, and how the weights and the gradients changed."""

from __future__ import annotations

from dataclasses import asdict

from .assembly import assembled
from .run_model import Run

_STYLES = ("base.css", "run.css")
_SCRIPTS = ("dom.js", "map.js", "chart.js", "confusion.js", "mistakes.js", "layers.js", "run.js", "theme.js")


def run_page(run: Run) -> str:
    """The page of a training: one HTML file that needs no network."""
    return assembled(run.title, _STYLES, "run.html", _SCRIPTS, asdict(run))
