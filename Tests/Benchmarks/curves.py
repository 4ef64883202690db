"""Curves of robust accuracy over ε beside public attacks that look for the smallest perturbation.

    curves.py FILE ... [--norm l2] [--norm linf] [--examples N] [--steps 100] [--steps 1000] [--attack standard]
              [--evaluate PROGRAM] [--threads 1] [--keep FOLDER] [--details]

For every posterior file and norm, on the first N examples: `evaluate --curve` gives a radius for every example, and
Foolbox's attacks give others on the logarithm of the posterior predictive, in PyTorch in float64, within the box of
the file: DDN in L2; FMN and DeepFool in L∞. Their points are judged again by the predictive in float64, and count with
their distance from the input; an example that is wrong as it is has the radius 0, one at which nothing was found an
infinite one. An example stands at ε when its radius is larger. The largest ε that we search is a little above the
largest radius of theirs, so that the curves are compared everywhere: at every ε at which one of them falls.

Prints a table in Markdown, a row for each pair of curves: the largest excess of ours over theirs in examples (negative
where ours is lower everywhere), the smallest ε where it is, the length of ε over which ours is more than one example
higher, the largest excess of theirs over ours, the median radii, and the processor seconds (user and system) of each,
ours those of the whole program. With --details, the examples behind an excess of more than one. --keep writes all
radii as JSON, and reads them from there the next time, in place of running the public attacks again.

Needs PyTorch, h5py, numpy and Foolbox 3.3.4.
"""
import argparse
import hashlib
import json
import math
import os
import resource
import sys

import numpy as np
import torch

import strength

NAMES = {"l2": "L2", "linf": "L∞"}


# MARK: - Radii


class Module(torch.nn.Module):
    """The predictive as Foolbox wants it."""

    def __init__(self, predictive):
        super().__init__()
        self.predictive = predictive

    def forward(self, x):
        return self.predictive(x)


def public_attacks(norm, steps):
    """Name and attack: those of smallest perturbation in Foolbox, with its own defaults but for the steps."""
    import foolbox.attacks as attacks
    if norm == "l2":
        return [(f"DDN, {n} steps", attacks.DDNAttack(steps=n)) for n in steps]
    return [(f"FMN, {n} steps", attacks.LInfFMNAttack(steps=n)) for n in steps] + [
        ("DeepFool", attacks.LinfDeepFoolAttack())]


def distances(change, norm):
    flat = change.flatten(1)
    return flat.abs().amax(1) if norm == "linf" else flat.norm(dim=1)


def public_radii(predictive, attack, norm, examples):
    """The radius of each example, and the processor time of the attack."""
    import foolbox
    x, y = predictive.inputs[:examples], predictive.labels[:examples]
    low, high = predictive.bounds
    model = foolbox.PyTorchModel(Module(predictive).eval(), bounds=predictive.bounds, device="cpu")
    torch.manual_seed(0)
    start = strength.processor_seconds(resource.RUSAGE_SELF)
    points = attack.run(model, x, foolbox.Misclassification(y)).detach()
    seconds = strength.processor_seconds(resource.RUSAGE_SELF) - start
    if not bool(((points >= low) & (points <= high)).all()):
        points = points.clamp(low, high)  # x + δ is rounded
    with torch.no_grad():
        wrong_as_it_is = predictive(x).argmax(1) != y
        wrong = predictive(points).argmax(1) != y
    radii = torch.where(wrong, distances(points - x, norm), torch.inf)
    radii = torch.where(wrong_as_it_is, torch.zeros_like(radii), radii)
    return radii.numpy(), seconds


def our_radii(options, path, attack, norm, largest, examples):
    extra = ["--curve"] + (["--precision", options.precision] if options.precision else [])
    result, _, seconds = strength.evaluate(
        options.evaluate, path, f"{attack}:norm={norm}", largest, examples, extra, options.threads)
    curve, = result["curves"]
    radii = np.array([math.inf if radius is None else radius for radius in curve["radii"]])
    return radii, seconds


# MARK: - Comparison


def standing(radii, epsilons):
    """How many examples stand at each ε."""
    return (radii[None, :] > epsilons[:, None]).sum(1)


class Comparison:
    """Two curves at every ε at which one of them falls."""

    def __init__(self, ours, theirs, largest):
        both = np.concatenate([[0.0], ours, theirs])
        self.epsilons = np.unique(both[np.isfinite(both) & (both <= largest)])
        self.excess = standing(ours, self.epsilons) - standing(theirs, self.epsilons)
        place = int(self.excess.argmax())
        self.largest, self.where = int(self.excess[place]), float(self.epsilons[place])
        self.smallest = int(self.excess.min())
        widths = np.append(np.diff(self.epsilons), max(0.0, largest - self.epsilons[-1]))
        self.above = float(widths[self.excess > 1].sum())
        self.behind = [int(row) for row in np.flatnonzero((ours > self.where) & (theirs <= self.where))]


