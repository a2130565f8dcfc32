"""What the distributions refuse and warn of, in torch's words: every text, with when it comes.

The checks stand with the code that needs them. A text with words in braces is a template for `str.format`.
"""

from __future__ import annotations

# -- Distribution ----------------------------------------------------------------------------------

# ValueError: an argument is outside its constraint, or a value outside the support.
PARAMETER = (
    "Expected parameter {name} ({kind} of shape {shape}) of distribution {distribution} to satisfy the constraint "
    "{constraint}, but found invalid values:\n"
)
VALUE = (
    "Expected value argument ({kind} of shape {shape}) to be within the support ({support}) of the distribution "
    "{distribution}, but found invalid values:\n"
)
# ValueError: the value is no tensor, or of a shape that does not fit.
VALUE_TYPE = "The value argument to log_prob must be a Tensor"
EVENT_SHAPE = "The right-most size of value must match event_shape: {found} vs {event}."
BROADCAST = "Value is not broadcastable with batch_shape+event_shape: {found} vs {expected}."
# UserWarning: a class of one's own has no constraints or no support.
NO_CONSTRAINTS = (
    "{cls} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or initialize the distribution with "
    "`validate_args=False` to turn off validation."
)
NO_SUPPORT = (
    "{cls} does not define `support` to enable sample validation. Please initialize the distribution with "
    "`validate_args=False` to turn off validation."
)
# FutureWarning: sample_n.
SAMPLE_N = "`sample_n(n)` will be deprecated. Use `sample((n,))` instead."
# NotImplementedError: no mode; a subclass without its own `expand`.
NO_MODE = "{cls} does not implement mode"
CUSTOM_INIT = (
    "Subclass {name} of {base} that defines a custom __init__ method must also define a custom .expand() method."
)

# -- parameters (ValueError) -----------------------------------------------------------------------

PROBS_OR_LOGITS = "Either `probs` or `logits` must be specified, but not both."
ONE_DIMENSION = "`{name}` parameter must be at least one-dimensional."
NUMBERS_OR_TENSORS = (
    "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
)
# Geometric: a probability of 0; ContinuousBernoulli: a probability outside [0, 1].
NOT_POSITIVE = (
    "Expected parameter probs ({kind} of shape {shape}) of distribution {distribution} to be positive but found "
    "invalid values:\n"
)
INVALID_PROBS = "The parameter probs has invalid values"
# MultivariateNormal, LowRankMultivariateNormal and Wishart.
LOC_DIMENSION = "loc must be at least one-dimensional."
ONE_OF_THREE = "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
SCALE_TRIL_DIMENSIONS = "scale_tril matrix must be at least two-dimensional, with optional leading batch dimensions"
MATRIX_DIMENSIONS = "{name} must be at least two-dimensional, with optional leading batch dimensions"
FACTOR_SHAPE = "cov_factor must be a batch of matrices with shape {n} x m"
DIAGONAL_SHAPE = "cov_diag must be a batch of vectors with shape {shape}"
INCOMPATIBLE = "Incompatible batch shapes: loc {loc}, cov_factor {factor}, cov_diag {diagonal}"
WISHART_DF = "Value of df={df} expected to be greater than ndim - 1 = {least}."
# UserWarning of Wishart.
WISHART_LOW_DF = "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim."
# LKJCholesky.
LKJ_DIMENSION = "Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
# Independent.
REINTERPRETED = (
    "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual {wanted} vs {available}"
)
# MixtureSameFamily.
MIXTURE_TYPE = " The Mixture distribution needs to be an  instance of torch.distributions.Categorical"
COMPONENT_TYPE = "The Component distribution needs to be an instance of torch.distributions.Distribution"
MIXTURE_BATCH = (
    "`mixture_distribution.batch_shape` ({mixture}) is not compatible with `component_distribution.batch_shape`"
    "({component})"
)
MIXTURE_COUNT = (
    "`mixture_distribution component` ({mixture}) does not equal `component_distribution.batch_shape[-1]` ({component})"
)
# TransformedDistribution.
TRANSFORMS = "transforms must be a Transform or a list of Transforms"
TRANSFORMS_TYPE = "transforms must be a Transform or list, but was {found}"
BASE_SHAPE = "base_distribution needs to have shape with size at least {least}, but got {shape}."

# -- methods (NotImplementedError) -----------------------------------------------------------------

INHOMOGENEOUS = "Inhomogeneous total count not supported by `{method}`."
INHOMOGENEOUS_COUNT = "inhomogeneous total_count is not supported"
CARTESIAN = "Enumeration over cartesian product is not implemented"

# Gamma.cdf: its derivative by the concentration.
NO_DERIVATIVE = "the derivative for '{name}' is not implemented."

# -- kl_divergence ---------------------------------------------------------------------------------

# RuntimeWarning: two functions are equally close.
KL_AMBIGUOUS = "Ambiguous kl_divergence({p}, {q}). Please register_kl({left}, {right})"
# NotImplementedError.
NO_KL = "No KL(p || q) is implemented for p type {p} and q type {q}"
KL_BINOMIAL = "KL between Binomials where q.total_count > p.total_count is not implemented"
KL_BREGMAN = (
    "The cross KL-divergence between different exponential families cannot be computed using Bregman divergences"
)
# ValueError.
KL_EVENT_SHAPES = "KL-divergence between two {what} with different event shapes cannot be computed"

# -- constraints -----------------------------------------------------------------------------------

# ValueError: a constraint that only an instance knows.
DEPENDENT = "Cannot determine validity of dependent constraint"
# NotImplementedError: the same, of its attributes.
NOT_STATIC = ".{name} cannot be determined statically"
# ValueError: too few dimensions.
DIMENSIONS = "Expected value.dim() >= {expected} but got {found}"
# AssertionError.
BASE_CONSTRAINT = "base_constraint must be a Constraint, got {found}"
NDIMS_TYPE = "reinterpreted_batch_ndims must be an int, got {found}"
NDIMS_NEGATIVE = "reinterpreted_batch_ndims must be >= 0, got {found}"
CONSTRAINTS_ONLY = "All elements of cseq must be Constraint instances"
LENGTHS = "lengths ({lengths}) must match {what} ({count})"
DIM_RANGE = "dim {dim} out of range for {what} with {ndim} dimensions"
# constraint_registry: TypeError for what is no constraint; NotImplementedError for one without a transform.
REGISTER_TYPE = "Expected constraint to be either a Constraint subclass or instance, but got {found}"
NO_TRANSFORM = "Cannot transform {found} constraints"

# -- transforms ------------------------------------------------------------------------------------

# ValueError.
CACHE_SIZE = "cache_size must be 0 or 1"
EVENT_DIM = "Please use either .domain.event_dim or .codomain.event_dim"
FEW_DIMENSIONS = "Too few dimensions on input"
SHAPE_MISMATCH = "Shape mismatch: expected {found} but got {shape}"
RESHAPE = "in_shape, out_shape have different numbers of elements"
NOT_SQUARE = "Input is not square"
NOT_TRIANGULAR = "Input is not a flattened lower-diagonal number"
# NotImplementedError.
NO_CACHE = "{cls}.with_cache is not implemented"
# AssertionError.
TRANSFORMS_ONLY = "All elements of tseq must be Transform instances"
PARTS = "{value}.size({dim}) = {size} must equal {what} {count}"

# -- utils (ValueError) ----------------------------------------------------------------------------

DIAGONAL = "diag ({diagonal}) provided is outside [{first}, {last}]."
VECTOR_LENGTH = (
    "The size of last dimension is {length} which cannot be expressed as the lower triangular part of a square D x D "
    "matrix."
)
