"""A page in a browser."""

from support.browser import browser, opened_file

__all__ = ["browser", "opened_file"]
