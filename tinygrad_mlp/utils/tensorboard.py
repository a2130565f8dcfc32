"""SummaryWriter, which writes TensorBoard's files by the package tensorboard (torch.utils.tensorboard)."""

from __future__ import annotations

import os
import socket
import time
from itertools import accumulate, repeat, takewhile
from operator import mul
from typing import Any

import numpy as np

from ..arrays import dtypes
from ..tensor import Tensor
from .refusals import HISTOGRAM_EMPTY, HISTOGRAM_OF_NONE, NO_ARRAY, NO_TENSORBOARD, SCALAR_SHAPE

try:
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
except ImportError as error:
    raise ImportError(NO_TENSORBOARD) from error

__all__ = ["SummaryWriter"]

# TensorFlow's limits of bins: up to 1e20, each a tenth wider than the one before.
_LIMITS = list(takewhile(lambda limit: limit < 1e20, accumulate(repeat(1.1), mul, initial=1e-12)))
_BINS = [*(-limit for limit in reversed(_LIMITS)), 0.0, *_LIMITS]


class SummaryWriter:
    """Writes numbers, histograms and texts into a folder, which TensorBoard shows as one run.

    `log_dir` is by default runs/DATE_TIME_HOST, with `comment` at its end. Events at and after `purge_step` that are
    in the folder already are hidden. Values are tensors, arrays or numbers. Of torch's methods there are those for
    scalars, histograms and texts. ImportError, where the module is imported, without the package tensorboard. Source:
    torch.utils.tensorboard.SummaryWriter.
    """

    def __init__(
        self, log_dir: Any = None, comment: str = "", purge_step: int | None = None, max_queue: int = 10,
        flush_secs: int = 120, filename_suffix: str = "",
    ) -> None:  # fmt: skip
        if not log_dir:
            name = time.strftime("%b%d_%H-%M-%S_") + socket.gethostname() + comment
            log_dir = os.path.join("runs", name)
        self.log_dir = log_dir
        self.purge_step = purge_step
        self.max_queue, self.flush_secs, self.filename_suffix = max_queue, flush_secs, filename_suffix
        self._writers: dict[str, Any] = {}  # by their folders; add_scalars has one for each of its lines
        self._own_writer()

    def _writer(self, folder: str) -> Any:
        if folder not in self._writers:
            self._writers[folder] = EventFileWriter(folder, self.max_queue, self.flush_secs, self.filename_suffix)
        return self._writers[folder]

    def _own_writer(self) -> Any:
        writer = self._writer(str(self.log_dir))
        if self.purge_step is not None:
            step, self.purge_step = self.purge_step, None
            self._add(writer, Event(file_version="brain.Event:2"), step, None)
            self._add(writer, Event(session_log=SessionLog(status=SessionLog.START)), step, None)
        return writer

    def _add(self, writer: Any, event: Any, step: Any, walltime: float | None) -> None:
        event.wall_time = time.time() if walltime is None else walltime
        if step is not None:
            event.step = int(step)
        writer.add_event(event)

    def get_logdir(self) -> Any:
        """The folder."""
        return self.log_dir

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: Any = None, walltime: float | None = None,
        new_style: bool = False, double_precision: bool = False,
    ) -> None:  # fmt: skip
        """Add a number to the line `tag`; AssertionError for a tensor of several elements.

        With `new_style` it is written as a tensor, of float32 or, with `double_precision`, of float64.
        """
        number = _number(scalar_value)
        if not new_style:
            value = Summary.Value(tag=tag, simple_value=number)
        else:
            kind = {"double_val": [number], "dtype": "DT_DOUBLE"} if double_precision else {}
            content = TensorProto(**(kind or {"float_val": [number], "dtype": "DT_FLOAT"}))
            value = Summary.Value(tag=tag, tensor=content, metadata=_metadata(plugin_name="scalars"))
        self._add(self._own_writer(), Event(summary=Summary(value=[value])), global_step, walltime)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: dict[str, Any], global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Add a number to each of several lines of one diagram; each line has a folder of its own."""
        self._own_writer()
        walltime = time.time() if walltime is None else walltime
        for tag, scalar_value in tag_scalar_dict.items():
            writer = self._writer(f"{self.log_dir}/{main_tag.replace('/', '_')}_{tag}")
            value = Summary.Value(tag=main_tag, simple_value=_number(scalar_value))
            self._add(writer, Event(summary=Summary(value=[value])), global_step, walltime)

    def add_histogram(
        self, tag: str, values: Any, global_step: Any = None, bins: Any = "tensorflow",
        walltime: float | None = None, max_bins: int | None = None,
    ) -> None:  # fmt: skip
        """Add the histogram of values of any shape; `bins` is as in np.histogram, or TensorFlow's.

        More than `max_bins` are joined. ValueError without values.
        """
        bins = _BINS if isinstance(bins, str) and bins == "tensorflow" else bins
        value = Summary.Value(tag=tag, histo=_histogram(_array(values).astype(float).reshape(-1), bins, max_bins))
        self._add(self._own_writer(), Event(summary=Summary(value=[value])), global_step, walltime)

    def add_text(self, tag: str, text_string: str, global_step: Any = None, walltime: float | None = None) -> None:
        """Add a text, in which TensorBoard reads Markdown."""
        metadata = _metadata(plugin_name="text", content=TextPluginData(version=0).SerializeToString())
        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        content = TensorProto(dtype="DT_STRING", string_val=[text_string.encode()], tensor_shape=shape)
        value = Summary.Value(tag=f"{tag}/text_summary", metadata=metadata, tensor=content)
        self._add(self._own_writer(), Event(summary=Summary(value=[value])), global_step, walltime)

    def flush(self) -> None:
        """Write to the disk what has been added so far."""
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Write everything and close the files; what is added later comes into new ones."""
        for writer in self._writers.values():
            writer.flush()
            writer.close()
        self._writers.clear()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _metadata(**data: Any) -> Any:
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(**data))


def _array(value: Any) -> Any:
    """A tensor, an array or a number as an array; NotImplementedError for other values."""
    if isinstance(value, np.ndarray):
        return value
    if np.isscalar(value):
        return np.array([value])
    if not isinstance(value, Tensor):
        raise NotImplementedError(NO_ARRAY.format(type=type(value)))
    value = value.detach()
    return (value.to(dtypes.float16) if value.dtype is dtypes.bfloat16 else value).numpy()


def _number(value: Any) -> float:
    array = _array(value).squeeze()
    if array.ndim:
        raise AssertionError(SCALAR_SHAPE.format(size=array.size, ndim=array.ndim))
    return float(array)


def _histogram(values: Any, bins: Any, max_bins: int | None) -> Any:
    """The histogram from its first bin that is not empty to the last, with an empty bin before."""
    if not values.size:
        raise ValueError(HISTOGRAM_OF_NONE)
    counts, limits = np.histogram(values, bins)
    if max_bins is not None and len(counts) > max_bins:
        joined = len(counts) // max_bins
        starts = np.arange(0, len(counts), joined)
        counts, limits = np.add.reduceat(counts, starts), np.append(limits[:-1:joined], limits[-1])
    filled = np.flatnonzero(counts)
    if not filled.size:
        raise ValueError(HISTOGRAM_EMPTY)
    first, end = filled[0], filled[-1] + 1
    counts = np.append(0, counts)[first : end + 1]
    return HistogramProto(
        min=values.min(), max=values.max(), num=values.size, sum=values.sum(), sum_squares=values.dot(values),
        bucket_limit=limits[first : end + 1].tolist(), bucket=counts.tolist(),
    )  # fmt: skip
