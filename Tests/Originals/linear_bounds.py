"""Linear bounds of auto_LiRPA on differences of logits, written to Fixtures/oracles/certificates/auto-lirpa.h5.

    PYTHONPATH=AUTO_LIRPA python Tests/Originals/linear_bounds.py

AUTO_LIRPA is a checkout of Verified-Intelligence/auto_LiRPA. Needs torch, numpy and h5py.

Everything is in float64, by CROWN's backward bounds: of every hidden layer's pre-activations, intersected with intervals,
then of the differences z_k − z_y as rows of C. The line below a rectifier on [l, u] has the slope 1 where u > −l and the
slope of the left side elsewhere, which is what auto_LiRPA does for ReLU; for the leaky one it has another threshold,
which is replaced here. In L∞ the ball is clipped to the box (x_L, x_U); in L2 auto_LiRPA knows no box.
"""
import json
from pathlib import Path

import auto_LiRPA
import h5py
import numpy as np
import torch
from auto_LiRPA import BoundedModule, BoundedTensor, PerturbationLpNorm
from auto_LiRPA.operators.relu import BoundRelu, BoundTwoPieceLinear
from torch import nn

FIXTURES = Path(__file__).resolve().parents[2] / "Fixtures"
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def lower_slope(self, upper_slope):
    """1 where u > −l: there the slope above, (u − a l)/(u − l), is more than (1 + a)/2."""
    steep = (upper_slope > (1 + self.leaky_alpha) / 2).to(upper_slope)
    return steep + (1 - steep) * self.leaky_alpha


BoundRelu._relu_lower_bound_init = lower_slope


