"""Statements of random training steps for `compile`, and what may change between two calls of such a step.

A step works on `h`, a tensor of shape (2, 3), on the parameter `s.w`, and on the Python values of the state `s`.
"""

from __future__ import annotations

NUMBERS = [
    "h = h * s.k",
    "h = h + k",
    "h = h * k + pair[0] * pair[1]",
    "h = h * options['scale']",
    "h = h * (2 if isinstance(s.k, float) else 3)",
    "h = h * (1 if type(k) is float else 2)",
    "h = h + min(s.k, 1.5) - max(k, 0.75)",
    "h = h + (s.k if s.k > 1 else s.k / 2)",
    "h = h.clamp(max=s.k + 3)",
    "h = h / (abs(s.k) + 4) + s.k // 2",
    "h = torch.where(h > s.k, h, h * 0.5)",
    "h = h * torch.tensor(s.k) + torch.full((3,), k)",
    "h = h + int(k) + round(s.k)",
    "h = h + s.table.get(s.k, 0.25)",
]
CONTAINERS = [
    "h = h * s.table[s.name]",
    "h = h + sum(s.items)",
    "h = h * len(s.items)",
    "h = h + (s.items[-1] if s.items else 1)",
    "h = h if s.flag else h.tanh()",
    "for i in range(s.n): h = h + i",
    "h = h + [s.k, k, 0.5][s.n % 3]",
    "a, *rest = [h, h * 2, h * 3]; h = a + rest[-1]",
    "parts = {'a': h[0], 'b': h[1]}; h = torch.stack([parts['b'], parts['a']])",
    "h = h + s.other",
    "h = h + s.many[s.n % 2]",
]
WRITES = [
    "c = torch.zeros(()); c.add_(h.detach().sum()); h = h + c",
    "c = torch.tensor(1.0, dtype=h.dtype); c.mul_(2); c += s.k; h = h * c",
    "c = torch.ones((), dtype=h.dtype); c[...] = s.k; h = h + c",
    "h = h.clone(); h[0] = s.k",
    "h = h.clone(); h[s.n % 2] *= 2",
    "h = h * 1; h[:, 1:].mul_(k)",
    "h = h * 1; h.view(-1)[::2].add_(s.k)",
    "c = h.detach().sum(); c.div_(3); c.clamp_(-2, 2); h = h * c",
    "c = h.sum() * 1; c.mul_(0.5); h = h + c",
    "s.average.mul_(0.9).add_(h.detach().mean())",
    "s.average += k; h = h + s.average.clone()",
    "s.other.mul_(0.5)",
    "s.other[0] = s.k; h = h * s.other",
    "s.many[0].add_(1); h = h + s.many[0].clone()",
]
HOOKS = [
    "h = h * 1; h.register_hook(lambda g: g * s.k)",
    "h = h * 1; h.register_hook(lambda g: g.mul_(k))",
    "h = h * 1; h.register_hook(lambda g: g[0].zero_().sum() * 0 + g)",
    "c = h.sum(); c.register_hook(lambda g: g.mul_(0.5)); h = h + c",
    "c = h.mean(); c.register_hook(lambda g: g.add_(s.k)); h = h * c",
    "c = h.sum(); c.register_hook(lambda g: g * s.k if s.flag else None); h = h + c",
    "h = h * 1; once = [h.register_hook(lambda g: (once.pop().remove(), g * 2)[1])]",
    "h = h * 1; h.register_hook(lambda g: s.average.add_(g.sum()) * 0 + g)",
    "h = h * 1; h.grad_fn.register_prehook(lambda gs: (gs[0] * k,))",
]
STATE = [
    "s.n += 1",
    "s.n = s.n + 1; h = h + s.n",
    "s.k = s.k * 0.5",
    "s.items.append(k)",
    "s.items.append(1.0); h = h + sum(s.items)",
    "s.items[:] = s.items[-2:]",
    "s.table['a'] = s.table['a'] + 1; h = h * s.table['a']",
    "s.table[s.name] = k",
    "s.flag = not s.flag",
    "s.name = 'b' if s.name == 'a' else 'a'",
    "s.last = h.detach() * 1",
    "h = h + (0 if s.last is None else s.last)",
    "s.last = h.detach() + (0 if s.last is None else s.last)",
    "s.other = s.other + 1",
    "s.other = h.detach().clone(); h = h + s.other",
    "s.many.reverse()",
    "s.many[1] = h.detach() * 2",
]
OPERATORS = [
    "h = h @ s.w", "h = h.tanh()", "h = h.relu() + h", "h = h - h.mean(0)", "h = h.softmax(1)", "h = h.flip(1)",
    "h = h[:, [2, 0, 1]]", "h = h.cumsum(0)", "h = h * s.w[0]",
]  # fmt: skip
UPDATES = [
    "s.w.grad = None",
    "s.w.grad = None if s.flag else s.w.grad",
    "pass",
]
# What changes the state of Python is refused as a rule: one statement in thirty, so that most steps are compiled.
STATEMENTS = 5 * (NUMBERS + CONTAINERS + WRITES + HOOKS + OPERATORS) + STATE

CHANGES = [
    "pass", "pass", "s.k = 2.0", "s.k = 0.5", "s.k = 3", "s.k = True", "s.k = -0.0", "s.k = float('inf')", "s.k += 1",
    "s.n += 1", "s.n = 0", "s.flag = not s.flag", "s.name = 'b'", "s.name = 'a'", "s.items.append(2.0)",
    "s.items.clear()", "s.table['a'] = 4.0", "s.table[s.k] = 3.0", "s.average.zero_()", "s.other = s.other.clone()",
    "s.other.fill_(0.5)", "s.many.reverse()", "s.last = None", "s.w.grad = None", "s.many[0] = s.many[1]",
    "s.table['b'] = 2", "s.items[:1] = [5]", "s.w.requires_grad_(s.flag)",
]  # fmt: skip
NUMBERS_GIVEN = [1.5, 2.0, 0.5, 3, True, -1.0, 0, -0.0, 1e300]


def source_of(statements: list[str], update: str, scale_loss: bool) -> str:
    """The text of a function that makes the step for a state."""
    body = [
        *statements,
        "loss = (h * h).sum()" + (" * s.k" if scale_loss else ""),
        update,
        "if loss.requires_grad: loss.backward()",
        "if s.w.grad is not None:",
        "    with torch.no_grad(): s.w.sub_(s.w.grad, alpha=0.01).clamp_(-2, 2)",
        "return {'loss': loss.detach(), 'several': [h.detach(), (h[0].detach(), 3)]}",
    ]
    lines = ["def step(x, k, pair, options):", "    h = x + s.w[:2]", *(f"    {line}" for line in body), "return step"]
    return "\n".join(["def step_for(s):", *(f"    {line}" for line in lines)])
