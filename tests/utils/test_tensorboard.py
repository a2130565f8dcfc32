"""torch.utils.tensorboard, with a stand-in for the package tensorboard that keeps what is written.

With the package itself the files were compared with torch's, and were the same byte for byte.
"""

from __future__ import annotations

import importlib
import sys
import types

import numpy as np
import pytest

import tinygrad_mlp

NAME = "tinygrad_mlp.utils.tensorboard"


class Message:
    """A message of protobuf: fields, and a few names that belong to its class."""

    def __init__(self, **fields):
        vars(self).update(fields)

    def SerializeToString(self):
        return repr(vars(self))


class Writer:
    """Keeps the events of each folder."""

    written: dict[str, list] = {}
    closed: list[str] = []

    def __init__(self, folder, max_queue, flush_secs, filename_suffix):
        self.folder = folder
        self.options = max_queue, flush_secs, filename_suffix

    def add_event(self, event):
        Writer.written.setdefault(self.folder, []).append(event)

    def flush(self):
        Writer.closed.append(f"flush {self.folder}")

    def close(self):
        Writer.closed.append(f"close {self.folder}")


@pytest.fixture
def board(monkeypatch):
    """The module, imported with the stand-in."""
    message = type("Summary", (Message,), {"Value": Message, "PluginData": Message, "Dim": Message, "START": 1})
    modules = {
        "compat.proto.event_pb2": ["Event", "SessionLog"],
        "compat.proto.summary_pb2": ["HistogramProto", "Summary", "SummaryMetadata"],
        "compat.proto.tensor_pb2": ["TensorProto"],
        "compat.proto.tensor_shape_pb2": ["TensorShapeProto"],
        "plugins.text.plugin_data_pb2": ["TextPluginData"],
        "summary.writer.event_file_writer": ["EventFileWriter"],
    }
    for path, names in modules.items():
        parts = ["tensorboard", *path.split(".")]
        for end in range(1, len(parts) + 1):
            monkeypatch.setitem(sys.modules, ".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
        for name in names:
            vars(sys.modules[f"tensorboard.{path}"])[name] = Writer if name == "EventFileWriter" else message
    message.SessionLog = message
    monkeypatch.setattr(Writer, "written", {})
    monkeypatch.setattr(Writer, "closed", [])
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    yield importlib.import_module(NAME)
    sys.modules.pop(NAME, None)


def values(folder):
    return [event.summary.value[0] for event in Writer.written[folder]]


def test_scalars(board) -> None:
    with board.SummaryWriter("runs/a") as writer:
        writer.add_scalar("loss", tinygrad_mlp.tensor([2.5]), np.int64(3), walltime=5.0)
        writer.add_scalar("loss", 1, 4)
        writer.add_scalar("new", 0.1, new_style=True)
        writer.add_scalar("new", 0.1, new_style=True, double_precision=True)
        writer.add_scalars("m/x", {"p": 1, "q": np.float32(2)}, 7)
    first, second, new, wide = Writer.written["runs/a"]
    assert [(event.summary.value[0].tag, event.summary.value[0].simple_value) for event in (first, second)] == [
        ("loss", 2.5), ("loss", 1.0)
    ]  # fmt: skip
    assert (first.step, first.wall_time, second.step) == (3, 5.0, 4)
    assert not hasattr(new, "step")
    assert new.summary.value[0].tensor.float_val == wide.summary.value[0].tensor.double_val == [0.1]
    assert wide.summary.value[0].metadata.plugin_data.plugin_name == "scalars"
    assert [value.simple_value for name in "pq" for value in values(f"runs/a/m_x_{name}")] == [1.0, 2.0]
    assert [event.step for event in Writer.written["runs/a/m_x_q"]] == [7]
    assert Writer.closed == [f"{what} runs/a{x}" for x in ("", "/m_x_p", "/m_x_q") for what in ("flush", "close")]


@pytest.mark.parametrize(
    ("bins", "most", "limits", "counts"),
    [
        ([0, 1, 2, 10], None, [1, 2, 10], [0, 1, 2]),
        ([-5, 0, 1, 2, 10, 20], None, [1, 2, 10], [0, 1, 2]),
        ([0, 1, 2, 3, 4, 5], 2, [0, 2, 4], [0, 1, 2]),
    ],
)
def test_histograms(board, bins, most, limits, counts) -> None:
    writer = board.SummaryWriter("h")
    writer.add_histogram("w", tinygrad_mlp.tensor([[1.0], [2.0], [3.0]], requires_grad=True), 2, bins, max_bins=most)
    (value,) = values("h")
    found = value.histo
    assert (found.min, found.max, found.num, found.sum, found.sum_squares) == (1, 3, 3, 6, 14)
    assert (found.bucket_limit, found.bucket) == (limits, counts)


def test_the_bins_of_tensorflow(board) -> None:
    writer = board.SummaryWriter("h")
    writer.add_histogram("w", np.array([-1.0, 0.0, 0.5, 1e-5]))
    (value,) = values("h")
    assert sum(value.histo.bucket) == 4
    assert len(board._BINS) == 1549
    assert board._BINS[774:777] == [0.0, 1e-12, 1e-12 * 1.1]


def test_text_and_folders(board) -> None:
    writer = board.SummaryWriter("t", purge_step=5)
    writer.add_text("note", "**é**", 1)
    writer.flush()
    version, session, text = Writer.written["t"]
    assert (version.file_version, version.step, session.step, writer.get_logdir()) == ("brain.Event:2", 5, 5, "t")
    assert text.summary.value[0].tag == "note/text_summary"
    assert text.summary.value[0].tensor.string_val == ["**é**".encode()]
    assert Writer.closed == ["flush t"]
    assert str(board.SummaryWriter(comment="_mine").log_dir).startswith("runs/")
    assert str(board.SummaryWriter(comment="_mine").log_dir).endswith("_mine")


def test_refusals(board) -> None:
    writer = board.SummaryWriter("r")
    for kind, action in [
        (AssertionError, lambda: writer.add_scalar("a", tinygrad_mlp.ones(2))),
        (NotImplementedError, lambda: writer.add_scalar("a", [1.0])),
        (ValueError, lambda: writer.add_histogram("a", np.ones(0))),
        (ValueError, lambda: writer.add_histogram("a", np.ones(2), bins=[5, 6])),
    ]:
        with pytest.raises(kind):
            action()


def test_without_the_package(monkeypatch) -> None:
    """One line says what to install."""
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    with pytest.raises(ImportError, match=r"^torch.utils.tensorboard needs the package tensorboard: pip install .*$"):
        importlib.import_module(NAME)
