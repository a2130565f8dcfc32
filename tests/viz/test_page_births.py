"""The page of a tape in a real browser: where a nan was born."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import tinygrad_mlp as torch


def root_of_zero():
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    loss = torch.where(x > 0, x.sqrt(), torch.zeros(2)).sum()
    tape = loss.tape()
    loss.backward()
    return tape


def test_the_title_leads_to_where_it_was_born(opened):
    page = opened(root_of_zero())
    link = page.locator("#births a")
    assert link.all_inner_texts() == ["nan was born at %1, backward"]
    link.click()
    expect(page.locator("#said")).to_contain_text(re.compile("^Backward, 3 of 3: sqrt gets the cotangent"))
    said = page.locator("#panel .birth").inner_text()
    assert "0 times inf" in said and "torch.where twice" in said


def test_a_tape_without_one_says_nothing(opened):
    loss = (torch.ones(2, requires_grad=True) * 2).sum()
    tape = loss.tape()
    loss.backward()
    page = opened(tape, "#step=1")
    assert page.locator("#births").inner_text() == ""
    assert page.locator(".birth").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_said_keeps_the_rules_of_axe(opened, scheme):
    page = opened(root_of_zero(), "#step=1&pass=backward", color_scheme=scheme)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
