"""The rows of names in modules that are there: layers of other networks, which libraries ask about and derive from."""

from __future__ import annotations

from .rows import Row, classes, functions, layers

__all__ = ["NAMES"]

_LITTLE_SPARSE = "it has sparse tensors for products with dense ones alone"
_NO_LAYER = "it has the layers of multi-layer perceptrons"

NAMES: dict[str, tuple[Row, ...]] = {
    "sparse": (
        functions(
            "addmm as_sparse_gradcheck log_softmax sampled_addmm softmax spdiags spsolve to_sparse_semi_structured",
            _LITTLE_SPARSE,
        ),
        classes("check_sparse_tensor_invariants SparseSemiStructuredTensor", _LITTLE_SPARSE),
    ),
    "nn": (
        layers(
            "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveLogSoftmaxWithLoss AdaptiveMaxPool1d "
            "AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d BatchNorm2d BatchNorm3d CTCLoss "
            "ChannelShuffle CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d "
            "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d CrossMapLRN2d Dropout2d "
            "Dropout3d Fold FractionalMaxPool2d FractionalMaxPool3d GRU GRUCell InstanceNorm2d InstanceNorm3d "
            "LPPool1d LPPool2d LPPool3d LSTM LSTMCell LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d "
            "LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm2d "
            "LazyInstanceNorm3d LocalResponseNorm MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d "
            "MaxUnpool3d MultiheadAttention NLLLoss2d PixelShuffle PixelUnshuffle RNN RNNBase RNNCell RNNCellBase "
            "ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d "
            "Softmax2d SyncBatchNorm Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder "
            "TransformerEncoderLayer Unfold Upsample UpsamplingBilinear2d UpsamplingNearest2d ZeroPad1d ZeroPad2d "
            "ZeroPad3d",
            _NO_LAYER,
        ),
    ),
    "nn.functional": (
        functions(
            "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
            "adaptive_max_pool3d affine_grid avg_pool1d avg_pool2d avg_pool3d channel_shuffle conv1d conv2d conv3d "
            "conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d ctc_loss dropout2d dropout3d fold "
            "fractional_max_pool2d fractional_max_pool3d grid_sample gumbel_softmax interpolate "
            "local_response_norm lp_pool1d lp_pool2d lp_pool3d max_pool1d max_pool2d max_pool3d max_unpool1d "
            "max_unpool2d max_unpool3d multi_head_attention_forward pixel_shuffle pixel_unshuffle "
            "scaled_dot_product_attention unfold upsample upsample_bilinear upsample_nearest",
            _NO_LAYER,
        ),
    ),
}
