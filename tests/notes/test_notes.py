"""The notes that are added to refusals, by the programs that get them.

Each program is refused by torch, too, with the same type and text; its docstring is the note.
"""

from __future__ import annotations

import sys

import pytest
import torch

import tinygrad_mlp
from support.two_worlds import assert_alike
from tinygrad_mlp.notes.writers import WRITERS, writer_of

PROGRAMS = []


def program(function):
    PROGRAMS.append(function)
    return function


def notes_of(function, torch=tinygrad_mlp):
    """The notes of the exception that a program raises."""
    with pytest.raises((RuntimeError, ValueError, IndexError)) as caught:
        function(torch)
    return getattr(caught.value, "__notes__", [])


def words(text):
    return " ".join(text.split())


# -- backward --------------------------------------------------------------------------------------


@program
def backward_twice(torch):
    """`loss` () float32, from mul. A backward has already run through `loss`, and has given back what was saved there.
    Compute `loss` anew before each `backward()`, as a training loop does at every step; or, if both backwards are
    wanted, write `retain_graph=True` in the first."""
    w = torch.ones((), requires_grad=True)
    loss = w * w
    loss.backward()
    loss.backward()


@program
def backward_twice_from_an_operator_before(torch):
    """`loss` () float32, from sum. A backward has already run through pow, from which `loss` was computed, and has
    given back what was saved there. Compute `loss` anew before each `backward()`, as a training loop does at every
    step; or, if both backwards are wanted, write `retain_graph=True` in the first."""
    w = torch.ones(3, requires_grad=True)
    loss = w.pow(2).sum()
    loss.backward()
    torch.autograd.backward(loss)


@program
def backward_through_a_part_of_two(torch):
    """`second` () float32, from sum; `hidden` (3,) float32, from exp. A backward has already run through `hidden`, on
    which `second` depends, and has given back what was saved there. Compute `hidden` anew for each `backward()`, or
    write `hidden.detach()` where it is handed on as a constant; if both backwards are wanted, write `retain_graph=True`
    in the first."""
    w = torch.ones(3, requires_grad=True)
    hidden = w.exp()
    hidden.sum().backward()
    second = (hidden + 1).sum()
    torch.autograd.grad(second, w)


@program
def backward_of_several_numbers(torch):
    """`y` (2, 3) float32, from mul. Backward begins with the derivative of one number, and `y` has 6 elements. Write
    `y.sum().backward()` or `y.mean().backward()`; or `y.backward(g)` with a cotangent `g` of the shape (2, 3)."""
    w = torch.ones(2, 3, requires_grad=True)
    y = w * 2
    y.backward()


@program
def backward_of_several_numbers_without_a_name(torch):
    """The tensor (3,) float32, from mul. Backward begins with the derivative of one number, and the tensor has 3
    elements. Write `(...).sum().backward()` or `(...).mean().backward()`; or `(...).backward(g)` with a cotangent `g`
    of the shape (3,)."""
    (torch.ones(3, requires_grad=True) * 2).backward()


@program
def nothing_requires_grad(torch):
    """`loss` () float32, a constant. No operator was recorded for `loss`: nothing that it was computed from requires
    grad, or it was detached or computed under `torch.no_grad()`. Make the tensors that are to get a gradient with
    `requires_grad=True`, or as `nn.Parameter`, and compute `loss` from them with grad mode on."""
    loss = torch.ones(3).sum()
    loss.backward()


@program
def saved_value_written_since(torch):
    """`hidden` (3,) float32, from add. tanh had saved `hidden` for its derivative, and since then that has been written
    to in place once. Write a new tensor where `hidden` is changed, such as `hidden = hidden + 1` for `hidden += 1`; or
    change `hidden.clone()`."""
    w = torch.ones(3, requires_grad=True)
    hidden = w.tanh()
    hidden += 1
    hidden.sum().backward()


