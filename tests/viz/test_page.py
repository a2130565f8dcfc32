"""The page of a tape in a real browser: what its moments show, and that everybody can read it."""

import linecache
import math
import re
import textwrap

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

import tinygrad_mlp as torch
from support.browsing import read, said, unfold
from support.taped import network, residual, twice
from tinygrad_mlp import nn, viz

# -- what is shown ---------------------------------------------------------------------------------


def test_the_gradients_shown_are_those_of_the_leaves(opened):
    tape, model = network()
    page = opened(tape, "#end")
    for name, parameter in model.named_parameters():
        grad = parameter.grad.numpy()
        shown = read(page, page.get_by_label(f"model.{name}.grad ", exact=False))
        assert len(shown) == grad.size
        for index, value in shown.items():
            assert np.float32(value) == grad[index]


def test_a_value_is_shown_at_the_pointer(opened):
    tape, model = network()
    page = opened(tape, "#end")
    page.get_by_label("model.2.bias.grad ", exact=False).hover(position={"x": 3, "y": 3})
    index, value = page.get_by_role("tooltip").inner_text().split(" ")
    assert index == "[0]"
    assert np.float32(value.replace("−", "-")) == model[2].bias.grad.numpy()[0]
    page.mouse.move(1, 1)
    assert page.get_by_role("tooltip").count() == 0


def test_the_rule_is_the_text_of_the_table_and_a_formula(opened):
    tape, _ = network()
    for step in tape.rows.steps:
        page = opened(tape, f"#step={step.number}&pass=backward")
        blocks = [block.inner_text() for block in page.locator(".rule pre").all()]
        received = [
            textwrap.dedent(text) for name, text in step.rules.items() if name != "input" or len(step.parts) != 2
        ]
        assert blocks == received
    page = opened(tape, "#step=4&pass=backward")
    assert page.locator("math").text_content() == "input=g−eout·(∑g)"
    assert page.evaluate("document.querySelector('math msup').namespaceURI").endswith("MathML")


def test_the_line_is_shown_in_its_source(opened):
    page = opened(network()[0], "#step=3")
    assert page.locator(".source .own").inner_text().strip().endswith("out = model(x)")
    assert page.locator(".source .line").count() == 5
    assert "taped.py" in page.locator(".source figcaption").inner_text()


def test_without_the_file_the_line_alone_is_shown(opened):
    name = "<a cell that is gone>"
    text = "loss = (w * w).sum()\n"
    linecache.cache[name] = (len(text), None, [text], name)
    variables = {"__name__": "cell", "w": torch.ones(2, requires_grad=True)}
    with viz.watching():
        exec(compile(text, name, "exec"), variables)
    del linecache.cache[name]
    page = opened(variables["loss"].tape(), "#step=1")
    assert page.locator(".source mark").all_inner_texts() == ["loss = (w * w).sum()"]
    assert page.locator(".source .line").count() == 1


def test_what_is_saved_is_still_known_when_backward_has_freed_it(opened):
    tape, _ = network()
    page = opened(tape, "#step=2")
    assert "out: 512 B, given back by backward" in page.locator("#panel").inner_text()


def test_numpy_code_and_shapes(opened):
    tape, _ = twice()
    page = opened(tape, "#step=3")
    text = page.locator("#panel").inner_text()
    assert "np.sin(input)" in text
    assert "(3,) float32" in text


def test_figures_count_what_is_not_finite(opened):
    x = torch.tensor([0.0, 1.0, -1.0, math.inf, math.nan, 0.0], requires_grad=True)
    with viz.watching():
        y = x * 1
        loss = y.sum()
    page = opened(loss.tape(), "#step=1")
    figures = page.locator("#panel dl").last.inner_text().split()
    shown = dict(zip(figures[::2], figures[1::2], strict=True))
    assert (shown["nan"], shown["inf"], shown["zero"]) == ("1", "1", "2")
    assert (shown["min"], shown["mean"], shown["max"]) == ("−1", "0", "1")
    assert page.locator("#panel .bad").count() == 4  # nan and inf, of what is read and of what is given


def test_a_large_array_is_a_sample_and_says_so(opened):
    w = torch.randn(1000, 100, requires_grad=True)
    loss = (w * 3).sum()
    tape = loss.tape()
    loss.backward()
    page = opened(tape)
    assert page.get_by_text("a sample of 64 × 64 of 1000 × 100").count() == 1
    heat_map = page.get_by_role("application").first
    heat_map.focus()
    for _ in range(64):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    index, value = page.locator("#cell").inner_text().rsplit(" ", 1)
    assert index == "[999, 99]"
    assert np.float32(value.replace("−", "-")) == w.detach().numpy()[999, 99]


