"""What the page of a compiled step knows: from which operators each line came, and why a recorded call has none."""

import functools
import gc
import itertools
import json
import re
import weakref

import numpy as np
import pytest

import tinygrad_mlp as torch
from support import compiled_steps, interpreted
from support.compiled import assert_equal, mlp, values
from support.compiled_steps import EVERY, called, of_weight
from tinygrad_mlp.compiler import CannotRecord, loops, reasons, refusals
from tinygrad_mlp.compiler import step as of_steps

REASONS = {text for name, text in vars(reasons).items() if name.isupper()}


def data_of(step):
    (text,) = re.findall(r'<script type="application/json" id="data">(.*)</script>', step.to_html())
    return json.loads(text)


def text_of(program):
    return "".join(f"{line['text']}\n" for line in program["lines"])


def titles(program, line):
    return [program["origins"][i]["title"] for i in line["origins"]]


@functools.cache
def made(make, backend="numpy"):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_steps, "DEFAULT_BACKEND", backend)
        patch.setattr(loops, "compiled", interpreted.compiled)
        step = make()
        return step, data_of(step)


@pytest.fixture(params=itertools.product(EVERY, ("numpy", "loops")), ids=lambda of: f"{of[0].__name__}-{of[1]}")
def shown(request):
    return made(*request.param)


# -- nothing is left untold ------------------------------------------------------------------------


def test_the_program_is_the_source(shown):
    step, data = shown
    assert text_of(data["program"]) == step.source
    assert not data["program"]["changed"]


def test_every_line_has_an_origin_or_a_role(shown):
    _, data = shown
    for line in data["program"]["lines"]:
        assert line["origins"] if line["kind"] == "call" else line["said"]
        assert bool(line["calls"]) == (line["kind"] == "call")


def test_every_origin_has_a_line_or_a_reason(shown):
    _, data = shown
    program = data["program"]
    for i, origin in enumerate(program["origins"]):
        assert origin["title"]
        assert bool(origin["said"]) == (not origin["lines"] and not origin["left"])
        for number in origin["lines"]:
            assert i in program["lines"][number - 1]["origins"]
    for each in program["left"]:
        assert each["reason"] in REASONS
        assert each["into"] is None or program["lines"][each["into"] - 1]["kind"] == "call"


def test_every_operator_of_the_tape_is_there_forward_and_backward(shown):
    _, data = shown
    found = {(origin["kind"], origin["number"]) for origin in data["program"]["origins"]}
    for step in data["steps"]:
        assert ("forward", step["number"]) in found
        if step["cotangent"] is not None:
            assert ("backward", step["number"]) in found


def test_every_recorded_call_has_a_line_or_a_reason(shown):
    step, _ = shown
    from tinygrad_mlp.viz.origins import tracing

    with step.recorded_again(lambda session: tracing(session, lambda _: None)) as compiled:
        program, source = compiled.shown()
        recorded = {call for line in compiled.recorded.lines for call in line.calls}
        told = {call for _, lines in source.rows for line in lines for call in line.calls}
        told |= {call for dropped in program.dropped for call in dropped.calls}
        assert recorded
        assert recorded <= told


# -- which origins, and which reasons --------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "text", "expected"),
    [
        ("seed", "np.maximum(0, product", ["%2 clamp, forward"]),
        ("seed", "grad_clamp_bits *= mask", ["%2 clamp, backward"]),
        ("seed", "sgemm(", ["sub, line", "%3 mm, backward", "w2.grad", "mul, line"]),
        ("seed", "np.matmul(x.T", ["%1 mm, backward", "w1.grad"]),
        ("adam", "np.not_equal(y, -100", ["%5 nll_loss, forward", "%5 nll_loss, backward"]),
        ("adam", "np.sqrt(exp_avg_sq_weight_2", ["Adam updates model.2.weight"]),
        ("adam", "lr_2 = -lr", [f"Adam updates model.{name}" for name in ("0.weight", "0.bias", "2.weight", "2.bias")]),
        ("adam", "loss.backward()", [f"%{n} {name}, backward" for n, name in
                                     ((5, "nll_loss"), (4, "log_softmax"), (3, "linear"), (2, "relu"), (1, "linear"))]),
        ("used_thrice", "np.add(cos, h", ["%1 mul, backward"]),
        ("used_thrice", "np.add(sum__2, h", ["%1 mul, backward"]),
        ("inference", "np.tanh", ["tanh, line"]),
        ("second_derivative", "return", []),
        ("dropout", "generator.bernoulli", ["line"]),
    ],
)  # fmt: skip
def test_the_origins_of_a_line(make, text, expected):
    program = made(getattr(compiled_steps, make))[1]["program"]
    # With NumPy 2.0 the name `cos` is taken, and the variable is called cos_2.
    line = next(line for line in program["lines"] if text in line["text"].replace("cos_2", "cos"))
    found = titles(program, line)
    assert len(found) == len(expected), found
    for title, start in zip(sorted(found), sorted(expected), strict=True):
        assert title.startswith(start)


