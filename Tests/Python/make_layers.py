"""Writes Fixtures/oracles/layers.h5: small networks that have every type of layer, with what PyTorch computes of them in float64.

    python3 Tests/Python/make_layers.py Fixtures/oracles/layers.h5

A group for each network, with its architecture in the format of posterior files (attribute `architecture`), the names and shapes
of its parameters (`parameters`), three draws of them in float32, five inputs and labels, and what follows from these: the logits
of each draw, the gradients with respect to the inputs of the predictive loss, -log of the mean over the draws of the label's
probability, and of the expected loss, the mean over the draws of -log of it; and the gradient of the log-likelihood of all five
under the first draw with respect to each parameter.

The networks are computed by PyTorch's own functions where there are any (conv2d, batch_norm, layer_norm, group_norm, rms_norm,
gelu, ...). Padding that differs from side to side is made by torch.nn.functional.pad before. Weights are drawn again until no
rectifier's argument lies within MARGIN of its kink and no two maxima of a window within MARGIN of each other, so that single
precision takes the same side everywhere.
"""

import json
import os
import sys

import h5py
import numpy
import torch
import torch.nn.functional as F

DRAWS, EXAMPLES, MARGIN = 3, 5, 3e-5


# The networks -------------------------------------------------------------------------------------------------------------------

CASES = {}


def case(name, shape, classes, *layers, gain=1.0):
    assert name not in CASES, name
    CASES[name] = (shape, classes, list(layers), gain)


def layer(kind, name=None, inputs=None, **settings):
    result = {"type": kind}
    if name is not None:
        result["name"] = name
    if inputs is not None:
        result["inputs"] = inputs.split() if isinstance(inputs, str) else inputs
    return {**result, **settings}


def dense(name, units, activation="identity", inputs=None, **settings):
    return layer("dense", name, inputs, units=units, activation=activation, **settings)


def conv(name, filters, kernel, activation="identity", inputs=None, **settings):
    return layer("conv2d", name, inputs, filters=filters, kernel_size=kernel, activation=activation, **settings)


def tokens(name, units, activation="identity", inputs=None, **settings):
    return dense(name, units, activation, inputs, over_last_axis=True, **settings)


def flatten(name=None, inputs=None):
    return layer("flatten", name, inputs)


FUSED = ["relu", "leaky_relu", "tanh", "sigmoid", "identity", "relu6", "elu", "selu", "silu", "gelu", "gelu_tanh", "softplus",
         "hardswish"]
SETTINGS = {"leaky_relu": {"negative_slope": 0.2}, "elu": {"alpha": 0.7}, "softplus": {"beta": 1.5, "threshold": 4}}

# Every activation behind a convolution and a pool, behind a dense layer, as a layer of its own, and with several users.
for word in FUSED + ["hardsigmoid"]:
    fused = word if word in FUSED else "identity"
    own = {"negative_slope": 0.01} if word == "leaky_relu" else {}
    case(f"activation-{word}-fused", [2, 5, 7], 3,
         conv("c", 3, [3, 2], fused), layer("max_pool2d", kernel_size=2, stride=1),
         *([] if word in FUSED else [layer(word)]),
         flatten(), dense("d", 6, fused), *([] if word in FUSED else [layer(word)]), dense("o", 3), gain=2.5)
    case(f"activation-{word}-layer", [2, 3, 5], 4,
         layer("rescale", "r", factor=9.0, shift=-4.5), layer(word, "a", **SETTINGS.get(word, own)),
         conv("c", 2, 2, inputs="a", padding=[1, 0, 0, 1]), layer("add", inputs="a c"), layer(word, **SETTINGS.get(word, own)),
         flatten(), dense("o", 4), gain=2.0)
case("activation-leaky-steep", [4], 3, layer("rescale", factor=2.0, shift=-1.0), layer("leaky_relu", negative_slope=3.0),
     dense("d", 5), layer("leaky_relu", negative_slope=1.75), dense("o", 3))
case("activation-leaky-negative", [1, 4, 4], 3, conv("c", 3, 2), layer("leaky_relu", negative_slope=-0.25),
     layer("max_pool2d", kernel_size=2, stride=1), flatten(), dense("o", 3), gain=2.0)
case("activation-leaky-flat", [4], 3, dense("d", 5), layer("leaky_relu", negative_slope=0), dense("o", 3), gain=2.0)
for word in ["gelu", "relu6", "sigmoid", "softplus"]:
    case(f"last-dense-{word}", [6], 4, dense("d", 5, "tanh"), dense("o", 4, word), gain=2.0)

# Convolutions.
case("conv-stride-that-does-not-divide", [2, 7, 6], 3, conv("c", 4, 3, "relu", stride=2), flatten(), dense("o", 3))
case("conv-asymmetric-padding", [3, 5, 7], 3,
     conv("c", 4, [3, 2], "tanh", stride=[2, 3], padding=[1, 0, 2, 1]),
     conv("d", 5, [1, 2], "relu", padding=[0, 2, 0, 3]), flatten(), dense("o", 3))
case("conv-dilation", [2, 8, 7], 3, conv("c", 4, [2, 3], "silu", dilation=[3, 2], padding=[2, 1, 0, 3]), flatten(), dense("o", 3))
case("conv-groups", [4, 5, 6], 3, conv("c", 6, 3, "relu", groups=2), conv("d", 9, 2, "elu", groups=3), flatten(), dense("o", 3))
case("conv-depthwise", [5, 6, 5], 3, conv("c", 5, 3, "relu6", groups=5, padding=[1, 1, 1, 1]), conv("p", 7, 1, "hardswish"),
     conv("d", 14, [2, 3], "relu", groups=7, stride=2), flatten(), dense("o", 3), gain=1.5)
