"""A line search: how far to go along a direction, by the strong Wolfe conditions.

Source: Nocedal & Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6, with the bounds that torch.optim.LBFGS
has, whose every evaluation is met.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

DECREASE, CURVATURE = 1e-4, 0.9  # how much of the first slope a step must gain, and how much of it may be left


class Point(NamedTuple):
    """A point on the line: the step `t` to it, and there the loss, the gradient and its part along the line."""

    t: float
    loss: float
    grad: Any
    slope: float


def cubic_minimum(a: Point, b: Point, bounds: tuple[float, float]) -> float:
    """Where the cubic through two points with their slopes is least within bounds; their middle without a minimum."""
    if a.t > b.t:
        a, b = b, a
    d = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d * d - a.slope * b.slope
    if not square >= 0:
        return (bounds[0] + bounds[1]) / 2
    root = math.sqrt(square)
    least = b.t - (b.t - a.t) * ((b.slope + root - d) / (b.slope - a.slope + 2 * root))
    return min(max(least, bounds[0]), bounds[1])


def strong_wolfe(
    evaluate: Callable[[float], Point], start: Point, t: float, most: int, smallest: float
) -> tuple[Point, int]:
    """A point at which the loss is lower by enough and the slope less steep, and how often `evaluate` was called.

    `t` is the first step that is tried, `most` bounds the number of evaluations, and a bracket narrower than `smallest`
    is given up.
    """

    def high(point: Point) -> bool:
        return point.loss > start.loss + DECREASE * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -CURVATURE * start.slope

    before, point, count = start, evaluate(t), 1
    while count <= most:  # go on until two points have the minimum between them
        if high(point) or (count > 2 and point.loss >= before.loss) or (point.slope >= 0 and not flat(point)):
            break
        if flat(point):
            return point, count
        farther = point.t + 0.01 * (point.t - before.t), point.t * 10
        before, point, count = point, evaluate(cubic_minimum(before, point, farther)), count + 1
    else:
        before = start
    low, other = (before, point) if before.loss <= point.loss else (point, before)
    stuck = False
    while count <= most and abs(other.t - low.t) >= smallest:
        near, far = sorted((low.t, other.t))
        t = cubic_minimum(low, other, (near, far))
        margin = 0.1 * (far - near)
        close = min(far - t, t - near) < margin
        if close and (stuck or t >= far or t <= near):
            t = far - margin if abs(t - far) < abs(t - near) else near + margin
            close = False
        stuck = close
        point, count = evaluate(t), count + 1
        if high(point) or point.loss >= low.loss:
            low, other = (low, point) if low.loss <= point.loss else (point, low)
            continue
        if flat(point):
            return point, count
        low, other = point, low if point.slope * (other.t - low.t) >= 0 else other
    return low, count
