"""Tensors in treescope: the same picture as of their NumPy array, with torch's words."""

from __future__ import annotations

import numpy as np
import pytest
import treescope
from treescope import type_registries
from treescope.external.numpy_support import NumpyArrayAdapter

import tinygrad_mlp as torch


def adapter(tensor):
    return type_registries.lookup_ndarray_adapter(tensor)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (4, 5), (2, 3, 4), (300, 200)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.int64, torch.bool])
def test_the_picture_of_a_tensor_is_that_of_its_array(shape, dtype):
    tensor = (torch.arange(int(np.prod(shape))).reshape(shape) % 7).to(dtype)
    edges = tuple(None if size < 10 else 3 for size in shape)
    ours, mask = adapter(tensor).get_array_data_with_truncation(tensor, None, edges)
    of_arrays = NumpyArrayAdapter()
    numpys, numpys_mask = of_arrays.get_array_data_with_truncation(tensor.numpy(), None, edges)
    np.testing.assert_array_equal(ours, numpys)
    np.testing.assert_array_equal(mask, numpys_mask)
    assert adapter(tensor).get_numpy_dtype(tensor) == tensor.numpy().dtype
    axes = adapter(tensor).get_axis_info_for_array_data(tensor)
    assert axes == of_arrays.get_axis_info_for_array_data(tensor.numpy())


def test_the_summary_says_what_torch_would_say():
    w = torch.tensor([[1.0, float("nan")], [float("inf"), -3.0]], requires_grad=True)
    said = adapter(w).get_array_summary(w, fast=False)
    assert said == "torch.float32 (2, 2), requires grad, from -3 to 1, mean -1, 1 nan, 1 inf"
    assert adapter(w).get_array_summary(w, fast=True) == "torch.float32 (2, 2), requires grad"


def test_a_tensor_that_requires_grad_is_drawn_in_a_notebook_and_nothing_is_recorded():
    w = torch.randn(6, 4, requires_grad=True)
    y = w * 2
    before = y.grad_fn
    html = treescope.render_array(y)._repr_html_()
    assert "<" in html and y.grad_fn is before
    drawn = treescope.ArrayAutovisualizer()(y, path=None)  # as inside of other values
    assert "torch.float32 (6, 4), requires grad" in repr(drawn)


def test_the_text_of_a_tensor_stays_torchs():
    assert not hasattr(torch.Tensor, "_repr_html_")
    assert "TensorAdapter" in dir(torch.autograd)