@program
def saved_value_without_a_name_written_since(torch):
    """exp had saved its result for its derivative, and since then that has been written to in place twice. Look for an
    operator in place (`+=`, `x[i] = ...`, a method that ends in `_`) on this value, and compute a new tensor there."""
    w = torch.ones(3, requires_grad=True)
    w.exp().add_(1).mul_(2).sum().backward()


@program
def weight_updated_before_its_backward(torch):
    """`w` (3,) float32, a leaf that requires grad. mul had saved `w` for its derivative, and since then that has been
    written to in place 3 times. Call every `backward()` that needs the old value before `w` is updated, by
    `optimizer.step()` or under `torch.no_grad()`."""
    w = torch.ones(3, requires_grad=True)
    loss = (w * w).sum()
    with torch.no_grad():
        for _ in range(3):
            w -= 0.1
    loss.backward()


# -- in place --------------------------------------------------------------------------------------


@program
def leaf_written_to(torch):
    """`weight` (3,) float32, a leaf that requires grad. `sub_` writes into `weight`, which is to get a gradient:
    recorded, the write would make it an operator's output and no leaf any more. If this is an update, write it under
    `with torch.no_grad():`. If it is part of the computation, compute a new tensor, such as `weight - ...` for
    `weight -= ...`."""
    weight = torch.ones(3, requires_grad=True)
    weight -= 0.1


@program
def leaf_filled(torch):
    """`w` (3,) float32, a leaf that requires grad. `zero_` writes into `w`, which is to get a gradient: recorded, the
    write would make it an operator's output and no leaf any more. If this is an update, write it under
    `with torch.no_grad():`. If it is part of the computation, compute a new tensor, for instance in `w.clone()`."""
    w = torch.ones(3, requires_grad=True)
    torch.zero_(w)


@program
def leaf_transposed(torch):
    """`w` (2, 3) float32, a leaf that requires grad. `t_` writes into `w`, which is to get a gradient: recorded, the
    write would make it an operator's output and no leaf any more. If this is an update, write it under
    `with torch.no_grad():`. If it is part of the computation, compute a new tensor, for instance in `w.clone()`."""
    w = torch.ones(2, 3, requires_grad=True)
    w.t_()


@program
def part_of_a_leaf_assigned(torch):
    """`w` (3,) float32, a leaf that requires grad. The assignment writes into a part of `w`, which is to get a
    gradient: recorded, the write would make it an operator's output and no leaf any more. If this is an update, write
    it under `with torch.no_grad():`. If it is part of the computation, write into `w.clone()`."""
    w = torch.ones(3, requires_grad=True)
    w[0] = 0


@program
def result_larger_than_what_is_written_to(torch):
    """`total` (4,) float32, a constant; `rows` (8, 4) float32, a constant. `add_` writes its result into `total`, of
    the shape (4,), and the result has the shape (8, 4). Compute a new tensor: `total = total + rows`."""
    total, rows = torch.zeros(4), torch.ones(8, 4)
    total += rows


# -- shapes ----------------------------------------------------------------------------------------


@program
def product_of_matrices(torch):
    """`hidden` (8, 4) float32, from clamp; `second` (2, 4) float32, a leaf that requires grad. A matrix product needs
    as many columns on the left as rows on the right: here 4 and 2. Write `second.T` in place of `second`."""
    first, second = torch.ones(3, 4, requires_grad=True), torch.ones(2, 4, requires_grad=True)
    hidden = torch.ones(8, 3).mm(first).clamp(min=0)
    hidden @ second


@program
def product_with_the_left_transposed(torch):
    """`x` (3, 8) float32, a constant; `w` (3, 2) float32, a constant. A matrix product needs as many columns on the
    left as rows on the right: here 8 and 3. Write `x.T` in place of `x`."""
    x, w = torch.ones(3, 8), torch.ones(3, 2)
    torch.mm(x, w)


@program
def product_that_fits_no_way(torch):
    """`x` (8, 4) float32, a constant; the argument `mat2` (5, 2) float32, a view of `w`. A matrix product needs as many
    columns on the left as rows on the right: here 4 and 5. Give `mat2` 4 rows, or `x` 5 columns."""
    x, w = torch.ones(8, 4), torch.ones(2, 5)
    x.mm(w.t())


