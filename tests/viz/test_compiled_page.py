"""The page of a compiled step in a real browser: lines and operators lead to each other, and everybody can read it."""

import functools
import linecache

import pytest
from axe_playwright_python.sync_playwright import Axe

import tinygrad_mlp as torch
from support.browsing import place, read, said
from support.compiled_steps import adam, called, chain, inference, own_function, seed, sgd

WIDE = {"viewport": {"width": 1600, "height": 900}}
made = functools.cache(lambda make: make())


def line(page, text):
    return page.get_by_role("option").filter(has_text=text).first


def selected(page):
    return [text.strip() for text in page.locator("#lines [aria-selected=true] code").all_inner_texts()]


def chips(page, where="#origin"):
    return page.locator(f"{where} .chip").all_inner_texts()


def test_a_line_leads_to_its_operators(opened):
    page = opened(made(seed))
    line(page, "sgemm(").click()
    assert page.locator("#origin h2").inner_text() == "Line 21 comes from"
    assert {text.split(" line")[0] for text in chips(page)} >= {"sub,", "%3 mm, backward", "w2.grad", "mul,"}
    assert "np.dot gives (100, 10) float32" in page.locator("#origin").inner_text()
    assert page.locator("#graph .step[data-origin]").get_attribute("id") == "step-3"
    assert said(page).startswith("Backward, 4 of 6: mm")
    assert [text.split("(")[0] for text in selected(page)] == ["sgemm"]


def test_an_operator_leads_to_its_lines(opened):
    page = opened(made(seed))
    page.get_by_role("button", name="step 2: clamp", exact=False).click()
    assert selected(page) == ["np.maximum(0, product, out=larger)"]
    assert page.locator("#origin").inner_text().startswith("%2 clamp, forward stands in 1 line")
    page.goto(page.url.split("#")[0] + "#step=2&pass=backward")
    assert [text.split(" ")[0] for text in selected(page)] == [
        "np.greater_equal(product,",
        "grad_clamp_bits",
        "grad_clamp_bits",
    ]
    assert page.locator("#graph .step[data-origin]").count() == 0
    page.keyboard.press("ArrowLeft")
    assert selected(page)[0].startswith("np.dot(sum_, w2.T")


def test_the_gradients_at_the_end(opened):
    page = opened(made(seed), "#end")
    assert [text.split("(")[0] for text in selected(page)] == ["np.matmul", "sgemm"]


def test_what_is_not_on_the_tape_leads_to_its_lines(opened):
    page = opened(made(adam))
    page.get_by_role("button", name="Adam updates model.2.bias").first.click()
    assert len(selected(page)) > 10
    assert all(
        "bias_2" in text or "difference_5" in text or "number" in text or "lr" in text for text in selected(page)
    )
    assert page.locator("#others [aria-pressed=true]").all_inner_texts() == ["Adam updates model.2.bias"]


def test_what_was_left_out_is_listed_with_its_reason(opened):
    page = opened(made(seed))
    tab = page.get_by_role("tab", name="Left out")
    tab.click()
    panel = page.get_by_role("tabpanel", name="Left out")
    assert "It reads only constants" in panel.inner_text()
    assert page.get_by_role("listbox").count() == 0  # the program is hidden
    entry = panel.get_by_role("listitem").filter(has_text="np.dot gives (100, 10)")
    assert chips(page, "#left section").count("%3 mm, backward") == 1
    entry.get_by_role("button", name="line 21").click()
    assert page.get_by_role("tab", name="Program").get_attribute("aria-selected") == "true"
    assert selected(page)[0].startswith("sgemm(")


def test_an_operator_without_a_line_says_why(opened):
    page = opened(made(seed), "#step=6&pass=backward")
    assert selected(page) == []
    text = page.locator("#origin").inner_text()
    assert "has no line of its own" in text
    assert "np.broadcast_to gives (64, 10) float32 It reads only constants" in text


# -- the keyboard ----------------------------------------------------------------------------------


