"""Why a recorded call has no line of its own in the program: what the passes say of the lines that they leave out."""

# `fold`
CONSTANT = "It reads only constants, so it was computed once, when the step was recorded."
NO_EFFECT = "Its result is its operand: a product with 1, or a reshape to the shape that is there."
# `start_from_zero`
FROM_ZERO = "The gradient is 0 when the step begins, so what would be added to it takes its place."
CLEARED = "The gradient is 0 when the step begins, as every call checks, and nothing adds to it."
# `share`
TWICE = "The same call with the same operands was made before, and its result is used again."
# `drop_dead`
UNREAD = "Nothing reads its result."
OVERWRITTEN = "What it writes is overwritten before anything reads it."
# `descent.fuse`
ADDED_BY_GEMM = "One call of BLAS computes the product, multiplies it by the factor and adds it to the parameter."
SCALED_BEFORE = "The factor multiplies the smaller operand before the product, instead of the product."
