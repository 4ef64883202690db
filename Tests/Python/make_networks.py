"""Writes networks as their users export them to posterior files of format 1.1, with what PyTorch answers in float64.

    python make_networks.py FOLDER OUTPUT

FOLDER has a folder for each network: drawK.safetensors, data.npz, reference.npz and expected.json. For each of them OUTPUT
gets NAME.h5, a posterior file, NAME.reference.h5 with the answers, and NAME.expected.json.
"""

import json
import os
import re
import shutil
import sys

import h5py
import numpy as np

FLOAT = {"F32": np.float32, "F64": np.float64, "I64": np.int64}


def tensors(path):
    """The arrays of a safetensors file."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = file.read()
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], FLOAT[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


def normalize(mean, std):
    return {"type": "normalize", "mean": mean, "scale": std}


def conv(name, filters, size, stride=1, padding=0, groups=1, bias=True, activation="identity", **others):
    layer = {"type": "conv2d", "name": name, "filters": filters, "kernel_size": size, "activation": activation}
    if stride != 1:
        layer["stride"] = stride
    if padding:
        layer["padding"] = [padding] * 4
    if groups != 1:
        layer["groups"] = groups
    if not bias:
        layer["bias"] = False
    return layer | others


def dense(name, units, activation="identity", **others):
    return {"type": "dense", "name": name, "units": units, "activation": activation} | others


def layer(type, **members):
    return {"type": type} | members


def binary_sigmoid(draw):
    return [2], 2, [
        dense("0", 32, "softplus"), dense("2", 32, "silu"), dense("4", 1, "sigmoid"),
    ]


def lenet5_tanh(draw):
    average = layer("average_pool2d", kernel_size=2, stride=2)
    return [1, 28, 28], 10, [
        conv("0", 6, 5, padding=2, activation="tanh"), average, conv("3", 16, 5, activation="tanh"), average,
        layer("flatten"), dense("7", 120, "tanh"), dense("9", 84, "tanh"), dense("11", 10),
    ]


def mcdropout_cnn(draw):
    pool = layer("max_pool2d", kernel_size=2, stride=2)
    return [1, 28, 28], 10, [
        conv("0", 16, 3, padding=1, activation="relu"), pool, layer("scale", name="3"),
        conv("4", 16, 3, padding=1, activation="relu"), pool, layer("flatten"), layer("scale", name="8"), dense("9", 10),
    ]


def constants(draw, mean, std):
    return normalize(*([float(x) for x in draw[name].ravel()] for name in (mean, std)))


def mobilenet_relu6(draw):
    layers = [constants(draw, "0.mean", "0.std")]
    for block, filters, size, stride, groups in [
        (1, 16, 3, 2, 1), (2, 16, 3, 1, 16), (3, 32, 1, 1, 1), (4, 32, 3, 2, 32), (5, 48, 1, 1, 1),
    ]:
        layers += [
            conv(f"{block}.0", filters, size, stride, padding=size // 2, groups=groups, bias=False),
            layer("batch_norm", name=f"{block}.1", eps=1e-5), layer("relu6"),
        ]
    return [3, 32, 32], 10, layers + [layer("global_average_pool2d"), dense("9", 10)]


def resnet(draw, widths, blocks, norm, activation):
    """A residual network of two 3×3 convolutions a block, as its parameters are named here."""
    layers = [
        constants(draw, "norm.mean", "norm.std"), conv("stem.0", widths[0], 3, padding=1, bias=False), norm("stem.1"),
        layer(activation, name="stem"),
    ]
    before, channels = "stem", widths[0]
    for index in range(blocks):
        width = widths[index * len(widths) // blocks]
        stride = 1 if width == channels else 2
        name = f"blocks.{index}"
        layers += [
            conv(f"{name}.c1", width, 3, stride, padding=1, bias=False, inputs=[before]), norm(f"{name}.n1"),
            layer(activation), conv(f"{name}.c2", width, 3, padding=1, bias=False), norm(f"{name}.n2"),
        ]
        shortcut = before
        if stride != 1:
            layers += [
                conv(f"{name}.short.0", width, 1, stride, bias=False, inputs=[before]), norm(f"{name}.short.1"),
            ]
            shortcut = f"{name}.short.1"
        layers += [layer("add", inputs=[f"{name}.n2", shortcut]), layer(activation, name=name)]
        before, channels = name, width
    return [3, 32, 32], 10, layers + [layer("global_average_pool2d"), dense("fc", 10)]


def resnet20_bn(draw):
    return resnet(draw, [16, 32, 64], 9, lambda name: layer("batch_norm", name=name, eps=1e-5), "relu")


def resnet8_frn_silu(draw):
    return resnet(
        draw, [16, 32, 64], 3, lambda name: layer("filter_response_norm", name=name, eps=1e-6, threshold=False), "silu")


def strided_gn_gelu(draw):
    return [3, 32, 32], 10, [
        constants(draw, "0.mean", "0.std"), conv("1", 16, 3, 2, padding=1), layer("group_norm", name="2", groups=4, eps=1e-5),
        layer("gelu"), conv("4", 32, 3, 2, padding=1), layer("group_norm", name="5", groups=8, eps=1e-5),
        layer("gelu_tanh"), layer("global_average_pool2d"), dense("9", 10),
    ]


def vit_tiny(draw):
    tokens, width, heads = 17, 48, 3
    each = width // heads
    everywhere = {"over_last_axis": True}
    norm = lambda name, **others: layer("layer_norm", name=name, normalized_shape=[width], eps=1e-5, **others)
    layers = [
        constants(draw, "norm.mean", "norm.std"), conv("patch", width, 8, 8), layer("reshape", shape=[width, 16]),
        layer("transpose", name="patches", axes=[1, 0]), layer("parameter", name="cls", shape=[1, width]),
        layer("concat", name="cat", inputs=["cls", "patches"]), layer("parameter", name="pos", shape=[tokens, width]),
        layer("add", name="stream", inputs=["cat", "pos"]),
    ]
    before = "stream"
    for block in range(3):
        at = f"block{block}"
        layers += [
            norm(f"n1.{block}", inputs=[before]), dense(f"a.{block}.qkv", 3 * width, **everywhere),
            layer("reshape", shape=[tokens, 3, heads, each]), layer("transpose", name=f"{at}.heads", axes=[1, 2, 0, 3]),
        ]
        for index, what in enumerate("qkv"):
            layers += [
                layer("slice", axis=0, start=index, stop=index + 1, inputs=[f"{at}.heads"]),
                layer("reshape", name=f"{at}.{what}", shape=[heads, tokens, each]),
            ]
        layers += [
            layer("matmul", transpose_second=True, inputs=[f"{at}.q", f"{at}.k"]), layer("rescale", factor=each**-0.5),
            layer("softmax", name=f"{at}.weights"), layer("matmul", inputs=[f"{at}.weights", f"{at}.v"]),
            layer("transpose", axes=[1, 0, 2]), layer("reshape", shape=[tokens, width]),
            dense(f"a.{block}.o", width, **everywhere), layer("add", name=f"{at}.attended", inputs=[before, f"a.{block}.o"]),
            norm(f"n2.{block}"), dense(f"m.{block}.0", 2 * width, "gelu", **everywhere),
            dense(f"m.{block}.2", width, **everywhere), layer("add", name=at, inputs=[f"{at}.attended", f"m.{block}.2"]),
        ]
        before = at
    return [3, 32, 32], 10, layers + [
        norm("nf"), layer("slice", axis=0, start=0, stop=1), layer("flatten"), dense("head", 10),
    ]


NETWORKS = {
    "binary-sigmoid": binary_sigmoid, "lenet5-tanh": lenet5_tanh, "mcdropout-cnn": mcdropout_cnn,
    "mobilenet-relu6": mobilenet_relu6, "resnet20-bn": resnet20_bn, "resnet8-frn-silu": resnet8_frn_silu,
    "strided-gn-gelu": strided_gn_gelu, "vit-tiny": vit_tiny,
}

# What users' libraries call a role, and what the format calls it.
ROLES = {"gamma": "weight", "beta": "bias", "mask": "weight"}


def parameters(draw):
    """The parameters of a draw under the names of the format."""
    result = {}
    for name, value in draw.items():
        if name.endswith((".mean", ".std", "num_batches_tracked")):
            continue
        stem, _, role = name.rpartition(".")
        if not stem:
            stem, role = name, "value"
            value = value[0]
        if role in ROLES:
            value = value.ravel()
        result[f"{stem}.{ROLES.get(role, role)}"] = value.astype(np.float32)
    return result


def convert(folder, name, output):
    source = os.path.join(folder, name)
    count = len([file for file in os.listdir(source) if re.fullmatch(r"draw\d+\.safetensors", file)])
    draws = [tensors(os.path.join(source, f"draw{index}.safetensors")) for index in range(count)]
    input_shape, class_count, layers = NETWORKS[name](draws[0])
    data = np.load(os.path.join(source, "data.npz"))
    reference = np.load(os.path.join(source, "reference.npz"))
    values = [parameters(draw) for draw in draws]
    is_dropout = any(key.endswith(".mask") for key in draws[0])
    with h5py.File(os.path.join(output, f"{name}.h5"), "w") as file:
        file.attrs["format"] = "bnn-posterior"
        file.attrs["format_version"] = "1.1"
        model = file.create_group("model")
        model.attrs["architecture"] = json.dumps(
            {"input_shape": input_shape, "class_count": class_count, "layers": layers})
        model.attrs["input_bounds"] = np.array([0.0, 1.0])
        posterior = file.create_group("posterior")
        for key in values[0]:
            stacked = np.stack([value[key] for value in values])
            if is_dropout and (stacked == stacked[0]).all():
                file.require_group("shared").create_dataset(key, data=stacked[0])
                continue
            # An ensemble has a network a chain; masks are independent draws.
            stacked = stacked[None] if is_dropout else stacked[:, None]
            posterior.create_dataset(key, data=stacked, compression="gzip", shuffle=True)
        evaluation = file.create_group("evaluation_data")
        evaluation.create_dataset("inputs", data=data["inputs"], compression="gzip")
        evaluation.create_dataset("labels", data=data["labels"])
        file.create_group("provenance").attrs["kind"] = "independent" if is_dropout else "ensemble"
    with h5py.File(os.path.join(output, f"{name}.reference.h5"), "w") as file:
        for key in reference:
            file.create_dataset(key, data=reference[key], compression="gzip", shuffle=True)
    shutil.copy(os.path.join(source, "expected.json"), os.path.join(output, f"{name}.expected.json"))


if __name__ == "__main__":
    for name in NETWORKS:
        convert(sys.argv[1], name, sys.argv[2])
        print(name)
