"""Writes well-known networks with random weights through both of PyTorch's exporters, with what PyTorch answers.

    python make_import_zoo.py FOLDER [NAME …]

FOLDER gets NAME-torchscript.onnx and NAME-dynamo.onnx, NAME.data.npz (inputs, labels) and NAME.answers.npz (inputs, logits in
float64). Needs torch, onnx, onnxscript, torchvision and timm. `posterior import` then reads each of them:

    posterior import FOLDER/NAME-dynamo.onnx --data FOLDER/NAME.data.npz --reference FOLDER/NAME.answers.npz -o NAME.h5
"""

import os
import sys
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

warnings.filterwarnings("ignore")


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return F.log_softmax(self.fc3(F.relu(self.fc2(F.relu(self.fc1(x))))), dim=1)


class PreActBlock(nn.Module):
    """He et al. 2016, as kuangliu/pytorch-cifar has it."""

    def __init__(self, before, planes, stride):
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(before), nn.BatchNorm2d(planes)
        self.conv1 = nn.Conv2d(before, planes, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(before, planes, 1, stride, bias=False) if stride != 1 or before != planes else None

    def forward(self, x):
        out = F.relu(self.bn1(x))
        shortcut = self.shortcut(out) if self.shortcut is not None else x
        return self.conv2(F.relu(self.bn2(self.conv1(out)))) + shortcut


class PreActResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        blocks, before = [], 64
        for planes, stride in [(64, 1), (128, 2), (256, 2), (512, 2)]:
            blocks += [PreActBlock(before, planes, stride), PreActBlock(planes, planes, 1)]
            before = planes
        self.blocks, self.bn, self.linear = nn.Sequential(*blocks), nn.BatchNorm2d(512), nn.Linear(512, 10)

    def forward(self, x):
        out = F.avg_pool2d(F.relu(self.bn(self.blocks(self.conv1(x)))), 4)
        return self.linear(out.view(out.size(0), -1))


class WideBlock(nn.Module):
    """Zagoruyko and Komodakis 2016, as xternalz/WideResNet-pytorch has it."""

    def __init__(self, before, planes, stride):
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(before), nn.BatchNorm2d(planes)
        self.conv1 = nn.Conv2d(before, planes, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.equal = before == planes
        self.short = None if self.equal else nn.Conv2d(before, planes, 1, stride, bias=False)

    def forward(self, x):
        activated = F.relu(self.bn1(x))
        if not self.equal:
            x = activated
        out = F.dropout(F.relu(self.bn2(self.conv1(activated))), p=0.3, training=self.training)
        return (x if self.equal else self.short(x)) + self.conv2(out)


class WRN28_2(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, before, blocks = nn.Conv2d(3, 16, 3, 1, 1, bias=False), 16, []
        for planes, stride in [(32, 1), (64, 2), (128, 2)]:
            for index in range(4):
                blocks.append(WideBlock(before, planes, stride if index == 0 else 1))
                before = planes
        self.blocks, self.bn1, self.fc = nn.Sequential(*blocks), nn.BatchNorm2d(128), nn.Linear(128, 10)

    def forward(self, x):
        out = F.avg_pool2d(F.relu(self.bn1(self.blocks(self.conv1(x)))), 8)
        return self.fc(out.view(-1, 128))


class DenseStep(nn.Module):
    def __init__(self, channels, growth):
        super().__init__()
        self.bn, self.conv = nn.BatchNorm2d(channels), nn.Conv2d(channels, growth, 3, padding=1, bias=False)

    def forward(self, x):
        return torch.cat([x, self.conv(F.relu(self.bn(x)))], 1)


class DenseNet40(nn.Module):
    """Huang et al. 2017: 40 layers, growth 12, without bottlenecks."""

    def __init__(self, growth=12):
        super().__init__()
        channels = 16
        layers = [nn.Conv2d(3, channels, 3, padding=1, bias=False)]
        for block in range(3):
            for _ in range(12):
                layers.append(DenseStep(channels, growth))
                channels += growth
            layers += [nn.BatchNorm2d(channels), nn.ReLU()]
            if block < 2:
                layers += [nn.Conv2d(channels, channels, 1, bias=False), nn.AvgPool2d(2)]
        self.features, self.classifier = nn.Sequential(*layers), nn.Linear(channels, 10)

    def forward(self, x):
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(self.features(x), 1), 1))


class MultiheadViT(nn.Module):
    """A small vision transformer of PyTorch's own encoder layers."""

    def __init__(self, width=32, depth=2):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 8, 8)
        self.cls, self.pos = nn.Parameter(torch.randn(1, 1, width)), nn.Parameter(torch.randn(1, 17, width))
        layer = nn.TransformerEncoderLayer(width, 4, 64, 0.1, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.pos
        return self.head(self.norm(self.encoder(x))[:, 0])


class TLU(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.randn(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.randn(1, channels, 1, 1))
        self.tau = nn.Parameter(torch.randn(1, channels, 1, 1))

    def forward(self, x):
        nu2 = torch.mean(x**2, dim=[2, 3], keepdim=True)
        return torch.max(self.gamma * (x * torch.rsqrt(nu2 + 1e-6)) + self.beta, self.tau)


class ChannelsFirstNorm(nn.Module):
    """ConvNeXt's layer norm over channels, written out."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(channels)), nn.Parameter(torch.randn(channels))

    def forward(self, x):
        u = x.mean(1, keepdim=True)
        s = (x - u).pow(2).mean(1, keepdim=True)
        x = (x - u) / torch.sqrt(s + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class RootMeanSquare(nn.Module):
    """RMS norm, written out: only one of the exporters has the operator."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(width) + 0.5)

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))


