"""The table of Docs/certify.md: how much of what PGD leaves is certified, for every posterior here whose layers have bounds.

    certified_share.py [--evaluate PROGRAM] [NAME ...]

For each file: the largest ε of a fixed list at which PGD takes less than a tenth of the examples that are decided rightly, and the largest at
which `linear` certifies at least half of what PGD leaves; what is left and certified at both. Minutes to an hour: deep networks are slow.
"""
import argparse
import json
import os
import subprocess

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Fixtures")
# How many of the first examples are taken, and whether `joint` is run as well.
FILES = {
    "mnist-hmc": (60, True), "mnist-deep-ensemble": (60, True), "mnist-ensemble": (60, True), "fashion-vi": (60, True),
    "half-moons-hmc": (60, True), "oracles/mnist-fc2-relu": (60, True), "oracles/mnist-fc1-tanh-sharp": (60, True),
    "oracles/mnist-fc2-tanh-saturated": (60, True), "oracles/mnist-conv-leaky": (40, False),
    "oracles/moons-fc2-leaky": (60, True), "networks/binary-sigmoid": (40, False), "networks/lenet5-tanh": (16, False),
    "networks/mcdropout-cnn": (16, False), "networks/mobilenet-relu6": (8, False), "networks/resnet20-bn": (8, False),
}
EPSILONS = [0.0001, 0.0003, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3]


def evaluated(program, name, *words):
    count, _ = FILES[name]
    command = [program, "--model", os.path.join(FIXTURES, name + ".h5"), "--examples", str(count), "--format", "json", "--checks", "quick"]
    return json.loads(subprocess.run(command + list(words), capture_output=True, text=True, check=True).stdout)


def line(program, name):
    attacked = evaluated(program, name, "--attack", "pgd", *[word for e in EPSILONS for word in ("--epsilon", str(e))])
    left = {run["epsilon"]: run["robustAccuracy"] for run in attacked["runs"] if run["attack"] == "pgd"}
    clean, count = attacked["cleanAccuracy"], attacked["examples"]
    small = [e for e in EPSILONS if clean - left[e] < 0.1 * clean]
    largest = max(small)
    radii = evaluated(program, name, "--attack", "fgsm", "--epsilon", str(largest), "--certify", "linear")["certifiedRadii"][0]["radii"]
    linear = {e: sum(radius > 0 and radius >= e for radius in radii) / count for e in small}
    half = max((e for e in small if linear[e] >= 0.5 * left[e]), default=None)

    def cells(epsilon):
        if epsilon is None:
            return [f"below {EPSILONS[0]:g}", "–", "–", "–"]
        joint = "–"
        if FILES[name][1]:
            found = evaluated(program, name, "--attack", "pgd", "--epsilon", str(epsilon), "--certify", "joint")["certified"][0]
            joint = f"{100 * found['accuracy']:.1f} %"
        return [f"{epsilon:g}", f"{100 * left[epsilon]:.1f} %", f"{100 * linear[epsilon]:.1f} %", joint]

    return [f"`{name}`", f"{count}, {attacked['draws']}"] + cells(largest) + cells(half)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluate", default=os.path.join(".build", "release", "evaluate"), metavar="PROGRAM")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    header = ["posterior", "examples, draws", "ε: nearly a tenth", "PGD leaves", "`linear`", "`joint`", "ε: half certified", "PGD leaves",
              "`linear`", "`joint`"]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for name in options.names or FILES:
        print("| " + " | ".join(line(options.evaluate, name)) + " |", flush=True)


if __name__ == "__main__":
    main()