case("conv-no-bias", [2, 5, 5], 3, conv("c", 4, 3, "relu", bias=False), flatten(), dense("o", 3, bias=False))
case("conv-everything", [4, 9, 8], 3,
     conv("c", 6, [3, 2], "gelu", groups=2, stride=[2, 1], dilation=[2, 3], padding=[2, 1, 1, 2], bias=False),
     flatten(), dense("o", 3))
case("conv-pointwise-stride", [17, 4, 3], 3, conv("c", 19, 1, "relu", stride=2), flatten(), dense("o", 3))
case("conv-padding-beyond-kernel", [2, 3, 4], 3, conv("c", 3, 2, "tanh", padding=[3, 2, 4, 1], stride=2), flatten(), dense("o", 3))
case("conv-whole-image", [2, 4, 3], 3, conv("c", 6, [4, 3], "relu"), flatten(), dense("o", 3))
case("conv-blocks-of-channels", [1, 6, 6], 3, conv("c", 16, 3, "relu"), conv("d", 32, 2, "tanh", groups=2), flatten(),
     dense("o", 3))
case("conv-chain-without-activations", [2, 6, 6], 3, conv("c", 3, 2), conv("d", 4, 2), layer("max_pool2d", kernel_size=2, stride=1),
     conv("e", 5, 2), flatten(), dense("o", 3))
case("conv-of-a-reshaped-input", [24], 3, layer("reshape", shape=[2, 3, 4]), conv("c", 3, 2, "relu"), flatten(), dense("o", 3))
case("conv-two-of-the-input", [2, 4, 5], 3, conv("c", 3, 3, "relu", padding=[1, 1, 1, 1], inputs="input"),
     conv("d", 3, 1, "tanh", inputs="input"), layer("add", inputs="c d"), flatten(), dense("o", 3))
case("conv-with-two-users", [2, 5, 5], 3, conv("c", 4, 2, padding=[1, 0, 1, 0]), conv("d", 4, 3, "relu", padding=[1, 1, 1, 1]),
     layer("multiply", inputs="c d"), flatten(), dense("o", 3))
# A window of 3 with stride 2 over even sizes: TensorFlow's SAME has padding at the end only, PyTorch's padding=1 on all sides.
case("conv-same-tensorflow", [2, 6, 4], 3, conv("c", 3, 3, "relu", stride=2, padding=[0, 1, 0, 1]), flatten(), dense("o", 3))
case("conv-padding-one", [2, 6, 4], 3, conv("c", 3, 3, "relu", stride=2, padding=[1, 1, 1, 1]), flatten(), dense("o", 3))

# Dense layers.
case("dense-alone", [7], 4, dense("o", 4))
case("dense-no-bias", [7], 4, dense("d", 9, "relu", bias=False), dense("o", 4, bias=False), gain=1.5)
case("dense-over-tokens", [5, 6], 3, tokens("d", 4, "gelu"), tokens("e", 3, bias=False), flatten(), dense("o", 3), gain=1.5)
case("dense-over-three-dimensions", [2, 3, 4], 3, tokens("d", 5, "relu"), tokens("e", 2, "tanh"), flatten(), dense("o", 3))
case("dense-over-one-token", [1, 6], 3, tokens("d", 5, "tanh"), flatten(), dense("o", 3))
case("dense-over-one-dimension", [6], 3, tokens("d", 5, "tanh"), tokens("o", 3))
case("dense-two-of-the-input", [6], 3, dense("d", 5, "tanh", inputs="input"), dense("e", 5, "relu", inputs="input"),
     layer("add", inputs="d e"), dense("o", 3))
case("dense-beside-a-flattened-input", [2, 2, 3], 3, flatten("f"), dense("d", 12, "tanh"), layer("add", inputs="f d"), dense("o", 3))
case("dense-two-of-a-flattened-input", [2, 2, 3], 3, flatten("f"), dense("d", 5, "tanh"), dense("e", 5, "relu", inputs="f"),
     layer("concat", inputs="d e"), dense("o", 3))
case("dense-and-convolution-of-a-reshaped-input", [18], 3, layer("reshape", "r", shape=[2, 3, 3]), conv("c", 2, 2, "relu"),
     flatten("f"), flatten("g", "r"), dense("d", 8, "tanh"), layer("add", inputs="f d"), dense("o", 3))
case("dense-linear-chain", [6], 3, dense("d", 5), dense("e", 7), dense("o", 3))

# Pools.
case("average-pool", [3, 5, 7], 3, conv("c", 4, 2, "relu"), layer("average_pool2d", kernel_size=[2, 3], stride=[1, 2]),
     conv("d", 3, 1, "tanh"), flatten(), dense("o", 3))
case("average-pool-first", [2, 6, 5], 3, layer("average_pool2d", kernel_size=2, stride=2), conv("c", 3, 2, "relu"), flatten(),
     dense("o", 3))
for counts in [True, False]:
    case(f"average-pool-{'counts' if counts else 'without'}-padding", [3, 6, 7], 3, conv("c", 5, 2, "silu"),
         layer("average_pool2d", kernel_size=[3, 2], stride=2, padding=[1, 2, 1, 0], count_include_padding=counts),
         flatten(), dense("o", 3))
    case(f"average-pool-symmetric-{counts}".lower(), [2, 5, 5], 3,
         layer("average_pool2d", kernel_size=3, stride=2, padding=[1, 1, 1, 1], count_include_padding=counts),
         conv("c", 3, 2, "tanh"), flatten(), dense("o", 3))