class Residual(nn.Module):
    """x + W x."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


def activation(word):
    return {"relu": nn.ReLU(), "leaky_relu": nn.LeakyReLU(0.01)}[word]


def dense_from_file(name, chain, draw):
    with h5py.File(FIXTURES / f"{name}.h5") as file:
        architecture = json.loads(file["model"].attrs["architecture"])
        low, high = file["model"].attrs["input_bounds"]
        group = file["posterior"]
        modules = [nn.Flatten()]
        for layer in architecture["layers"]:
            if layer["type"] != "dense":
                continue
            weight = torch.tensor(group[layer["name"] + ".weight"][chain, draw].astype(np.float64))
            bias = torch.tensor(group[layer["name"] + ".bias"][chain, draw].astype(np.float64))
            linear = nn.Linear(weight.shape[1], weight.shape[0])
            linear.weight.data, linear.bias.data = weight, bias
            modules.append(linear)
            if layer["activation"] != "identity":
                modules.append(activation(layer["activation"]))
        inputs = file["evaluation_data/inputs"]
        # Bytes are fractions of 255.
        x = inputs[:3].astype(np.float64) / (255 if inputs.dtype == np.uint8 else 1)
        labels = file["evaluation_data/labels"][:3]
    return nn.Sequential(*modules), torch.tensor(x), labels, (float(low), float(high))


def made_up(kind, generator):
    """Weights that are float32 numbers, in the order in which they are stored."""
    def fill(module):
        for parameter in module.parameters():
            fan = parameter[0].numel() if parameter.dim() > 1 else 4
            values = torch.randn(parameter.shape, generator=generator) * (1.5 / fan) ** 0.5
            parameter.data = values.to(torch.float32).to(torch.float64)
        return module

    if kind == "convolution":
        network = fill(nn.Sequential(
            nn.Conv2d(2, 6, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(6, 8, 3, groups=2), nn.ReLU(),
            nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 5)))
        layers = [
            {"type": "conv2d", "name": "a", "filters": 6, "kernel_size": 3, "stride": 2, "padding": [1, 1, 1, 1], "activation": "relu"},
            {"type": "conv2d", "name": "b", "filters": 8, "kernel_size": 3, "groups": 2, "activation": "relu"},
            {"type": "average_pool2d", "kernel_size": 2, "stride": 2}, {"type": "flatten"},
            {"type": "dense", "name": "c", "units": 5, "activation": "identity"}]
        shape = [2, 8, 8]
    else:
        network = fill(nn.Sequential(
            nn.Linear(6, 16), nn.ReLU(), Residual(nn.Sequential(nn.Linear(16, 16))), nn.LeakyReLU(0.2), nn.Linear(16, 16),
            nn.ReLU(), nn.Linear(16, 4)))
        layers = [
            {"type": "dense", "name": "a", "units": 16, "activation": "relu"},
            {"type": "dense", "name": "b", "units": 16, "activation": "identity"},
            {"type": "add", "name": "sum", "inputs": ["a", "b"]},
            {"type": "leaky_relu", "negative_slope": 0.2},
            {"type": "dense", "name": "c", "units": 16, "activation": "relu"},
            {"type": "dense", "name": "d", "units": 4, "activation": "identity"}]
        shape = [6]
    x = torch.rand([4] + shape, generator=generator)
    labels = network(x).argmax(1).numpy()
    return network, x, labels, (0.0, 1.0), {
        "input_shape": shape, "class_count": layers[-1]["units"], "layers": layers}


def bounds(network, x, labels, box, norm, epsilon):
    """Lower and upper bounds of z_k − z_y, (examples, classes)."""
    low, high = [], []
    for i, y in enumerate(labels):
        point = x[i:i + 1]
        if norm == "linf":
            ball = PerturbationLpNorm(
                norm=np.inf, eps=epsilon, x_L=(point - epsilon).clamp(min=box[0]), x_U=(point + epsilon).clamp(max=box[1]))
        else:
            ball = PerturbationLpNorm(norm=2, eps=epsilon)
        model = BoundedModule(network, point, bound_opts={"conv_mode": "matrix", "sparse_intermediate_bounds": False})
        given = BoundedTensor(point, ball)
        hidden = {}
        # In the order of the graph, each with the earlier ones given.
        for node in [n for n in model.nodes() if isinstance(n, BoundTwoPieceLinear)]:
            before = node.inputs[0]
            kept = dict(hidden)
            l, u = model.compute_bounds(
                x=(given,), method="backward", final_node_name=before.name, interm_bounds=kept, reuse_ibp=False)
            size = l.shape
            il, iu = model.compute_bounds(x=(given,), method="IBP", final_node_name=before.name)
            hidden[before.name] = [torch.maximum(l, il.reshape(size)), torch.minimum(u, iu.reshape(size))]
        classes = model(point).shape[1]
        rows = torch.eye(classes)
        rows[:, y] -= 1
        l, u = model.compute_bounds(x=(given,), C=rows[None], method="backward", interm_bounds=hidden)
        low.append(l.detach().numpy()[0])
        high.append(u.detach().numpy()[0])
    return np.array(low), np.array(high)


def main():
    generator = torch.Generator().manual_seed(20261201)
    cases = {
        "hmc": dict(file="mnist-hmc", draw=0, linf=[0.01, 0.05], l2=[0.3, 1]),
        "ensemble": dict(file="mnist-ensemble", draw=0, linf=[0.005, 0.03], l2=[0.3, 1]),
        "moons": dict(file="oracles/moons-fc2-leaky", draw=0, linf=[0.05, 0.2], l2=[0.1]),
        "convolution": dict(linf=[0.05, 0.3], l2=[0.2, 0.8]),
        "residual": dict(linf=[0.05, 0.3], l2=[0.2, 0.8]),
    }
    out = FIXTURES / "oracles" / "certificates" / "auto-lirpa.h5"
    with h5py.File(out, "w", libver="earliest", track_order=False) as file:
        file.attrs["auto_LiRPA"] = auto_LiRPA.__version__
        file.attrs["torch"] = str(torch.__version__)
        for name, case in cases.items():
            group = file.create_group(name)
            if "file" in case:
                network, x, labels, box = dense_from_file(case["file"], case["draw"], 0)
                group.attrs["file"] = case["file"]
            else:
                network, x, labels, box, architecture = made_up(name, generator)
                group.attrs["architecture"] = json.dumps(architecture)
                group["weights"] = np.concatenate([p.detach().numpy().ravel() for p in network.parameters()]).astype(np.float32)
                group["inputs"] = x.numpy()
                group["labels"] = np.asarray(labels, dtype=np.int64)
            group.attrs["input_bounds"] = np.array(box)
            group["logits"] = network(x).detach().numpy()
            for norm in ["linf", "l2"]:
                low, high = zip(*(bounds(network, x, labels, box, norm, e) for e in case[norm]))
                group[f"{norm}/epsilons"] = np.array(case[norm])
                group[f"{norm}/lower"], group[f"{norm}/upper"] = np.array(low), np.array(high)
                print(name, norm, [(e, float(l.min()), float(h.max())) for e, l, h in zip(case[norm], low, high)])


if __name__ == "__main__":
    main()