def test_arrays_of_every_shape_and_dtype_are_shown(opened):
    shapes = [(), (1,), (0,), (0, 3), (3, 0), (2, 0, 3), (2, 3, 0), (2, 3, 4), (4096,), (70, 2), (5000,)]
    dtypes = [torch.float16, torch.float32, torch.float64]
    leaves = [torch.ones(shape, dtype=dtype, requires_grad=True) for shape in shapes for dtype in dtypes]
    with viz.watching():
        loss = sum((leaf * 2).sum().double() for leaf in leaves)
    tape = loss.tape()
    loss.backward()
    page = opened(tape, "#end")
    captions = [re.sub(r" \|.*\|", "", text) for text in page.locator("#panel figcaption").all_inner_texts()]
    expected = [f"leaves[{i}].grad {tuple(leaf.shape)} {str(leaf.dtype)[6:]}" for i, leaf in enumerate(leaves)]
    assert sorted(captions) == sorted(expected)
    assert page.locator("#panel .map").count() + page.get_by_text("It has no elements.").count() == len(leaves)


def test_what_backward_brings_is_not_in_the_graph_before_it_has_come(opened):
    page = opened(network()[0], "#step=3")

    def seen():
        texts = page.locator("#graph .box[id] text").all()
        return [
            text.text_content()
            for text in texts
            if text.evaluate("text => getComputedStyle(text).visibility") == "visible"
        ]

    assert not [text for text in seen() if text.startswith(("cotangent", "grad", "freed"))]
    page.locator("#scrubber").fill("7")  # backward of %4
    assert len([text for text in seen() if text.startswith("cotangent")]) == 2
    assert not [text for text in seen() if text.startswith("grad")]
    page.keyboard.press("End")
    assert len([text for text in seen() if text.startswith("cotangent")]) == 5
    assert len([text for text in seen() if text.startswith("grad")]) == 4


# -- before backward, and programs with odd names ----------------------------------------------------


def test_before_backward_only_the_forward_pass_is_played(opened):
    w = torch.ones(2, requires_grad=True)
    with viz.watching():
        loss = (w * 3).sum()
    page = opened(loss.tape())
    assert "backward() has not run" in page.locator("#panel").inner_text()
    page.keyboard.press("End")
    assert said(page).startswith("Forward, 2 of 2")


def test_no_text_of_the_program_becomes_markup(opened):
    bad = "<script>window.harm = 1</script><img src=x onerror='window.harm = 1'>{{data}}</script>"
    text = f"loss = model(x).sum()  # {bad}\n"
    linecache.cache[bad] = (len(text), None, [text], bad)
    model = nn.Linear(2, 1)
    model.register_parameter(bad.replace(".", ""), nn.Parameter(torch.ones(1)))
    named = model.get_parameter(bad.replace(".", ""))
    model.forward = lambda x: x * named
    variables = {"__name__": bad, "model": model, "x": torch.ones(2)}
    with viz.watching():
        exec(compile(text, bad, "exec"), variables)
    exec("tape = loss.tape()", variables)
    variables["loss"].backward()
    for link in ("", "#step=1", "#step=1&pass=backward", "#end"):
        page = opened(variables["tape"], link)
        assert page.evaluate("window.harm") is None
        assert page.locator("script").count() == 2
        assert page.locator("img").count() == 0
        assert "<script>" in page.locator("body").inner_text()


def test_a_function_of_the_program_has_no_rule_in_the_table(opened):
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    w = torch.ones(2, requires_grad=True)
    loss = Twice.apply(w).sum()
    tape = loss.tape()
    loss.backward()
    page = opened(tape, "#step=1&pass=backward")
    assert "its own backward is the rule" in page.locator("#panel").inner_text()


def test_without_a_path_the_page_is_returned(tmp_path):
    tape, _ = twice()
    text = tape.to_html()
    assert text.startswith("<!DOCTYPE html>")
    tape.to_html(str(tmp_path / "tape.html"))
    assert (tmp_path / "tape.html").read_text(encoding="utf-8") == text


# -- for everybody -----------------------------------------------------------------------------------


def lightness(page):
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) / 3


def test_light_and_dark(opened):
    tape, _ = network()
    light, dark = opened(tape, color_scheme="light"), opened(tape, color_scheme="dark")
    assert lightness(light) > 200
    assert lightness(dark) < 50
    light.get_by_role("button", name="Dark colours").click()
    assert lightness(light) < 50
    light.get_by_role("button", name="Light colours").click()
    assert lightness(light) > 200


@pytest.mark.parametrize(("scheme", "width"), [("light", 800), ("dark", 1600)])
@pytest.mark.parametrize("link", ["", "#step=1", "#step=3&pass=backward", "#step=1&pass=backward", "#end"])
def test_the_page_keeps_the_rules_of_axe(opened, scheme, width, link):
    page = opened(twice()[0], link, color_scheme=scheme, viewport={"width": width, "height": 900})
    for button in page.get_by_role("button", name="What would").all():
        button.click()
    unfold(page, page.locator("summary"))
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_of_300_operators_each_step_is_shown_at_once(opened):
    page = opened(residual(300))
    times = page.evaluate(
        """() => {
            const scrubber = document.getElementById("scrubber");
            return Array.from({ length: Math.ceil(scrubber.max / 3) }, (_, third) => {
                const start = performance.now();
                scrubber.value = 3 * third;
                scrubber.dispatchEvent(new Event("input"));
                document.body.getBoundingClientRect();
                return performance.now() - start;
            });
        }"""
    )
    assert len(times) >= 200
    assert np.median(times) < 100  # milliseconds, up to which an answer is felt as immediate