@pytest.mark.parametrize(
    ("make", "reason", "call", "title", "into"),
    [
        ("seed", reasons.CONSTANT, "np.broadcast_to gives (64, 10) float32", "%6 sum, backward", None),
        ("seed", reasons.NO_EFFECT, "np.multiply gives (64, 10) float32", "%5 pow, backward", None),
        ("seed", reasons.FROM_ZERO, "np.add writes to (100, 10) float32", "w2.grad", "sgemm("),
        ("seed", reasons.FROM_ZERO, "np.add writes to (1000, 100) float32", "w1.grad", "np.matmul("),
        ("seed", reasons.CLEARED, ".fill writes to (100, 10) float32", "line ", None),
        ("seed", reasons.ADDED_BY_GEMM, "np.dot gives (100, 10) float32", "%3 mm, backward", "sgemm("),
        ("seed", reasons.ADDED_BY_GEMM, "np.multiply gives (100, 10) float32", "mul, line", "sgemm("),
        (
            "seed",
            reasons.SCALED_BEFORE,
            "np.multiply gives (1000, 100) float32",
            "mul, line",
            "product_2 = np.multiply(",
        ),
        ("adam", reasons.TWICE, "-a gives a number", "Adam updates model.2.bias", "lr_2 = -lr"),
        ("unread", reasons.UNREAD, "np.cos gives (3,) float32", "cos, line", None),
        ("unread", reasons.OVERWRITTEN, "np.multiply writes to (3,) float32", "mul, line", None),
    ],
)
def test_the_reason_of_what_is_left_out(make, reason, call, title, into):
    program = made(getattr(compiled_steps, make))[1]["program"]
    found = [
        each
        for each in program["left"]
        if (each["reason"], each["call"]) == (reason, call)
        and program["origins"][each["origin"]]["title"].startswith(title)
    ]
    assert found, program["left"]
    for each in found:
        line = None if each["into"] is None else program["lines"][each["into"] - 1]["text"].strip()
        assert line is None if into is None else line.startswith(into)


def test_each_reason_is_given_somewhere():
    given = {mark for make, mark, *_ in test_the_reason_of_what_is_left_out.pytestmark[0].args[1]}
    assert given == REASONS


def test_the_line_of_a_compiled_model_is_that_of_its_call():
    program = made(compiled_steps.inference)[1]["program"]
    places = {(origin["place"]["file"], origin["place"]["text"]) for origin in program["origins"]}
    assert places == {("compiled_steps.py", "model(torch.ones(2, 4))")}


def test_values_gradients_and_what_was_saved_are_those_of_the_recording():
    _, data = made(compiled_steps.seed)
    for leaf in data["leaves"]:
        assert data["arrays"][leaf["grad"]]["figures"]["norm"] > 0  # the step has set the gradient to 0 since
    assert data["steps"][0]["saved"] == {"names": ["input"], "bytes": 64 * 1000 * 4}
    assert data["steps"][0]["freed"]


# -- nothing is changed, and nothing is kept -------------------------------------------------------


@pytest.mark.parametrize("make", [compiled_steps.seed, compiled_steps.adam, compiled_steps.dropout])
def test_a_page_changes_nothing(make):
    torch.manual_seed(3)
    plain = make()
    torch.manual_seed(3)
    step = make()
    before, program = step.source, step.programs[-1]
    step.to_html()
    assert (step.source, step.programs[-1]) == (before, program)
    count = len(step.programs)
    args = program.example[0]
    for _ in range(2):
        torch.manual_seed(4)
        expected = values(plain(*plain.programs[-1].example[0]))
        torch.manual_seed(4)
        assert_equal(values(step(*args)), expected)
    assert len(step.programs) == count


