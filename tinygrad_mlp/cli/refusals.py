"""What the command refuses: every text of an exception that becomes its one line on stderr, with when it comes.

The checks stand with the code that needs them; here are only the texts, grouped by subject. Those with values are
templates for `str.format`.
"""

# -- Options of `train` ----------------------------------------------------------------------------
# A value of an option that is not allowed; argparse puts the name of the option before it.
MUST_BE = "must be {wanted}, not {found!r}"
# --save with a name that has another ending.
SAVE_ENDING = "the file's name must end with .safetensors, not {found!r}"
# --momentum with an optimiser other than sgd.
MOMENTUM_WITHOUT_SGD = "--momentum is for --optimizer sgd, not {optimizer}"
# --target without a file of one's own.
TARGET_OF_DIGITS = "--target is for a --data FILE: the digits' target is known"
# --compare where torch is not installed.
NO_TORCH = "--compare needs torch, which is not installed: pip install torch"
# --compare where torch is installed but its import fails.
BROKEN_TORCH = "--compare: torch cannot be imported ({reason})"
# --save with a path that cannot be written to, found before or after the training.
CANNOT_SAVE = "--save {path}: {reason}"


# -- Training --------------------------------------------------------------------------------------
# The loss is nan or infinite.
DIVERGED = "the training diverged: the loss of epoch {epoch} is {loss}; try --lr below {lr:g}"
# Python raised MemoryError.
NO_MEMORY = "there is not enough memory for this network and data"


# -- The file of a table ---------------------------------------------------------------------------
# Every refusal of a table starts with the path of the file.
IN_FILE = "{path}: {reason}"
# The path has another ending.
DATA_ENDING = "{path}: the data must be a .csv or an .npz file"
# A CSV file that is not UTF-8.
NOT_UTF8 = "{path}: not UTF-8 text (it holds the byte {byte:#04x})"


# -- CSV -------------------------------------------------------------------------------------------
# The file has no header.
EMPTY_FILE = "the file is empty"
# A row that the csv module cannot read.
NOT_CSV = "row {row} is not CSV ({error})"
# The header holds zero bytes.
NOT_TEXT = "not a text file (it holds zero bytes)"
# A column without a name in the header.
COLUMN_WITHOUT_NAME = "row {row} must name the columns, but column {column} has no name"
# Two columns have the same name; if that is a number, `hint` asks whether the header is missing.
COLUMNS_OF_ONE_NAME = "columns {first} and {second} have the same name {name}{hint}"
# The name of the target in the header is also a value of the target, so that the header is probably data.
HEADER_IS_DATA = "row {row} must name the columns, but its {name} is a target value"
# A row does not have exactly one value for each column.
CELLS = "row {row} has {values}, but the header {columns} columns"
# A feature that is not a number.
NOT_NUMERIC = "column {column!r} is not numeric: row {row} has {value}"


# -- NPZ -------------------------------------------------------------------------------------------
# The file is not a zip archive.
NOT_NPZ = "not an .npz file"
# The archive cannot be read to its end.
BROKEN_NPZ = "not a whole .npz file ({error})"
# The archive has no files.
NO_ARRAYS = "the file holds no arrays"
# An array of Python objects, which could only be read by pickle, which runs code.
PICKLED = "array {key!r} holds Python objects, which can be read by pickle only"
# A file in the archive that is not an array.
NOT_AN_ARRAY = "{key!r} is not an array"
# Several arrays could be the features; `each` is "both" for X and x, else "each".
WHICH_FEATURES = "which array is the features? {arrays} {each} could be: name it 'X'"
# Features that are not numbers.
FEATURES_DTYPE = "array {key!r} is not numeric (dtype {dtype})"
# Features that are not (rows, columns).
FEATURES_SHAPE = "array {key!r} must have 2 dimensions (rows, features), not shape {shape}"
# A target that is neither numbers nor text.
TARGET_DTYPE = "the target array {key!r} is neither numbers nor text (dtype {dtype})"
# A target of several values for each row.
TARGET_SHAPE = "the target array {key!r} must have one value a row, not shape {shape}"
# Features and target of different lengths.
LENGTHS = "{features!r} has {rows}, the target {target!r} {values}"


# -- The values of a table -------------------------------------------------------------------------
# The target that was asked for does not exist; `guess`, if not empty, names what may have been meant.
NO_TARGET = "no {kind} {name} for the target{guess}; there is {names}"
# There is no column or array besides the target.
NO_FEATURES = "no features beside the target {target!r}"
# There are no rows after the header, or the arrays are empty.
NO_ROWS = "no rows of data"
# Values that are missing or infinite, with their number and the place of the first.
BAD_VALUES = "{count} {are} {what}: {first}{place}"
# Every row has the same target.
CONSTANT_TARGET = "nothing to learn: the target {target!r} is {value} in {where}"
# A regression is asked for, and the target is text.
TARGET_NOT_NUMERIC = "the target {target!r} is not numeric: {example}"
# The target is text with too many different values to be classes.
TARGET_UNCLEAR = "the target {target!r} is neither numbers nor classes: {counts}, and {example}"
# A value that overflows float32 when it is standardised.
TOO_FAR = "column {column!r} has a value too far from the others to be standardised"


# -- The split into training and test --------------------------------------------------------------
# A fraction of the rows that is not between 0 and 1.
TEST_FRACTION = "the test fraction must lie between 0 and 1, not {fraction:g}"
# One of the two parts would have no rows.
TOO_FEW_ROWS = "{rows} {rows_are} too few: a test fraction of {fraction:g} leaves none for the {part}"
