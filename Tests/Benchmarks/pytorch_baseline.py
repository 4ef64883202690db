"""The PyTorch side of the performance table: the same work as the `benchmarks` program, in idiomatic PyTorch.

    pytorch_baseline.py ROW ... [--repetitions N] [--threads N] [--way NAME]

prints one line of JSON for each row: {"row": ..., "seconds": [...]}. Rows of attacks, `pgd-NAME-PRECISION`, are those of `attacks.json`: they
are done in every way that PyTorch has, unless --way names one, and the fastest is measured.
"""
import argparse
import json
import time

import torch
import torch.nn.functional as F

from attack_works import rows
from pytorch_attacks import Attack

# Of the attack on 784-512-512-10.
IMAGES, DRAWS, STEPS, EPSILON, STEP = 500, 50, 15, 0.1, 0.02


def measure(repetitions, body):
    body()
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        body()
        seconds.append(time.perf_counter() - start)
    return seconds


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
    "pgd-one-at-a-time": pgd_one_at_a_time, "conv": convolution, "gradient": gradient, "conv-training": convolution_training}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = list(rows()) + list(ROWS)
    parser.add_argument("rows", nargs="*", default=names, metavar="ROW", help=", ".join(names))
    parser.add_argument("--way", help="the only way in which an attack is done")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    print(json.dumps({"library": f"PyTorch {torch.__version__}", "threads": arguments.threads}), flush=True)
    for row in arguments.rows:
        found = {"seconds": ROWS[row](arguments.repetitions)} if row in ROWS else Attack(row).measure(arguments.repetitions, arguments.way)
        print(json.dumps({"row": row} | found), flush=True)


if __name__ == "__main__":
    main()
