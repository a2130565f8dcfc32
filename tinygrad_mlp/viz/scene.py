"""From the rows of a tape to what its picture shows, without positions: boxes, arrows and groups."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .births import Birth, births
from .drawing import Arrow, Box, Drawing, Group
from .model import Leaf, Operand, Rows, Step
from .words import bytes_text, norm_text, shape_text

FAR = 8  # operators between the uses of a leaf from which on it is repeated where it is used


def scene(rows: Rows, folded: Collection[str] = ()) -> Drawing:
    """The picture of some rows without positions. `folded` has ids of groups, or names of modules."""
    return _Scene(rows, folded).drawing()


def calls_of_modules(rows: Rows) -> list[Group]:
    """The groups of a tape: what a module recorded in a row, in the order of their first operators."""
    groups: list[Group] = []
    open_groups: list[Group] = []
    open_calls: tuple[int, ...] = ()
    for step in rows.steps:
        names = step.modules
        same = 0
        calls = step.calls or (0,) * len(names)
        while same < min(len(names), len(open_calls)) and calls[same] == open_calls[same]:
            same += 1
        del open_groups[same:]
        open_calls = calls
        for name in names[same:]:
            parent = open_groups[-1] if open_groups else None
            heading = _cut(name.removeprefix(f"{parent.name}.") if parent is not None else name)
            id = f"module-{len(groups) + 1}"
            group = Group(id=id, name=name, heading=heading, parent=parent.id if parent is not None else None)
            groups.append(group)
            open_groups.append(group)
        for group in open_groups:
            group.steps.append(step.number)
    return groups


class _Scene:
    def __init__(self, rows: Rows, folded: Collection[str]) -> None:
        self.rows = rows
        self.groups = {group.id: group for group in calls_of_modules(rows)}
        self.folded = {id for id, group in self.groups.items() if id in folded or group.name in folded}
        self.innermost: dict[int, str] = {n: id for id, group in self.groups.items() for n in group.steps}
        self.births: dict[int, list[Birth]] = {}
        for birth in births(rows):
            self.births.setdefault(birth.number, []).append(birth)
        self.boxes: dict[str, Box] = {}
        self.arrows: list[Arrow] = []

    def drawing(self) -> Drawing:
        for step in self.rows.steps:
            self._add_step(step)
        for step in self.rows.steps:
            for place, operand in enumerate(step.inputs):
                self._add_arrow(step, place, operand)
        self._place_leaves()
        for arrow in self.arrows:
            self.boxes[arrow.source].uses += 1
        self._repeat_far_leaves()
        used = {id for box in self.boxes.values() for id in self._path(box.group)}
        groups = [group for id, group in self.groups.items() if id in used]
        title, description = self._words()
        return Drawing(title, description, list(self.boxes.values()), self.arrows, groups)

    # -- boxes ---------------------------------------------------------------------------------------

    def _path(self, group: str | None) -> list[str]:
        """The ids of a group and of those around it, the outermost first."""
        path: list[str] = []
        while group is not None:
            path.insert(0, group)
            group = self.groups[group].parent
        return path

    def _step_box(self, number: int) -> str:
        """The id of the box that shows a step: its own, or that of the outermost folded group around it."""
        for id in self._path(self.innermost.get(number)):
            if id in self.folded:
                return id
        return f"step-{number}"

    def _add_step(self, step: Step) -> None:
        id = self._step_box(step.number)
        is_root = step.number == len(self.rows.steps)
        if id in self.groups:
            self._add_module(self.groups[id], step, is_root)
            return
        name = "" if step.name == f"%{step.number}" else step.name
        lines = [step.operator, f"{_cut(name)} {shape_text(step.shape)}".strip()]
        if step.cotangent is not None:
            lines.append(f"cotangent {norm_text(step.cotangent)}")
        saved = "freed" if step.freed else ""
        if step.saved is not None:
            saved = f"saved {bytes_text(step.saved.bytes)}"
        self.boxes[id] = Box(
            id=id,
            lines=[line for line in lines if line],
            label="; ".join([_step_label(step), *map(str, self.births.get(step.number, ()))]),
            number=step.number,
            saved=saved,
            bad=any(value is not None and value.has_bad for value in (step.value, step.cotangent)),
            births=self._begins(step.number),
            is_root=is_root,
            group=self.innermost.get(step.number),
        )

    def _begins(self, number: int) -> list[str]:
        """A line for each bad number that begins at a step."""
        where = {"value": "begins here", "cotangent": "begins in its backward"}
        return [f"! {birth.what} {where[birth.kind]}" for birth in self.births.get(number, ())]

    def _add_module(self, group: Group, step: Step, is_root: bool) -> None:
        """The box of a folded group, of which a step is the last so far."""
        size = bytes_text(sum(s.saved.bytes for s in map(self.rows.step, group.steps) if s.saved is not None))
        lines = [group.heading, f"{_count(len(group.steps), 'operator')} {shape_text(step.shape)}".strip()]
        saved = f"saved {size}" if size != "0 B" else ""
        label = f"{group.name}, a folded module of {_count(len(group.steps), 'operator')}"
        before = self.boxes.get(group.id)
        bad = before is not None and before.bad
        bad |= any(value is not None and value.has_bad for value in (step.value, step.cotangent))
        self.boxes[group.id] = Box(
            id=group.id,
            kind="module",
            lines=lines,
            label=label,
            saved=saved,
            bad=bad,
            births=(before.births if before is not None else []) + self._begins(step.number),
            is_root=is_root,
            group=group.parent,
        )

    def _leaf_box(self, leaf: Leaf, index: int) -> Box:
        lines = [_cut(leaf.name), shape_text(leaf.shape)]
        if leaf.grad is not None:
            lines.append(f"grad {norm_text(leaf.grad)}")
        label = f"{leaf.name}, a {leaf.kind} of shape {shape_text(leaf.shape)} {leaf.dtype}"
        if leaf.grad is not None:
            label += f", whose gradient has the norm {leaf.grad.figures.norm:.3g}"
        bad = any(value is not None and value.has_bad for value in (leaf.value, leaf.grad))
        return Box(id=f"leaf-{index}", kind=leaf.kind, lines=lines, label=label, bad=bad)

    # -- arrows --------------------------------------------------------------------------------------

    def _add_arrow(self, step: Step, place: int, operand: Operand) -> None:
        target = self._step_box(step.number)
        source = self._source(operand)
        if source == target:
            return
        shape = shape_text(operand.shape)
        lines = [operand.parameter, shape] if len(step.inputs) > 1 and target not in self.folded else [shape]
        id = f"arrow-{step.number}-{place}"
        arrow = Arrow(id, source, target, operand.parameter, shape, [line for line in lines if line])
        if target in self.folded and any((a.source, a.target) == (source, target) for a in self.arrows):
            return
        self.arrows.append(arrow)

    def _source(self, operand: Operand) -> str:
        if operand.number is not None:
            return self._step_box(operand.number)
        if operand.kind != "constant":
            id = f"leaf-{operand.index}"
            if id not in self.boxes and operand.index is not None:
                self.boxes[id] = self._leaf_box(self.rows.leaves[operand.index], operand.index)
            return id
        id = f"constant-{operand.index}"
        if id not in self.boxes:
            label = f"{operand.name}, a constant of shape {shape_text(operand.shape)} {operand.dtype or ''}".strip()
            bad = operand.value is not None and operand.value.has_bad
            lines = [_cut(operand.name), shape_text(operand.shape)]
            self.boxes[id] = Box(id=id, kind="constant", lines=lines, label=label, bad=bad)
        return id

    def _place_leaves(self) -> None:
        """A parameter stands in the innermost group that has all its uses; in a folded one it is not shown."""
        for box in list(self.boxes.values()):
            if box.kind != "parameter":
                continue
            index = int(box.id.removeprefix("leaf-"))
            steps = [s for s in self.rows.steps if any(_is_leaf(x, index) for x in s.inputs)]
            paths = [self._path(self.innermost.get(step.number)) for step in steps]
            common = _common(paths)
            if any(id in self.folded for id in common):
                del self.boxes[box.id]
                self.arrows = [arrow for arrow in self.arrows if arrow.source != box.id]
            elif common:
                box.group = common[-1]
                box.lines[0] = _cut(_short(self.rows.leaves[index].name, self.groups[common[-1]].name))

    def _repeat_far_leaves(self) -> None:
        """Where a leaf or a constant is used far below its first use, small boxes stand for it at the other uses."""
        depths = self._depths()
        for box in list(self.boxes.values()):
            if box.kind not in ("leaf", "parameter", "constant") or not box.is_shared:
                continue
            arrows = [arrow for arrow in self.arrows if arrow.source == box.id]
            first = min((arrow.target for arrow in arrows), key=depths.__getitem__)
            if max(depths[arrow.target] for arrow in arrows) - depths[first] <= FAR:
                continue
            if box.kind == "parameter":
                box.group = self.boxes[first].group
            for arrow in arrows:
                if arrow.target != first:
                    arrow.source = self._repeat(box, arrow.target)

    def _repeat(self, box: Box, target: str) -> str:
        id = f"{box.id}-at-{target}"
        label = f"{box.lines[0]} again"
        group = self.boxes[target].group
        self.boxes.setdefault(id, Box(id=id, kind="repeat", lines=box.lines[:1], label=label, group=group, of=box.id))
        return id

    def _depths(self) -> dict[str, int]:
        """How many boxes stand above each, on the longest way."""
        depths = dict.fromkeys(self.boxes, 0)
        for arrow in self.arrows:  # in the order of their targets, which comes after that of their sources
            depths[arrow.target] = max(depths[arrow.target], depths[arrow.source] + 1)
        return depths

    # -- words ---------------------------------------------------------------------------------------

    def _words(self) -> Iterator[str]:
        """The title and the description."""
        boxes = self.boxes.values()
        parts = [_count(len(self.rows.steps), "operator")]
        for kind in ("parameter", "leaf", "constant"):
            count = sum(box.kind == kind for box in boxes)
            if count:
                parts.append(_count(count, kind))
        root = self.rows.root
        yield f"Tape of {root}: {', '.join(parts)}"
        shared = sum(box.is_shared for box in boxes)
        text = f"The inputs are at the top and {root} is at the bottom; each arrow leads from a value to what reads it."
        if shared:
            text += f" {_count(shared, 'value')} {'is' if shared == 1 else 'are'} used more than once."
        yield text


def _is_leaf(operand: Operand, index: int) -> bool:
    return operand.kind in ("leaf", "parameter") and operand.number is None and operand.index == index


def _step_label(step: Step) -> str:
    inputs = ", ".join(f"{x.name} {shape_text(x.shape)}".strip() for x in step.inputs)
    label = f"Step {step.number}, {step.operator} of {inputs}: {step.name} {shape_text(step.shape)}".strip()
    label += f" {step.dtype}" if step.dtype else ""
    if step.saved is not None:
        label += f"; saves {', '.join(dict.fromkeys(step.saved.names))} for backward, {bytes_text(step.saved.bytes)}"
    if step.cotangent is not None:
        label += f"; its cotangent has the norm {step.cotangent.figures.norm:.3g}"
    return label


def _common(paths: list[list[str]]) -> list[str]:
    """What paths have in common from the start."""
    if not paths:
        return []
    shortest = min(map(len, paths))
    same = next((i for i in range(shortest) if len({path[i] for path in paths}) > 1), shortest)
    return paths[0][:same]


def _short(name: str, group: str) -> str:
    """A parameter's name inside the frame of its module: `weight` for `model.0.weight` in the frame of `0`."""
    before, _, own = name.rpartition(".")
    return own if before == group or before.endswith("." + group) else name


def _cut(name: str, length: int = 36) -> str:
    """A long name without its middle."""
    if len(name) <= length:
        return name
    half = (length - 1) // 2
    return f"{name[: length - 1 - half]}…{name[-half:]}"


def _count(number: int, noun: str) -> str:
    plural = {"leaf": "leaves"}.get(noun, noun + "s")
    return f"{number} {noun if number == 1 else plural}"
