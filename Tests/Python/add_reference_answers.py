"""Adds to posterior files what PyTorch answers in float64: the group /reference of format 1.1, and the digest with it.

Usage: python Tests/Python/add_reference_answers.py FILE...
Needs torch, numpy and h5py; torch is not among the requirements of `make test-python`. Networks are built from the
architecture in the file by torch.nn and loaded with load_state_dict; nothing of this package is used. Every value that
the file had stays as it was.
"""
import hashlib
import json
import sys

import h5py
import numpy as np
import torch

COUNT = 16
ACTIVATIONS = {
    "relu": torch.nn.ReLU, "leaky_relu": lambda: torch.nn.LeakyReLU(0.01), "tanh": torch.nn.Tanh,
    "sigmoid": torch.nn.Sigmoid, "identity": torch.nn.Identity,
}


class Normalize(torch.nn.Module):
    def __init__(self, mean, scale, rank):
        super().__init__()
        shape = (1, -1) + (1,) * (rank - 1)
        self.mean = torch.tensor(mean, dtype=torch.float64).reshape(shape)
        self.scale = torch.tensor(scale, dtype=torch.float64).reshape(shape)

    def forward(self, inputs):
        return (inputs - self.mean) / self.scale


def network(architecture):
    """The network in float64, with the modules of its layers under the names in the file."""
    shape = architecture["input_shape"]
    example = torch.zeros([1] + shape, dtype=torch.float64)
    model = torch.nn.Sequential()
    for index, layer in enumerate(architecture["layers"]):
        kind = layer["type"]
        if kind == "normalize":
            module = Normalize(layer["mean"], layer["scale"], len(shape))
        elif kind == "flatten":
            module = torch.nn.Flatten()
        elif kind == "dense":
            module = torch.nn.Linear(example.shape[1], layer["units"])
        elif kind == "conv2d":
            module = torch.nn.Conv2d(example.shape[1], layer["filters"], layer["kernel_size"])
        elif kind == "max_pool2d":
            module = torch.nn.MaxPool2d(layer["kernel_size"], layer["stride"])
        else:
            sys.exit(f"unknown layer {kind}")
        module = module.double()
        model.add_module(layer.get("name", f"{kind}_{index}").replace(".", "_"), module)
        if layer.get("activation", "identity") != "identity":
            model.add_module(f"activation_{index}", ACTIVATIONS[layer["activation"]]())
        with torch.no_grad():
            example = module(example)
    return model


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
        model = network(architecture)
        data = file["evaluation_data/inputs"]
        rows = [index * len(data) // COUNT for index in range(min(COUNT, len(data)))]
        stored = np.stack([data[row] for row in rows])
        inputs = torch.from_numpy(stored.astype("<f8") / (255 if stored.dtype == np.uint8 else 1))
        names = [name for name in file["posterior"] if name.endswith((".weight", ".bias"))]
        chains, draws = file["posterior"][names[0]].shape[:2]
        logits = np.empty((chains, draws, len(rows), architecture["class_count"]))
        with torch.no_grad():
            for chain in range(chains):
                for draw in range(draws):
                    model.load_state_dict(
                        {name: torch.from_numpy(file["posterior"][name][chain, draw]).double() for name in names})
                    logits[chain, draw] = model(inputs).numpy()
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