@program
def product_of_vectors(torch):
    """`a` (4,) float32, a constant; `b` (3,) float32, a constant. The product of two vectors needs two of one length:
    here 4 and 3. Give `b` the length 4, or `a` the length 3."""
    a, b = torch.ones(4), torch.ones(3)
    a @ b


@program
def product_of_a_matrix_and_a_vector(torch):
    """`a` (2, 4) float32, a constant; `b` (3,) float32, a constant. A matrix product needs as many columns on the left
    as rows on the right: here 4 and 3. Give `b` 4 rows, or `a` 3 columns."""
    a, b = torch.ones(2, 4), torch.ones(3)
    a @ b


@program
def linear_with_a_weight_the_other_way_round(torch):
    """`x` (8, 4) float32, a constant; `w` (4, 2) float32, a leaf that requires grad. linear multiplies by the
    transposed weight, whose shape is (outputs, inputs): the input has 4 features, the weight takes 2. Write `w.T` in
    place of `w`."""
    x, w = torch.ones(8, 4), torch.ones(4, 2, requires_grad=True)
    torch.nn.functional.linear(x, w)


@program
def linear_with_a_weight_that_fits_no_way(torch):
    """`x` (8, 4) float32, a constant; `w` (3, 2) float32, a leaf that requires grad. linear multiplies by the
    transposed weight, whose shape is (outputs, inputs): the input has 4 features, the weight takes 2. Give `w` the
    shape (3, 4), or the input 2 features."""
    x, w = torch.ones(8, 4), torch.ones(3, 2, requires_grad=True)
    torch.nn.functional.linear(x, w)


@program
def layer_for_other_features(torch):
    """The input of `model[2]` (8, 5) float32, from relu; `model[2].weight` (2, 4) float32, a parameter. `model[2]`
    takes 4 features, the last size of its input, and was given 5. Make the layer as `nn.Linear(5, 2)`, or give it an
    input whose last size is 4."""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(4, 2))
    model(torch.ones(8, 3))


@program
def layer_without_a_name(torch):
    """`x` (8, 4) float32, a constant; the argument `weight` (2, 3) float32, a parameter. This layer takes 3 features,
    the last size of its input, and was given 4. Make the layer as `nn.Linear(4, 2)`, or give it an input whose last
    size is 3."""
    x = torch.ones(8, 4)
    torch.nn.Linear(3, 2)(x)


@program
def images_that_were_not_flattened(torch):
    """`images` (8, 2, 3) float32, a constant; `layer.weight` (4, 6) float32, a parameter. `layer` takes 6 features, the
    last size of its input, and was given 3. Write `layer(images.flatten(1))`, which makes one row of 6 features of each
    sample."""
    layer, images = torch.nn.Linear(6, 4), torch.ones(8, 2, 3)
    layer(images)


@program
def shapes_that_do_not_broadcast(torch):
    """`x` (8, 4) float32, a constant; `mean` (8,) float32, a constant. Shapes are compared from the last dimension
    backwards, and there the sizes must be equal, or one of them 1: in dimension 1 they are 4 and 8. Write
    `mean[:, None]`, of the shape (8, 1), if `mean` has one value for each row of `x`."""
    x = torch.ones(8, 4)
    mean = x.mean(1)
    x - mean


@program
def shapes_that_do_not_broadcast_at_all(torch):
    """`x` (8, 4) float32, a constant; `y` (8, 3) float32, a constant. Shapes are compared from the last dimension
    backwards, and there the sizes must be equal, or one of them 1: in dimension 1 they are 4 and 3. Give one of them
    the other's size there, or 1, by `reshape`, `unsqueeze` or a slice."""
    x, y = torch.ones(8, 4), torch.ones(8, 3)
    torch.broadcast_tensors(x, y)


