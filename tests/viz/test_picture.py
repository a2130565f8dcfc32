"""The picture of a tape: what it shows, where it stands, and that its SVG is whole and safe."""

from __future__ import annotations

import itertools
import sys
import time
import xml.etree.ElementTree as ElementTree

import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import nn, viz
from tinygrad_mlp.viz.layout import layout
from tinygrad_mlp.viz.svg import to_svg

SVG = "{http://www.w3.org/2000/svg}"


class _Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return x + self.second(torch.relu(self.first(x)))


def two_layers():
    x, w1, w2 = torch.randn(3, 5), torch.randn(5, 4, requires_grad=True), torch.randn(4, 2, requires_grad=True)
    with viz.watching():
        loss = x.mm(w1).clamp(min=0).mm(w2).sum()
    return loss, torch.autograd.tape(loss)


def sequential():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    x, y = torch.randn(5, 4), torch.randn(5, 2)
    with viz.watching():
        loss = nn.MSELoss()(model(x), y)
    return loss, torch.autograd.tape(loss)


def residual():
    net = nn.Sequential(_Block(), _Block(), nn.Linear(4, 2))
    x = torch.randn(3, 4)
    with viz.watching():
        loss = net(x).pow(2).mean()
    return loss, torch.autograd.tape(loss)


def several_outputs():
    x = torch.randn(6, 4, requires_grad=True)
    with viz.watching():
        a, b, c = x.split(2)
        loss = (a * b + c * a).sum() + (x * x).mean()
    return loss, torch.autograd.tape(loss)


def unwatched():
    x = torch.randn(3, requires_grad=True)
    loss = (torch.cat([x, x * 2]) * torch.ones(6)).sum()
    return loss, torch.autograd.tape(loss)


def called_twice():
    layer, x = nn.Linear(4, 4), torch.randn(2, 4)
    with viz.watching():
        loss = layer(torch.tanh(layer(x)) * 2).sum()
    return loss, torch.autograd.tape(loss)


