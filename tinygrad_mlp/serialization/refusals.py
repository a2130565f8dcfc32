"""What saving and loading refuse: every text of an exception, with when it comes.

Those with values are templates for `str.format`. What `load` says of a file starts with its name and is one line.
"""

from __future__ import annotations

# -- files that are replaced as a whole -------------------------------------------------------------

# OSError for a device or a pipe.
NOT_PLAIN = "not a plain file"

# -- named arrays -----------------------------------------------------------------------------------

# TypeError for a name that is not a string.
NAME_TYPE = "save_file(): the name of a tensor must be a str, not {found}"
# TypeError for a value that is not a NumPy array.
NOT_AN_ARRAY = "save_file(): tensor {name!r} must be a NumPy array, not {found}"
# TypeError for an array of a dtype that the format lacks.
NO_DTYPE = "save_file(): the format has no dtype {dtype} (tensor {name!r})"
# TypeError for metadata with a key or a value that is not a string.
METADATA = "save_file(): metadata must be text, not {key!r}: {value!r}"
# ImportError where the library safetensors is missing, from every function that needs it.
NO_LIBRARY = 'reading and writing .safetensors files needs safetensors: pip install "tinygrad_mlp[cli]"'
# ValueError for an array of a dtype that NumPy lacks.
UNKNOWN_DTYPE = "{path}: NumPy has no dtype {dtype}"
# ValueError for a file that is truncated or has another format.
BROKEN_FILE = "{path}: not a whole safetensors file ({error})"

# -- arguments of save and load, most of them in torch's words --------------------------------------

# save: AttributeError for what is neither a path nor a file.
NOT_WRITABLE = "expected 'f' to be string, path, or a file-like object with a 'write' attribute"
# save: RuntimeError for two tensors of different dtypes in the same memory.
TWO_DTYPES = "Cannot save multiple tensors or storages that view the same data as different types"
# save: OSError for an open file that takes no more bytes.
NOTHING_WRITTEN = "the file takes no more bytes"
# save: NotImplementedError for the format of torch before 1.6.
NO_OLD_FORMAT = "tinygrad_mlp writes torch's zip format only: leave out _use_new_zipfile_serialization=False"
# save: NotImplementedError for a module whose Pickler cannot write names of torch, such as one written in C.
NO_PICKLER = "tinygrad_mlp cannot save with the Pickler of {module}: it must be a subclass of Python's own"
# load: AttributeError for what is neither a path nor a file with a position.
NOT_SEEKABLE = (
    "{error}. You can only torch.load from a file that is seekable. Please pre-load the data into a buffer like "
    "io.BytesIO and try to load from it instead."
)
# load: RuntimeError for another module to unpickle with.
NO_PICKLE_MODULE = "Can not safely load weights when explicit pickle_module is specified"
# load: UserWarning for arguments that only an unrestricted load has a use for.
LOAD_ARGUMENTS = "pickle_load_args only works if `weights_only=False`."
# load: ValueError for mmap=True with an open file.
MMAP_OF_A_FILE = "f must be a file path in order to use the mmap argument"
# load: RuntimeError for a device that is not there.
NO_DEVICE = (
    "Attempting to deserialize object on a {device} device but torch.{module}.is_available() is False. If you are "
    "running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your storages "
    "to the CPU."
)
# load: RuntimeError for a location that is no device.
NO_LOCATION = "don't know how to restore data location of torch.storage.UntypedStorage (tagged with {location})"
# load: TypeError for a result of `map_location` that is no storage.
NOT_A_STORAGE = "map_location must return a storage or None, not {found}"
# load: RuntimeError for a .safetensors file with a `map_location` that looks at storages.
SAFETENSORS_LOCATION = (
    "Loading safetensors file with {kind} map_location is not supported. Use a device string or torch.device instead."
)
# add_safe_globals: ValueError and TypeError for a pair that is none.
PAIR_LENGTH = "Expected tuple of length 2 (global, str of callable full path), but got tuple of length: {length}"
PAIR_NAME = "Expected second item in tuple to be str of callable full path, but got: {found}"
# get_unsafe_globals_in_checkpoint: ValueError for another file.
NOT_A_CHECKPOINT = "Expected input to be a checkpoint returned by torch.save"

# -- files that are none, or damaged ----------------------------------------------------------------