@program
def written_value_that_does_not_broadcast(torch):
    """`x` (4,) float32, a constant; `y` (3,) float32, a constant. Shapes are compared from the last dimension
    backwards, and there the sizes must be equal, or one of them 1: in dimension 0 they are 4 and 3. Give one of them
    the other's size there, or 1, by `reshape`, `unsqueeze` or a slice."""
    x, y = torch.ones(4), torch.ones(3)
    x *= y


@program
def cat_along_another_dimension(torch):
    """`a` (2, 3) float32, a constant; `b` (2, 4) float32, a constant. cat joins along dimension 0, and all other sizes
    must be equal: in dimension 1 they are 3 and 4. Write `dim=1`, along which these shapes can be joined."""
    a, b = torch.ones(2, 3), torch.ones(2, 4)
    torch.cat([a, b])


@program
def cat_of_what_cannot_be_joined(torch):
    """`parts[0]` (2, 3) float32, a constant; `parts[2]` (3, 4) float32, a constant. cat joins along dimension 0, and
    all other sizes must be equal: in dimension 1 they are 3 and 4. Bring them to one size in dimension 1 first, by a
    slice, `reshape` or padding."""
    parts = [torch.ones(2, 3), torch.ones(1, 3), torch.ones(3, 4)]
    torch.cat(parts)


@program
def stack_of_two_shapes(torch):
    """`a` (2, 3) float32, a constant; `b` (2, 4) float32, a constant. stack puts tensors of one shape side by side
    along a new dimension, and these have two shapes. Write `torch.cat(..., dim=1)` to join them along dimension 1,
    which they have."""
    a, b = torch.ones(2, 3), torch.ones(2, 4)
    torch.stack((a, b))


@program
def stack_of_two_numbers_of_dimensions(torch):
    """`a` (2, 3) float32, a constant; `b` (6,) float32, a constant. stack puts tensors of one shape side by side along
    a new dimension, and these have two shapes. Bring them to one shape first, by a slice, `reshape` or padding."""
    a, b = torch.ones(2, 3), torch.ones(6)
    torch.stack((a, b))


@program
def reshape_to_another_number_of_elements(torch):
    """`x` (3, 4) float32, a constant. `x` has 12 elements, and the shape (5, 2) has 10. Write a shape of 12 elements; a
    size of -1 stands for what is left."""
    x = torch.ones(3, 4)
    x.reshape(5, 2)


@program
def view_of_another_number_of_elements(torch):
    """`x` (3, 4) float32, a constant. `x` has 12 elements, and the shape (5,) has 5. Write a shape of 12 elements; a
    size of -1 stands for what is left."""
    x = torch.ones(3, 4)
    x.view(5)


# -- dtypes ----------------------------------------------------------------------------------------


@program
def layer_on_what_numpy_made(torch):
    """`x` (8, 3) float64, a constant; `model.weight` (2, 3) float32, a parameter. A product of matrices or vectors
    takes one dtype and does not convert, as `+` would: here float64 and float32. Write `x.float()`: NumPy's arrays are
    float64 unless they are made otherwise."""
    model, x = torch.nn.Linear(3, 2), torch.ones(8, 3, dtype=torch.float64)
    model(x)


@program
def product_of_floats_and_integers(torch):
    """`counts` (2, 3) int64, a constant; `w` (3, 2) float64, a leaf that requires grad. A product of matrices or
    vectors takes one dtype and does not convert, as `+` would: here int64 and float64. Write `counts.double()`."""
    counts, w = torch.ones(2, 3).long(), torch.ones(3, 2, dtype=torch.float64, requires_grad=True)
    counts.mm(w)


@program
def product_of_batches_of_two_dtypes(torch):
    """`a` (2, 2, 3) float32, a constant; `b` (2, 3, 2) int32, a constant. A product of matrices or vectors takes one
    dtype and does not convert, as `+` would: here float32 and int32. Write `b.float()`."""
    a, b = torch.ones(2, 2, 3), torch.ones(2, 3, 2, dtype=torch.int32)
    a @ b


