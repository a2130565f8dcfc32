"""L-BFGS, a quasi-Newton method with little memory (torch.optim.LBFGS)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.silence import silent
from ..autograd.captured import refuse_captured, running
from ..autograd.grad_mode import enable_grad, no_grad
from ..tensor import Tensor, wrap
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer, check_options, number
from .refusals import LINE_SEARCH, ONE_GROUP


class LBFGS(Optimizer):
    """L-BFGS: directions by an estimate of the inverse Hessian, from the last `history_size` changes of the gradient.

    A call of `step` makes up to `max_iter` iterations and calls the closure up to `max_eval` times (1.25 * max_iter).
    It ends where no element of the gradient is above `tolerance_grad`, or where the parameters or the loss change by
    less than `tolerance_change`. Each step has the length `lr`, or is found with `line_search_fn` "strong_wolfe".
    ValueError for a negative lr and for several groups, RuntimeError for another line search. Source:
    torch.optim.LBFGS, after Liu & Nocedal (1989).
    """

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_options(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError(ONE_GROUP)

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Go on towards a minimum; `closure` computes the loss and the gradients anew and returns the loss.

        The first loss is returned. The state is that of the first parameter.
        """
        with no_grad(), silent():
            return self._iterate(closure)

    def _iterate(self, closure: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        lr, most, tolerance = number(group["lr"]), group["max_eval"], group["tolerance_change"]
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss, grad = self._evaluate(closure)
        loss, calls = float(first_loss), 1
        state["func_evals"] += 1
        if _largest(grad) <= group["tolerance_grad"]:
            return first_loss
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            d = self._direction(state, grad, group["history_size"])
            t = min(1.0, 1.0 / float(np.absolute(grad).sum())) * lr if state["n_iter"] == 1 else lr
            before = loss
            state.update(d=wrap(d), t=t, prev_flat_grad=wrap(grad), prev_loss=before)
            slope = float(grad @ d)
            if slope > -tolerance:
                break
            count = 0
            if group["line_search_fn"] is not None:
                if group["line_search_fn"] != "strong_wolfe":
                    raise RuntimeError(LINE_SEARCH)
                point, count = self._search(closure, d, Point(0.0, loss, grad, slope), t, most - calls, tolerance)
                t, loss, grad = point.t, point.loss, point.grad
                self._move(t * d)
            else:
                self._move(t * d)
                if iteration < group["max_iter"]:  # the loss after the last is found by the next call
                    now, grad = self._evaluate(closure)
                    loss, count = float(now), 1
            state["t"] = t
            calls += count
            state["func_evals"] += count
            done = calls >= most or _largest(grad) <= group["tolerance_grad"]
            if done or _largest(t * d) <= tolerance or abs(loss - before) < tolerance:
                break
        return first_loss

    def _direction(self, state: dict[str, Any], grad: Any, history_size: int) -> Any:
        """The gradient, negated, times the estimate of the inverse Hessian (Nocedal & Wright 2006, algorithm 7.4)."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -grad
        changes, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        y, s = grad - state["prev_flat_grad"].array, state["d"].array * state["t"]
        curvature = y @ s
        if curvature > 1e-10:
            if len(changes) == history_size:
                for kept in (changes, steps, ro):
                    kept.pop(0)
            changes.append(wrap(y))
            steps.append(wrap(s))
            ro.append(wrap(np.asarray(1.0 / curvature)))
            state["H_diag"] = wrap(np.asarray(curvature / (y @ y)))
        shares = state.setdefault("al", [None] * history_size)
        d = -grad
        for i in reversed(range(len(changes))):
            shares[i] = wrap(np.asarray((steps[i].array @ d) * ro[i].array))
            d -= shares[i].array * changes[i].array
        d = d * (state["H_diag"].array if isinstance(state["H_diag"], Tensor) else state["H_diag"])
        for i, (y, s) in enumerate(zip(changes, steps, strict=True)):
            d += (shares[i].array - (y.array @ d) * ro[i].array) * s.array
        return d

    def _search(
        self, closure: Callable[[], Any], d: Any, start: Point, t: float, most: int, tolerance: float
    ) -> tuple[Point, int]:
        """A step by the strong Wolfe conditions; the parameters stay where they are."""
        here = [p.array.copy() for p in self._parameters()]

        def evaluate(t: float) -> Point:
            self._move(t * d)
            loss, grad = self._evaluate(closure)
            for p, array in zip(self._parameters(), here, strict=True):
                p.array[...] = array
                p.versions[0] += 1
            return Point(t, float(loss), grad, float(grad @ d))

        return strong_wolfe(evaluate, start, t, most, tolerance / _largest(d))

    def _evaluate(self, closure: Callable[[], Any]) -> tuple[Any, Any]:
        """The loss, and the gradients of all parameters as one vector."""
        with enable_grad():
            loss = closure()
        grads = [np.zeros(p.array.size, p.array.dtype) if p._grad is None else p._grad.array.reshape(-1)
                 for p in self._parameters()]  # fmt: skip
        return loss, np.concatenate(grads)

    def _move(self, change: Any) -> None:
        """Add a vector to all parameters."""
        start = 0
        for p in self._parameters():
            if running:
                refuse_captured(p, self.first_write)
            size = p.array.size
            p.array[...] += change[start : start + size].reshape(p.array.shape)
            p.versions[0] += 1
            start += size


def _largest(x: Any) -> float:
    return float(np.absolute(x).max())
