"""A linear layer seen from outside, and its hooks: torch's nodes, and torch's order of parameters."""

from __future__ import annotations

import pytest

from support.parity import same


def _leaf(torch, *shape):
    numbers = torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape) / 8
    return numbers.clone().requires_grad_()


def _tree(node):
    if node is None:
        return None
    return [node.name().rpartition(":")[2], *((_tree(edge), index) for edge, index in node.next_functions)]


def _linear(torch, *shape, bias=True):
    """A linear map of an input that requires grad: all three, and the result."""
    x, w, b = _leaf(torch, *shape), _leaf(torch, 2, 3), _leaf(torch, 2) if bias else None
    return x, w, b, torch.nn.functional.linear(x, w, b)


def nodes_of_a_layer(torch):
    x, w, b, y = _linear(torch, 4, 3)
    plain = _linear(torch, 4, 3, bias=False)[-1]
    over_others = torch.nn.functional.linear(x * 1, w.sin(), b.cos())
    constant = torch.nn.functional.linear(x.detach(), w, b)
    fixed = torch.nn.functional.linear(x, w.detach(), b)
    frozen = torch.nn.functional.linear(x, w, b.detach())
    return [_tree(out.grad_fn) for out in (y, plain, over_others, constant, fixed, frozen)]


def nodes_of_other_inputs(torch):
    """A vector, or a stack of matrices, is made a matrix, and the product what was asked for."""
    trees = []
    for shape in ((3,), (2, 4, 3), (2, 1, 2, 3), (0, 3), (2, 0, 3)):
        x, w, b, y = _linear(torch, *shape)
        plain = torch.nn.functional.linear(x, w)
        frozen = torch.nn.functional.linear(x, w, b.detach())
        constant = torch.nn.functional.linear(x.detach(), w)
        trees += [_tree(out.grad_fn) for out in (y, plain, frozen, constant)]
        trees += [y.grad_fn.next_functions[0][0]._saved_mat1, plain.grad_fn.next_functions[0][0]._saved_mat2]
    return trees


def hooks_on_the_product(torch):
    log = []
    x, w, b, y = _linear(torch, 2, 4, 3)
    product = y.grad_fn.next_functions[0][0]
    y.grad_fn.register_hook(lambda inputs, outputs: log.append(("result", [g.shape for g in inputs])))
    product.register_prehook(lambda grads: (grads[0] * 2,))
    product.register_hook(lambda inputs, outputs: log.append(("product", [g.shape for g in inputs])))
    y.register_hook(lambda g: log.append(("y", g.shape)))
    y.sum().backward()
    return log, x.grad, w.grad, b.grad


def what_it_saved(torch):
    _, _, _, y = _linear(torch, 4, 3)
    _, _, _, plain = _linear(torch, 4, 3, bias=False)
    (y * plain).sum().backward(retain_graph=True)
    return y.grad_fn._saved_mat1, y.grad_fn._saved_mat2, plain.grad_fn._saved_self, plain.grad_fn._saved_mat2


def _looked_at(looking):
    def gradients_are_the_same_after_a_look(torch):
        results = []
        for shape in ((4, 3), (3,), (2, 4, 3), (0, 3)):
            for bias in (True, False):
                x, w, b, y = _linear(torch, *shape, bias=bias)
                if looking:
                    y.grad_fn.next_functions  # noqa: B018
                inputs = [x, w, b] if bias else [x, w]
                first = torch.autograd.grad((y * y * y).sum(), inputs, create_graph=True)
                second = torch.autograd.grad(sum((g * g).sum() for g in first), inputs, allow_unused=True)
                y = torch.nn.functional.linear(x, w, b)
                if looking:
                    y.grad_fn.next_functions  # noqa: B018
                y.sum().backward()
                results.append((first, second, [t.grad for t in inputs]))
        return results

    return gradients_are_the_same_after_a_look


def hooks_on_the_transpose(torch):
    log = []
    x, w, _, y = _linear(torch, 4, 3)
    node = y.grad_fn.next_functions[2][0]
    node.register_prehook(lambda grads: log.append(("before", [g.shape for g in grads])))
    node.register_hook(lambda inputs, outputs: (inputs[0] * 2,))
    y.grad_fn.register_hook(lambda inputs, outputs: log.append(("after", [g.shape for g in inputs])))
    y.sum().backward()
    return log, w.grad, x.grad


def _order(shape, bias=True, leaf=True):
    def hooks_of_parameters(torch):
        log = []
        x = _leaf(torch, *shape)
        x.register_hook(lambda g: log.append("x"))
        first = torch.nn.Linear(shape[-1], 4, bias=bias)
        last = torch.nn.Linear(4, 2, bias=bias)
        for name, layer in (("first", first), ("last", last)):
            for kind, parameter in layer.named_parameters():
                place = f"{name} {kind}"
                parameter.register_hook(lambda g, place=place: log.append(place))
                parameter.register_post_accumulate_grad_hook(lambda p, place=place: log.append((place, "accumulated")))
        h = first(x if leaf else x.sin())
        h.register_hook(lambda g: log.append("h"))
        last(h.relu()).sum().backward()
        return log

    return hooks_of_parameters


def hooks_of_shared_weights(torch):
    log = []
    layer = torch.nn.Linear(3, 3)
    for name, parameter in layer.named_parameters():
        parameter.register_post_accumulate_grad_hook(lambda p, name=name: log.append(name))
    layer(layer(torch.ones(2, 3)).tanh()).sum().backward()
    return log


def freed_and_changed(torch):
    texts = []
    for change in (lambda x, w, y: y.backward(torch.ones(4, 2)), lambda x, w, y: w.detach().mul_(2)):
        for look in (True, False):
            x, w, _, y = _linear(torch, 4, 3)
            w = w * 1
            y = torch.nn.functional.linear(x, w)
            change(x, w, y)
            try:
                if look:
                    _tree(y.grad_fn)
                y.sum().backward()
            except RuntimeError as error:
                texts.append(str(error))
    return [text.replace("[torch.FloatTensor [3, 2]], which is output 0 of TBackward0", "W") for text in texts][:2]


def a_look_within_backward(torch):
    x, w, b, y = _linear(torch, 4, 3)
    seen = []

    class Look(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 1

        @staticmethod
        def backward(ctx, g):
            seen.append(_tree(y.grad_fn))
            return g

    loss = Look.apply(y).sum()
    grads = torch.autograd.grad(loss, [w, x], retain_graph=True)
    loss.backward(inputs=[w])
    return seen, grads, w.grad, b.grad


SHAPES = {"matrix": (5, 3), "vector": (3,), "stack": (2, 5, 3)}
PROGRAMS = {
    **{
        program.__name__: program
        for program in (
            nodes_of_a_layer, nodes_of_other_inputs, what_it_saved, hooks_on_the_transpose, hooks_on_the_product,
            hooks_of_shared_weights, freed_and_changed, a_look_within_backward, _looked_at(True),
        )
    },
    "gradients without a look": _looked_at(False),
    **{f"order, {name}": _order(shape) for name, shape in SHAPES.items()},
    **{f"order, {name} without bias": _order(shape, bias=False) for name, shape in SHAPES.items()},
    **{f"order, {name} behind another": _order(shape, leaf=False) for name, shape in SHAPES.items()},
}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_same_as_torch(program):
    same(program)
