"""Writes small networks, of what users have beside weights and convolutions, through both of PyTorch's exporters.

    python make_import_networks.py Fixtures/import/exported

Of each network there are two draws: NAME-torchscript0.onnx, NAME-torchscript1.onnx, the same of dynamo where that has the
network, and NAME.npz with inputs and what PyTorch answers in float64, logits (draw, input, class). Needs torch and onnx.
"""

import copy
import os
import sys
import warnings

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn

warnings.filterwarnings("ignore")


class Scalars(nn.Module):
    """Single numbers that are parameters: slopes, a swish's factor, ReZero's, StarReLU's, a temperature."""

    def __init__(self):
        super().__init__()
        self.conv0, self.conv1 = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.one, self.each = nn.PReLU(), nn.PReLU(4)
        self.beta, self.alpha = nn.Parameter(torch.tensor([1.3])), nn.Parameter(torch.tensor(0.4))
        self.factor, self.shift = nn.Parameter(torch.tensor([0.9])), nn.Parameter(torch.tensor([-0.2]))
        self.fc, self.temperature = nn.Linear(4, 3), nn.Parameter(torch.tensor(1.7))

    def forward(self, x):
        x = self.one(self.conv0(x))
        x = x + self.alpha * self.each(self.conv1(x))
        x = x * torch.sigmoid(self.beta * x)
        x = self.factor * F.relu(x) ** 2 + self.shift
        return self.fc(x.mean((2, 3))) / self.temperature


class Causal(nn.Module):
    """Attention that does not look ahead, in five spellings."""

    def __init__(self, tokens=5, width=8, heads=2):
        super().__init__()
        self.tokens, self.heads = tokens, heads
        self.qkv = nn.ModuleList([nn.Linear(width, 3 * width) for _ in range(5)])
        self.fc = nn.Linear(width, 3)
        self.register_buffer("lower", torch.tril(torch.ones(tokens, tokens)).view(1, 1, tokens, tokens))
        self.register_buffer("mask", torch.triu(torch.full((tokens, tokens), float("-inf")), 1))

    def forward(self, x):
        for index, layer in enumerate(self.qkv):
            q, k, v = (
                part.reshape(-1, self.tokens, self.heads, x.shape[2] // self.heads).transpose(1, 2)
                for part in layer(x).chunk(3, -1))
            scores = q @ k.transpose(-2, -1) / 2
            if index == 0:
                y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            elif index == 1:
                y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.lower[0, 0].bool())
            elif index == 2:
                y = (scores + self.mask).softmax(-1) @ v
            elif index == 3:
                y = scores.masked_fill(self.lower == 0, float("-inf")).softmax(-1) @ v
            else:
                y = scores.masked_fill(self.lower == 0, -1e9).softmax(-1) @ v
            x = x + y.transpose(1, 2).reshape(-1, self.tokens, x.shape[2])
        return self.fc(x[:, -2])


class Shapes(nn.Module):
    """What is repeated, reordered and clipped: gates over positions and of attention, channels and directions."""

    def __init__(self):
        super().__init__()
        self.conv, self.gate = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(1, 1, 3, padding=1)
        self.place, self.rows = nn.Parameter(torch.randn(6, 6)), nn.Parameter(torch.randn(3, 4))
        self.up = nn.ConvTranspose2d(4, 4, 3, 2, padding=1, output_padding=1, groups=2)
        self.fc1, self.fc2 = nn.Linear(4, 4), nn.Linear(12, 3)

    def forward(self, x):
        x = F.hardtanh(self.conv(x), -0.4, 0.9) * self.place
        x = x * torch.sigmoid(self.gate(x.mean(1, keepdim=True)))
        x = self.up(x[:, [2, 0, 3, 1]] + x.flip(-1))
        x = torch.tanh(self.fc1(x.amax((2, 3)))[:, None, :] + self.rows)
        return self.fc2(x.flatten(1))


