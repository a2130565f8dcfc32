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
