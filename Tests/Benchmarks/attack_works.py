"""The attacks that both sides are measured on: `attacks.json` and the networks that it names."""
import json
import math
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
PRECISIONS = ["float32", "bfloat16", "float64"]

with open(os.path.join(HERE, "attacks.json"), encoding="utf-8") as file:
    LIST = json.load(file)
STEPS = LIST["steps"]


class Network:
    """The layers of a network with the shapes of what they take, of what they give, and of their parameters."""

    def __init__(self, name):
        if re.fullmatch(r"\d+(-\d+)+", name):
            widths = [int(width) for width in name.split("-")]
            layers = [{"type": "dense", "name": f"dense{i}", "units": units, "activation": "relu"}
                      for i, units in enumerate(widths[1:], 1)]
            layers[-1]["activation"] = "identity"
            self.input_shape, self.classes, self.layers = [widths[0]], widths[-1], layers
        else:
            with open(os.path.join(HERE, "networks", name + ".json"), encoding="utf-8") as file:
                text = json.load(file)
            self.input_shape, self.classes, self.layers = text["input_shape"], text["class_count"], text["layers"]
        self.is_dense = all(layer["type"] == "dense" for layer in self.layers)
        # For each layer: the shape of its input, [(name, shape, what)] of its parameters, operations of its products.
        self.shapes, self.parameters, self.operations = [], [], []
        named, shape = {}, self.input_shape
        for layer in self.layers:
            inputs = [named[other] for other in layer.get("inputs", [])] or [shape]
            self.shapes.append(inputs[0])
            shape, parameters, operations = trace(layer, inputs[0])
            self.parameters.append(parameters)
            self.operations.append(operations)
            if "name" in layer:
                named[layer["name"]] = shape

    @property
    def largest(self):
        """The layer with the most operations."""
        return max(range(len(self.layers)), key=lambda i: self.operations[i])


def trace(layer, shape):
    kind = layer["type"]
    if kind == "dense":
        weight = [layer["units"], shape[-1]]
        return [layer["units"]], [("weight", weight), ("bias", weight[:1])], 2 * math.prod(weight)
    if kind == "conv2d":
        size = layer["kernel_size"]
        weight = [layer["filters"], shape[0] // layer.get("groups", 1), size, size]
        out = [layer["filters"]] + windows(layer, shape)
        bias = [("bias", weight[:1])] if layer.get("bias", True) else []
        return out, [("weight", weight)] + bias, 2 * math.prod(weight) * math.prod(out[1:])
    if kind == "max_pool2d":
        return [shape[0]] + windows(layer, shape), [], 0
    if kind == "batch_norm":
        return shape, [(name, shape[:1]) for name in ("factor", "shift", "mean", "variance")], 0
    if kind == "flatten":
        return [math.prod(shape)], [], 0
    if kind == "global_average_pool2d":
        return shape[:1], [], 0
    assert kind in ("normalize", "relu", "relu6", "add"), kind
    return shape, [], 0


def windows(layer, shape):
    padding = layer.get("padding", [0, 0, 0, 0])
    assert len(set(padding)) == 1
    return [(length + 2 * padding[0] - layer["kernel_size"]) // layer.get("stride", 1) + 1 for length in shape[1:]]


class Work:
    """One entry of the list in one precision."""

    def __init__(self, row):
        name, _, self.precision = row.removeprefix("pgd-").rpartition("-")
        entry = next(work for work in LIST["works"] if work["name"] == name)
        size = entry.get("sizes", {}).get(self.precision, entry)
        self.draws, self.images = size["draws"], size["images"]
        self.network = Network(entry.get("network", name))
        self.drops = entry.get("drops", False)
        self.epsilon, self.step = entry.get("epsilon", LIST["epsilon"]), entry.get("step", LIST["step"])
        self.is_last_layer_drawn = entry.get("drawn") == "last-layer"


def rows(precisions=PRECISIONS):
    """`pgd-NAME-PRECISION` of everything in the list."""
    for work in LIST["works"]:
        for precision in precisions:
            if precision in work.get("precisions", PRECISIONS):
                yield f"pgd-{work['name']}-{precision}"