case("max-pool-padding", [2, 6, 7], 3, conv("c", 4, 2), layer("max_pool2d", kernel_size=[3, 2], stride=2, padding=[1, 2, 1, 0]),
     layer("gelu"), flatten(), dense("o", 3), gain=2.0)
case("max-pool-padding-behind-gelu", [2, 6, 7], 3, conv("c", 4, 2, "gelu"),
     layer("max_pool2d", kernel_size=3, stride=[1, 2], padding=[1, 1, 1, 1]), flatten(), dense("o", 3), gain=3.0)
case("max-pool-padding-first", [1, 5, 4], 3, layer("max_pool2d", kernel_size=3, stride=1, padding=[2, 1, 0, 2]), flatten(),
     dense("o", 3))
case("max-pool-and-another-user", [2, 5, 5], 3, conv("c", 3, 2, "tanh"), layer("max_pool2d", "m", kernel_size=4, stride=1),
     flatten("f"), layer("global_average_pool2d", "g", "c"), layer("concat", inputs="f g"), dense("o", 3))
case("global-average", [3, 4, 5], 4, conv("c", 6, 2, "relu"), layer("global_average_pool2d"), dense("o", 4))
case("global-average-gives-the-logits", [3, 4, 5], 4, conv("c", 4, 2), layer("global_average_pool2d"))
case("global-average-of-the-input", [3, 4, 5], 4, layer("global_average_pool2d"), dense("o", 4))

# Sums, products, constants.
case("add-three", [2, 4, 4], 3, conv("a", 3, 3, "relu", inputs="input"), conv("b", 3, [2, 3], padding=[0, 0, 0, 0], stride=[2, 1],
     inputs="input"), conv("c", 3, [3, 3], "tanh", inputs="input"), layer("add", inputs="a c b"), layer("relu"), flatten(),
     dense("o", 3))
case("add-itself", [5], 3, dense("d", 4, "tanh"), layer("add", inputs="d d"), dense("o", 3))
case("add-gives-the-logits", [5], 3, dense("d", 3, "tanh", inputs="input"), dense("e", 3, inputs="input"),
     layer("add", inputs="d e"))
case("add-across-layouts", [2, 4, 5], 3, conv("c", 17, 2, "relu"), layer("parameter", "p", shape=[17, 3, 4]),
     layer("add", "s", "p c"), conv("d", 3, 2, "relu"), flatten(), dense("o", 3))
case("multiply", [3, 4], 3, tokens("a", 5, "tanh", inputs="input"), tokens("b", 5, "sigmoid", inputs="input"),
     layer("multiply", inputs="a b"), flatten(), dense("o", 3))
case("multiply-itself", [5], 3, dense("d", 4, "tanh"), layer("multiply", inputs="d d"), dense("o", 3))
case("multiply-gate-of-vectors", [2, 5, 4], 3, conv("c", 6, 2, "relu"), layer("global_average_pool2d", "g"), dense("s", 3, "relu"),
     dense("e", 6, "sigmoid"), layer("multiply", inputs="c e"), flatten(), dense("o", 3), gain=1.5)
case("multiply-gate-of-images", [2, 5, 4], 3, conv("c", 6, 2, "silu"), layer("global_average_pool2d"),
     layer("reshape", shape=[6, 1, 1]), conv("s", 2, 1, "silu"), conv("e", 6, 1, "sigmoid"), layer("multiply", inputs="c e"),
     conv("h", 3, 2, "relu"), flatten(), dense("o", 3), gain=1.5)
case("concat", [2, 4, 5], 3, conv("a", 3, 3, "relu", inputs="input", padding=[1, 1, 1, 1]), conv("b", 1, 1, "tanh", inputs="input"),
     layer("concat", inputs="a input b"), conv("c", 4, 2, "relu"), flatten(), dense("o", 3))
case("concat-axes", [2, 3, 4], 3, layer("slice", "a", "input", axis=1, start=1, stop=3), layer("concat", "b", "input a", axis=1),
     layer("slice", "c", "b", axis=2, start=0, stop=1), layer("concat", inputs="c b c", axis=2), conv("d", 3, 3, "relu"), flatten(),
     dense("o", 3))
case("concat-itself", [5], 3, dense("d", 4, "tanh"), layer("concat", inputs="d d"), dense("o", 3))
case("scale", [3, 4, 4], 3, conv("c", 4, 2, "relu"), layer("scale", "s"), layer("scale", "t", elementwise=True), flatten(),
     layer("scale", "u"), dense("o", 3))
case("scale-of-the-input", [3, 2, 2], 3, layer("scale", "s"), flatten(), dense("o", 3))
case("rescale", [3, 4, 4], 3, layer("rescale", factor=2.0, shift=-1.0), conv("c", 4, 2, "tanh"), layer("rescale", factor=-0.375),
     flatten(), dense("o", 3))
case("parameter", [3, 4], 3, layer("parameter", "token", shape=[1, 4]), layer("concat", "all", "token input"),
     layer("parameter", "place", shape=[4, 4]), layer("add", inputs="all place"), tokens("d", 5, "tanh"), flatten(), dense("o", 3))

# Normalisations.
case("batch-norm-conv", [2, 5, 5], 3, conv("c", 4, 2), layer("batch_norm", "n", eps=1e-3), layer("relu"), flatten(), dense("o", 3))
case("batch-norm-conv-no-bias-pool", [2, 6, 5], 3, conv("c", 4, 2, bias=False), layer("batch_norm", "n", eps=1e-5), layer("relu"),
     layer("max_pool2d", kernel_size=2, stride=2), flatten(), dense("o", 3))
