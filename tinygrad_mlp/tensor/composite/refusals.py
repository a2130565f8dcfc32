"""What functions that combine rows refuse, in torch's words; a text with values is a template for str.format."""

from __future__ import annotations

# -- reductions ------------------------------------------------------------------------------------------

# aminmax: no element.
AMINMAX_OF_NOTHING = "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
# nanmean: integers or bools.
NANMEAN_OF_INTEGERS = "nanmean(): expected input to have floating point or complex dtype but got {word}"
# var_mean, std_mean: integers or bools.
SPREAD_OF_INTEGERS = "{name} only support floating point and complex dtypes"
# cumsum_, cumprod_: another dtype than the own.
OTHER_DTYPE_IN_PLACE = "Bad in-place call: input tensor dtype {own} and output tensor dtype {other} should match"

# -- order -----------------------------------------------------------------------------------------------

# bucketize: boundaries that are no vector.
BOUNDARIES_NDIM = "boundaries tensor must be 1 dimension, but got dim({ndim})"

# -- statistics ------------------------------------------------------------------------------------------

QUANTILE_OF_NOTHING = "quantile() input tensor must be non-empty"
QUANTILE_NDIM = "quantile() q must be a scalar or 1D tensor"
QUANTILE_DTYPE = "quantile() input tensor must be either float or double dtype"
QUANTILE_OTHER_DTYPE = "quantile() q tensor must be same dtype as the input tensor"
QUANTILE_INTERPOLATION = (
    "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {found}"
)
QUANTILE_RANGE = "quantile() q values must be in the range [0, 1]"
# cov, corrcoef: more than two dimensions.
COV_NDIM = "{name}(): expected input to have two or fewer dimensions but got an input with {ndim} dimensions"
COV_OF_BOOLS = "cov(): bool dtype is not supported for input"
COV_WEIGHTS_NDIM = "cov(): expected {name} to have one or fewer dimensions but got {name} with {ndim} dimensions"
COV_WEIGHTS_DTYPE = "cov(): expected {name} to have {wanted} dtype but got {name} with {word} dtype"
COV_WEIGHTS_COUNT = (
    "cov(): expected {name} to have the same numel as there are observations in the input but got {given} != {count}"
)
COV_WEIGHTS_NEGATIVE = "cov(): {name} cannot be negative"
COV_WEIGHTS_ZERO = "cov(): weights sum to zero, can't be normalized"
# cov, as a warning: not more observations than `correction`.
COV_NO_FREEDOM = (
    "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations."
)
DIFF_OF_NUMBER = "diff expects input to be at least one-dimensional"
DIFF_ORDER = "order must be non-negative but got {n}"
DIFF_NDIM = "diff expects prepend or append to be the same dimension as input"
DIFF_SIZES = (
    "diff expects the shape of tensor to prepend or append to match that of input except along the differencing "
    "dimension; input.size({dim}) = {size}, but got tensor.size({dim}) = {other}"
)
TRAPEZOID_OF_BOOLS = "trapezoid: received a bool input for `y`, but bool is not supported"
TRAPEZOID_COUNT = "trapezoid: There must be one `x` value for each sample point"
