"""What the command refuses: every text of an exception that becomes its one line on stderr, with when it comes.

The checks stand with the code that needs them; here are only the texts, grouped by subject. Those with values are
templates for `str.format`.
"""

# -- Options of `train` ----------------------------------------------------------------------------
# A value of an option that is not allowed; argparse puts the name of the option before it.
MUST_BE = "must be {wanted}, not {found!r}"
# --save with a name that has another ending.
SAVE_ENDING = "the file's name must end with .pt, .pth or .safetensors, not {found!r}"
# --html with a name that has another ending.
HTML_ENDING = "the file's name must end with .html, not {found!r}"
# --momentum with an optimiser other than sgd.
MOMENTUM_WITHOUT_SGD = "--momentum is for --optimizer sgd, not {optimizer}"
# --target without a file of one's own.
TARGET_OF_DIGITS = "--target is for a --data FILE: the digits' target is known"
# --compare where torch is not installed.
NO_TORCH = "--compare needs torch, which is not installed: pip install torch"
# --compare where the comparison cannot be run, for example because the import of torch fails.
NOT_COMPARED = "--compare: the training could not be compared with torch's ({reason})"
# --save or --html with a path that cannot be written to, found before or after the training.
CANNOT_SAVE = "{option} {path}: {reason}"


# An option on columns with the digits or an .npz file, whose columns have no names.
COLUMNS_OF_A_TABLE = "{option} is for a table with named columns, such as a .csv file"
# --separator with a word that is none.
SEPARATOR = "must be one character, or tab or space, not {found!r}"
# Python raised MemoryError.
NO_MEMORY = "there is not enough memory for this network and data"


# -- Options of `predict` --------------------------------------------------------------------------
# --out with a name that has another ending.
OUT_ENDING = "--out {path}: the file's name must end with .csv, .tsv or .jsonl"
# --out with a path that cannot be written to.
CANNOT_WRITE = "--out {path}: {reason}"
# A model of arrays is given a table, and a model of a table is given arrays.
ARRAYS_NEEDED = "the model was trained on an array of features: give it an .npz file"
COLUMNS_NEEDED = "the model was trained on a table with named columns, which an .npz file has not"


# -- Programs for `run` ----------------------------------------------------------------------------
# -c and -m without what is to be run, in Python's words.
NO_ARGUMENT = "Argument expected for the {option} option"
# A folder without a __main__.py, in Python's words.
NO_MAIN = "{python}: can't find '__main__' module in {path!r}"
# After the name at which a program has stopped.
OTHERS_MISSING = "Other names that {package} lacks, read from the source of the program and of what it imports:"
# The last line after a script's traceback.
BY_TORCH = "tinygrad-mlp run: whether torch does the same is told by: tinygrad-mlp compare {script}"
# A notebook that cannot be read, has no cells, or is written in another language.
NOT_JSON = "not a notebook ({error})"
NO_CELLS = "not a notebook (it has no cells)"
OTHER_LANGUAGE = "a notebook in {language}, not in Python"
# The note for a line of a notebook that is for IPython.
PASSED_OVER = "{cell}: passed over: {line}"
# What `tape` says, and goes on, where the backward that it shows is one of a compiled step.
IN_COMPILED = (
    "this is the tape of a call that recorded a compiled step: other calls run its NumPy program, which has none; "
    "step.to_html(FILE) shows the program beside the tape"
)
# `tape` of a program that runs no backward, and --step K with fewer than K of them.
NO_BACKWARD = "the program ran no backward, so there is no tape to show"
NO_SUCH_STEP = "--step: the program ran {count} backward passes"


# -- `check` ---------------------------------------------------------------------------------------
# What to check is not said as a module or file and a name in it.
NO_COLON = "say what to check as MODULE:NAME or FILE.py:NAME"
# The module cannot be imported, or has no such name.
NO_MODULE = "cannot be imported ({reason})"
NO_ATTRIBUTE = "{place} has no {name}"
# A class of modules that cannot be made without arguments.
NO_INSTANCE = "{name} needs arguments, so name an instance of it ({reason})"
# A builtin function does not say how many inputs it takes.
NO_SHAPE = "give the shape of each input by --shape, as the signature does not say how many there are"
# The function raises an exception for the inputs.
NO_CALL = "cannot be run with inputs of the shapes {shapes}; are others needed, by --shape? ({reason})"
# What is named is neither callable nor a pair.
NOT_TO_CHECK = "a function, a Function class, a module or a pair of NumPy functions can be checked, not {f!r}"