case("batch-norm-conv-groups", [4, 4, 4], 3, conv("c", 6, 2, groups=2), layer("batch_norm", "n", eps=1e-5, affine=False),
     layer("silu"), conv("d", 6, 2, groups=6), layer("batch_norm", "m", eps=0.5), flatten(), dense("o", 3))
case("batch-norm-dense", [6], 3, dense("d", 5), layer("batch_norm", "n", eps=1e-5), layer("tanh"), dense("o", 3, bias=False),
     layer("batch_norm", "l", eps=1e-4))
case("batch-norm-tokens", [4, 6], 3, tokens("d", 5), layer("batch_norm", "n", eps=1e-5), layer("relu"), flatten(), dense("o", 3))
case("batch-norm-tokens-of-three-dimensions", [2, 3, 4], 3, tokens("d", 5), layer("batch_norm", "n", eps=1e-5), layer("relu"),
     flatten(), dense("o", 3))
case("batch-norm-one-token", [1, 4], 3, tokens("d", 5), layer("batch_norm", "n", eps=1e-5), layer("relu"), flatten(),
     dense("o", 3))
case("batch-norm-add", [2, 4, 4], 3, conv("a", 4, 3, "relu", padding=[1, 1, 1, 1], inputs="input"), conv("b", 4, 1, inputs="input"),
     layer("add", inputs="a b"), layer("batch_norm", "n", eps=1e-5), layer("relu"), flatten(), dense("o", 3))
case("batch-norm-behind-activation", [2, 4, 4], 3, conv("a", 4, 2, "relu"), layer("batch_norm", "n", eps=1e-5),
     conv("b", 3, 2, "relu"), flatten(), dense("o", 3))
case("batch-norm-first", [2, 4, 4], 3, layer("batch_norm", "n", eps=1e-5), conv("b", 3, 2, "relu"), flatten(), dense("o", 3))
case("batch-norm-two-users", [2, 4, 4], 3, conv("a", 4, 2), layer("batch_norm", "n", eps=1e-5), layer("relu", "r"),
     layer("multiply", inputs="a r"), flatten(), dense("o", 3))
case("batch-norm-twice", [2, 4, 4], 3, conv("a", 4, 2), layer("batch_norm", "n", eps=1e-5), layer("batch_norm", "m", eps=1e-2),
     flatten(), dense("o", 3))
case("filter-response-norm", [2, 5, 6], 3, conv("c", 4, 2), layer("filter_response_norm", "n", eps=1e-6),
     conv("d", 3, 2, "tanh"), layer("filter_response_norm", "m", eps=1e-2), flatten(), dense("o", 3))
case("filter-response-norm-no-threshold", [2, 5, 6], 3, conv("c", 17, 2),
     layer("filter_response_norm", "n", eps=1e-6, threshold=False), layer("silu"), layer("global_average_pool2d"), dense("o", 3))
case("filter-response-norm-one-position", [2, 3, 3], 3, conv("c", 4, 3),
     layer("filter_response_norm", "n", eps=0.05), flatten(), dense("o", 3))
case("layer-norm", [4, 6], 3, tokens("d", 5), layer("layer_norm", "n", normalized_shape=[5], eps=1e-5),
     tokens("e", 4, "gelu"), layer("layer_norm", "m", normalized_shape=[4, 4], eps=1e-6), flatten(), dense("o", 3))
case("layer-norm-no-affine", [7], 3, dense("d", 6), layer("layer_norm", normalized_shape=[6], eps=1e-5, affine=False),
     dense("o", 3))
case("layer-norm-images", [2, 4, 4], 3, conv("c", 3, 2), layer("layer_norm", "n", normalized_shape=[3, 3, 3], eps=1e-5),
     layer("relu"), flatten(), dense("o", 3))
case("group-norm", [2, 4, 5], 3, conv("c", 6, 2), layer("group_norm", "n", groups=3, eps=1e-5), layer("relu"),
     conv("d", 4, 2), layer("group_norm", "m", groups=4, eps=1e-3, affine=False), flatten(), dense("o", 3))
case("group-norm-vector", [6], 3, dense("d", 8), layer("group_norm", "n", groups=2, eps=1e-5), layer("silu"), dense("o", 3))
case("group-norm-whole", [18, 2, 2], 3, layer("group_norm", "n", groups=1, eps=1e-5), conv("c", 4, 2, "relu"), flatten(), dense("o", 3))
case("rms-norm", [4, 6], 3, tokens("d", 5), layer("rms_norm", "n", normalized_shape=[5], eps=1e-6),
     layer("rms_norm", normalized_shape=[4, 5], eps=1e-2, affine=False), flatten(), dense("o", 3))
case("normalize", [3, 4, 4], 3, layer("normalize", mean=[0.4, 0.5, 0.3], scale=[0.2, 0.3, 0.25]), conv("c", 4, 3, "relu"),
     flatten(), dense("o", 3))
case("normalize-two-users", [3, 4], 3, layer("normalize", "n", mean=[0.4, 0.5, 0.3], scale=[0.2, 0.3, 0.25]),
     tokens("d", 4, "tanh"), layer("multiply", inputs="n d"), flatten(), dense("o", 3))

# Shapes.
case("reshape", [2, 6], 3, tokens("d", 6, "tanh"), layer("reshape", shape=[3, 2, 2]), conv("c", 4, 2, "relu"),
     layer("reshape", shape=[2, 2]), layer("reshape", shape=[4]), dense("o", 3))