class Cosine(nn.Module):
    """Normalised features and weights, behind convolutions over lines."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv1d(2, 6, 3, padding=1), nn.BatchNorm1d(6)
        self.depth = nn.Conv1d(6, 6, 3, stride=2, dilation=2, groups=3)
        self.weight, self.scale = nn.Parameter(torch.randn(3, 6)), nn.Parameter(torch.tensor(5.0))

    def forward(self, x):
        x = F.max_pool1d(torch.clamp(self.norm(self.conv(x)), min=-0.3), 3, 2, padding=1)
        x = F.avg_pool1d(torch.clamp(self.depth(F.normalize(x, dim=1)), max=0.6), 2)
        return self.scale * F.linear(F.normalize(x.mean(2)), F.normalize(self.weight))


class Operators(nn.Module):
    """What opset 23 has operators of its own for: attention, RMS normalisation, rotary positions."""

    def __init__(self, tokens=5, width=8, heads=2):
        super().__init__()
        self.tokens, self.heads = tokens, heads
        self.q, self.kv, self.norm = nn.Linear(width, width), nn.Linear(width, width), nn.RMSNorm(width, eps=1e-6)
        angles = torch.outer(torch.arange(tokens), 1 / 100 ** (torch.arange(2) / 2))
        self.register_buffer("cos", angles.cos()[None])
        self.register_buffer("sin", angles.sin()[None])
        self.fc = nn.Linear(width, 3)

    def forward(self, x):
        def split(y, heads):
            return y.reshape(-1, self.tokens, heads, 4).transpose(1, 2)

        def turn(y):
            angles = (table.expand(y.shape[0], -1, -1) for table in (self.cos, self.sin))
            return torch.onnx.ops.rotary_embedding(y, *angles)

        x = self.norm(x)
        k, v = (split(part, 1) for part in self.kv(x).chunk(2, -1))
        y = F.scaled_dot_product_attention(turn(split(self.q(x), 2)), turn(k), v, is_causal=True, enable_gqa=True)
        x = x + F.gelu(y.transpose(1, 2).reshape(-1, self.tokens, 8), approximate="tanh")
        return self.fc(x.mean(1))


NETWORKS = {
    "scalars": (Scalars, (2, 6, 6), (17, 20)),
    "causal": (Causal, (5, 8), (17, 20)),
    "causal-23": (Causal, (5, 8), (None, 23)),
    "shapes": (Shapes, (2, 6, 6), (17, 20)),
    "cosine": (Cosine, (2, 16), (17, 20)),
    "operators-24": (Operators, (5, 8), (None, 24)),
}


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for index, (name, (make, shape, opsets)) in enumerate(NETWORKS.items()):
        torch.manual_seed(index)
        model, inputs, answers = make().eval(), torch.rand(4, *shape), []
        for draw in range(2):
            generator = torch.Generator().manual_seed(draw + 1)
            for parameter in model.parameters():
                noise = torch.rand(parameter.shape, generator=generator) - 0.5
                parameter.data = parameter.data * (1 + 0.4 * noise) + 0.1 * noise
            for module in model.modules():
                if isinstance(module, nn.BatchNorm1d):
                    module.running_mean = torch.rand(6, generator=generator) - 0.5
                    module.running_var = torch.rand(6, generator=generator) + 0.5
            for kind, opset in zip(["torchscript", "dynamo"], opsets):
                if opset is None:
                    continue
                path = os.path.join(folder, f"{name}-{kind}{draw}.onnx")
                if kind == "torchscript":
                    torch.onnx.export(
                        model, (inputs[:2],), path, dynamo=False, opset_version=opset, input_names=["x"],
                        output_names=["logits"], dynamic_axes={"x": {0: "n"}, "logits": {0: "n"}})
                else:
                    torch.onnx.export(
                        model, (inputs[:2],), path, dynamo=True, opset_version=opset, input_names=["x"],
                        output_names=["logits"], dynamic_shapes=({0: torch.export.Dim("n")},), external_data=False,
                        verbose=False)
                shrink(path)
            with torch.no_grad():
                answers.append(copy.deepcopy(model).double()(inputs.double()).numpy())
        np.savez(os.path.join(folder, f"{name}.npz"), inputs=inputs.numpy(), logits=np.stack(answers))


def shrink(path):
    """Leaves out what an exporter notes of its program."""
    model = onnx.load(path)
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.value_info[:], model.graph.metadata_props[:], model.metadata_props[:]
    onnx.save(model, path)


if __name__ == "__main__":
    main(sys.argv[1])
