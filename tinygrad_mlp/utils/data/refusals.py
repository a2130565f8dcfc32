"""What `torch.utils.data` refuses, in torch's words: every text of an exception, with when it comes.

The checks stand with the code that needs them; here are only the texts, grouped by subject. Those with values are
templates for `str.format`.
"""

# -- Collating -------------------------------------------------------------------------------------
# RuntimeError for samples that are sequences of different lengths.
UNEQUAL_LENGTHS = "each element in list of batch should be of equal size"
# TypeError for samples of a type, or arrays of a dtype, that cannot become a tensor.
CANNOT_COLLATE = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


# -- Data sets -------------------------------------------------------------------------------------
# NotImplementedError from a Dataset whose class defines no `__getitem__`.
NO_GETITEM = "Subclasses of Dataset should implement __getitem__."
# ChainDataset: AssertionError for what is not an IterableDataset.
CHAIN_TYPE = "ChainDataset only supports IterableDataset"
# StackDataset: ValueError for positional arguments together with keywords.
STACK_OF_BOTH = (
    "Supported either ``tuple``- (via ``args``) or``dict``- (via ``kwargs``) like input/output, but both types are "
    "given."
)
# StackDataset: ValueError without data sets.
STACK_OF_NONE = "At least one dataset should be passed"
# StackDataset: ValueError for data sets of different lengths.
STACK_LENGTHS = "Size mismatch between datasets"
# TensorDataset: AssertionError for tensors whose first sizes differ.
TENSOR_SIZES = "Size mismatch between tensors"
# ConcatDataset: AssertionError without data sets.
CONCAT_OF_NONE = "datasets should not be an empty iterable"
# ConcatDataset: ValueError for a negative index that is before the first sample.
BEFORE_FIRST = "absolute value of index should not exceed dataset length"
# random_split: ValueError for a fraction outside [0, 1].
SPLIT_FRACTION = "Fraction at index {index} is not between 0 and 1"
# random_split: ValueError for lengths that do not sum to the length of the data set.
SPLIT_LENGTHS = "Sum of input lengths does not equal the length of the input dataset!"


# ConcatDataset: AssertionError for a stream.
CONCAT_OF_STREAM = "ConcatDataset does not support IterableDataset"
# StackDataset: ValueError for a data set that gives another number of samples than it was asked for.
STACK_COUNT = "Nested dataset's output size mismatch. Expected {expected}, got {count}"
# Subset: NotImplementedError for an object of a subclass that defines only one of the two ways to get samples.
SUBSET_HALF = (
    "{type} overrides __getitem__ but not __getitems__. When subclassing Subset and overriding __getitem__, you must "
    "also override __getitems__ to ensure DataLoader works correctly with your custom logic. A simple implementation:"
    "\n\ndef __getitems__(self, indices):\n    return [self.__getitem__(idx) for idx in indices]"
)


# -- Samplers --------------------------------------------------------------------------------------
# TypeError (RandomSampler) or ValueError (WeightedRandomSampler) if `replacement` is not a bool.
REPLACEMENT = "replacement should be a boolean value, but got replacement={replacement}"
# ValueError if `num_samples` is not an int above 0.
NUM_SAMPLES = "num_samples should be a positive integer value, but got num_samples={num_samples}"
# WeightedRandomSampler: ValueError for weights that do not have one dimension.
WEIGHTS_SHAPE = "weights should be a 1d sequence but given weights have shape {shape}"
# BatchSampler: ValueError if `batch_size` is not an int above 0.
BATCH_SIZE = "batch_size should be a positive integer value, but got batch_size={batch_size}"
# BatchSampler: ValueError if `drop_last` is not a bool.
DROP_LAST = "drop_last should be a boolean value, but got drop_last={drop_last}"


# DistributedSampler: RuntimeError without `num_replicas` or `rank`.
NOT_DISTRIBUTED = "Requires distributed package to be available"
# DistributedSampler: ValueError for a rank that is negative or not below `num_replicas`.
RANK = "Invalid rank {rank}, rank should be in the interval [0, {last}]"


# -- DataLoader: options that exclude one another --------------------------------------------------
# ValueError for `shuffle`, `sampler` or `batch_sampler` with an IterableDataset.
NOT_FOR_STREAMS = "DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={option}"
# ValueError for a sampler together with `shuffle`.
SAMPLER_AND_SHUFFLE = "sampler option is mutually exclusive with shuffle"
# ValueError for a batch sampler together with any option that it decides.
BATCH_SAMPLER_ALONE = "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
# ValueError for `drop_last` without batches.
DROP_LAST_OF_NO_BATCH = "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
# ValueError if an attribute that decides which samples come is set after `__init__`.
SET_LATER = "{name} attribute should not be set after {type} is initialized"