def test_the_arrows_go_through_the_program_and_enter_chooses(opened):
    page = opened(made(seed))
    lines = page.get_by_role("listbox")
    lines.focus()
    before = place(page)

    def active():
        return lines.get_attribute("aria-activedescendant")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert active() == "line-3"
    page.keyboard.press("ArrowUp")
    assert active() == "line-2"
    page.keyboard.press("End")
    assert active() == f"line-{page.locator('#lines [role=option]').count()}"
    page.keyboard.press("Home")
    assert active() == "line-1"
    assert place(page) == before  # the player does not get these keys
    page.keyboard.press("Enter")
    assert "The arguments of the program" in page.locator("#origin").inner_text()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert chips(page) == ["%2 clamp, forward"]
    assert said(page).startswith("Forward, 2 of 6: clamp")
    page.keyboard.press("ArrowRight")
    assert said(page).startswith("Forward, 3 of 6: mm")  # these are the player's


def test_the_arrows_go_through_the_tabs(opened):
    page = opened(made(sgd), viewport={"width": 1200, "height": 800})
    page.get_by_role("tab", name="Program").focus()
    for name, shown in (("Left out", "#left"), ("Operator", "#panel"), ("Program", "#program")):
        page.keyboard.press("ArrowRight")
        assert name in page.locator(":focus").inner_text()
        assert page.locator(shown).is_visible()
        assert [page.locator(each).is_visible() for each in ("#left", "#panel", "#program")].count(True) == 1


# -- every program, every size ---------------------------------------------------------------------


def test_on_a_wide_page_the_operator_stands_beside_the_program(opened):
    page = opened(made(sgd), "#step=1", **WIDE)
    assert page.locator("#panel h2").inner_text() == "%1 linear"
    assert page.get_by_role("listbox").is_visible()
    assert not page.get_by_role("tab", name="Operator").is_visible()
    page.get_by_role("tab", name="Left out").click()
    assert page.locator("#panel").is_visible()


def test_a_step_without_a_tape(opened):
    page = opened(inference())
    assert page.locator("#graph svg").count() == 0
    page.get_by_role("button", name="tanh, line").click()
    assert len(selected(page)) == 1


@pytest.mark.parametrize(
    ("make", "scheme", "width"),
    [(seed, "light", 800), (adam, "dark", 1600), (sgd, "dark", 800), (own_function, "light", 1600)],
)
def test_the_page_keeps_the_rules_of_axe(opened, make, scheme, width):
    page = opened(made(make), "#step=1&pass=backward", color_scheme=scheme, viewport={"width": width, "height": 900})
    for act in (
        lambda: None,
        lambda: page.locator("#lines [role=option]").nth(2).click(),
        lambda: page.get_by_role("tab", name="Left out").click(),
    ):
        act()
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


HOSTILE = """\
def hostile(x):
    loss = (w * x).sum(); note = "</script><script>alert(2)</script>{{data}}"
    return loss.detach()
"""


def test_texts_are_escaped(opened):
    name, text = "<script>alert(1)</script>.py", HOSTILE
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    variables = {"__name__": "cell", "w": torch.ones(2, requires_grad=True)}
    exec(compile(text, name, "exec"), variables)
    step = called(variables["hostile"], torch.ones(2))
    page = opened(step)
    shown = page.locator("#lines code").all_inner_texts()
    assert "".join(f"{text}\n" for text in shown) == step.source
    assert "<script>alert(2)</script>{{data}}" in "".join(shown)
    assert page.locator("script").count() == 2
    del linecache.cache[name]


def test_of_many_operators_each_step_is_shown_at_once(opened):
    page = opened(chain(100))
    times = page.evaluate(
        """() => Array.from({ length: 40 }, (_, i) => {
            const start = performance.now();
            step(5 * i);
            document.body.getBoundingClientRect();
            return performance.now() - start;
        })""".replace("step(5 * i)", "scrubber.value = 5 * i; scrubber.dispatchEvent(new Event('input'))")
    )
    assert sorted(times)[20] < 100  # milliseconds, up to which an answer is felt as immediate


def test_heat_maps_are_read_with_the_keyboard(opened):
    page = opened(made(sgd), "#step=1&pass=backward", **WIDE)
    heat_map = page.get_by_role("application").first
    shown = read(page, heat_map)
    assert len(shown) == 8 * 8
    assert place(page) == "10"  # the player does not get these keys
