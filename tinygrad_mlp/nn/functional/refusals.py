"""What the layers and losses of this room refuse that no module does, in torch's words; see nn/refusals.py."""

# -- Layers: embeddings, distances, the bilinear form ----------------------------------------------
# F.embedding: AssertionError for a `padding_idx` that is no row of the weight.
PADDING_IDX = "Padding_idx must be within num_embeddings"
# F.embedding_bag, and others that take a number for the rows of a weight: RuntimeError for the same.
BAG_PADDING_IDX = "padding_idx must be within the number of embeddings, -{rows} through {last}, but got {padding_idx}"
# F.embedding_bag: ValueError for weights of samples that have another shape than the input.
SAMPLE_WEIGHTS_SHAPE = (
    "embedding_bag: If per_sample_weights ({weights}) is not None, then it must have the same shape as the input "
    "({input})"
)
# F.embedding_bag: ValueError for a weight that is no matrix.
BAG_WEIGHT = "weight has to be a 2D Tensor, but got Tensor of dimension {ndim}"
# F.embedding_bag: ValueError for offsets where each row of a matrix is a bag.
BAG_OFFSETS_OF_ROWS = (
    "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. "
    "However, found offsets of type {found}"
)
# F.embedding_bag: RuntimeError for rows without elements: torch counts the offsets up in steps of their length.
BAG_EMPTY_ROWS = "step must be nonzero"
# F.embedding_bag: ValueError for a vector without offsets, for offsets that are no vector, and for another input.
BAG_NO_OFFSETS = "offsets has to be a 1D Tensor but got None"
BAG_OFFSETS = "offsets has to be a 1D Tensor"
BAG_INPUT = "input has to be 1D or 2D Tensor, but got Tensor of dimension {ndim}"
# F.embedding_bag: ValueError for another mode, and for options that the mode "max" does not have.
BAG_MODE = "mode has to be one of sum, mean or max"
BAG_MAX_BY_FREQ = "max mode does not support scaling the gradient by the frequency"
BAG_MAX_SPARSE = "max mode does not support sparse weights"
# F.embedding_bag: NotImplementedError for weights of samples in another mode than "sum".
BAG_SAMPLE_WEIGHTS = (
    "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
    "mode='{mode}'). Please open a feature request on GitHub."
)
# F.embedding_bag: RuntimeError for offsets that do not begin at 0, that end behind the input, or that decrease.
BAG_FIRST_OFFSET = (
    "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got "
    "{first}"
)
BAG_LAST_OFFSET = "offsets[-1] can not be greater than input's length {count} but got offsets[-1] of {last}"
BAG_ORDER = "Expected i < index_size to be true, but got false."
# F.embedding_bag: RuntimeError for no offsets where the last one is to be the end of the last bag.
BAG_NO_END = "include_last_offset: number of offset should be at least 1"
# F.bilinear: RuntimeError for inputs that do not fit each other, or the weight.
BILINEAR_NDIM = "bilinear(): input dimensions do not match: got {a} and {b}"
BILINEAR_BATCH = "bilinear(): input batch dimensions do not match at dim {dim}: got {a} and {b}"
BILINEAR_SIZE = "bilinear(): {name} size does not match weight size: got {found} but expected {expected}"
# F.bilinear: RuntimeError for different dtypes.
BILINEAR_DTYPES = "All tensors must have the same dtype, got input1: {a}, input2: {b}, weight: {weight}"
# F.pdist: RuntimeError for another number of dimensions, another dtype, and a negative exponent.
PDIST_NDIM = "pdist only supports 2D tensors, got: {ndim}D"
PDIST_DTYPE = "pdist only supports floating-point dtypes"
PDIST_EXPONENT = "pdist only supports non-negative p values"
# F.cosine_similarity: RuntimeError for integers.
COSINE_DTYPE = "expected common dtype to be floating point, yet common dtype is {word}"


# -- Losses of pairs and triples -------------------------------------------------------------------
# F.margin_ranking_loss: RuntimeError for tensors of different numbers of dimensions.
RANKING_NDIM = (
    "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: {input1}, input2: "
    "{input2}, target: {target} "
)
# F.cosine_embedding_loss: RuntimeError for a target of more than one dimension.
COSINE_TARGET = "0D or 1D target tensor expected, multi-target not supported"
# F.cosine_embedding_loss: RuntimeError for inputs that do not have one dimension more than the target.
COSINE_INPUTS = (
    "{target}D target tensor expects {inputs}D input tensors, but found inputs with sizes {input1} and {input2}."
)
# The triplet losses: ValueError for a margin that is not above 0.
TRIPLET_MARGIN = "margin must be greater than 0, got {margin}"
# The triplet losses: RuntimeError for tensors of different numbers of dimensions.
TRIPLET_NDIM = (
    "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor "
    "{anchor}D, positive {positive}D, and negative {negative}D inputs"
)
# F.multi_margin_loss: ValueError for another exponent.
MARGIN_EXPONENT = "only p == 1 and p == 2 supported"
# F.multi_margin_loss: ValueError for weights that are no vector.
MARGIN_WEIGHT = "weight must be one-dimensional"
# F.multilabel_soft_margin_loss and gaussian_nll_loss: ValueError for a `reduction` that they do not know.
REDUCTION_NOT_VALID = "{reduction} is not valid"
# F.gaussian_nll_loss: ValueError for a variance below 0, and for one of a shape that does not fit the input.
VARIANCE_NEGATIVE = "var has negative entry/entries"
VARIANCE_SIZE = "var is of incorrect size"


# -- linear_cross_entropy --------------------------------------------------------------------------
# RuntimeError for an input that is neither a vector nor a matrix, and for a weight of fewer than two dimensions.
LINEAR_INPUT = "expected input with dimensionality 1 or 2, got {ndim}"
LINEAR_WEIGHT = "expected linear_weight with dimensionality at least 2, got {ndim}"
# RuntimeError for a weight for another number of features, and for a bias of another shape.
LINEAR_FEATURES = (
    "expected equal input and linear_weight last dimensions (in_features), got {own} and {other}, respectively"
)
LINEAR_BIAS = "expected linear_bias shape {expected}, got {found}"
# RuntimeError for one sample and a weight of more than two dimensions.
LINEAR_UNBATCHED = (
    "K-dimensional loss defined by linear_weight shape {weight} requires batched input, (N, {features}), got unbatched "
    "input with shape {input}"
)
# RuntimeError for an `ignore_index` where the target has probabilities.
LINEAR_IGNORE_INDEX = "ignore_index cannot be specified when target contains probabilities"
# LinearCrossEntropyOptions: ValueError for what they cannot be.
OPTIONS_POLICY = "invalid acc_policy: {policy!r}"
CHUNKING_METHOD = "invalid chunking_method: {method!r}"
CHUNK_SIZE = "batch_chunk_size must be positive int or None, got {size!r}"
OPTIONS_DTYPE = (
    "acc_dtype must be one of {{None, torch.float16, torch.bfloat16, torch.float32, torch.float64}}, got {dtype!r}. "
    "Pass acc_dtype=None to let the op pick automatically."
)