@program
def product_of_a_matrix_and_a_vector_of_two_dtypes(torch):
    """`a` (2, 3) float32, a constant; `b` (3,) float64, from mul. A product of matrices or vectors takes one dtype and
    does not convert, as `+` would: here float32 and float64. Write `b.float()`."""
    a, b = torch.ones(2, 3), torch.ones(3, dtype=torch.float64, requires_grad=True) * 2
    a.mv(b)


@program
def product_of_vectors_of_two_dtypes(torch):
    """`a` (3,) int64, a constant; `b` (3,) int32, a constant. A product of matrices or vectors takes one dtype and does
    not convert, as `+` would: here int64 and int32. Write `b.long()`."""
    a, b = torch.ones(3).long(), torch.ones(3, dtype=torch.int32)
    a.dot(b)


# -- losses ----------------------------------------------------------------------------------------


@program
def class_counted_from_one(torch):
    """`logits` (3, 5) float32, a constant; `labels` (3,) int64, a constant. `labels` holds the class 5, at `labels[2]`,
    and `logits` has scores for 5 classes: 0 to 4. Count the classes from 0: `labels - 1`."""
    logits, labels = torch.ones(3, 5), torch.tensor([1, 2, 5])
    torch.nn.functional.cross_entropy(logits, labels)


@program
def class_beyond_the_outputs(torch):
    """`logits` (3, 5) float32, from mm; `labels` (3,) int64, a constant. `labels` holds the class 7, at
    `labels[1]`, and `logits` has scores for 5 classes: 0 to 4. Give the last layer 10 outputs, or look for the label
    that is wrong."""
    logits, labels = torch.ones(3, 2) @ torch.ones(2, 5, requires_grad=True), torch.tensor([0, 7, 9])
    torch.nn.CrossEntropyLoss()(logits, labels)


@program
def class_below_zero(torch):
    """`log_p` (5,) float32, from log_softmax; `label` () int64, a constant. `label` holds the class -1, and `log_p` has
    scores for 5 classes: 0 to 4. Classes count from 0. Labels that are to be left out have the value of `ignore_index`,
    which is -100 if it is not given."""
    log_p, label = torch.ones(5, requires_grad=True).log_softmax(0), torch.tensor(-1)
    torch.nn.functional.nll_loss(log_p, label)


@program
def classes_as_floats(torch):
    """`logits` (3, 5) float32, a constant; `target` (3,) float32, a constant. A target of the shape (3,) holds one
    class for each sample, and a class is an integer: int64, not float32. Write `target.long()` if these are classes.
    Probabilities would have the shape (3, 5) of `logits`, and for numbers that are to be approximated there is
    `mse_loss`."""
    logits, target = torch.ones(3, 5), torch.ones(3)
    torch.nn.functional.cross_entropy(logits, target)


@program
def probabilities_as_integers(torch):
    """`logits` (3, 5) float32, a constant; `one_hot` (3, 5) int64, a constant. A target of the input's shape (3, 5)
    holds the probability of each class: floating point, not int64. Write `one_hot.float()` for probabilities, or
    `one_hot.argmax(1)` for the classes of a one-hot target."""
    logits, one_hot = torch.ones(3, 5), torch.ones(3, 5).long()
    torch.nn.functional.cross_entropy(logits, one_hot)


@program
def targets_of_other_samples(torch):
    """`logits` (3, 5) float32, a constant; `labels` (4,) int64, a constant. Each sample has one target: the first sizes
    must be equal, and here they are 3 and 4. Take the targets of the same samples as `logits`; where one of the two was
    reshaped, keep its first dimension."""
    logits, labels = torch.ones(3, 5), torch.ones(4).long()
    torch.nn.functional.cross_entropy(logits, labels)


@program
def classes_in_a_column(torch):
    """`logits` (3, 5) float32, a constant; `labels` (3, 1) int64, a constant. A target of classes has one for each
    sample, so that its shape is (3,), not (3, 1). Write `labels.reshape(3)`."""
    logits, labels = torch.ones(3, 5), torch.ones(3, 1).long()
    torch.nn.functional.cross_entropy(logits, labels)


