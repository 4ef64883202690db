"""A posterior file as a PyTorch module that returns log p̄, the natural logarithm of the posterior predictive.

Needs torch, numpy and h5py. Nothing of this package is used: the network is built from the architecture in the file.
"""
import json
import math

import h5py
import numpy as np
import torch
import torch.nn.functional as F

ACTIVATIONS = {
    "relu": torch.relu, "leaky_relu": lambda x: F.leaky_relu(x, 0.01), "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    "identity": lambda x: x,
}


class Predictive(torch.nn.Module):
    """log (1/S) Σ softmax(logits of draw s), shape (inputs, classes)."""

    def __init__(self, path, dtype=torch.float32):
        super().__init__()
        with h5py.File(path) as file:
            self.architecture = json.loads(file["model"].attrs["architecture"])
            group = file["posterior"]
            names = [name for name in group if name.endswith((".weight", ".bias"))]
            # (chain, draw, …) to (chain · draw, …)
            self.parameters_of = {
                name: torch.tensor(group[name][()]).flatten(0, 1).to(dtype) for name in names}
            data = file["evaluation_data"]
            inputs = data["inputs"][()]
            self.inputs = torch.tensor(inputs / 255 if inputs.dtype == np.uint8 else inputs).to(dtype)
            self.labels = torch.tensor(data["labels"][()]).long()
        self.draws = next(iter(self.parameters_of.values())).shape[0]

    def logits(self, x, draw):
        shape = self.architecture["input_shape"]
        x = x.reshape(-1, *shape)
        for index, layer in enumerate(self.architecture["layers"]):
            kind = layer["type"]
            name = layer.get("name", f"{kind}_{index}")
            if kind == "flatten":
                x = x.flatten(1)
            elif kind == "normalize":
                view = (1, -1) + (1,) * (len(shape) - 1)
                mean, scale = (torch.tensor(layer[key]).to(x).reshape(view) for key in ("mean", "scale"))
                x = (x - mean) / scale
            elif kind == "max_pool2d":
                x = F.max_pool2d(x, layer["kernel_size"], layer["stride"])
            else:
                weight, bias = (self.parameters_of[f"{name}.{part}"][draw] for part in ("weight", "bias"))
                x = F.conv2d(x, weight, bias) if kind == "conv2d" else F.linear(x, weight, bias)
            x = ACTIVATIONS[layer.get("activation", "identity")](x)
        return x

    def forward(self, x):
        logs = torch.stack([F.log_softmax(self.logits(x, draw), dim=-1) for draw in range(self.draws)])
        return torch.logsumexp(logs, dim=0) - math.log(self.draws)
