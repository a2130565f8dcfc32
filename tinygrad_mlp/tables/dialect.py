"""How a file of text is written: its encoding, separator, quotes and decimal mark, and whether it has a header.

All of it is found from the first rows, and the encoding from the whole file; what an option says is not looked for.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import BinaryIO

from .errors import DataError, count, shown
from .refusals import CELLS, COLUMNS_OF_ONE_NAME, EMPTY_FILE, NOT_CSV, NOT_TEXT
from .values import is_missing, number

__all__ = ["Dialect", "check_cells", "find_dialect", "records"]

SAMPLE = 1 << 18  # bytes
SAMPLE_ROWS = 200
WHITESPACE = " "  # stands for any run of spaces and tabs
_BLANKS = r"\s+"

_TOKEN = re.compile(r"\"[^\"]*\"(?!\S)|'[^']*'(?!\S)|\S+")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_POINT = re.compile(r"[+-]?\d+\.\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")


@dataclass(frozen=True)
class Dialect:
    """How a file of text is read; `names` are those of its columns.

    `skip` lines before the table are comments. `short` is the number of the header's line if the header leaves out the
    name of the row names, as R does. `notes` are sentences about what was guessed.
    """

    encoding: str
    separator: str
    quote: str
    decimal: str
    header: bool
    names: list[str]
    skip: int = 0
    short: int = 0
    notes: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """The separator as pandas takes it."""
        return _BLANKS if self.separator == WHITESPACE else self.separator


def find_dialect(
    stream: BinaryIO, separator: str | None = None, header: bool | None = None, decimal: str | None = None
) -> Dialect:
    """Find how the text in a binary file is written; DataError for what is no table. The file is left at its start."""
    encoding, notes = _encoding(stream)
    text = _sample(stream, encoding)
    lines = text.splitlines(keepends=True)
    if not "".join(lines).strip():
        raise DataError(EMPTY_FILE)
    if "\0" in text:
        raise DataError(NOT_TEXT)
    skip = _comments(lines)
    lines = lines[skip:]
    quote = "'" if re.match(r"\s*'[^']*'\s*([,;|\t ]|$)", lines[0]) else '"'
    separator = separator or _separator(lines, quote)
    placed = list(islice(_parsed(lines, separator, quote, strict=False), SAMPLE_ROWS))
    if not placed:
        raise DataError(EMPTY_FILE)
    rows = [cells for _, cells in placed]
    if decimal is None or decimal == separator:
        decimal = _decimal(rows, separator)
    if header is None:
        header = _has_header(rows, decimal)
        if not header:
            notes.append("the first row holds values, not names: the columns are called column 1, column 2, ...")
    names = _names(rows, header)
    short = placed[0][0] if len(names) > len(rows[0]) else 0
    return Dialect(encoding, separator, quote, decimal, header, names, skip, short, tuple(notes))


# -- the encoding ----------------------------------------------------------------------------------

_MARKS = [(codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")]


def _encoding(stream: BinaryIO) -> tuple[str, list[str]]:
    """Return the encoding of a file, by its mark or by trying UTF-8 on all of it, with a note where it is a guess."""
    stream.seek(0)
    start = stream.read(SAMPLE)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name, []
    zeros = start[0:2000:2].count(0), start[1:2000:2].count(0)
    if min(len(start), 2000) // 2 and max(zeros) > 0.4 * (min(len(start), 2000) // 2):  # Latin letters in two bytes
        return ("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"), ["read as UTF-16, which is a guess"]
    decoder = codecs.getincrementaldecoder("utf-8")()
    stream.seek(0)
    try:
        while piece := stream.read(1 << 22):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        return "cp1252", [f"not UTF-8 (it holds the byte {byte:#04x}): read as Latin-1, which is a guess"]
    return "utf-8", []


def _sample(stream: BinaryIO, encoding: str) -> str:
    stream.seek(0)
    start = stream.read(SAMPLE)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(start)
    if len(start) == SAMPLE:  # the last line is probably cut
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    stream.seek(0)
    return text.replace("\r\n", "\n").replace("\r", "\n")


# -- separator, quotes, decimal mark ---------------------------------------------------------------


def _comments(lines: Sequence[str]) -> int:
    """Return how many lines with # stand before the table: all that do not have as many cells as what follows."""
    first = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    if first and lines[first - 1].count(",") == lines[first].count(",") > 0:
        return first - 1  # the header itself begins with #
    return first if any(line.startswith("#") for line in lines[:first]) else 0