class Mixed(nn.Module):
    """What the others have not: FRN with TLU, norms written out, gates, odd pools and pads, other activations."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1))
        self.conv0, self.frn = nn.Conv2d(3, 12, 5, 2), TLU(12)
        self.conv1, self.gn = nn.Conv2d(12, 12, 3, padding="same", dilation=2, groups=3), nn.GroupNorm(4, 12)
        self.norm, self.inst = ChannelsFirstNorm(12), nn.InstanceNorm2d(12, affine=True)
        self.squeeze, self.excite = nn.Conv2d(12, 4, 1), nn.Conv2d(4, 12, 1)
        self.head = nn.Sequential(
            nn.Linear(24, 20), nn.ELU(0.7), nn.Linear(20, 20), nn.Softplus(), nn.Linear(20, 20), nn.LeakyReLU(0.2),
            nn.Linear(20, 20), nn.Hardswish(), nn.Linear(20, 20), nn.GELU("tanh"), nn.Linear(20, 20), nn.SELU(),
            nn.Linear(20, 16), nn.Mish(), RootMeanSquare(16), nn.Linear(16, 10), nn.Softmax(-1))

    def forward(self, x):
        x = (x - self.mean) / 0.25
        x = self.frn(self.conv0(x))
        x = F.silu(self.gn(self.conv1(x)))
        gate = torch.sigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        x = self.norm(x * gate)
        x = F.max_pool2d(F.pad(F.hardsigmoid(self.inst(x)), (1, 0, 2, 1)), 3, 2, ceil_mode=True)
        x = F.avg_pool2d(F.relu6(x), 3, 2, padding=1)
        first, second = x.chunk(2, dim=1)
        x = torch.cat([first, second * 2 - 1, x], dim=1)
        return self.head(x.mean((2, 3)))


def torchvision_network(name, **options):
    import torchvision

    return getattr(torchvision.models, name)(weights=None, **options)


def timm_network(name, **options):
    import timm

    return timm.create_model(name, pretrained=False, **options)


NETWORKS = {
    "lenet": (LeNet, (1, 28, 28)),
    "vgg11": (lambda: vgg11(), (3, 32, 32)),
    "resnet18": (lambda: torchvision_network("resnet18", num_classes=10), (3, 64, 64)),
    "preactresnet18": (PreActResNet18, (3, 32, 32)),
    "wrn28-2": (WRN28_2, (3, 32, 32)),
    "densenet40": (DenseNet40, (3, 32, 32)),
    "densenet121": (lambda: torchvision_network("densenet121", num_classes=10), (3, 64, 64)),
    "mobilenetv2": (lambda: torchvision_network("mobilenet_v2", num_classes=10), (3, 64, 64)),
    "mobilenetv3": (lambda: torchvision_network("mobilenet_v3_small", num_classes=10), (3, 64, 64)),
    "efficientnet-b0": (lambda: torchvision_network("efficientnet_b0", num_classes=10), (3, 64, 64)),
    "convnext-tiny": (lambda: torchvision_network("convnext_tiny", num_classes=10), (3, 64, 64)),
    "convnext-timm": (lambda: timm_network("convnext_atto", num_classes=10), (3, 64, 64)),
    "vit-torch": (MultiheadViT, (3, 32, 32)),
    "vit-torchvision": (lambda: vision_transformer(), (3, 32, 32)),
    "vit-timm": (lambda: timm_network(
        "vit_tiny_patch16_224", num_classes=10, img_size=32, patch_size=8, embed_dim=48, depth=2, num_heads=3), (3, 32, 32)),
    "mixed": (Mixed, (3, 32, 32)),
    "lstm": (lambda: Recurrent(), (8, 4)),
}


def vgg11():
    """torchvision's, for images of 32 × 32, as CIFAR has it."""
    network = torchvision_network("vgg11_bn", num_classes=10)
    network.avgpool, network.classifier = nn.Identity(), nn.Linear(512, 10)
    return network


