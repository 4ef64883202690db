"""The PyTorch side of the performance table: the same work as the `benchmarks` program, in idiomatic PyTorch.

    pytorch_baseline.py ROW ... [--repetitions N] [--threads N]

prints one line of JSON for each row: {"row": ..., "seconds": [...]}.
"""
import argparse
import json
import os
import time

import torch
import torch.nn.functional as F

IMAGES, DRAWS, STEPS, EPSILON, STEP = 500, 50, 15, 0.1, 0.02


def measure(repetitions, body):
    body()
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        body()
        seconds.append(time.perf_counter() - start)
    return seconds


class Posterior:
    """Draws of 784-512-512-10, stacked, so that one `baddbmm` a layer serves them all."""

    def __init__(self, draws):
        widths = [784, 512, 512, 10]
        self.weights = [(torch.rand(draws, a, b) - 0.5) * 0.1 for a, b in zip(widths, widths[1:])]
        self.biases = [(torch.rand(draws, 1, b) - 0.5) * 0.1 for b in widths[1:]]

    def logits(self, x):
        h = x.expand(self.weights[0].shape[0], *x.shape)
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            h = torch.baddbmm(b, h, w).relu_()
        return torch.baddbmm(self.biases[-1], h, self.weights[-1])

    def log_predictive(self, x):
        logs = F.log_softmax(self.logits(x), dim=-1)
        return torch.logsumexp(logs, dim=0) - torch.log(torch.tensor(float(logs.shape[0])))


def attack(posterior, inputs, labels):
    """15 steps on the cross-entropy of the predictive, then the predictive at the end: what our attack does."""
    x = inputs.clone()
    for _ in range(STEPS):
        x.requires_grad_(True)
        loss = F.nll_loss(posterior.log_predictive(x), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, x)
        with torch.no_grad():
            x = x + STEP * gradient.sign()
            x = torch.minimum(torch.maximum(x, inputs - EPSILON), inputs + EPSILON).clamp_(0, 1)
    with torch.no_grad():
        posterior.log_predictive(x)
    return x


def pgd(repetitions):
    posterior = Posterior(DRAWS)
    inputs, labels = torch.rand(IMAGES, 784), torch.randint(10, (IMAGES,))
    return measure(repetitions, lambda: attack(posterior, inputs, labels))


def pgd_one_at_a_time(repetitions):
    """One image and one draw at a time, as the code published with the paper does it: for each image and step, a loop over networks, a mean of softmaxes, one backward pass.

    Scaled down to one image and five steps, and reported for the whole work.
    """
    steps = 5
    networks = []
    for _ in range(DRAWS):
        network = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(784, 512), torch.nn.ReLU(), torch.nn.Linear(512, 512), torch.nn.ReLU(),
            torch.nn.Linear(512, 10))
        networks.append(network)
    image, label = torch.rand(1, 784), torch.randint(10, (1,))

    def body():
        x = image.clone()
        for _ in range(steps):
            x.requires_grad_(True)
            mean = torch.stack([F.softmax(network(x), dim=-1) for network in networks]).mean(0)
            loss = F.cross_entropy(mean, label)
            for network in networks:
                network.zero_grad()
            loss.backward()
            gradient = x.grad.detach()
            with torch.no_grad():
                x = (x + STEP * gradient.sign()).detach()
                x = torch.clamp(image + torch.clamp(x - image, -EPSILON, EPSILON), 0, 1)

    whole = IMAGES * STEPS / steps
    return [seconds * whole for seconds in measure(repetitions, body)]


def convolution(repetitions):
    """Input gradient of the paper's convolutional network, 512 filters, a batch of 128."""
    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 32, 5), torch.nn.LeakyReLU(), torch.nn.MaxPool2d(2), torch.nn.Conv2d(32, 512, 5),
        torch.nn.LeakyReLU(), torch.nn.MaxPool2d(2, stride=1), torch.nn.Flatten(), torch.nn.Linear(512 * 49, 10))
    network.requires_grad_(False)
    inputs, labels = torch.rand(128, 1, 28, 28), torch.randint(10, (128,))

    def body():
        x = inputs.detach().requires_grad_(True)
        torch.autograd.grad(F.cross_entropy(network(x), labels, reduction="sum"), x)

    return measure(10 * repetitions, body)


