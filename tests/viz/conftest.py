"""A page in a browser."""

import pytest

from support.browser import browser, opened_file

__all__ = ["browser", "opened_file"]


@pytest.fixture
def opened(opened_file, tmp_path):
    """Opens a tape as a page."""

    def open_tape(tape, link="", **options):
        tape.to_html(tmp_path / "tape.html")
        return opened_file(tmp_path / "tape.html", link, **options)

    return open_tape
