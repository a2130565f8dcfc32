"""What a page of a tape says and shows, as a test reads it."""

import json

from playwright.sync_api import expect


def said(page):
    return page.locator("#said").inner_text()


def place(page):
    return page.evaluate("document.querySelector('#scrubber').value")


def unfold(page, summaries):
    """Open what is folded up. The browser tells the page of it afterwards, and only then a table is filled."""
    for summary in summaries.all():
        summary.click()
    # By a locator: the pages forbid `eval`, with which a function that is waited for is asked again.
    expect(page.locator("details[open]:not(:has(> :nth-child(2)))")).to_have_count(0)


def read(page, heat_map):
    """All values of a heat map, read with the keyboard: by their indices."""
    values = {}
    heat_map.focus()
    page.keyboard.press("Home")
    rows, columns = heat_map.evaluate("map => [map.offsetHeight, map.offsetWidth]")
    for _ in range(rows):
        page.keyboard.press("Home")
        for _ in range(columns):
            index, value = page.locator("#cell").inner_text().rsplit(" ", 1)
            if tuple(json.loads(index)) in values:
                break
            values[tuple(json.loads(index))] = float(value.replace("−", "-"))
            page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Home")
        if tuple(json.loads(page.locator("#cell").inner_text().rsplit(" ", 1)[0])) in values:
            break
    return values
