"""Reading a table from a file as a pandas DataFrame, whole or in parts.

pandas does the reading (CSV and its relatives, JSON lines, Parquet, gzip and zip); here stands what it has to be told,
and what is refused. The columns keep the types that pandas finds; what they mean is found in `roles`.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from .dialect import Dialect, check_cells, find_dialect, records
from .errors import DataError
from .refusals import (
    DATA_ENDING,
    EMPTY_FILE,
    IN_FILE,
    NO_LIBRARY,
    NOT_COMPRESSED,
    SEVERAL_FILES,
    UNREADABLE,
)
from .values import MISSING

__all__ = ["Format", "Source", "naming", "read_chunks", "read_table", "read_whole"]

TEXT = {".csv", ".tsv", ".txt", ".tab", ".dat", ".data", ".psv"}
JSON = {".jsonl", ".ndjson", ".json"}
PARQUET = {".parquet", ".pq"}


@dataclass(frozen=True)
class Format:
    """What is known of a file before it is read: the separator, whether there is a header, the decimal mark, and
    further words for missing values. What is None is found."""

    separator: str | None = None
    header: bool | None = None
    decimal: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where a DataFrame comes from: for messages that name a row, and for what has to be said of the reading."""

    path: str
    dialect: Dialect | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was guessed."""
        return self.dialect.notes if self.dialect else ()

    @property
    def decimal(self) -> str:
        """The decimal mark."""
        return self.dialect.decimal if self.dialect else "."

    def row(self, index: int) -> int:
        """Return the number of a row in the file, counted from 1 with the header, by its index in the DataFrame."""
        return self.rows([index])[0]

    def rows(self, indices: Sequence[int]) -> list[int]:
        """Return the numbers of several rows, for which the file is gone through once."""
        if self.dialect is None:
            return [index + 1 for index in indices]
        if self.path == "-":
            return [index + 1 + self.dialect.header for index in indices]
        wanted = set(indices)
        with _opened(self.path) as stream:  # once more, because blank rows and the like count
            rows = enumerate(islice(records(stream, self.dialect), max(indices, default=-1) + 1))
            numbers = {index: number for index, (number, _) in rows if index in wanted}
        return [numbers[index] for index in indices]


def read_table(path: str | os.PathLike[str], format: Format | None = None) -> Any:
    """Read a table from a file as a pandas DataFrame.

    The ending of the name tells what the file is: .csv, .tsv, .txt and the like are text, whose encoding (UTF-8,
    UTF-16, Latin-1), separator, quotes, decimal mark and header are found from its content; .jsonl has a JSON object
    a line; .parquet needs pyarrow. Each may be compressed (.gz, .zip). `-` is standard input, as text. Empty cells
    and the words NA, N/A, nan, null, ? and - are missing values.

    Raises DataError with one line for a file that cannot be read.
    """
    with naming(path):
        return read_whole(os.fspath(path), format or Format())[0]


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Let errors of the context become DataErrors that name the file."""
    name = os.fspath(path)
    try:
        yield
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise DataError(IN_FILE.format(path=name, reason=reason)) from error
    except DataError as error:
        text = str(error)
        raise DataError(text if text.startswith(f"{name}: ") else IN_FILE.format(path=name, reason=text)) from error


def read_whole(path: str, format: Format) -> tuple[Any, Source]:
    """Return the DataFrame of a file with its source; its errors do not name the file."""
    pandas = _pandas()
    kind = _kind(path)
    with _opened(path) as stream:
        if kind == "json":
            frame, source = _json(pandas, stream), Source(path)
        elif kind == "parquet":
            frame, source = _parquet(pandas, stream), Source(path)
        else:
            dialect = find_dialect(stream, format.separator, format.header, format.decimal)
            frame = _csv(pandas, stream, dialect, format)
            source = Source(path, dialect)
            if len(frame) and frame.iloc[:, -1].isna().any():  # pandas takes a row that ends early as missing values
                check_cells(stream, dialect)
    if kind != "text":
        frame = _without(frame, format.missing)
    frame.columns = [str(name) for name in frame.columns]
    return frame, source


def read_chunks(
    path: str, format: Format, rows: int, as_text: Mapping[str, type] | None = None
) -> Iterator[tuple[Any, Source, float]]:
    """Yield the table of a file in DataFrames of at most `rows` rows, with the share of the file that has been read.

    `as_text` names columns that are to be read as text even where they hold numbers.
    """
    pandas = _pandas()
    kind = _kind(path)
    with _opened(path) as stream:
        size = max(1, stream.seek(0, io.SEEK_END))
        stream.seek(0)
        if kind == "parquet":
            yield from _parquet_chunks(stream, format, path, rows)
            return
        if kind == "json":
            with _as_text(stream) as text:
                yield from _chunks(
                    pandas, stream, pandas.read_json(text, lines=True, chunksize=rows), format, path, None, size
                )
            return
        dialect = find_dialect(stream, format.separator, format.header, format.decimal)
        types = {name: str for name in as_text or () if name in dialect.names}
        reader = _csv(pandas, stream, dialect, format, chunksize=rows, dtype=types)
        yield from _chunks(pandas, stream, reader, format, path, dialect, size)


def _chunks(
    pandas: Any, stream: BinaryIO, reader: Any, format: Format, path: str, dialect: Dialect | None, size: int
) -> Iterator[tuple[Any, Source, float]]:
    source = Source(path, dialect)
    chunks = iter(reader)
    while True:
        try:
            frame = next(chunks, None)
        except (ValueError, UnicodeError) as error:  # pandas.errors.ParserError is one
            raise _explained(error, stream, dialect) from error
        if frame is None:
            return
        frame.columns = [str(name) for name in frame.columns]
        yield frame if dialect else _without(frame, format.missing), source, stream.tell() / size


