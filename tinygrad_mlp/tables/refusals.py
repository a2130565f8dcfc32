"""What is refused of a table: every text of an exception, with when it comes.

The checks stand with the code that needs them; here are only the texts, grouped by subject. Those with values are
templates for `str.format`.
"""

# -- The file of a table ---------------------------------------------------------------------------
# Every refusal of a table starts with the path of the file.
IN_FILE = "{path}: {reason}"
# The path has another ending.
DATA_ENDING = "{path}: the data must be a table: .csv, .tsv, .txt, .jsonl, .parquet (each also as .gz or .zip) or .npz"
# A file for which a package is missing: pandas, or pyarrow for Parquet.
NO_LIBRARY = 'reading this file needs {package}: pip install "{requirement}"'
# The file has no rows, not even a header.
EMPTY_FILE = "the file is empty"
# A file of text that holds zero bytes.
NOT_TEXT = "not a text file (it holds zero bytes)"
# A compressed file that cannot be unpacked, or an archive of several files.
NOT_COMPRESSED = "not a whole compressed file ({error})"
SEVERAL_FILES = "the archive must hold one file, not {files}"
# A row that is not CSV, such as one with an open quote.
NOT_CSV = "row {row} is not CSV ({error})"
# A file that pandas cannot read otherwise.
UNREADABLE = "the table cannot be read ({error})"
# Two columns have the same name; if that is a number, `hint` asks whether the header is missing.
COLUMNS_OF_ONE_NAME = "columns {first} and {second} have the same name {name}{hint}"
# A row does not have exactly one value for each column.
CELLS = "row {row} has {values}, but the header {columns} columns"
# A column that an option or a saved model names, and that is not there; `guess`, if not empty, says what was meant.
NO_COLUMN = "no {kind} {name}{purpose}{guess}; there is {names}"


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
# Features that are missing or infinite, with their number and the place of the first.
BAD_VALUES = "{count} {are} {what}: {first}{place}"


# -- The columns -----------------------------------------------------------------------------------
# There is no column besides the target, or all were left out.
NO_FEATURES = "no features beside the target {target!r}"
ALL_LEFT_OUT = "no features beside the target {target!r}: {reasons}"
# There are no rows after the header, or none with a target.
NO_ROWS = "no rows of data"
NO_ROWS_WITH_TARGET = "no rows of data: the target {target!r} is missing in all of them"
# An option asks for numbers in a column that has a value that is none.
NOT_NUMERIC = "column {column!r} is not numeric: row {row} has {value}"
# A number that is infinite.
INFINITE = "column {column!r} is infinite in row {row}"
# The options name one column twice.
TWO_ROLES = "column {column!r} stands both in {first} and in {second}"
# A value that overflows float32 when it is standardised.
TOO_FAR = "column {column!r} has a value too far from the others to be standardised"


# -- The target ------------------------------------------------------------------------------------
# Every row has the same target.
CONSTANT_TARGET = "nothing to learn: the target {target!r} is {value} in {where}"
# A regression is asked for, and the target is text.
TARGET_NOT_NUMERIC = "the target {target!r} is not numeric: row {row} has {value}"
# The target is text with too many different values to be classes.
TARGET_UNCLEAR = "the target {target!r} is neither numbers nor classes: {counts}, and row {row} has {value}"


# -- The split into training and test --------------------------------------------------------------
# A fraction of the rows that is not between 0 and 1.
TEST_FRACTION = "the test fraction must lie between 0 and 1, not {fraction:g}"
# One of the parts would have no rows.
TOO_FEW_ROWS = "{rows} {rows_are} too few: a {part} fraction of {fraction:g} leaves none for the {empty}"


# -- Training --------------------------------------------------------------------------------------
# The loss is nan or infinite.
DIVERGED = "the training diverged: the loss of epoch {epoch} is {loss}; try --lr below {lr:g}"


# -- A saved model ---------------------------------------------------------------------------------
# A file that `train --save` or `Model.save` did not write.
NOT_A_MODEL = "{path}: not a model of tinygrad-mlp ({reason})"
# A column that the model reads is not in the table.
COLUMN_MISSING = "the model needs column {name}{guess}, which is not there; there is {names}"
# The file has another number of features than the model.
FEATURES_NUMBER = "{name!r} has {found} columns, but the model needs {needed}"
# `predict` or `save` of an estimator that was not fitted.
NOT_FITTED = "this {name} is not fitted yet: call fit first"


# -- The estimators, in the words of scikit-learn --------------------------------------------------
# X that is sparse, complex, of another number of dimensions, or empty.
SPARSE = "Sparse data was passed for X, but dense data is required. Use '.toarray()' to convert to a dense array."
COMPLEX = "Complex data not supported: {name} holds complex numbers"
NOT_A_TABLE = (
    "Expected 2D array, got {ndim}D array instead (shape {shape}). Reshape your data either using array.reshape(-1, 1) "
    "if your data has a single feature or array.reshape(1, -1) if it contains a single sample."
)
NO_SAMPLES = "Found array with 0 sample(s) (shape={shape}) while a minimum of 1 is required by {name}."
NO_FEATURES_GIVEN = "Found array with 0 feature(s) (shape={shape}) while a minimum of 1 is required by {name}."
# An array of another width than that of `fit`.
WRONG_WIDTH = "X has {found} features, but {name} is expecting {needed} features as input."
# y that is None, of another shape or length, or with missing values.
Y_NOT_GIVEN = "{name} requires y to be passed, but the target y is None"
Y_SHAPE = "A column-vector y was passed when a 1d array was expected."
UNEQUAL = "Found input variables with inconsistent numbers of samples: [{rows}, {values}]"
Y_MISSING = "Input y contains NaN, infinity or a missing value"
# y that is not what the estimator learns, and one class alone.
WRONG_Y = "Unknown label type: y of a {name} must be {wanted}"
ONE_CLASS = "{name} needs two classes, but y holds one class only: {found}"
# `class_weight` that is neither None nor "balanced".
WRONG_CLASSES = "class_weight must be None or 'balanced', not {found!r}"
# `set_params` with another name.
NO_PARAMETER = "Invalid parameter {name!r} for estimator {estimator!r}. Valid parameters are: {names!r}."
# y of two dimensions or more.
Y_NDIM = "y should be a 1d array, got an array of shape {shape} instead."
# One row alone.
ONE_SAMPLE = "{name} needs two samples or more to learn from, but got n_samples=1"