def _separator(lines: Sequence[str], quote: str) -> str:
    """Return the separator by which most rows have the same number of cells, two or more."""
    best, best_share = ",", 0.0
    for separator in (",", ";", "\t", "|", WHITESPACE):
        widths = [len(cells) for _, cells in _parsed(lines[:SAMPLE_ROWS], separator, quote, strict=False)]
        width, rows = Counter(widths).most_common(1)[0]
        short = widths[0] == width - 1  # R leaves out the name of the row names
        share = (rows + short) / len(widths) if width > 1 and (short or widths[0] == width) else 0.0
        if share > best_share + (0.05 if separator == WHITESPACE else 1e-9):
            best, best_share = separator, share
    return best


def _decimal(rows: Sequence[Sequence[str]], separator: str) -> str:
    """Return the decimal mark: a comma if numbers have one, and none has a point."""
    cells = [cell.strip() for row in rows[1:] for cell in row]
    commas = [cell for cell in cells if _COMMA.fullmatch(cell)]
    if separator == "," or not commas or any(map(_POINT.fullmatch, cells)):
        return "."
    return "." if all(map(_THOUSANDS.fullmatch, commas)) else ","


# -- the header ------------------------------------------------------------------------------------


def _has_header(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether the first row names the columns: it does unless it holds numbers wherever the rows below do.

    Years and other whole numbers in even steps may be names, as may a row that is the only one.
    """
    first, rest = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    if not rest:
        return True
    numeric = [k for k in range(len(first)) if all(_is_number(row[k], decimal) or is_missing(row[k]) for row in rest)]
    numeric = [k for k in numeric if any(_is_number(row[k], decimal) for row in rest)]
    if not numeric or not all(_is_number(first[k], decimal) for k in numeric):
        return True
    values = [number(first[k]) for k in numeric]
    steps = {b - a for a, b in pairwise(values)}
    return len(values) > 2 and len(steps) == 1 and steps != {0.0} and all(value % 1 == 0 for value in values)


def _is_number(cell: str, decimal: str) -> bool:
    value = number(cell.strip().replace(",", ".") if decimal == "," else cell.strip())
    return value == value


def _names(rows: Sequence[Sequence[str]], header: bool) -> list[str]:
    width = len(rows[0])
    below = Counter(len(row) for row in rows[1:])
    if not header:
        return [f"column {place}" for place in range(1, width + 1)]
    cells = [cell.strip() for cell in rows[0]]
    if width > 0 and below and below.most_common(1)[0][0] == width + 1:  # R: the row names have no name
        cells = ["", *cells]
    names: list[str] = []
    places: dict[str, int] = {}
    for place, cell in enumerate(cells, start=1):
        name = cell or f"Unnamed: {place - 1}"  # as pandas calls it
        first = places.setdefault(name, place)
        if first != place:
            hint = ": is the header missing?" if number(name) == number(name) else ""
            raise DataError(COLUMNS_OF_ONE_NAME.format(first=first, second=place, name=shown(name), hint=hint))
        names.append(name)
    return names


# -- rows of text ----------------------------------------------------------------------------------


def records(stream: BinaryIO, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows below the header that are not blank, each with its number, which counts from 1 in the file."""
    stream.seek(0)
    text = io.TextIOWrapper(stream, dialect.encoding, newline="")
    try:
        for _ in range(dialect.skip):
            text.readline()
        rows = _parsed(text, dialect.separator, dialect.quote, strict=True)
        yield from ((row + dialect.skip, cells) for row, cells in islice(rows, int(dialect.header), None))
    finally:
        text.detach()


def check_cells(stream: BinaryIO, dialect: Dialect) -> None:
    """DataError for the first row that does not have one value for each column."""
    columns = len(dialect.names)
    for row, cells in records(stream, dialect):
        if len(cells) != columns:
            raise DataError(CELLS.format(row=row, values=count(len(cells), "value"), columns=columns))


def _parsed(lines: Iterable[str], separator: str, quote: str, strict: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank with their numbers, as a spreadsheet counts them."""
    if separator == WHITESPACE:
        split = enumerate(map(_TOKEN.findall, lines), start=1)
        yield from ((place, [cell.strip("\"'") for cell in cells]) for place, cells in split if cells)
        return
    place = 0
    try:
        reader = csv.reader(lines, delimiter=separator, quotechar=quote, skipinitialspace=True, strict=strict)
        for place, cells in enumerate(reader, start=1):
            if len(cells) > 1 or any(map(str.strip, cells)):
                yield place, cells
    except csv.Error as error:
        if strict:
            raise DataError(NOT_CSV.format(row=place + 1, error=error)) from error