# pickle.UnpicklingError.
EMPTY = "{path}: the file is empty"
NOT_ZIP = "{path}: not a file of torch.save (it is no zip archive)"
OLD_FORMAT = "{path}: in torch's format before 1.6, which tinygrad_mlp does not read: save it again with torch"
TAR_FORMAT = "{path}: in torch's format before 0.1.10, a tar archive, which tinygrad_mlp does not read"
# RuntimeError.
TORCHSCRIPT = "{path}: a TorchScript archive, which holds a program: torch.jit.load reads it, tinygrad_mlp does not"
BROKEN = "{path}: damaged, or not a file of torch.save ({reason})"

# The reasons.
NO_DIRECTORY = "failed finding central directory: {error}"
NO_RECORDS = "the archive is empty"
NO_RECORD = "it has no record {name!r}"
BAD_NAME = "the record name {name!r} is not allowed"
TWICE = "it has two records {name!r}"
ENCRYPTED = "record {name!r} is encrypted"
METHOD = "record {name!r} is compressed in a way that torch.load does not read"
RECORD_SIZES = "the sizes of record {name!r} do not agree"
OVERLAP = "record {name!r} overlaps another, or reaches beyond the end"
UNPACKED = "its compressed records would unpack to {size:,} bytes"
CHECKSUM = "record {name!r} has a wrong checksum"
NOT_ALL_READ = "record {name!r} ends too early"
LOCAL_HEADER = "record {name!r} has no header where the directory says"
BYTE_ORDER = "unknown byte order {found!r}"
VERSION = "its version is {found!r}, where 1 to 10 can be read"

# -- what a pickle says, in pickle.UnpicklingError ---------------------------------------------------

# All that `load` refuses of a pickle while weights_only is true.
WEIGHTS_ONLY = "{path}: Weights only load failed. {reason}"
# A class or function that is not on the list.
NOT_ALLOWED = (
    "Unsupported global: GLOBAL {name} was not an allowed global by default. Please use "
    "`torch.serialization.add_safe_globals([{name}])` or the `torch.serialization.safe_globals([{name}])` context "
    "manager to allowlist this global if you trust this class/function."
)
# The same for one of a module that can never be allowed.
BLOCKED = "Trying to load unsupported GLOBAL {name} whose module {module} is blocked."
# What torch has and this package lacks.
LACKING = "the file names {name}, which tinygrad_mlp lacks"
# What the pickle may call, make or fill is another thing.
NOT_CALLABLE = "Trying to call reduce for unrecognized function {found}"
NOT_MADE = "Can only create new object for nn.Parameter or classes allowlisted via `add_safe_globals` but got {found}"
NOT_BUILT = "Can only build Tensor, Parameter, OrderedDict or types allowlisted via `add_safe_globals`, but got {found}"
NOT_APPENDED = "Can only append to lists, but got {found}"
NOT_SET = "Can only set items of dict, collections.OrderedDict, collections.Counter, but got {found}"
NOT_ADDED = "Can only add to sets, but got {found}"
BAD_STATE = "the state of an OrderedDict must be attributes that it does not have, not {name!r}"
BAD_ATTRIBUTE = "a tensor's own attribute {name!r} cannot be set by a file"
# The stream of opcodes.
OPERAND = "Unsupported operand {code}"
ENDED = "the pickle ends too early"
NO_MEMO = "memo value {index} was never put"
NO_STACK = "the pickle takes more from its stack than there is"
BAD_VALUE = "the pickle holds a value that is not valid ({error})"
COSTLY_COPIES = "the pickle asks for more copies than it holds values"
COSTLY_KEYS = "the keys of its dicts and sets are too deeply nested, or too many of them are large numbers"
# Storages.
PERSISTENT_ID = "Only persistent_load of storage is allowed, but got {found}"
STORAGE_SIZE = "storage {key!r} has {found} bytes, where {count} elements of {dtype} take {wanted}"
STORAGE_DTYPES = "storage {key!r} is used with two dtypes"
# Tensors.
REBUILT_FROM = "a tensor cannot be made of {found}"
GEOMETRY = "a tensor of size {size} with strides {stride} at {offset} does not lie in a storage of {count} elements"
BITS = "the tensor brings metadata along ({name}), which tinygrad_mlp lacks"
BACKWARD_HOOKS = "a tensor brings hooks along"
ARGUMENTS = "{function} cannot be called with such arguments"