case("reshape-of-blocks", [2, 4, 4], 3, conv("c", 16, 2, "relu"), layer("reshape", shape=[8, 3, 6]), conv("d", 3, 2, "tanh"),
     flatten(), dense("o", 3))
case("transpose", [2, 3, 4], 3, layer("transpose", axes=[2, 0, 1]), conv("c", 5, 2, "relu"), layer("transpose", axes=[1, 2, 0]),
     tokens("d", 4, "tanh"), layer("transpose", axes=[0, 2, 1]), flatten(), dense("o", 3))
case("slice", [3, 5, 6], 3, layer("slice", axis=2, start=1, stop=6, step=2), conv("c", 6, 2, "relu"),
     layer("slice", axis=0, start=1, stop=6, step=3), flatten(), dense("o", 3))
case("slice-two", [3, 4, 4], 3, conv("c", 6, 2, "relu"), layer("slice", "a", "c", axis=0, start=0, stop=3),
     layer("slice", "b", "c", axis=0, start=2, stop=5), layer("multiply", inputs="a b"), flatten(), dense("o", 3))
case("pad", [2, 3, 4], 3, layer("pad", padding=[1, 0, 0, 2, 1, 1]), conv("c", 3, 2, "relu"), layer("pad", padding=[0, 2, 1, 0, 0, 0]),
     flatten(), layer("pad", padding=[2, 1]), dense("o", 3))
case("mean", [2, 3, 4], 3, layer("transpose", axes=[1, 0, 2]), tokens("d", 5, "tanh"), layer("mean", axes=[0, 1]), dense("o", 3))
case("mean-middle", [2, 3, 4], 3, layer("mean", axes=[1]), flatten(), dense("o", 3))
case("mean-order-of-axes", [2, 3, 4], 3, tokens("d", 4, "relu"), layer("mean", axes=[2, 0]), dense("o", 3))
case("softmax", [4, 5], 3, tokens("d", 6), layer("softmax"), flatten(), dense("h", 5), layer("softmax"), dense("o", 3), gain=2.0)
case("matmul", [3, 4], 3, tokens("a", 5, "tanh", inputs="input"), tokens("b", 5, "sigmoid", inputs="input"),
     layer("matmul", "s", "a b", transpose_second=True), layer("matmul", inputs="s input"), flatten(), dense("o", 3))
case("matmul-heads", [2, 3, 4], 3, tokens("a", 5, "tanh", inputs="input"), layer("transpose", "b", "input", axes=[0, 2, 1]),
     layer("matmul", "s", "b a"), flatten(), dense("o", 3))
case("matmul-itself", [3, 4], 3, tokens("a", 4, "tanh"), layer("matmul", inputs="a a", transpose_second=True), flatten(),
     dense("o", 3))

