"""What `torch.utils` refuses, apart from `data`, in torch's words: every text of an exception, with when it comes.

The checks stand with the code that needs them; here are only the texts. Those with values are templates for
`str.format`.
"""

# -- Options of checkpoint -------------------------------------------------------------------------
# ValueError for keywords that the reentrant mode, or checkpoint_sequential, does not take.
UNEXPECTED_KEYWORDS = "Unexpected keyword arguments: {names}"
# ValueError for `context_fn` or `debug` in the reentrant mode.
NOT_WITH_REENTRANT = "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
# ValueError for `debug` with a `context_fn`: it needs the two contexts itself.
DEBUG_WITH_CONTEXT = "debug=True is incompatible with non-default context_fn"
# ValueError for an unknown way to compare the recomputation with the forward.
DETERMINISM_CHECK = "determinism_check should be one of ['default', 'none'], but got {found}"
# RuntimeError where the first context of `context_fn` suppresses an exception of the function.
SUPPRESSED = (
    "torch.utils.checkpoint: the forward context provided by context_fn suppressed an exception raised during the "
    "checkpointed forward. This is not supported because checkpoint cannot return a value for a failed forward."
)


# -- The recomputation, against the original forward -----------------------------------------------
# How to find the operators that differ; it is put at the end (`tip`) of each of the three messages below.
TIP = """
Tip: To see a more detailed error message, either pass `debug=True` to
`torch.utils.checkpoint.checkpoint(...)` or wrap the code block
with `with torch.utils.checkpoint.set_checkpoint_debug_enabled(True):` to
enable checkpoint\u2011debug mode globally.
"""
# CheckpointError if the recomputation saved fewer tensors than the forward.
OTHER_NUMBER = (
    "torch.utils.checkpoint: A different number of tensors was saved during the original forward and recomputation.\n"
    "Number of tensors saved during forward: {forward}\n"
    "Number of tensors saved during recomputation: {again}.\n"
    "{tip}"
)
# CheckpointError if it saved tensors of other shapes or dtypes; `different` lists them, as OTHER_TENSOR.
OTHER_METADATA = (
    "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than during the "
    "forward pass.\n"
    "{different}.\n"
    "{tip}"
)
# One of the tensors that differ.
OTHER_TENSOR = "tensor at position {index}:\nsaved metadata: {saved}\nrecomputed metadata: {again}\n"
# CheckpointError if it saves more tensors than the forward.
TOO_MANY = (
    "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original forward "
    "pass.\n"
    "{tip}"
)
# With `debug`, the text of the CheckpointError that is raised from one of the three.
LOGS = """ \
An error happened while unpacking tensors; dumping logs of latest computation
because you passed `debug=True` to `torch.utils.checkpoint.checkpoint()`.

1. The operators of the original forward, with the lines of the program that called them, the innermost first

{forward_traces}
2. The operators of the recomputation, with their lines

{recompute_traces}
3. Both, in the order in which they ran: where they part, the function did something else the second time

Operations executed during the original forward:

{forward_ops}

Operations executed during recomputation:

{recompute_ops}
"""


# -- The reentrant mode ----------------------------------------------------------------------------
# detach_variable: RuntimeError for anything but a tuple.
NOT_A_TUPLE = "Only tuple of tensors is supported. Got Unsupported input type: {found}"
# RuntimeError in backward where no result of the function requires grad.
NOTHING_TO_DIFFERENTIATE = "none of output has requires_grad=True, this checkpoint() is not necessary"
# RuntimeError from `grad()`, or `backward(inputs=...)`: the mode's own backward adds to all leaves.
INPUTS_WITH_REENTRANT = (
    "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` parameter "
    "to .backward(). To resolve this error, you can either set use_reentrant=False, or call .backward() without "
    "passing the `inputs` argument."
)


# -- Trees -----------------------------------------------------------------------------------------
# ValueError for leaves of another number than a structure has.
TREE_LEAVES = (
    "treespec.unflatten(leaves): `leaves` has length {count} but the spec refers to a pytree that holds {wanted} items "
    "({spec})."
)
# TypeError for tree_unflatten without a structure.
NOT_A_TREESPEC = "Expected `treespec` to be an instance of PyTreeSpec but got item of type {type}."
# ValueError, by flatten_up_to and by tree_map of several trees, for a tree that does not begin as the structure.
NODE_TYPE = "Node type mismatch; expected {wanted!r}, but got {found!r}."
NODE_CUSTOM_TYPE = "Type mismatch; expected {wanted!r}, but got {found!r}."
NODE_ARITY = "Node arity mismatch; expected {wanted}, but got {found}."
NODE_KEYS = "Node keys mismatch{what}."
NODE_CONTEXT = "Node context mismatch for node type {type!r}; expected {wanted!r}, but got {found!r}."
NODE_CUSTOM_CONTEXT = "Node context mismatch for custom node type {type!r}."
# ValueError for registering a class twice.
NODE_REGISTERED = "{type} is already registered as pytree node."
# FutureWarning for the older function of this kind, and UserWarning where it replaces what was registered before.
NODE_DEPRECATED = (
    "`torch.utils._pytree._register_pytree_node` is deprecated. Please use `torch.utils._pytree.register_pytree_node` "
    "instead."
)
NODE_WARNING = "{type} is already registered as pytree node. Overwriting the previous registration."
# TypeError for a leaf's type that is neither a type nor a function.
ONLY_TYPE = "Argument must be a type, a tuple of types, or a callable."
# ValueError for the paths in a node whose type was registered without keys.
NO_KEYS = (
    "Did not find a flatten_with_keys_fn for type: {type}. Please pass a flatten_with_keys_fn argument to "
    "register_pytree_node."
)


# -- What needs another package --------------------------------------------------------------------
# ImportError for utils.tensorboard.
NO_TENSORBOARD = "torch.utils.tensorboard needs the package tensorboard: pip install tensorboard"
# SummaryWriter: AssertionError for a number that is a tensor of several elements.
SCALAR_SHAPE = (
    "Tensor should contain one element (0 dimensions).             Was given size: {size} and {ndim} dimensions."
)
# NotImplementedError for a value that is neither an array nor a number.
NO_ARRAY = "Got {type}, but numpy array or torch tensor are expected."
# ValueError for a histogram without values, or without any in its bins.
HISTOGRAM_OF_NONE = "The input has no element."
HISTOGRAM_EMPTY = "The histogram is empty, please file a bug report."
