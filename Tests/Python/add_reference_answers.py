"""Adds to posterior files what PyTorch answers in float64: the group /reference of format 1.1, and the digest with it.

Usage: python Tests/Python/add_reference_answers.py FILE...
Needs torch, numpy and h5py; torch is not among the requirements of `make test-python`. Networks are built from the
architecture in the file by torch.nn.functional; nothing of this package is used. Every value that
the file had stays as it was.
"""
import hashlib
import json
import sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F

COUNT = 16
ACTIVATIONS = {
    "relu": F.relu, "leaky_relu": lambda x: F.leaky_relu(x, 0.01), "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    "silu": F.silu, "identity": lambda x: x,
}


def channels(values):
    """One number a channel, to be broadcast over images."""
    return torch.as_tensor(values, dtype=torch.float64).reshape(1, -1, 1, 1)


def apply(layer, inputs, weights):
    kind, x = layer["type"], inputs[0]
    own = {role: weights.get(f"{layer.get('name')}.{role}") for role in ("weight", "bias", "tau")}
    if kind == "normalize":
        mean, scale = (channels(layer[key]) for key in ("mean", "scale"))
        return (x - (mean if x.dim() == 4 else mean.flatten(1))) / (scale if x.dim() == 4 else scale.flatten(1))
    if kind == "flatten":
        return x.flatten(1)
    if kind == "dense":
        return ACTIVATIONS[layer["activation"]](F.linear(x, own["weight"], own["bias"]))
    if kind == "conv2d":
        top, bottom, left, right = layer.get("padding", [0, 0, 0, 0])
        y = F.conv2d(
            F.pad(x, (left, right, top, bottom)), own["weight"], own["bias"], layer.get("stride", 1),
            groups=layer.get("groups", 1))
        return ACTIVATIONS[layer["activation"]](y)
    if kind == "max_pool2d":
        return F.max_pool2d(x, layer["kernel_size"], layer["stride"])
    if kind == "filter_response_norm":
        y = x * torch.rsqrt(x.square().mean((2, 3), keepdim=True) + layer["eps"])
        return torch.maximum(channels(own["weight"]) * y + channels(own["bias"]), channels(own["tau"]))
    if kind == "add":
        return sum(inputs[1:], x)
    if kind == "global_average_pool2d":
        return x.mean((2, 3))
    if kind in ACTIVATIONS:
        return ACTIVATIONS[kind](x)
    sys.exit(f"unknown layer {kind}")


def network(architecture, weights, x):
    """The logits: layers take what the one before gives, or the results that they name."""
    values = {"input": x}
    for layer in architecture["layers"]:
        x = apply(layer, [values[name] for name in layer["inputs"]] if "inputs" in layer else [x], weights)
        values[layer.get("name")] = x
    return x


def digest(file):
    """content_sha256: SHA-256 of one line per item, sorted by path."""
    items = []

    def add(name, item):
        if isinstance(item, h5py.Dataset):
            values = item[()]
            shape = ",".join(map(str, values.shape))
            items.append((f"/{name}", values.dtype.str, shape, np.ascontiguousarray(values).tobytes()))

    file.visititems(add)
    for group in ("/model", "/provenance", "/reference"):
        for name, value in file[group].attrs.items() if group in file else ():
            if isinstance(value, str):
                items.append((f"{group}@{name}", "text", "", value.encode()))
            else:
                value = np.asarray(value)
                items.append((f"{group}@{name}", value.dtype.str, ",".join(map(str, value.shape)), value.tobytes()))
    lines = ["\t".join(item[:3]) + "\t" + hashlib.sha256(item[3]).hexdigest() + "\n"
             for item in sorted(items, key=lambda item: item[0].encode())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def add_answers(path):
    with h5py.File(path, "r+") as file:
        if "reference" in file:
            del file["reference"]
        elif "content_sha256" in file.attrs and digest(file) != file.attrs["content_sha256"]:
            sys.exit(f"{path}: the content is not that of its digest")
        architecture = json.loads(file["model"].attrs["architecture"])
        data = file["evaluation_data/inputs"]
        rows = [index * len(data) // COUNT for index in range(min(COUNT, len(data)))]
        stored = np.stack([data[row] for row in rows])
        inputs = torch.from_numpy(stored.astype("<f8") / (255 if stored.dtype == np.uint8 else 1))
        names = [name for name in file["posterior"] if name.endswith((".weight", ".bias", ".tau"))]
        chains, draws = file["posterior"][names[0]].shape[:2]
        logits = np.empty((chains, draws, len(rows), architecture["class_count"]))
        with torch.no_grad():
            for chain in range(chains):
                for draw in range(draws):
                    weights = {
                        name: torch.from_numpy(file["posterior"][name][chain, draw]).double() for name in names}
                    logits[chain, draw] = network(architecture, weights, inputs).numpy()
        log_probabilities = torch.log_softmax(torch.from_numpy(logits.reshape(-1, *logits.shape[2:])), dim=-1)
        predictive = torch.logsumexp(log_probabilities, dim=0) - np.log(chains * draws)

        reference = file.create_group("reference")
        for name, values in (("inputs", stored), ("logits", logits), ("log_predictive", predictive.numpy())):
            reference.create_dataset(name, data=values, chunks=values.shape, fletcher32=True)
        reference.attrs["software"] = f"PyTorch {torch.__version__.split('+')[0]}"
        reference.attrs["precision"] = "float64"
        file.attrs["format_version"] = "1.1"
        file.attrs["content_sha256"] = digest(file)
    print(f"{path}: {len(rows)} inputs, {chains} x {draws} draws")


for argument in sys.argv[1:]:
    add_answers(argument)
