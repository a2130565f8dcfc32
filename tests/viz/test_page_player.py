"""The page of a tape in a real browser: the keys, the buttons and the links that choose a moment."""

import re

import pytest
from playwright.sync_api import expect

from support.browsing import place, said
from support.taped import chain, network


def test_the_keys_scrub(opened):
    page = opened(network()[0])
    assert said(page).startswith("The leaves")
    page.keyboard.press("ArrowRight")
    assert said(page).startswith("Forward, 1 of 5: linear reads x, model.0.weight and model.0.bias")
    page.keyboard.press("ArrowRight")
    assert said(page).startswith("Forward, 2 of 5: relu")
    page.keyboard.press("ArrowLeft")
    assert said(page).startswith("Forward, 1 of 5")
    page.keyboard.press("End")
    assert said(page).startswith("Backward is done")
    page.keyboard.press("ArrowLeft")
    assert said(page).startswith("Backward, 5 of 5: linear gets the cotangent")
    page.keyboard.press("Home")
    assert said(page).startswith("The leaves")
    page.keyboard.press("ArrowLeft")
    assert place(page) == "0"


def test_the_moments_are_the_forward_pass_and_then_the_backward_pass(opened):
    page = opened(network()[0])
    shown = []
    for _ in range(11):
        page.keyboard.press("ArrowRight")
        number = page.locator("#graph .step[data-state=now]")
        shown.append((page.locator("#panel .pass").inner_text(), number.get_attribute("id") if number.count() else ""))
    steps = [f"step-{n}" for n in range(1, 6)]
    expected = [("forward", step) for step in steps] + [("backward", step) for step in reversed(steps)]
    assert shown == [*expected, ("backward", "")]


def test_space_plays_and_pauses(opened):
    page = opened(network()[0])
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Pause").is_visible()
    expect(page.locator("#said")).to_contain_text("Forward, 2 of 5")
    page.keyboard.press("Space")
    before = place(page)
    page.wait_for_timeout(1500)
    assert place(page) == before
    assert page.get_by_role("button", name="Play", exact=True).is_visible()


def test_playing_stops_at_the_end(opened):
    page = opened(network()[0], "#end")
    page.keyboard.press("ArrowLeft")
    page.get_by_label("Speed").select_option("4")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("#said")).to_contain_text("Backward is done")
    assert page.get_by_role("button", name="Play", exact=True).is_visible()


def test_the_scrubber_and_the_buttons(opened):
    page = opened(network()[0])
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    assert said(page).startswith("Forward, 1 of 5")  # one step, though both the slider and the page know the key
    page.get_by_role("slider").fill("4")
    assert said(page).startswith("Forward, 4 of 5")
    page.get_by_role("button", name="One step on").click()
    assert said(page).startswith("Forward, 5 of 5")
    page.get_by_role("button", name="To the end").click()
    assert said(page).startswith("Backward is done")


def test_a_step_is_chosen_in_the_graph(opened):
    page = opened(network()[0])
    page.locator("#step-3").click()
    assert said(page).startswith("Forward, 3 of 5")
    assert page.locator("#step-3").get_attribute("aria-current") == "step"
    page.keyboard.press("End")
    page.locator("#step-2").click()
    assert said(page).startswith("Backward, 4 of 5: relu")


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("#step=12", "Forward, 12 of 20: mul reads"),
        ("#step=12&pass=backward", "Backward, 9 of 20: mul gets"),
        ("#end", "Backward is done"),
        ("#step=99", "The leaves"),
        ("#step=%3Cb%3E", "The leaves"),
        ("#anything", "The leaves"),
    ],
)
def test_a_link_opens_at_its_step(opened, link, shown):
    page = opened(chain(20), link)
    assert said(page).startswith(shown)


def test_the_address_follows_the_step(opened):
    page = opened(chain(20), "#step=12")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("#step=13$"))
    page.evaluate("location.hash = '#step=3&pass=backward'")
    expect(page.locator("#said")).to_contain_text("Backward, 18 of 20")