# -- the kinds of files ----------------------------------------------------------------------------


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise DataError(NO_LIBRARY.format(package="pandas", requirement="tinygrad_mlp[cli]")) from error
    return pandas


def _kind(path: str) -> str:
    if path == "-":
        return "text"
    stem, ending = os.path.splitext(path.lower())
    if ending in (".gz", ".zip"):
        ending = os.path.splitext(stem)[1] or ".csv"
    for kind, endings in (("text", TEXT), ("json", JSON), ("parquet", PARQUET)):
        if ending in endings:
            return kind
    raise DataError(DATA_ENDING.format(path=path))


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Open a file for reading from any place: unpacked, or copied from standard input, into a temporary file."""
    if path == "-":
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.seek(0)
            yield copy
        return
    with open(path, "rb") as stream:
        start = stream.read(4)
        stream.seek(0)
        packed = path.lower().endswith((".gz", ".zip"))
        if not packed or start[:2] not in (b"\x1f\x8b", b"PK"):
            yield stream
            return
        with tempfile.TemporaryFile() as copy:
            try:
                with _unpacked(stream, start) as content:
                    shutil.copyfileobj(content, copy)
            except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, RuntimeError) as error:
                raise DataError(NOT_COMPRESSED.format(error=error)) from error
            copy.seek(0)
            yield copy


@contextmanager
def _unpacked(stream: BinaryIO, start: bytes) -> Iterator[Any]:
    if start[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=stream) as content:
            yield content
        return
    with zipfile.ZipFile(stream) as archive:
        files = [f for f in archive.namelist() if not f.endswith("/") and not f.startswith("__MACOSX")]
        if len(files) != 1:
            raise DataError(SEVERAL_FILES.format(files=len(files)))
        with archive.open(files[0]) as content:
            yield content


def _csv(pandas: Any, stream: BinaryIO, dialect: Dialect, format: Format, **how: Any) -> Any:
    words = [form for word in MISSING for form in {word, word.upper(), word.title()}]
    if tuple(map(int, pandas.__version__.split(".")[:2])) < (3, 1):  # later this is the only way
        how["float_precision"] = "round_trip"
    stream.seek(0)
    try:
        return pandas.read_csv(
            stream,
            sep=dialect.pattern,
            quotechar=dialect.quote,
            decimal=dialect.decimal,
            thousands="." if dialect.decimal == "," else None,
            encoding=dialect.encoding,
            header=0 if dialect.header and not dialect.short else None,
            names=dialect.names,
            index_col=False if len(dialect.names) == 1 else None,
            skiprows=dialect.skip + dialect.short,
            skipinitialspace=True,
            keep_default_na=False,
            na_values=[*words, "NaN", "-NaN", *format.missing],
            low_memory=False,
            **how,
        )
    except pandas.errors.EmptyDataError as error:
        raise DataError(EMPTY_FILE) from error
    except (ValueError, UnicodeError) as error:  # pandas.errors.ParserError is one
        raise _explained(error, stream, dialect) from error


def _explained(error: Exception, stream: BinaryIO, dialect: Dialect | None) -> DataError:
    """Return the refusal for an error of pandas: the row that is wrong, where it can be found."""
    if dialect is not None:
        try:
            check_cells(stream, dialect)
        except DataError as found:
            return found
    return DataError(UNREADABLE.format(error=str(error).splitlines()[0] if str(error) else type(error).__name__))


def _json(pandas: Any, stream: BinaryIO) -> Any:
    start = stream.read(64).lstrip()
    stream.seek(0)
    try:
        with _as_text(stream) as text:
            return pandas.read_json(text, lines=not start.startswith(b"["))
    except ValueError as error:
        raise DataError(UNREADABLE.format(error=str(error).splitlines()[0])) from error


@contextmanager
def _as_text(stream: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """Give a file as UTF-8 text, without closing it in the end."""
    text = io.TextIOWrapper(stream, "utf-8-sig")
    try:
        yield text
    finally:
        with suppress(ValueError):  # pandas has closed it
            text.detach()


def _parquet(pandas: Any, stream: BinaryIO) -> Any:
    try:
        return pandas.read_parquet(stream)
    except ImportError as error:
        raise DataError(NO_LIBRARY.format(package="pyarrow", requirement="pyarrow")) from error
    except Exception as error:  # pyarrow has errors of its own
        raise DataError(UNREADABLE.format(error=str(error).splitlines()[0])) from error


def _parquet_chunks(stream: BinaryIO, format: Format, path: str, rows: int) -> Iterator[tuple[Any, Source, float]]:
    """Yield a Parquet file in parts, which pyarrow reads one after the other."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise DataError(NO_LIBRARY.format(package="pyarrow", requirement="pyarrow")) from error
    try:
        content = pyarrow.parquet.ParquetFile(stream)
        total, done = max(1, content.metadata.num_rows), 0
        for batch in content.iter_batches(rows):
            frame = _without(batch.to_pandas(), format.missing)
            done += len(frame)
            yield frame, Source(path), done / total
    except (ValueError, OSError) as error:  # pyarrow's own errors are ValueErrors
        raise DataError(UNREADABLE.format(error=str(error).splitlines()[0])) from error


def _without(frame: Any, words: Sequence[str]) -> Any:
    """Return a DataFrame with missing values for the words that stand for them."""
    return frame.mask(frame.map(lambda value: str(value) in words)) if words else frame
