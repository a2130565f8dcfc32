"""What of torch's databases is left out on purpose, by the reason."""

from __future__ import annotations

_LEFT_OUT = {
    "complex numbers": """
        conj conj_physical resolve_conj resolve_neg view_as_real view_as_complex complex imag real angle polar isreal
        cdouble cfloat chalf nn.functional.silu/complex linalg.eig linalg.eigvals""",
    "sparse tensors, and those of other layouts": """
        sparse.sampled_addmm sparse.mm/reduce to_sparse empty_permuted""",
    "the Fourier transform, whose results here are pairs of tensors (tests/fft has them), and signals": """
        stft istft fft.fft fft.fft2 fft.fftn fft.hfft fft.hfft2 fft.hfftn fft.rfft fft.rfft2 fft.rfftn fft.ifft
        fft.ifft2 fft.ifftn fft.ihfft fft.ihfft2 fft.ihfftn fft.irfft fft.irfft2 fft.irfftn fft.fftshift fft.ifftshift
        signal.windows.hamming signal.windows.hann signal.windows.bartlett signal.windows.blackman
        signal.windows.cosine signal.windows.exponential signal.windows.gaussian signal.windows.kaiser
        signal.windows.general_cosine signal.windows.general_hamming signal.windows.nuttall""",
    "images: convolution, pooling, resizing": """
        nn.functional.adaptive_avg_pool1d nn.functional.adaptive_avg_pool2d nn.functional.adaptive_avg_pool3d
        nn.functional.adaptive_max_pool1d nn.functional.adaptive_max_pool2d nn.functional.adaptive_max_pool3d
        nn.functional.avg_pool1d nn.functional.avg_pool2d nn.functional.avg_pool3d nn.functional.conv_transpose1d
        nn.functional.conv_transpose2d nn.functional.conv_transpose3d nn.functional.conv1d nn.functional.conv2d
        nn.functional.conv3d nn.functional.local_response_norm nn.functional.unfold nn.functional.interpolate
        nn.functional.upsample_bilinear _upsample_bilinear2d_aa nn.functional.upsample_nearest
        nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool3d nn.functional.max_pool1d
        nn.functional.max_pool2d max_pool2d_with_indices_backward nn.functional.max_pool3d
        nn.functional.max_unpool1d nn.functional.max_unpool2d nn.functional.max_unpool3d nn.functional.dropout2d
        nn.functional.dropout3d nn.functional.grid_sample grid_sampler_2d grid_sampler_3d
        nn.functional.pixel_shuffle nn.functional.pixel_unshuffle nn.functional.channel_shuffle""",
    "sequences: recurrent layers, attention, alignment": """
        nn.functional.scaled_dot_product_attention nn.functional.multi_head_attention_forward nn.functional.ctc_loss
        torch.ops.aten._flash_attention_forward torch.ops.aten._efficient_attention_forward""",
    "kernels that are torch's own affair: what a user does not call, or calls by another name": """
        _softmax_backward_data native_group_norm native_layer_norm native_batch_norm _native_batch_norm_legit
        _batch_norm_with_update torch._scaled_mm_v2 torch._scaled_mm torch.ops.aten._safe_softmax.default _chunk_cat
        _unsafe_masked_index _unsafe_masked_index_put_accumulate native_dropout_backward _segment_reduce
        jiterator_unary jiterator_binary jiterator_4inputs_with_extra_args jiterator_binary_return_by_ref
        jiterator_2inputs_2outputs bmm/triton_optimized hash_tensor nonzero_static unsafe_chunk unsafe_split
        expand_copy diagonal_copy alias_copy as_strided_copy view_copy permute_copy split_with_sizes_copy t_copy
        unbind_copy unfold_copy squeeze_copy unsqueeze_copy transpose_copy""",
    "factorisations without a use in networks": """
        lu_unpack lu lu_solve geqrf ormqr linalg.householder_product linalg.ldl_factor linalg.ldl_factor_ex
        linalg.ldl_solve linalg.lu_factor linalg.lu_factor_ex linalg.lu linalg.lu_solve svd_lowrank pca_lowrank
        triangular_solve linalg.tensorinv linalg.tensorsolve linalg.cond""",
    "special functions without a use in networks": """
        igamma igammac special.erfcx special.airy_ai special.bessel_j0 special.bessel_j1
        special.bessel_y0 special.bessel_y1 special.chebyshev_polynomial_t special.chebyshev_polynomial_u
        special.chebyshev_polynomial_v special.chebyshev_polynomial_w special.hermite_polynomial_h
        special.hermite_polynomial_he special.laguerre_polynomial_l special.legendre_polynomial_p
        special.modified_bessel_i0 special.modified_bessel_i1 special.modified_bessel_k0 special.modified_bessel_k1
        special.scaled_modified_bessel_k0 special.scaled_modified_bessel_k1
        special.shifted_chebyshev_polynomial_t special.shifted_chebyshev_polynomial_u
        special.shifted_chebyshev_polynomial_v special.shifted_chebyshev_polynomial_w special.spherical_bessel_j0
        special.zeta""",
    "masked tensors, a prototype of torch": """
        masked.sum masked.prod masked.cumsum masked.cumprod masked.amax masked.amin masked.argmax masked.argmin
        masked.mean masked.median masked.norm masked.var masked.std masked.softmax masked.log_softmax masked.softmin
        masked.normalize masked.logaddexp masked.logsumexp""",
    "another dtype": "bfloat16",
    "no function of torch's namespace": "slice",
    "a gradient that torch has wrong (its own database marks the test of it as failing)": "as_strided_scatter",
    "rarities": """
        frexp histogram histogramdd index_reduce resize_ resize_as_ unravel_index multinomial
        bitwise_left_shift bitwise_right_shift gradient cauchy geometric log_normal put
        cholesky_inverse""",
}
# Where torch has no second derivative, without saying so: a Function computes the chunks and keeps no history.
FIRST_ORDER = {
    "nn.functional.linear_cross_entropy/chunked",
    "nn.functional.linear_cross_entropy/chunked_none",
}
# Functions of nn.functional whose `out` no documentation mentions; of nonzero, which refuses the tuple it would need;
# the signs of eigenvectors, which are free; and of normal, which takes the shape of `out` for one of its two forms.
OUT_LEFT_OUT = {
    "nn.functional.linear",
    "nn.functional.logsigmoid",
    "nn.functional.softshrink",
    "nn.functional.hardshrink",
    "nn.functional.gelu",
    "nn.functional.softplus",
    "nonzero",
    "linalg.eigh",
    "normal/number_mean",
}
# Refusals of torch that are accidents: an internal error where other functions have an IndexError.
REFUSALS_LEFT_OUT = {"narrow_copy"}
LEFT_OUT = {name for names in _LEFT_OUT.values() for name in names.split()}

