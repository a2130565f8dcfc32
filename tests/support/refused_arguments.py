"""Programs that torch refuses because of what they pass; the docstring of each is the note that it gets."""

from __future__ import annotations

# -- shapes ----------------------------------------------------------------------------------------


def product_of_matrices(torch):
    """`hidden` (8, 4) float32, from clamp; `second` (2, 4) float32, a leaf that requires grad. A matrix product needs
    as many columns on the left as rows on the right: here 4 and 2. Write `second.T` in place of `second`."""
    first, second = torch.ones(3, 4, requires_grad=True), torch.ones(2, 4, requires_grad=True)
    hidden = torch.ones(8, 3).mm(first).clamp(min=0)
    hidden @ second


def product_with_the_left_transposed(torch):
    """`x` (3, 8) float32, a constant; `w` (3, 2) float32, a constant. A matrix product needs as many columns on the
    left as rows on the right: here 8 and 3. Write `x.T` in place of `x`."""
    x, w = torch.ones(3, 8), torch.ones(3, 2)
    torch.mm(x, w)


def product_that_fits_no_way(torch):
    """`x` (8, 4) float32, a constant; the argument `mat2` (5, 2) float32, a view of `w`. A matrix product needs as many
    columns on the left as rows on the right: here 4 and 5. Give `mat2` 4 rows, or `x` 5 columns."""
    x, w = torch.ones(8, 4), torch.ones(2, 5)
    x.mm(w.t())


def product_of_vectors(torch):
    """`a` (4,) float32, a constant; `b` (3,) float32, a constant. The product of two vectors needs two of one length:
    here 4 and 3. Give `b` the length 4, or `a` the length 3."""
    a, b = torch.ones(4), torch.ones(3)
    a @ b


def product_of_a_matrix_and_a_vector(torch):
    """`a` (2, 4) float32, a constant; `b` (3,) float32, a constant. A matrix product needs as many columns on the left
    as rows on the right: here 4 and 3. Give `b` 4 rows, or `a` 3 columns."""
    a, b = torch.ones(2, 4), torch.ones(3)
    a @ b


def linear_with_a_weight_the_other_way_round(torch):
    """`x` (8, 4) float32, a constant; `w` (4, 2) float32, a leaf that requires grad. linear multiplies by the
    transposed weight, whose shape is (outputs, inputs): the input has 4 features, the weight takes 2. Write `w.T` in
    place of `w`."""
    x, w = torch.ones(8, 4), torch.ones(4, 2, requires_grad=True)
    torch.nn.functional.linear(x, w)


def linear_with_a_weight_that_fits_no_way(torch):
    """`x` (8, 4) float32, a constant; `w` (3, 2) float32, a leaf that requires grad. linear multiplies by the
    transposed weight, whose shape is (outputs, inputs): the input has 4 features, the weight takes 2. Give `w` the
    shape (3, 4), or the input 2 features."""
    x, w = torch.ones(8, 4), torch.ones(3, 2, requires_grad=True)
    torch.nn.functional.linear(x, w)


def layer_for_other_features(torch):
    """The input of `model[2]` (8, 5) float32, from relu; `model[2].weight` (2, 4) float32, a parameter. `model[2]`
    takes 4 features, the last size of its input, and was given 5. Make the layer as `nn.Linear(5, 2)`, or give it an
    input whose last size is 4."""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(4, 2))
    model(torch.ones(8, 3))


def layer_without_a_name(torch):
    """`x` (8, 4) float32, a constant; the argument `weight` (2, 3) float32, a parameter. This layer takes 3 features,
    the last size of its input, and was given 4. Make the layer as `nn.Linear(4, 2)`, or give it an input whose last
    size is 3."""
    x = torch.ones(8, 4)
    torch.nn.Linear(3, 2)(x)


