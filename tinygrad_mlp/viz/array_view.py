"""Tensors in treescope, which draws arrays as heat maps in a notebook: through its protocol for other array types."""

from __future__ import annotations

from typing import Any

import numpy as np
from treescope.external.numpy_support import NumpyArrayAdapter
from treescope.ndarray_adapters import AxisInfo, NDArrayAdapter

from ..tensor import Tensor


class TensorAdapter(NDArrayAdapter[Tensor]):  # type: ignore[misc] # without treescope, mypy does not know the class
    """Shows a tensor as treescope shows its array, with torch's words for what it is."""

    _of_arrays = NumpyArrayAdapter()

    def get_axis_info_for_array_data(self, array: Tensor) -> tuple[AxisInfo, ...]:
        """The axes: each has its place and its size."""
        return tuple(self._of_arrays.get_axis_info_for_array_data(_array(array)))

    def get_array_data_with_truncation(
        self, array: Tensor, mask: Any, edge_items_per_axis: tuple[int | None, ...]
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """The values that are shown, and which of them count: of a long axis those at its ends."""
        mask = _array(mask) if isinstance(mask, Tensor) else mask
        shown = self._of_arrays.get_array_data_with_truncation(_array(array), mask, edge_items_per_axis)
        return shown[0], shown[1]

    def get_array_summary(self, array: Tensor, fast: bool) -> str:
        """One line: the dtype, the shape, whether it requires grad and, unless it has to be fast, its figures."""
        from .snapshot import Snapshot

        values = _array(array)
        said = f"{array.dtype} {tuple(values.shape)}"
        if array.requires_grad:
            said += ", requires grad"
        if not fast and values.size and values.dtype.kind in "fiu":
            figures = Snapshot(values).figures
            said += f", from {figures.minimum:.3g} to {figures.maximum:.3g}, mean {figures.mean:.3g}"
            said += f", {figures.nan} nan" if figures.nan else ""
            said += f", {figures.infinite} inf" if figures.infinite else ""
        return said

    def get_numpy_dtype(self, array: Tensor) -> Any:
        """The dtype of the values."""
        return _array(array).dtype


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    return tensor.detach().numpy()  # type: ignore[no-any-return]