_MODULES_LEFT_OUT = {
    "images: convolution, pooling, their norms": """
        nn.AdaptiveAvgPool1d nn.AdaptiveAvgPool2d nn.AdaptiveAvgPool3d nn.AdaptiveMaxPool1d nn.AdaptiveMaxPool2d
        nn.AdaptiveMaxPool3d nn.AvgPool1d nn.AvgPool2d nn.AvgPool3d nn.BatchNorm2d nn.BatchNorm3d nn.Conv1d nn.Conv2d
        nn.Conv3d nn.ConvTranspose1d nn.ConvTranspose2d nn.ConvTranspose3d nn.FractionalMaxPool2d
        nn.FractionalMaxPool3d nn.LazyConv1d nn.LazyConv2d nn.LazyConv3d nn.LazyConvTranspose1d
        nn.LazyConvTranspose2d nn.LazyConvTranspose3d nn.LPPool1d nn.LPPool2d nn.LPPool3d nn.MaxPool1d nn.MaxPool2d
        nn.MaxPool3d nn.InstanceNorm2d nn.InstanceNorm3d nn.LocalResponseNorm nn.Softmax2d""",
    "sequences: recurrent layers, attention, alignment": """
        nn.RNNCell nn.GRUCell nn.LSTMCell nn.RNN nn.GRU nn.LSTM nn.CTCLoss nn.TransformerEncoder
        nn.TransformerEncoderLayer nn.TransformerDecoderLayer nn.Transformer nn.MultiheadAttention""",
    "padding, which goes before a convolution": """
        nn.ReflectionPad1d nn.ReflectionPad2d nn.ReflectionPad3d nn.ReplicationPad1d nn.ReplicationPad2d
        nn.ReplicationPad3d nn.ZeroPad1d nn.ZeroPad2d nn.ZeroPad3d nn.CircularPad1d nn.CircularPad2d nn.CircularPad3d
        nn.ConstantPad1d nn.ConstantPad2d nn.ConstantPad3d""",
}
MODULES_LEFT_OUT = {name for names in _MODULES_LEFT_OUT.values() for name in names.split()}