def images_that_were_not_flattened(torch):
    """`images` (8, 2, 3) float32, a constant; `layer.weight` (4, 6) float32, a parameter. `layer` takes 6 features, the
    last size of its input, and was given 3. Write `layer(images.flatten(1))`, which makes one row of 6 features of each
    sample."""
    layer, images = torch.nn.Linear(6, 4), torch.ones(8, 2, 3)
    layer(images)


def shapes_that_do_not_broadcast(torch):
    """`x` (8, 4) float32, a constant; `mean` (8,) float32, a constant. Shapes are compared from the last dimension
    backwards, and there the sizes must be equal, or one of them 1: in dimension 1 they are 4 and 8. Write
    `mean[:, None]`, of the shape (8, 1), if `mean` has one value for each row of `x`."""
    x = torch.ones(8, 4)
    mean = x.mean(1)
    x - mean


def shapes_that_do_not_broadcast_at_all(torch):
    """`x` (8, 4) float32, a constant; `y` (8, 3) float32, a constant. Shapes are compared from the last dimension
    backwards, and there the sizes must be equal, or one of them 1: in dimension 1 they are 4 and 3. Give one of them
    the other's size there, or 1, by `reshape`, `unsqueeze` or a slice."""
    x, y = torch.ones(8, 4), torch.ones(8, 3)
    torch.broadcast_tensors(x, y)


def written_value_that_does_not_broadcast(torch):
    """`x` (4,) float32, a constant; `y` (3,) float32, a constant. Shapes are compared from the last dimension
    backwards, and there the sizes must be equal, or one of them 1: in dimension 0 they are 4 and 3. Give one of them
    the other's size there, or 1, by `reshape`, `unsqueeze` or a slice."""
    x, y = torch.ones(4), torch.ones(3)
    x *= y


def cat_along_another_dimension(torch):
    """`a` (2, 3) float32, a constant; `b` (2, 4) float32, a constant. cat joins along dimension 0, and all other sizes
    must be equal: in dimension 1 they are 3 and 4. Write `dim=1`, along which these shapes can be joined."""
    a, b = torch.ones(2, 3), torch.ones(2, 4)
    torch.cat([a, b])


def cat_of_what_cannot_be_joined(torch):
    """`parts[0]` (2, 3) float32, a constant; `parts[2]` (3, 4) float32, a constant. cat joins along dimension 0, and
    all other sizes must be equal: in dimension 1 they are 3 and 4. Bring them to one size in dimension 1 first, by a
    slice, `reshape` or padding."""
    parts = [torch.ones(2, 3), torch.ones(1, 3), torch.ones(3, 4)]
    torch.cat(parts)


def stack_of_two_shapes(torch):
    """`a` (2, 3) float32, a constant; `b` (2, 4) float32, a constant. stack puts tensors of one shape side by side
    along a new dimension, and these have two shapes. Write `torch.cat(..., dim=1)` to join them along dimension 1,
    which they have."""
    a, b = torch.ones(2, 3), torch.ones(2, 4)
    torch.stack((a, b))


def stack_of_two_numbers_of_dimensions(torch):
    """`a` (2, 3) float32, a constant; `b` (6,) float32, a constant. stack puts tensors of one shape side by side along
    a new dimension, and these have two shapes. Bring them to one shape first, by a slice, `reshape` or padding."""
    a, b = torch.ones(2, 3), torch.ones(6)
    torch.stack((a, b))


def reshape_to_another_number_of_elements(torch):
    """`x` (3, 4) float32, a constant. `x` has 12 elements, and the shape (5, 2) has 10. Write a shape of 12 elements; a
    size of -1 stands for what is left."""
    x = torch.ones(3, 4)
    x.reshape(5, 2)


def view_of_another_number_of_elements(torch):
    """`x` (3, 4) float32, a constant. `x` has 12 elements, and the shape (5,) has 5. Write a shape of 12 elements; a
    size of -1 stands for what is left."""
    x = torch.ones(3, 4)
    x.view(5)


# -- dtypes ----------------------------------------------------------------------------------------


