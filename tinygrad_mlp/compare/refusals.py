"""What `compare` says where it cannot go on, and of what it cannot be sure."""

# -- It cannot go on -------------------------------------------------------------------------------
NOT_A_TRACE = "{path}: not a trace of `compare --record` ({why})"
OTHER_SCHEMA = "{path}: a trace of version {found}, and this package reads version {schema}"
NO_TORCH = 'torch is not installed: pip install "tinygrad_mlp[compare]"'
# A program that is none: no file, or `-`, which can be read only once.
NO_PROGRAM = "there is no program to compare: name a script"
NO_FILE = "{path}: No such file or directory"
# --write-case where nothing differs, or where the call cannot be written down.
NO_CASE = "--write-case: no call is to blame, so there is nothing to reproduce"
NO_TEXT = "--write-case: the call of `{name}` cannot be written down: an argument has no short text"

# -- It cannot be sure: each is said with the program's line ---------------------------------------
CLOCK = "{file}:{line} reads a clock (`{name}`): what it makes of that differs from run to run"
ADDRESS = "{file}:{line} asks for an `id()`: addresses differ from run to run"
RANDOM_BYTES = "{file}:{line} asks the system for random bytes: they differ from run to run"
THREAD = "{file}:{line} starts a thread: in which order threads do their work differs from run to run"
PROCESS = "the program starts processes: what they call is not seen"
OWN_OUTPUT = "the program reads and writes {path}: a run may read what the run before has written"
# The program was run a second time under torch, and was not the same to the last bit.
NOT_REPEATABLE = (
    "run again under {framework} the program does other things, from the {nth} call of `{name}`, {place}, on"
)

# -- functions and models --------------------------------------------------------------------------
# TypeError: something else where a module is to be compared.
NOT_A_MODULE = "a module of tinygrad_mlp or of torch is compared, not {found}"
# TypeError: what cannot be called under the other framework.
NOT_A_FUNCTION = "a function, or a pair of functions for tinygrad_mlp and torch, is compared, not {found!r}"
NO_COUNTERPART = "{target} has no {name}: give a pair of functions, the first for tinygrad_mlp and the second for torch"
A_CLASS = (
    "{name} is a class that derives from one of {source}, so that it cannot be used under {target}: give a pair of "
    "functions, or a function f(torch, ...) that makes the class from the package it is given"
)
AN_OBJECT = (
    "a {name} is an object of {source} that {target} does not know: give a pair, the first for tinygrad_mlp and the "
    "second for torch; a loss can be given by its name, as loss='cross_entropy'"
)

# -- to_html ---------------------------------------------------------------------------------------
# ValueError: a comparison of two programs by the names of their variables.
NO_PAGE = "there is no page of a comparison by the names of variables, only of two runs of a program"