# -- DataLoader: options of workers ----------------------------------------------------------------
# ValueError for a negative `num_workers`.
NUM_WORKERS = "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."
# ValueError for a negative `timeout`.
TIMEOUT = "timeout option should be non-negative"
# ValueError for `persistent_workers` without workers.
PERSISTENT_WITHOUT_WORKERS = "persistent_workers option needs num_workers > 0"
# ValueError for a `prefetch_factor` without workers.
PREFETCH_WITHOUT_WORKERS = (
    "prefetch_factor option could only be specified in multiprocessing.let num_workers > 0 to enable "
    "multiprocessing, otherwise set prefetch_factor to None."
)
# ValueError for a negative `prefetch_factor`.
PREFETCH_NEGATIVE = "prefetch_factor option should be non-negative"
# ValueError for a `multiprocessing_context` without workers.
CONTEXT_WITHOUT_WORKERS = (
    "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
    "num_workers={num_workers}"
)
# ValueError for the name of a start method that this system lacks.
CONTEXT_NAME = (
    "multiprocessing_context option should specify a valid start method in {methods!r}, but got "
    "multiprocessing_context={context!r}"
)
# TypeError for a `multiprocessing_context` that is neither a name nor a context.
CONTEXT_TYPE = (
    "multiprocessing_context option should be a valid context object or a string specifying the start method, but "
    "got multiprocessing_context={context}"
)
# AssertionError at iteration for a `timeout` without workers.
TIMEOUT_WITHOUT_WORKERS = "_SingleProcessDataLoaderIter requires timeout == 0"
# AssertionError at iteration for a `prefetch_factor` of 0.
NO_PREFETCH = "prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter"


# -- DataLoader: what happens in an epoch ----------------------------------------------------------
# NotImplementedError for pickling an iterator; torch does not fill in the name of the class either.
NO_PICKLED_ITERATOR = "{} cannot be pickled"
# RuntimeError when workers have died.
DEAD_WORKERS = "DataLoader worker (pid(s) {pids}) exited unexpectedly"
# RuntimeError when a worker has sent nothing for the seconds of `timeout`.
TIMED_OUT = "DataLoader timed out after {seconds} seconds"
# RuntimeError for the next batch of an iterator whose workers were ended by an exception, Ctrl-C included.
INTERRUPTED = "This iterator was interrupted, and its workers have ended"
# RuntimeError, raised in the worker, for a batch with a tensor that has a history.
NOT_A_LEAF = (
    "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support crossing "
    "process boundaries.  If you just want to transfer the data, call detach() on the tensor before serializing (e.g., "
    "putting it on the queue)."
)


# -- DataLoader: what is warned of -----------------------------------------------------------------
PIN_MEMORY = (
    "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used."
)
PIN_MEMORY_DEVICE = (
    "pin_memory_device is deprecated, the current accelerator will be used as the device,ignore "
    "pin_memory_device='{device}'."
)
# An IterableDataset that has a length gives more samples.
LONGER_THAN_SAID = (
    "Length of IterableDataset {dataset} was reported to be {said}(when accessing len(dataloader)), but {count} "
    "samples have been fetched. "
)
LONGER_WITH_WORKERS = (
    "For multiprocessing data-loading, this could be caused by not properly configuring the IterableDataset replica at "
    "each worker. Please see https://pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset for examples."
)
# More workers than processors.
MANY_WORKERS = (
    "This DataLoader will create {workers} worker processes in total. {suggestion} Please be aware that excessive "
    "worker creation might get DataLoader running slow or even freeze, lower the worker number to avoid potential "
    "slowness/freeze if necessary."
)
SUGGESTION = (
    "Our suggested max number of worker in current system is {cores}{how}, which is smaller than what this DataLoader "
    "is going to create."
)
CPUSET_NOT_ASKED = " (`cpuset` is not taken into account)"
NO_SUGGESTION = "DataLoader is not able to compute a suggested max number of worker in current system."
# The data set, or another thing that a new process needs, cannot be pickled.
NOT_PICKLED = (
    "Got pickle error when attempting to start a worker Process. This might be because the worker Process arguments "
    "are not picklable. Python 3.14+ changed the multiprocessing start method in non-Mac POSIX platforms to "
    "'forkserver', which requires the worker Process arguments to be picklable. You can also try "
    "multiprocessing.set_start_method('fork')."
)