def layer_on_what_numpy_made(torch):
    """`x` (8, 3) float64, a constant; `model.weight` (2, 3) float32, a parameter. A product of matrices or vectors
    takes one dtype and does not convert, as `+` would: here float64 and float32. Write `x.float()`: NumPy's arrays are
    float64 unless they are made otherwise."""
    model, x = torch.nn.Linear(3, 2), torch.ones(8, 3, dtype=torch.float64)
    model(x)


def product_of_floats_and_integers(torch):
    """`counts` (2, 3) int64, a constant; `w` (3, 2) float64, a leaf that requires grad. A product of matrices or
    vectors takes one dtype and does not convert, as `+` would: here int64 and float64. Write `counts.double()`."""
    counts, w = torch.ones(2, 3).long(), torch.ones(3, 2, dtype=torch.float64, requires_grad=True)
    counts.mm(w)


def product_of_batches_of_two_dtypes(torch):
    """`a` (2, 2, 3) float32, a constant; `b` (2, 3, 2) int32, a constant. A product of matrices or vectors takes one
    dtype and does not convert, as `+` would: here float32 and int32. Write `b.float()`."""
    a, b = torch.ones(2, 2, 3), torch.ones(2, 3, 2, dtype=torch.int32)
    a @ b


def product_of_a_matrix_and_a_vector_of_two_dtypes(torch):
    """`a` (2, 3) float32, a constant; `b` (3,) float64, from mul. A product of matrices or vectors takes one dtype and
    does not convert, as `+` would: here float32 and float64. Write `b.float()`."""
    a, b = torch.ones(2, 3), torch.ones(3, dtype=torch.float64, requires_grad=True) * 2
    a.mv(b)


def product_of_vectors_of_two_dtypes(torch):
    """`a` (3,) int64, a constant; `b` (3,) int32, a constant. A product of matrices or vectors takes one dtype and does
    not convert, as `+` would: here int64 and int32. Write `b.long()`."""
    a, b = torch.ones(3).long(), torch.ones(3, dtype=torch.int32)
    a.dot(b)


# -- losses ----------------------------------------------------------------------------------------


def class_counted_from_one(torch):
    """`logits` (3, 5) float32, a constant; `labels` (3,) int64, a constant. `labels` holds the class 5, at `labels[2]`,
    and `logits` has scores for 5 classes: 0 to 4. Count the classes from 0: `labels - 1`."""
    logits, labels = torch.ones(3, 5), torch.tensor([1, 2, 5])
    torch.nn.functional.cross_entropy(logits, labels)


def class_beyond_the_outputs(torch):
    """`logits` (3, 5) float32, from mm; `labels` (3,) int64, a constant. `labels` holds the class 7, at
    `labels[1]`, and `logits` has scores for 5 classes: 0 to 4. Give the last layer 10 outputs, or look for the label
    that is wrong."""
    logits, labels = torch.ones(3, 2) @ torch.ones(2, 5, requires_grad=True), torch.tensor([0, 7, 9])
    torch.nn.CrossEntropyLoss()(logits, labels)


def class_below_zero(torch):
    """`log_p` (5,) float32, from log_softmax; `label` () int64, a constant. `label` holds the class -1, and `log_p` has
    scores for 5 classes: 0 to 4. Classes count from 0. Labels that are to be left out have the value of `ignore_index`,
    which is -100 if it is not given."""
    log_p, label = torch.ones(5, requires_grad=True).log_softmax(0), torch.tensor(-1)
    torch.nn.functional.nll_loss(log_p, label)


def classes_as_floats(torch):
    """`logits` (3, 5) float32, a constant; `target` (3,) float32, a constant. A target of the shape (3,) holds one
    class for each sample, and a class is an integer: int64, not float32. Write `target.long()` if these are classes.
    Probabilities would have the shape (3, 5) of `logits`, and for numbers that are to be approximated there is
    `mse_loss`."""
    logits, target = torch.ones(3, 5), torch.ones(3)
    torch.nn.functional.cross_entropy(logits, target)


