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


# -- Normalisation ---------------------------------------------------------------------------------
# layer_norm: RuntimeError for an input whose shape does not end in `normalized_shape`; the missing space is torch's.
LAYER_NORM_INPUT = (
    "Given normalized_shape={shape}, expected input with shape [*, {sizes}], but got input of size{input}"
)
# layer_norm: RuntimeError for an empty `normalized_shape`.
LAYER_NORM_EMPTY = (
    "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
    "normalized_shape = []"
)
# layer_norm: RuntimeError for a weight or bias of another shape.
LAYER_NORM_PART = (
    "Expected {name} to be of same shape as normalized_shape, but got {name} of shape {found} and normalized_shape = "
    "{shape}"
)
# rms_norm: ValueError for fewer dimensions than are normalised, NotImplementedError for integers.
RMS_NORM_DIMENSIONS = "Input tensor must have at least {least} dimensions, but got {ndim}"
RMS_NORM_DTYPE = "\"rms_norm\" not implemented for '{found}'"
# layer_norm and batch_norm: RuntimeError for parameters of another dtype than the input's, float64 excepted.
MIXED_DTYPES = "mixed dtype (CPU): expect parameter to have scalar type of Float"
# The same for an input of float64.
MIXED_WITH_DOUBLE = "mixed dtype (CPU): all inputs must share same datatype."
# batch_norm: RuntimeError inside of vmap where statistics that its elements share are to be updated.
SHARED_STATISTICS = (
    "Batch norm got a batched tensor as input while the running_mean or running_var, which will be updated in place, "
    "were not batched.\nIf you are using a module and do not need eval mode, please set `track_running_stats` to be "
    "False.If you are using a prebuilt module and do not need eval mode, please see the functorch website for "
    "resources on how to patch your module to work with vmap"
)
# batch_norm: ValueError in training where the batch has one value for each channel, and so no variance.
ONE_VALUE_PER_CHANNEL = "Expected more than 1 value per channel when training, got input size {input}"
# batch_norm: ValueError for an `eps` below 0, and in training for 0.
BATCH_NORM_EPS_IN_TRAINING = "batch_norm eps must be positive during training, but got {eps}"
BATCH_NORM_EPS = "batch_norm eps must be non-negative, but got {eps}"
# batch_norm: RuntimeError for a parameter or statistic that does not have one element for each channel.
CHANNELS = "{name} should contain {channels} elements not {found}"
# batch_norm: RuntimeError in evaluation without a running mean or variance.
NO_STATISTICS = "{name} must be defined in evaluation mode"
# group_norm: RuntimeError for an input of fewer than two dimensions.
GROUP_NORM_DIMENSIONS = "Expected at least 2 dimensions for input tensor but received {ndim}"
# group_norm: RuntimeError for no groups.
GROUP_NORM_GROUPS = "Expected num groups to be greater than 0, got {num_groups}"
# group_norm: RuntimeError for groups that are not of one size.
GROUP_NORM_CHANNELS = (
    "Expected number of channels in input to be divisible by num_groups, but got input of shape {shape} and "
    "num_groups={num_groups}"
)
# nn.GroupNorm, when it is made: ValueError for the same.
GROUP_NORM_DIVISIBLE = "num_channels ({channels}) must be divisible by num_groups ({groups})"
# group_norm: RuntimeError unless there is one weight and one bias for each channel.
GROUP_NORM_PART = (
    "Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of shape {found} "
    "and input of shape {shape}"
)
# instance_norm: ValueError where each channel has one element, and so no variance.
ONE_SPATIAL_ELEMENT = "Expected more than 1 spatial element when training, got input size {input}"
# instance_norm: RuntimeError without a running mean and variance where they are to be used.
INSTANCE_NORM_STATISTICS = "Expected running_mean and running_var to be defined when use_input_stats is false"
# nn.BatchNorm1d and InstanceNorm1d: ValueError for an input of another number of dimensions than two or three.
BATCH_NORM_DIMENSIONS = "expected 2D or 3D input (got {dimensions}D input)"


# nn.InstanceNorm1d: ValueError for another number of channels, and the warning where none is needed.
INSTANCE_NORM_FEATURES = "expected input's size at dim={dim} to match num_features ({features}), but got: {found}."
INSTANCE_NORM_UNUSED = (
    "input's size at dim={dim} does not match num_features. You can silence this warning by not passing in "
    "num_features, which is not used because affine=False"
)
# nn.InstanceNorm1d: an error of load_state_dict for statistics that a module of today does not keep.
INSTANCE_NORM_BUFFERS = (
    "Unexpected running stats buffer(s) {names} for {type} with track_running_stats=False. If state_dict is a "
    "checkpoint saved before 0.4.0, this may be expected because {type} does not track running stats by default since "
    "0.4.0. Please remove these keys from state_dict. If the running stats are actually needed, instead set "
    "track_running_stats=True in {type} to enable them. See the documentation of {type} for details."
)


# -- Dropout ---------------------------------------------------------------------------------------
# ValueError for a probability outside [0, 1], from F.dropout and when nn.Dropout is made.
DROPOUT_PROBABILITY = "dropout probability has to be between 0 and 1, but got {p}"
# F.feature_alpha_dropout: RuntimeError for fewer than two dimensions.
FEATURE_DROPOUT_NDIM = "Feature dropout requires at least 2 dimensions in the input"
# F.dropout1d: RuntimeError for another number of dimensions.
DROPOUT1D_NDIM = (
    "dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that dropout1d exists to provide "
    "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch dimension "
    "(i.e. 2D or 3D inputs)."
)
# RuntimeError for an input of integers in training.
DROPOUT_DTYPE = "result type Float can't be cast to the desired output type {found}"


# -- padding ---------------------------------------------------------------------------------------

# pad: RuntimeError for an odd number of widths, and for a value where elements are repeated.
PAD_ODD = "Padding length must be divisible by 2"
PAD_VALUE = 'Padding mode "{mode}" doesn\'t take in value argument'
# pad: NotImplementedError for another mode, and for other numbers of widths and dimensions.
PAD_MODE = "Unrecognised padding mode {mode}"
PAD_DIMENSIONS = (
    "Padding size {count} is not supported for {ndim}D input tensor.\n"
    "Supported combinations for non-constant padding:\n"
    "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
    "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
    "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
)
# pad, circular: RuntimeError for a width of more than the whole dimension, in either direction.
PAD_WRAPS = "Padding value causes wrapping around more than once."
PAD_EMPTIES = "Negative padding value is resulting in an empty dimension"