@program
def one_hot_of_other_classes(torch):
    """`logits` (3, 5) float32, a constant; `labels` (3, 4) int64, a constant. A target of classes has one for each
    sample, so that its shape is (3,), not (3, 4). Write `labels.argmax(1)`."""
    logits, labels = torch.ones(3, 5), torch.ones(3, 4).long()
    torch.nn.functional.cross_entropy(logits, labels)


@program
def probabilities_beside_a_column(torch):
    """`p` (3, 1) float32, from sigmoid; `target` (3,) float32, a constant. Each output is compared with one target, so
    the shapes must be the same: here (3, 1) and (3,). Write `target.reshape(p.shape)`."""
    p, target = torch.zeros(3, 1, requires_grad=True).sigmoid(), torch.ones(3)
    torch.nn.functional.binary_cross_entropy(p, target)


@program
def logits_beside_targets_of_another_shape(torch):
    """`logits` (3, 2) float32, a constant; `target` (3,) float32, a constant. Each output is compared with one target,
    so the shapes must be the same: here (3, 2) and (3,). Make as many outputs as there are targets."""
    logits, target = torch.zeros(3, 2), torch.ones(3)
    torch.nn.functional.binary_cross_entropy_with_logits(logits, target)


# -- optimisers ------------------------------------------------------------------------------------


def model_of(torch, **attributes):
    model = torch.nn.Module()
    for name, value in attributes.items():
        setattr(model, name, value)
    return model


@program
def layers_in_a_plain_list(torch):
    """`model.layers` is a plain list of modules: a module finds those in its own attributes and in `nn.ModuleList`, so
    that `model.parameters()` is empty. Write `self.layers = nn.ModuleList(...)` in the class of `model`."""
    model = model_of(torch, layers=[torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)])
    torch.optim.SGD(model.parameters(), lr=0.1)


@program
def parameters_in_a_plain_dict(torch):
    """`model.weights` is a plain dict of parameters: a module finds those in its own attributes and in
    `nn.ParameterDict`, so that `model.parameters()` is empty. Write `self.weights = nn.ParameterDict(...)` in the class
    of `model`."""
    model = model_of(torch, weights={"w": torch.nn.Parameter(torch.ones(3))})
    torch.optim.Adam(model.parameters())


@program
def tensor_that_is_no_parameter(torch):
    """`model.w` is a tensor that requires grad, but no `nn.Parameter`: `model.parameters()` does not find it. Write
    `self.w = nn.Parameter(...)` in the class of `model`."""
    model = model_of(torch, w=torch.ones(3, requires_grad=True))
    torch.optim.SGD(model.parameters(), lr=0.1)


@program
def parameters_gone_through_before(torch):
    """`params` is an iterator, and has been gone through before: an iterator gives its elements once. Call
    `model.parameters()` again, or keep a list: `params = list(model.parameters())`."""
    model = torch.nn.Linear(2, 3)
    params = model.parameters()
    sum(p.numel() for p in params)
    torch.optim.SGD(params, lr=0.1)


@program
def no_parameters_at_all(torch):
    """What was given as parameters is empty. Pass what is to be learnt, such as `model.parameters()` or
    `[weight, bias]`; an iterator gives its elements only once."""
    torch.optim.SGD([], lr=0.1)


# -- the tests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_the_note_of_a_refusal(program):
    expected = [words(program.__doc__)] if sys.version_info >= (3, 11) else []
    assert list(map(words, notes_of(program))) == expected


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_type_and_text_are_those_of_torch(program):
    assert isinstance(assert_alike(program), Exception)


def test_every_note_has_a_program():
    found = set()
    for program in PROGRAMS:
        with pytest.raises((RuntimeError, ValueError, IndexError)) as caught:
            program(torch)
        found.add(writer_of(str(caught.value))[0])
    assert found == set(WRITERS.values())