def middle(radii):
    median = np.median(radii)
    return f"{median:.4f}" if np.isfinite(median) else "–"


def explain(comparison, ours, theirs):
    """What stands behind an excess of more than one: the examples, and both radii."""
    ranges, start = [], None
    for epsilon, excess in zip(comparison.epsilons, comparison.excess):
        if excess > 1 and start is None:
            start = epsilon
        elif excess <= 1 and start is not None:
            ranges.append(f"{start:.6g} to {epsilon:.6g}")
            start = None
    if start is not None:
        ranges.append(f"from {start:.6g}")
    more = f", and {len(ranges) - 6} more ranges" if len(ranges) > 6 else ""
    print(f"    more than one above at ε: {', '.join(ranges[:6])}{more}", file=sys.stderr)
    for row in comparison.behind:
        print(f"    example {row}: ours {ours[row]:.6g}, theirs {theirs[row]:.6g}, "
              f"{100 * (ours[row] / max(theirs[row], 1e-300) - 1):.3g} % larger", file=sys.stderr)


# MARK: - Program


class Kept:
    """Radii of public attacks in a folder."""

    def __init__(self, folder):
        self.folder = folder
        if folder:
            os.makedirs(folder, exist_ok=True)

    def __call__(self, words, make):
        if not self.folder:
            return make()
        place = os.path.join(self.folder, hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16] + ".json")
        if os.path.exists(place):
            stored = json.load(open(place))
            return np.array(stored["radii"]), stored["seconds"]
        radii, seconds = make()
        with open(place, "w") as file:
            json.dump({"of": words, "seconds": seconds, "radii": radii.tolist()}, file)
        return radii, seconds


def compare(options, path, norm, kept):
    predictive = strength.Predictive(path, "float64")
    examples = min(options.examples, len(predictive.labels))
    digest = hashlib.sha256(open(path, "rb").read()).hexdigest()
    theirs = {}
    for name, attack in public_attacks(norm, options.steps):
        theirs[name] = kept([digest, norm, examples, name], lambda: public_radii(predictive, attack, norm, examples))
    finite = max((radii[np.isfinite(radii)].max(initial=0) for radii, _ in theirs.values()), default=0)
    width = predictive.bounds[1] - predictive.bounds[0]
    largest = 1.05 * finite or 0.1 * width
    if norm == "linf":
        largest = min(largest, width)
    worst = -examples
    for attack in options.attack:
        ours, our_seconds = our_radii(options, path, attack, norm, largest, examples)
        for name, (radii, seconds) in theirs.items():
            one = Comparison(ours, radii, largest)
            worst = max(worst, one.largest)
            print(f"| `{os.path.basename(path)}` | {NAMES[norm]} | {examples} | `{attack}` | {name} | {one.largest:+d} "
                  f"| {one.where:.4f} | {one.above:.2g} | {-one.smallest:+d} | {middle(ours)} | {middle(radii)} "
                  f"| {our_seconds:.1f} | {seconds:.1f} |", flush=True)
            if options.details and one.largest > 1:
                explain(one, ours, radii)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--norm", action="append", choices=list(NAMES), help="both unless given")
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--steps", action="append", type=int, help="of DDN and FMN; 100 unless given")
    parser.add_argument("--attack", action="append", help="ours; standard unless given")
    parser.add_argument("--evaluate", default=os.path.join(strength.ROOT, ".build/release/evaluate"))
    parser.add_argument("--precision", help="of ours, as evaluate knows it")
    parser.add_argument("--threads", type=int, default=1, help="of both")
    parser.add_argument("--keep", help="folder for the radii of the public attacks")
    parser.add_argument("--details", action="store_true", help="the examples behind an excess of more than one")
    options = parser.parse_args()
    options.steps = options.steps or [100]
    options.attack = options.attack or ["standard"]
    torch.set_num_threads(options.threads)
    print("| posterior | norm | examples | ours | theirs | largest excess | at ε | length above one | theirs over ours "
          "| median, ours | median, theirs | seconds, ours | seconds, theirs |")
    print("|---|---|--:|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    kept = Kept(options.keep)
    worst = max(compare(options, path, norm, kept) for path in options.files for norm in options.norm or NAMES)
    print(f"\nlargest excess {worst:+d}")
    return 1 if worst > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