# Blocks.
def attention(width, heads, count, before):
    """Attention of several heads behind the layer `before`, ends in `attended`."""
    split = lambda name: [layer("reshape", f"{name}_parts", name, shape=[count, heads, width // heads]),
                          layer("transpose", f"{name}_heads", f"{name}_parts", axes=[1, 0, 2])]
    return [
        tokens("q", width, inputs=before), *split("q"), tokens("k", width, inputs=before), *split("k"),
        tokens("v", width, inputs=before), *split("v"),
        layer("matmul", "scores", "q_heads k_heads", transpose_second=True),
        layer("rescale", factor=(width // heads) ** -0.5), layer("softmax", "weights"),
        layer("matmul", "mixed", "weights v_heads"), layer("transpose", axes=[1, 0, 2]),
        layer("reshape", shape=[count, width]), tokens("attended", width),
    ]


case("attention-one-head", [5, 4], 3, tokens("q", 4, inputs="input"), tokens("k", 4, inputs="input"), tokens("v", 6, inputs="input"),
     layer("matmul", "s", "q k", transpose_second=True), layer("rescale", factor=0.5), layer("softmax", "w"),
     layer("matmul", inputs="w v"), layer("mean", axes=[0]), dense("o", 3), gain=1.5)
case("attention-block", [5, 6], 3, layer("layer_norm", "n", "input", normalized_shape=[6], eps=1e-5), *attention(6, 2, 5, "n"),
     layer("add", "sum", "input attended"), layer("layer_norm", "m", normalized_shape=[6], eps=1e-5), tokens("up", 8, "gelu"),
     tokens("down", 6), layer("add", inputs="sum down"), layer("mean", axes=[0]), dense("o", 3), gain=1.5)
case("vision-transformer", [1, 6, 6], 3, conv("patches", 4, 3, stride=3), layer("reshape", shape=[4, 4]),
     layer("transpose", "words", axes=[1, 0]), layer("parameter", "token", shape=[1, 4]), layer("concat", "all", "token words"),
     layer("parameter", "place", shape=[5, 4]), layer("add", "x", "all place"),
     layer("layer_norm", "n", normalized_shape=[4], eps=1e-6), *attention(4, 2, 5, "n"), layer("add", "sum", "x attended"),
     layer("slice", axis=0, start=0, stop=1), flatten(), dense("o", 3), gain=1.5)
def residual(norm):
    """A residual block whose shortcut is projected."""
    return [
        conv("a", 4, 3, stride=2, padding=[1, 1, 1, 1], bias=False, inputs="stem"), norm("an"), layer("relu"),
        conv("b", 4, 3, padding=[1, 1, 1, 1], bias=False), norm("bn"), conv("p", 4, 1, stride=2, bias=False, inputs="stem"),
        norm("pn"), layer("add", inputs="bn pn"), layer("relu"), layer("global_average_pool2d"), dense("o", 3),
    ]


case("residual-block", [2, 5, 6], 3, conv("stem", 3, 3, "relu", padding=[1, 1, 1, 1]),
     *residual(lambda name: layer("batch_norm", name, eps=1e-5)))
case("residual-block-frn", [2, 5, 6], 3, conv("stem", 3, 3, "relu", padding=[1, 1, 1, 1]),
     *residual(lambda name: layer("filter_response_norm", name, eps=1e-6)))
case("residual-identity", [3, 4, 4], 3, conv("a", 3, 3, "silu", padding=[1, 1, 1, 1]), conv("b", 3, 3, padding=[1, 1, 1, 1]),
     layer("add", "s", "input b"), conv("c", 3, 3, "relu", padding=[1, 1, 1, 1]), layer("add", inputs="s c"), flatten(), dense("o", 3))
case("densely-connected", [2, 4, 4], 3, conv("a", 3, 3, "relu", padding=[1, 1, 1, 1]), layer("concat", "ab", "input a"),
     conv("b", 3, 3, "relu", padding=[1, 1, 1, 1]), layer("concat", "abc", "ab b"), layer("average_pool2d", kernel_size=2, stride=2),
     flatten(), dense("o", 3))
case("inception", [2, 5, 5], 3, conv("a", 3, 1, "relu", inputs="input"), conv("b", 17, 3, "relu", padding=[1, 1, 1, 1], inputs="input"),
     layer("max_pool2d", "m", "input", kernel_size=3, stride=1, padding=[1, 1, 1, 1]),
     layer("average_pool2d", "v", "input", kernel_size=3, stride=1, padding=[1, 1, 1, 1], count_include_padding=False),
     layer("concat", inputs="a b m v"), conv("c", 2, 1, "relu"), flatten(), dense("o", 3))
case("inverted-residual", [3, 4, 5], 3, conv("e", 6, 1, "relu6"), conv("d", 6, 3, "relu6", groups=6, padding=[1, 1, 1, 1]),
     conv("p", 3, 1), layer("add", inputs="input p"), conv("h", 4, 1, "hardswish"), layer("global_average_pool2d"), dense("o", 3),
     gain=1.5)
case("mlp-mixer", [4, 6], 3, layer("layer_norm", "n", normalized_shape=[6], eps=1e-5), layer("transpose", axes=[1, 0]),
     tokens("a", 4, "gelu"), layer("transpose", "t", axes=[1, 0]), layer("add", "s", "input t"), tokens("b", 6, "gelu"),
     layer("add", inputs="s b"), layer("mean", axes=[0]), dense("o", 3))

# One number for two classes.
case("binary-dense-sigmoid", [6], 2, dense("d", 5, "tanh"), dense("o", 1, "sigmoid"))
case("binary-layer-sigmoid", [6], 2, dense("d", 5, "relu"), dense("o", 1), layer("sigmoid"))
case("binary-logit", [2, 3, 3], 2, conv("c", 4, 2, "relu"), flatten(), dense("o", 1))
case("binary-convolution", [2, 3, 3], 2, conv("c", 6, 2, "tanh"), conv("o", 1, 2, "sigmoid"), flatten())
case("binary-behind", [2, 3, 3], 2, conv("c", 4, 2, "tanh"), conv("o", 1, 2), layer("sigmoid"), layer("reshape", shape=[1]),
     layer("identity"))
case("binary-alone", [6], 2, dense("o", 1, "sigmoid"))


# What PyTorch makes of them -----------------------------------------------------------------------------------------------------

class Parameters:
    """Parameters of one draw, made as they are asked for, and the smallest distance of an argument from a kink."""

    def __init__(self, stream, gain):
        self.stream, self.gain, self.arrays, self.margin = stream, gain, {}, float("inf")

    def __call__(self, name, shape, make):
        if name not in self.arrays:
            values = make(self.stream.standard_normal(shape)).astype(numpy.float32).astype(numpy.float64)
            self.arrays[name] = torch.tensor(values, requires_grad=True)
        return self.arrays[name]

    def weight(self, name, shape):
        return self(name, shape, lambda z: z * self.gain / numpy.sqrt(numpy.prod(shape[1:])))

    def shift(self, name, shape):
        return self(name, shape, lambda z: 0.3 * z)

    def factor(self, name, shape):
        return self(name, shape, lambda z: 1 + 0.4 * z)

    def variance(self, name, shape):
        return self(name, shape, lambda z: 0.2 + z * z)

    def kink(self, x, at):
        self.margin = min(self.margin, float((x - at).detach().abs().min()))

    @property
    def flat(self):
        return torch.cat([array.reshape(-1) for array in self.arrays.values()])


def activation(p, word, x, **settings):
    kinks = {"relu": [0], "relu6": [0, 6], "leaky_relu": [0], "elu": [0], "selu": [0], "hardswish": [-3, 3], "hardsigmoid": [-3, 3]}
    for at in kinks.get(word, []):
        p.kink(x, at)
    if word == "softplus":
        p.kink(x * settings.get("beta", 1), settings.get("threshold", 20))
    if word == "leaky_relu":
        return F.leaky_relu(x, settings.get("negative_slope", 0.01))
    if word == "hardsigmoid":
        # PyTorch's own derivative of it is a sixth in single precision.
        return F.relu6(x + 3) / 6
    functions = {
        "identity": lambda x: x, "relu": F.relu, "relu6": F.relu6, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "elu": F.elu,
        "selu": F.selu, "silu": F.silu, "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
        "softplus": F.softplus, "hardswish": F.hardswish,
    }
    return functions[word](x, **settings)


def pair(value):
    return list(value) if isinstance(value, list) else [value, value]


def padded(x, layer, value=0.0):
    top, bottom, left, right = layer.get("padding", [0, 0, 0, 0])
    return F.pad(x, (left, right, top, bottom), value=value)


def max_pool(p, x, layer):
    kernel, stride = pair(layer["kernel_size"]), pair(layer["stride"])
    padding = layer.get("padding", [0, 0, 0, 0])
    x = padded(x, layer, -float("inf"))
    windows = x.detach().unfold(2, kernel[0], stride[0]).unfold(3, kernel[1], stride[1]).flatten(4)
    if windows.shape[4] > 1:
        top = windows.topk(2, dim=4).values
        # Values that are equal have been clipped, and what is behind them has no slope.
        gaps = (top[..., 0] - top[..., 1]).flatten()
        p.margin = min([p.margin, *gaps[gaps > 0].tolist()])
    return F.max_pool2d(x, kernel, stride)


def average_pool(x, layer):
    kernel, stride = pair(layer["kernel_size"]), pair(layer["stride"])
    top, bottom, left, right = padding = layer.get("padding", [0, 0, 0, 0])
    counts = layer.get("count_include_padding", True)
    y = F.avg_pool2d(padded(x, layer), kernel, stride)
    if not counts:
        y = y / F.avg_pool2d(padded(torch.ones_like(x), layer), kernel, stride)
    if top == bottom == left == right:
        assert torch.allclose(y, F.avg_pool2d(x, kernel, stride, top, count_include_pad=counts), rtol=1e-12, atol=1e-14)
    return y


def channels(x, y):
    """y with dimensions behind its last, so that it multiplies all positions of a channel of x."""
    return y.reshape(y.shape + (1,) * (x.dim() - y.dim()))


def run(p, layer, inputs):
    x, name, kind = (inputs[0] if inputs else None), layer.get("name"), layer["type"]
    if kind in FUSED + ["hardsigmoid"]:
        return activation(p, kind, x, **{key: layer[key] for key in ["negative_slope", "alpha", "beta", "threshold"] if key in layer})
    if kind == "normalize":
        mean, scale = (channels(x[0], torch.tensor(layer[key], dtype=x.dtype)) for key in ["mean", "scale"])
        return (x - mean) / scale
    if kind == "flatten":
        return x.flatten(1)
    if kind == "dense":
        weight = p.weight(f"{name}.weight", [layer["units"], x.shape[-1]])
        bias = p.shift(f"{name}.bias", [layer["units"]]) if layer.get("bias", True) else None
        return activation(p, layer["activation"], F.linear(x, weight, bias))
    if kind == "conv2d":
        groups = layer.get("groups", 1)
        weight = p.weight(f"{name}.weight", [layer["filters"], x.shape[1] // groups, *pair(layer["kernel_size"])])
        bias = p.shift(f"{name}.bias", [layer["filters"]]) if layer.get("bias", True) else None
        y = F.conv2d(padded(x, layer), weight, bias, pair(layer.get("stride", 1)), 0, pair(layer.get("dilation", 1)), groups)
        return activation(p, layer["activation"], y)
    if kind == "max_pool2d":
        return max_pool(p, x, layer)
    if kind == "average_pool2d":
        return average_pool(x, layer)
    if kind == "global_average_pool2d":
        return F.adaptive_avg_pool2d(x, 1).flatten(1)
    if kind == "add":
        return sum(inputs[1:], inputs[0])
    if kind == "multiply":
        return x * channels(x, inputs[1])
    if kind == "concat":
        return torch.cat(inputs, 1 + layer.get("axis", 0))
    if kind == "scale":
        weight = p.factor(f"{name}.weight", list(x.shape[1:] if layer.get("elementwise") else x.shape[1:2]))
        return x * channels(x[0], weight)
    if kind == "rescale":
        return layer["factor"] * x + layer.get("shift", 0)
    if kind == "parameter":
        return p.shift(f"{name}.value", layer["shape"])
    if kind == "batch_norm":
        size, affine = [x.shape[1]], layer.get("affine", True)
        weight = p.factor(f"{name}.weight", size) if affine else None
        bias = p.shift(f"{name}.bias", size) if affine else None
        mean, variance = p.shift(f"{name}.running_mean", size), p.variance(f"{name}.running_var", size)
        return F.batch_norm(x, mean.detach(), variance.detach(), weight, bias, training=False, eps=layer["eps"])
    if kind == "filter_response_norm":
        size = [x.shape[1]]
        weight, bias = p.factor(f"{name}.weight", size), p.shift(f"{name}.bias", size)
        y = x * torch.rsqrt(x.square().mean((2, 3), keepdim=True) + layer["eps"])
        y = channels(x[0], weight) * y + channels(x[0], bias)
        if not layer.get("threshold", True):
            return y
        threshold = channels(x[0], p.shift(f"{name}.tau", size))
        p.kink(y, threshold)
        return torch.maximum(y, threshold)
    if kind in ["layer_norm", "rms_norm"]:
        shape, affine = layer["normalized_shape"], layer.get("affine", True)
        weight = p.factor(f"{name}.weight", shape) if affine else None
        if kind == "rms_norm":
            return F.rms_norm(x, shape, weight, layer["eps"])
        return F.layer_norm(x, shape, weight, p.shift(f"{name}.bias", shape) if affine else None, layer["eps"])
    if kind == "group_norm":
        size, affine = [x.shape[1]], layer.get("affine", True)
        weight, bias = (p.factor(f"{name}.weight", size), p.shift(f"{name}.bias", size)) if affine else (None, None)
        return F.group_norm(x, layer["groups"], weight, bias, layer["eps"])
    if kind == "reshape":
        return x.reshape([-1] + layer["shape"])
    if kind == "transpose":
        return x.permute([0] + [1 + axis for axis in layer["axes"]])
    if kind == "slice":
        places = [slice(None)] * x.dim()
        places[1 + layer["axis"]] = slice(layer["start"], layer["stop"], layer.get("step", 1))
        return x[tuple(places)]
    if kind == "pad":
        sides = layer["padding"]
        return F.pad(x, [side for axis in reversed(range(x.dim() - 1)) for side in sides[2 * axis:2 * axis + 2]])
    if kind == "mean":
        return x.mean([1 + axis for axis in layer["axes"]])
    if kind == "softmax":
        return torch.softmax(x, -1)
    if kind == "matmul":
        return torch.matmul(x, inputs[1].transpose(-1, -2) if layer.get("transpose_second") else inputs[1])
    raise ValueError(kind)


def logits(layers, p, x):
    values, before = {"input": x}, x
    # What stands behind the last activation and only rearranges numbers changes nothing.
    head = len(layers) - 1
    while layers[head]["type"] in ["flatten", "reshape", "transpose", "identity"]:
        head -= 1
    for layer in layers:
        is_last = layer is layers[head]
        inputs = [values[name] for name in layer["inputs"]] if "inputs" in layer else [before]
        if layer["type"] == "parameter":
            inputs = []
        # One number for two classes: what enters the sigmoid is the logit of class 1 against 0.
        if is_last and layer["type"] == "sigmoid":
            before = inputs[0]
            continue
        if is_last and layer.get("activation") == "sigmoid" and layer.get("units", layer.get("filters")) == 1:
            layer = {**layer, "activation": "identity"}
        before = run(p, layer, inputs)
        if layer["type"] == "parameter":
            before = before.expand([len(x), *before.shape])
        if "name" in layer:
            values[layer["name"]] = before
    z = before
    assert z.dim() == 2
    return torch.cat([torch.zeros_like(z), z], 1) if z.shape[1] == 1 else z


def answers(name, attempt):
    shape, classes, layers, gain = CASES[name]
    # Both kinds of padding have the same weights and inputs.
    seed = "conv-padding" if name in ["conv-same-tensorflow", "conv-padding-one"] else name
    stream = numpy.random.default_rng([attempt, *seed.encode()])
    x = torch.tensor(stream.uniform(size=[EXAMPLES, *shape]).astype(numpy.float32).astype(numpy.float64), requires_grad=True)
    labels = torch.tensor([(2 * index + 1) % classes for index in range(EXAMPLES)])
    draws = [Parameters(stream, gain) for _ in range(DRAWS)]
    z = torch.stack([logits(layers, p, x) for p in draws])
    assert z.shape == (DRAWS, EXAMPLES, classes), (name, z.shape)
    own = torch.log_softmax(z, -1)[:, torch.arange(EXAMPLES), labels]
    predictive = (numpy.log(DRAWS) - torch.logsumexp(own, 0)).sum()
    expected = -own.mean(0).sum()
    first = list(draws[0].arrays.values())
    (g_predictive,) = torch.autograd.grad(predictive, x, retain_graph=True)
    (g_expected,) = torch.autograd.grad(expected, x, retain_graph=True)
    by_parameter = torch.autograd.grad(own[0].sum(), first, allow_unused=True)
    zeros = [torch.zeros_like(array) if g is None else g for array, g in zip(first, by_parameter)]
    margin = min(p.margin for p in draws)
    smallest = min(float(g.flatten(1).abs().amax(1).min()) for g in [g_predictive, g_expected])
    return {
        "draws": numpy.stack([p.flat.detach().numpy() for p in draws]).astype(numpy.float32),
        "inputs": x.detach().numpy().astype(numpy.float32),
        "labels": labels.numpy(),
        "logits": z.detach().numpy(),
        "gradient_predictive": g_predictive.numpy(),
        "gradient_expected_loss": g_expected.numpy(),
        "parameter_gradient": torch.cat([g.reshape(-1) for g in zeros]).numpy(),
    }, [f"{key} {list(array.shape)}" for key, array in draws[0].arrays.items()], margin, smallest


def main(path):
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    results = {}
    # A mistake in a case must not leave half a file behind.
    part = path + ".part"
    with h5py.File(part, "w", libver=("earliest", "v108")) as file:
        for name, (shape, classes, layers, _) in CASES.items():
            for attempt in range(1000):
                arrays, parameters, margin, smallest = answers(name, attempt)
                if margin > MARGIN and smallest > 1e-4:
                    break
            else:
                raise SystemExit(f"{name}: every attempt lies at a kink ({margin}) or is flat ({smallest})")
            group = file.create_group(name)
            group.attrs["architecture"] = json.dumps({"input_shape": shape, "class_count": classes, "layers": layers})
            group.attrs["parameters"] = "\n".join(parameters)
            for key, array in arrays.items():
                group.create_dataset(key, data=array)
            results[name] = arrays
        file.attrs["made_with"] = f"PyTorch {torch.__version__.split('+')[0]}, float64"
    os.replace(part, path)
    difference = numpy.abs(results["conv-same-tensorflow"]["logits"] - results["conv-padding-one"]["logits"]).max()
    assert difference > 0.01, "SAME and padding=1 are the same"
    print(f"{len(results)} networks")


if __name__ == "__main__":
    main(sys.argv[1])