def probabilities_as_integers(torch):
    """`logits` (3, 5) float32, a constant; `one_hot` (3, 5) int64, a constant. A target of the input's shape (3, 5)
    holds the probability of each class: floating point, not int64. Write `one_hot.float()` for probabilities, or
    `one_hot.argmax(1)` for the classes of a one-hot target."""
    logits, one_hot = torch.ones(3, 5), torch.ones(3, 5).long()
    torch.nn.functional.cross_entropy(logits, one_hot)


def targets_of_other_samples(torch):
    """`logits` (3, 5) float32, a constant; `labels` (4,) int64, a constant. Each sample has one target: the first sizes
    must be equal, and here they are 3 and 4. Take the targets of the same samples as `logits`; where one of the two was
    reshaped, keep its first dimension."""
    logits, labels = torch.ones(3, 5), torch.ones(4).long()
    torch.nn.functional.cross_entropy(logits, labels)


def classes_in_a_column(torch):
    """`logits` (3, 5) float32, a constant; `labels` (3, 1) int64, a constant. A target of classes has one for each
    sample, so that its shape is (3,), not (3, 1). Write `labels.reshape(3)`."""
    logits, labels = torch.ones(3, 5), torch.ones(3, 1).long()
    torch.nn.functional.cross_entropy(logits, labels)


def one_hot_of_other_classes(torch):
    """`logits` (3, 5) float32, a constant; `labels` (3, 4) int64, a constant. A target of classes has one for each
    sample, so that its shape is (3,), not (3, 4). Write `labels.argmax(1)`."""
    logits, labels = torch.ones(3, 5), torch.ones(3, 4).long()
    torch.nn.functional.cross_entropy(logits, labels)


def probabilities_beside_a_column(torch):
    """`p` (3, 1) float32, from sigmoid; `target` (3,) float32, a constant. Each output is compared with one target, so
    the shapes must be the same: here (3, 1) and (3,). Write `target.reshape(p.shape)`."""
    p, target = torch.zeros(3, 1, requires_grad=True).sigmoid(), torch.ones(3)
    torch.nn.functional.binary_cross_entropy(p, target)


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


def layers_in_a_plain_list(torch):
    """`model.layers` is a plain list of modules: a module finds those in its own attributes and in `nn.ModuleList`, so
    that `model.parameters()` is empty. Write `self.layers = nn.ModuleList(...)` in the class of `model`."""
    model = model_of(torch, layers=[torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)])
    torch.optim.SGD(model.parameters(), lr=0.1)


def parameters_in_a_plain_dict(torch):
    """`model.weights` is a plain dict of parameters: a module finds those in its own attributes and in
    `nn.ParameterDict`, so that `model.parameters()` is empty. Write `self.weights = nn.ParameterDict(...)` in the class
    of `model`."""
    model = model_of(torch, weights={"w": torch.nn.Parameter(torch.ones(3))})
    torch.optim.Adam(model.parameters())


def tensor_that_is_no_parameter(torch):
    """`model.w` is a tensor that requires grad, but no `nn.Parameter`: `model.parameters()` does not find it. Write
    `self.w = nn.Parameter(...)` in the class of `model`."""
    model = model_of(torch, w=torch.ones(3, requires_grad=True))
    torch.optim.SGD(model.parameters(), lr=0.1)


def parameters_gone_through_before(torch):
    """`params` is an iterator, and has been gone through before: an iterator gives its elements once. Call
    `model.parameters()` again, or keep a list: `params = list(model.parameters())`."""
    model = torch.nn.Linear(2, 3)
    params = model.parameters()
    sum(p.numel() for p in params)
    torch.optim.SGD(params, lr=0.1)


def no_parameters_at_all(torch):
    """What was given as parameters is empty. Pass what is to be learnt, such as `model.parameters()` or
    `[weight, bias]`; an iterator gives its elements only once."""
    torch.optim.SGD([], lr=0.1)