def state_of(model, optimizer):
    tensors = [*model.parameters(), *model.buffers()]
    kept = [x for p in model.parameters() for x in optimizer.state[p].values()]
    return {
        "arrays": [id(t.array) for t in tensors],
        "values": [values(t) for t in (*tensors, *kept)],
        "versions": [t._version for t in tensors],
        "grads": [id(t.grad) for t in tensors],
        "random": np.array(torch.get_rng_state()),
        "training": [module.training for module in model.modules()],
    }


@pytest.mark.parametrize("fails", [False, True])
def test_the_state_is_put_back(fails):
    x, y = compiled_steps.batch()
    model = torch.nn.Sequential(mlp(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    switch = {"fails": False}

    def step(x, y):
        model.train()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        if switch["fails"]:
            raise ZeroDivisionError
        return loss

    step = called(step, x, y)
    switch["fails"] = fails
    before = state_of(model, optimizer)
    if fails:
        with pytest.raises(ZeroDivisionError):
            step.to_html()
    else:
        step.to_html()
    assert_equal(state_of(model, optimizer), before)
    assert "update" in vars(torch.optim.Adam)
    assert torch.optim.Adam.update.__name__ == "update" and "trace" not in torch.optim.Adam.update.__code__.co_freevars


def test_a_recording_keeps_no_calls():
    step = compiled_steps.adam()
    recorded = step.programs[-1].recorded
    assert recorded.lines
    assert all(line.calls == () for line in recorded.lines)
    assert recorded.dropped == []


def test_what_the_page_ran_dies_with_it():
    refs = []
    note = refs.append

    def noted(x, w):
        loss = (w * x).sum()
        note([weakref.ref(loss), weakref.ref(loss.grad_fn)])
        loss.backward()
        w.grad = None
        return loss.detach()

    step = of_weight(noted)
    gc.collect()
    gc.disable()
    try:
        step.to_html()
        assert len(refs) == 3
        assert [ref() for ref in refs[-1]] == [None, None]
    finally:
        gc.enable()


# -- refusals --------------------------------------------------------------------------------------


def test_before_the_first_call():
    with pytest.raises(RuntimeError, match=refusals.NOTHING_RECORDED):
        torch.compile(lambda x: x * 2).to_html()


def test_an_optimiser_that_has_lost_its_state():
    weight = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.Adam([weight])

    def step():
        optimizer.zero_grad()
        weight.sum().backward()
        optimizer.step()

    step = called(step)
    optimizer.state.clear()
    with pytest.raises(CannotRecord, match=refusals.OTHER_STATE):
        step.to_html()
    assert not optimizer.state


def test_within_the_recording_of_another_step():
    inner = called(lambda x: x * 2, torch.ones(2))

    def outer(x):
        inner.to_html()
        return x

    with pytest.raises(CannotRecord, match="calls itself"):
        torch.compile(outer)(torch.ones(2))


def test_a_step_that_would_be_recorded_otherwise_now():
    model = torch.nn.Dropout(0.5)
    step = called(lambda x: model(x) * 2, torch.ones(3))
    model.eval()
    data = data_of(step)
    assert data["program"]["changed"]
    assert "bernoulli" in step.source
    assert "bernoulli" not in text_of(data["program"])


@pytest.mark.parametrize(
    ("make", "text", "expected"),
    [
        ("adam", "larger_ij = maximum(", ["%2 relu, forward"]),
        ("adam", "= np.sqrt(exp_avg_sq_weight_2", ["Adam updates model.2.weight"]),
        ("adam", "# grad_weight_2 = ", ["%3 linear, backward"]),
        ("adam", "def step_loops(", []),
        ("seed", "for i in range(6400):", []),
        ("seed", "# w2 += -1e-06 * ", ["sub, line", "%3 mm, backward", "w2.grad", "mul, line"]),
    ],
)
def test_the_origins_of_a_line_of_loops(make, text, expected):
    program = made(getattr(compiled_steps, make), "loops")[1]["program"]
    line = next(line for line in program["lines"] if text in line["text"])
    found = titles(program, line)
    assert len(found) == len(expected), found
    for title, start in zip(sorted(found), sorted(expected), strict=True):
        assert title.startswith(start)