class Network:
    """A network whose text lies in `networks`: the layers that ResNet-20 and the mobile network have."""

    def __init__(self, name):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "networks", name + ".json")) as file:
            self.text = json.load(file)
        self.parameters = {}
        self.forward(torch.rand(1, *self.text["input_shape"]), makes=True)

    def forward(self, x, makes=False):
        values, p = {}, self.parameters
        for layer in self.text["layers"]:
            type, name = layer["type"], layer.get("name")
            inputs = [values[other] for other in layer.get("inputs", [])] or [x]
            x = inputs[0]
            if type == "normalize":
                x = (x - torch.tensor(layer["mean"]).view(-1, 1, 1)) / torch.tensor(layer["scale"]).view(-1, 1, 1)
            elif type == "conv2d":
                size, groups = layer["kernel_size"], layer.get("groups", 1)
                if makes:
                    p[name] = torch.randn(layer["filters"], x.shape[1] // groups, size, size) * (2 / (size * size * x.shape[1])) ** 0.5
                x = F.conv2d(x, p[name], stride=layer.get("stride", 1), padding=layer.get("padding", [0])[0], groups=groups)
            elif type == "batch_norm":
                if makes:
                    n = x.shape[1]
                    p[name] = [torch.zeros(n), torch.ones(n), torch.ones(n), torch.zeros(n)]
                x = F.batch_norm(x, *p[name], training=False, eps=layer["eps"])
            elif type == "dense":
                if makes:
                    p[name] = [torch.randn(layer["units"], x.shape[1]) * 0.1, torch.zeros(layer["units"])]
                x = F.linear(x, *p[name])
            else:
                x = {
                    "relu": F.relu, "relu6": F.relu6, "add": lambda x: inputs[0] + inputs[1],
                    "global_average_pool2d": lambda x: x.mean((2, 3)), "flatten": lambda x: x.flatten(1),
                }[type](x)
            if name:
                values[name] = x
        return x


def network(name, repetitions):
    """The input gradient of a batch, whichever of the two layouts of images is faster."""
    model = Network(name)
    labels = torch.randint(0, 10, (64,))

    def seconds(format):
        inputs = torch.rand(64, *model.text["input_shape"]).contiguous(memory_format=format)
        for key, value in model.parameters.items():
            if isinstance(value, torch.Tensor):
                model.parameters[key] = value.contiguous(memory_format=format)

        def body():
            inputs.requires_grad_(True)
            loss = F.cross_entropy(model.forward(inputs), labels, reduction="sum")
            torch.autograd.grad(loss, inputs)

        return measure((200 if name == "mobile" else 10) * repetitions, body)

    return min((seconds(format) for format in (torch.contiguous_format, torch.channels_last)), key=min)


def resnet20(repetitions):
    return network("resnet20", repetitions)


def mobile(repetitions):
    return network("mobile", repetitions)


def gradient(repetitions):
    """The gradient of the log-posterior of 784-1024-1024-10 on 10,000 images."""
    widths = [784, 1024, 1024, 10]
    layers = [module for a, b in zip(widths, widths[1:]) for module in (torch.nn.Linear(a, b), torch.nn.ReLU())]
    network = torch.nn.Sequential(*layers[:-1])
    inputs, labels = torch.rand(10_000, 784), torch.randint(10, (10_000,))

    def body():
        network.zero_grad()
        prior = sum((p * p).sum() for p in network.parameters()) / (2 * 0.1 * 0.1)
        (F.cross_entropy(network(inputs), labels, reduction="sum") + prior).backward()

    return measure(3 * repetitions, body)


def convolution_training(repetitions):
    """A step of stochastic gradient descent of the paper's convolutional network, 512 filters, a batch of 128."""
    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 32, 5), torch.nn.LeakyReLU(), torch.nn.MaxPool2d(2), torch.nn.Conv2d(32, 512, 5),
        torch.nn.LeakyReLU(), torch.nn.MaxPool2d(2, stride=1), torch.nn.Flatten(), torch.nn.Linear(512 * 49, 10))
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-6)
    inputs, labels = torch.rand(128, 1, 28, 28), torch.randint(10, (128,))

    def body():
        optimizer.zero_grad()
        F.cross_entropy(network(inputs), labels, reduction="sum").backward()
        optimizer.step()

    return measure(10 * repetitions, body)


ROWS = {
    "pgd": pgd, "pgd-one-at-a-time": pgd_one_at_a_time, "conv": convolution, "resnet20": resnet20, "mobile": mobile, "gradient": gradient,
    "conv-training": convolution_training}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", default=list(ROWS), metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    print(json.dumps({"library": f"PyTorch {torch.__version__}", "threads": arguments.threads}), flush=True)
    for row in arguments.rows:
        print(json.dumps({"row": row, "seconds": ROWS[row](arguments.repetitions)}), flush=True)


if __name__ == "__main__":
    main()