def looped(steps=30):
    w, h = torch.randn(3, 3, requires_grad=True), torch.randn(2, 3)
    with viz.watching():
        for _ in range(steps // 2):
            h = torch.tanh(h @ w)
        loss = h.sum()
    return loss, torch.autograd.tape(loss)


PROGRAMS = [two_layers, sequential, residual, several_outputs, unwatched, called_twice, looped]
FOLDED = [
    (sequential, "0"),
    (sequential, "Sequential"),
    (residual, "0"),
    (residual, "1.first"),
    (called_twice, "Linear"),
]
drawings = pytest.mark.parametrize(
    ("program", "folded"), [*((program, ()) for program in PROGRAMS), *((p, (name,)) for p, name in FOLDED)]
)


def _overlap(a, b):
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


def _holds(outer, inner):
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


# -- what it shows ---------------------------------------------------------------------------------


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_step_and_every_leaf_has_one_box_and_every_input_one_arrow(program):
    rows = program()[1].rows
    drawing = layout(rows)
    ids = [box.id for box in drawing.boxes]
    assert len(set(ids)) == len(ids)
    assert [id for id in ids if id.startswith("step-")] == [f"step-{step.number}" for step in rows.steps]
    assert {id for id in ids if id.startswith("leaf-") and "-at-" not in id} == {
        f"leaf-{i}" for i in range(len(rows.leaves))
    }
    origin = {box.id: box.of or box.id for box in drawing.boxes}
    for step in rows.steps:
        arrows = [arrow for arrow in drawing.arrows if arrow.target == f"step-{step.number}"]
        assert [arrow.parameter for arrow in arrows] == [operand.parameter for operand in step.inputs]
        for arrow, operand in zip(arrows, step.inputs, strict=True):
            kind = {"operator": "step", "parameter": "leaf"}.get(operand.kind, operand.kind)
            place = operand.index if operand.number is None else operand.number
            assert origin[arrow.source] == f"{kind}-{place}"


def test_leaves_and_constants_of_one_name_have_a_box_each():
    def product(w, mask):
        return (w * mask).sum()

    pairs = [(torch.randn(3, requires_grad=True), torch.ones(3)) for _ in range(2)]
    with viz.watching():
        loss = product(*pairs[0]) + product(*pairs[1])
    boxes = layout(torch.autograd.tape(loss).rows).boxes
    assert sorted(box.id for box in boxes if box.kind in ("leaf", "constant")) == [
        "constant-0", "constant-1", "leaf-0", "leaf-1"
    ]  # fmt: skip


def test_a_constant_that_several_operators_read_has_one_box():
    x, w = torch.ones(2, 2), torch.randn(2, 2, requires_grad=True)
    with viz.watching():
        loss = (x @ w * x).sum()
    drawing = layout(torch.autograd.tape(loss).rows)
    assert drawing.box("constant-0").uses == 2
    with pytest.raises(KeyError):
        drawing.box("constant-1")


def test_boxes_say_what_they_show():
    loss, tape = two_layers()
    box = layout(tape.rows).box("step-2")
    assert (box.kind, box.lines, box.saved) == ("operator", ["clamp", "(3, 4)"], "saved 48 B")
    assert [box.id for box in layout(tape.rows).boxes if box.is_root] == ["step-4"]
    loss.backward()
    drawing = layout(tape.rows)
    assert drawing.box("step-2").saved == "freed"
    assert drawing.box("step-4").lines == ["sum", "loss ()", "cotangent |1|"]
    assert drawing.box("leaf-0").lines[-1].startswith("grad |")


def test_values_used_more_than_once_are_told_apart():
    drawing = layout(several_outputs()[1].rows)
    assert {box.id: box.uses for box in drawing.boxes if box.is_shared} == {"leaf-0": 3, "step-1": 4}
    assert to_svg(drawing, legend=False).count('class="badge"') == 2


def test_nan_is_marked():
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    with viz.watching():
        loss = (torch.log(x) * 0).sum()
    drawing = layout(torch.autograd.tape(loss).rows)
    assert [box.id for box in drawing.boxes if box.bad] == ["step-1", "step-2", "step-3"]


def test_a_leaf_that_is_used_far_below_is_repeated_there():
    drawing = layout(looped()[1].rows)
    repeats = [box for box in drawing.boxes if box.kind == "repeat"]
    assert len(repeats) == 14
    assert {box.of for box in repeats} == {"leaf-0"}
    assert drawing.box("leaf-0").uses == 15
    assert not any(box.kind == "repeat" for box in layout(looped(8)[1].rows).boxes)


# -- where it stands -------------------------------------------------------------------------------


@drawings
def test_boxes_do_not_overlap_and_arrows_point_down(program, folded):
    drawing = layout(program()[1].rows, folded)
    for a, b in itertools.combinations(drawing.boxes, 2):
        assert not _overlap(a, b), (a.id, b.id)
    for arrow in drawing.arrows:
        source, target = drawing.box(arrow.source), drawing.box(arrow.target)
        assert source.y + source.height < target.y
        assert arrow.points[0][1] == pytest.approx(source.y + source.height, abs=1)
        assert arrow.points[-1][1] == pytest.approx(target.y, abs=1)
        assert source.x <= arrow.points[0][0] <= source.x + source.width
        assert target.x <= arrow.points[-1][0] <= target.x + target.width
        assert all(before[1] <= after[1] + 1e-6 for before, after in itertools.pairwise(arrow.points))
    root = next(box for box in drawing.boxes if box.is_root)
    assert all(box.y + box.height <= root.y + root.height for box in drawing.boxes)
    assert all(_holds_all(drawing, box) for box in drawing.boxes)


def _holds_all(drawing, box):
    return box.x >= 0 and box.y >= 0 and box.x + box.width <= drawing.width and box.y + box.height <= drawing.height


@drawings
def test_frames_hold_their_boxes_and_no_others(program, folded):
    drawing = layout(program()[1].rows, folded)
    groups = {group.id: group for group in drawing.groups}
    for box in drawing.boxes:
        around = set()
        id = box.group
        while id is not None:
            around.add(id)
            id = groups[id].parent
        for group in drawing.groups:
            assert _holds(group, box) if group.id in around else not _overlap(group, box)
    for group in drawing.groups:
        assert group.parent is None or _holds(groups[group.parent], group)


def test_modules_are_frames_around_what_they_recorded():
    drawing = layout(sequential()[1].rows)
    names = {group.id: (group.name, group.parent, group.steps) for group in drawing.groups}
    assert names == {
        "module-1": ("Sequential", None, [1, 2, 3]),
        "module-2": ("0", "module-1", [1]),
        "module-3": ("1", "module-1", [2]),
        "module-4": ("2", "module-1", [3]),
        "module-5": ("MSELoss", None, [4]),
    }
    parameters = [(box.lines[0], box.group) for box in drawing.boxes if box.kind == "parameter"]
    assert sorted(parameters) == [
        ("bias", "module-2"), ("bias", "module-4"), ("weight", "module-2"), ("weight", "module-4")
    ]  # fmt: skip


def test_each_call_of_a_module_has_a_frame_of_its_own():
    drawing = layout(called_twice()[1].rows)
    assert [(group.name, group.steps) for group in drawing.groups] == [("Linear", [1]), ("Linear", [4])]
    assert {box.group for box in drawing.boxes if box.kind == "parameter"} == {None}


@pytest.mark.parametrize("folded", ["module-2", "0"])
def test_a_folded_module_is_one_box(folded):
    drawing = layout(sequential()[1].rows, [folded])
    box = drawing.box("module-2")
    assert (box.kind, box.lines, box.group) == ("module", ["0", "1 operator (5, 3)"], "module-1")
    ids = {box.id for box in drawing.boxes}
    assert not ids & {"step-1", "leaf-0", "leaf-1"}
    assert {"step-2", "leaf-2", "leaf-3"} <= ids
    assert [(a.source, a.target) for a in drawing.arrows][:2] == [("constant-0", "module-2"), ("module-2", "step-2")]
    assert "module-2" not in [group.id for group in drawing.groups]


def test_without_a_layout_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphlay", None)
    tape = two_layers()[1]
    with pytest.raises(ImportError, match=r"^a picture of the tape needs graphlay.*'tinygrad_mlp\[viz\]'$"):
        tape.to_svg()
    assert tape.to_dot().startswith("digraph")


# -- the texts -------------------------------------------------------------------------------------


@drawings
def test_the_svg_is_well_formed_and_each_box_is_a_group_with_a_title(program, folded):
    loss, tape = program()
    loss.backward()
    drawing = layout(tape.rows, folded)
    root = ElementTree.fromstring(to_svg(drawing))
    assert root.find(f"{SVG}title").text == drawing.title
    assert root.find(f"{SVG}desc").text == drawing.description
    elements = {element.get("id"): element for element in root.iter(f"{SVG}g") if element.get("id")}
    for box in drawing.boxes:
        element = elements[box.id]
        assert element.find(f"{SVG}title").text.startswith(box.label)
        assert element.get("data-number") == (None if box.number is None else str(box.number))
        assert ("step" in element.get("class").split()) == (box.number is not None)
    assert {arrow.id for arrow in drawing.arrows} | {group.id for group in drawing.groups} <= set(elements)
    assert len(list(root.iter(f"{SVG}script"))) == 0


def test_every_text_is_escaped(monkeypatch):
    evil = '<script>alert("1")</script>&'
    monkeypatch.setitem(globals(), evil, torch.ones(2, requires_grad=True))

    class Module(nn.Module):
        def forward(self, x):
            return x * 2

    Module.__name__ = evil
    with viz.watching():
        loss = Module()(globals()[evil]).sum()
    tape = torch.autograd.tape(loss)
    svg = tape.to_svg()
    texts = [
        "".join(element.itertext()) for element in ElementTree.fromstring(svg).iter() if element.tag == f"{SVG}text"
    ]
    assert texts.count(evil) == 2
    assert "<script" not in svg
    dot = tape.to_dot()
    assert dot.count('\\"1\\"') >= 2
    assert '("1")' not in dot.replace('\\"', "")


def test_dot_has_each_box_each_arrow_and_each_frame():
    tape = sequential()[1]
    drawing, dot = layout(tape.rows), tape.to_dot()
    for box in drawing.boxes:
        assert dot.count(f'  "{box.id}" [label=') == 1
    for arrow in drawing.arrows:
        assert f'"{arrow.source}" -> "{arrow.target}" [' in dot
    assert dot.count("subgraph") == len(drawing.groups)
    assert dot.count("{") == dot.count("}")
    assert '"module-2" [' in tape.to_dot(folded=["0"])


@pytest.mark.parametrize("method", ["to_svg", "to_dot"])
def test_the_text_is_written_where_a_path_says(method, tmp_path):
    tape = two_layers()[1]
    text = getattr(tape, method)(tmp_path / "picture")
    assert (tmp_path / "picture").read_text(encoding="utf-8") == text == getattr(tape, method)()


def test_three_hundred_operators_are_drawn_soon():
    tape = looped(300)[1]
    began = time.perf_counter()
    tape.to_svg()
    assert time.perf_counter() - began < 10