def vision_transformer():
    from torchvision.models import VisionTransformer

    return VisionTransformer(
        image_size=32, patch_size=8, num_layers=2, num_heads=3, hidden_dim=48, mlp_dim=96, num_classes=10)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(4, 8, batch_first=True), nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


def randomize(model, seed):
    """Statistics and factors that are not those of a fresh network, so that mistakes show."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm, nn.LayerNorm)):
            for name, parameter in module.named_parameters(recurse=False):
                parameter.data = torch.rand(parameter.shape, generator=generator) + (0.5 if name == "weight" else -0.5)
            if getattr(module, "running_var", None) is not None:
                module.running_mean = torch.randn(module.running_mean.shape, generator=generator) * 0.3
                module.running_var = torch.rand(module.running_var.shape, generator=generator) + 0.5
    for name, parameter in model.named_parameters():
        if (parameter == 0).all():  # biases, and heads that begin with zeros
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
        if "layer_scale" in name or name.endswith(".gamma"):
            parameter.data = torch.rand(parameter.shape, generator=generator) + 0.5


def main(folder, names):
    os.makedirs(folder, exist_ok=True)
    for index, name in enumerate(NETWORKS):
        if names and name not in names:
            continue
        make, shape = NETWORKS[name]
        torch.manual_seed(index)
        model = make().eval()
        randomize(model, index)
        inputs = torch.rand(4, *shape)
        for kind in ["torchscript", "dynamo"]:
            path = os.path.join(folder, f"{name}-{kind}.onnx")
            try:
                if kind == "torchscript":
                    torch.onnx.export(
                        model, (inputs[:2],), path, dynamo=False, opset_version=17, input_names=["x"],
                        output_names=["logits"], dynamic_axes={"x": {0: "n"}, "logits": {0: "n"}})
                else:
                    torch.onnx.export(
                        model, (inputs[:2],), path, dynamo=True, opset_version=20, input_names=["x"],
                        output_names=["logits"], dynamic_shapes=({0: torch.export.Dim("n")},), external_data=False,
                        verbose=False)
            except Exception as error:  # an exporter's own limits
                print(f"{name} {kind}: not exported: {str(error).splitlines()[0]}", flush=True)
        with torch.no_grad():
            logits = model.double()(inputs.double())
        np.savez(os.path.join(folder, f"{name}.data.npz"), inputs=inputs.numpy(), labels=np.arange(4))
        np.savez(os.path.join(folder, f"{name}.answers.npz"), inputs=inputs.numpy(), logits=logits[None].numpy())
        print(name, sum(p.numel() for p in model.parameters()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
