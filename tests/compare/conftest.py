"""A page in a browser, and comparisons whose runs under torch are forked from a process that has imported it."""

import json
import os
from pathlib import Path

import pytest

from support import ROOT, warm_torch
from support.browser import browser, opened_file
from tinygrad_mlp.compare import process

__all__ = ["browser", "opened_file"]


@pytest.fixture(autouse=True, scope="session")
def runs_under_torch_are_forked():
    """All that is another in a test than for a user, whose way the tests of the command go."""
    cold = process.start

    def start(recorder: str, request: Path, stdin: bytes) -> process.Ended:
        asked = json.loads(request.read_text())
        if "torch" not in (asked.get("framework"), asked.get("under")):
            return cold(recorder, request, stdin)
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        done = warm_torch.python("-m", recorder, str(request), cwd=Path.cwd(), env=env, stdin=stdin)
        return process.Ended(done.returncode, done.stderr)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "start", start)
        yield
