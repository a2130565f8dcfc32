"""The page of a tape in a real browser: values used twice, and why their nodes wait."""

import numpy as np

import tinygrad_mlp as torch
from support.browsing import read
from support.taped import twice


def test_a_value_used_twice_waits_until_all_have_spoken(opened):
    page = opened(twice()[0], "#step=3&pass=backward")  # of h's uses, sin (%3) runs before mul (%2)
    assert "h waits: %3 has spoken, %2 (twice) has not." in page.locator("#panel").inner_text()
    assert page.locator("#step-1").get_attribute("data-state") == "waiting"
    page.keyboard.press("ArrowRight")
    assert "h has heard all of its 3 uses, and may run." in page.locator("#panel").inner_text()
    page.keyboard.press("ArrowRight")
    items = page.locator(".sum li").all_inner_texts()
    assert [item.split()[0] for item in items] == ["%3", "%2", "%2"]
    assert all(item.endswith("has spoken") for item in items)


def test_the_button_shows_what_a_plain_recursion_would_hand_on(opened):
    tape, w = twice()
    page = opened(tape, "#step=1&pass=backward")
    button = page.get_by_role("button", name="What would a plain recursion add up?")
    button.click()
    assert "would run h 3 times instead of once" in page.locator(".recursion").inner_text()
    shown = read(page, page.get_by_label("a recursion hands on", exact=False))
    # The recursion itself: each part is added to the sum so far, and all of it is handed on, every time.
    h = w.detach().numpy() * 2
    so_far, handed_on = np.zeros(3), np.zeros(3)
    for part in (h, h, np.cos(h)):  # mul reads h twice, and the sum reads mul before sin
        so_far += part
        handed_on += so_far
    np.testing.assert_allclose([shown[(i,)] for i in range(3)], handed_on, rtol=1e-6)
    button.click()
    assert page.locator(".recursion").inner_text() == ""


def test_visits_are_counted_exactly_where_paths_are_many(opened):
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    for _ in range(70):
        y = y + y
    loss = y.sum()
    tape = loss.tape()
    loss.backward()
    page = opened(tape, "#step=1&pass=backward")
    page.get_by_role("button", name="What would").click()
    assert f"{2**70:,} times" in page.locator(".recursion").inner_text()
    assert "It goes wrong further up already, at %70:" in page.locator(".recursion").inner_text()


def test_a_leaf_that_is_used_twice_shows_the_sum(opened):
    w = torch.ones(2, requires_grad=True)
    loss = (w * 3 + w * 4).sum()
    tape = loss.tape()
    loss.backward()
    page = opened(tape, "#step=1&pass=backward")
    text = page.locator(".sum").inner_text()
    assert "w is used 2 times" in text
    assert page.get_by_role("button", name="What would").count() == 0  # a leaf only adds up; nothing runs


def test_leaves_without_a_name_keep_their_own_sums(opened):
    def forward():
        first, second = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
        return (first * 3 + first * 4 + second * 5 + second * 6).sum()

    loss = forward()
    tape = loss.tape()
    loss.backward()
    shown = []
    for number in (1, 2, 4, 6):  # the products
        page = opened(tape, f"#step={number}&pass=backward")
        assert "leaf is used 2 times" in page.locator(".sum").inner_text()
        shown.append([item.split()[0] for item in page.locator(".sum li").all_inner_texts()])
    assert shown == [["%2", "%1"], ["%2", "%1"], ["%6", "%4"], ["%6", "%4"]]
