"""Runs the originals of attacks beside this package's, on the same posteriors at the same settings.

    python Tests/Python/original_attacks.py --originals FOLDER --evaluate .build/release/evaluate [--only apgd ddn …]

FOLDER holds the originals' sources: `auto-attack` (fra31/auto-attack a392200), `adversarial-library`
(jeromerony/adversarial-library 9dec220) and `fmn/fmn.py` (src/attacks of maurapintor/Fast-Minimum-Norm-FMN-Attack
3f0283a). Needs torch, numpy, h5py, eagerpy and foolbox 3.3.4; one thread.

The posterior is a module that returns log p̄, the logarithm of the mean of the draws' probabilities: what stands for
logits in every original. What counts is how many of the examples stand, each judged in its own arithmetic (float32).

Prints a table in Markdown: the numbers in the attacks' READMEs.
"""

import argparse
import csv
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import types

import h5py
import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Predictive(torch.nn.Module):
    """log p̄ of the posterior in a file."""

    def __init__(self, path, dtype):
        super().__init__()
        with h5py.File(path) as file:
            self.layers = json.loads(file["model"].attrs["architecture"])["layers"]
            self.weights = {
                name: torch.tensor(values[()].reshape((-1,) + values.shape[2:])).to(dtype)
                for name, values in file["posterior"].items()
                if name.endswith((".weight", ".bias"))
            }
        self.draws = next(iter(self.weights.values())).shape[0]

    def member(self, x, draw):
        for layer in self.layers:
            kind, name = layer["type"], layer.get("name")
            if kind == "flatten":
                x = x.flatten(1)
            elif kind == "max_pool2d":
                x = torch.nn.functional.max_pool2d(x, layer["kernel_size"], layer.get("stride"))
            else:
                weight, bias = self.weights[f"{name}.weight"][draw], self.weights[f"{name}.bias"][draw]
                if kind == "dense":
                    x = torch.nn.functional.linear(x.flatten(1), weight, bias)
                else:
                    padding = layer.get("padding", 0)
                    x = torch.nn.functional.conv2d(x, weight, bias, layer.get("stride", 1), padding)
                activation = layer.get("activation", "identity")
                if activation == "leaky_relu":
                    x = torch.nn.functional.leaky_relu(x, layer.get("negative_slope", 0.01))
                elif activation != "identity":
                    x = getattr(torch, activation)(x)
        return x

    def forward(self, x):
        members = torch.stack([self.member(x, draw).log_softmax(1) for draw in range(self.draws)])
        return torch.logsumexp(members, 0) - math.log(self.draws)


class Problem:
    """A posterior with its first examples."""

    def __init__(self, name, count):
        self.name, self.path, self.count = name, ROOT / "Fixtures" / name, count
        self.model = Predictive(self.path, torch.float32)
        with h5py.File(self.path) as file:
            inputs = file["evaluation_data/inputs"][:count]
            self.y = torch.tensor(file["evaluation_data/labels"][:count].astype(np.int64))
        self.x = torch.tensor(inputs.astype(np.float64) / (255 if inputs.dtype == np.uint8 else 1)).float()

    def norms(self, points, norm):
        """Distances of the points that are not decided as the label; infinite where they are.

        In the arithmetic of the originals: some of their points lie on the boundary to the last bit.
        """
        points = points.detach().clamp(0, 1)
        with torch.no_grad():
            fooled = self.model(points).argmax(1) != self.y
        change = (points - self.x).double().flatten(1)
        sizes = change.abs().amax(1) if norm == "linf" else change.norm(dim=1)
        return torch.where(fooled, sizes, torch.inf)


# MARK: - Originals


def apgd(problem, norm, epsilon, seed, start):
    from autoattack.autopgd_base import APGDAttack

    attack = APGDAttack(
        problem.model, n_iter=100, norm="Linf" if norm == "linf" else "L2", eps=epsilon, seed=seed, device="cpu"
    )
    attack.init_hyperparam(problem.x)
    torch.random.manual_seed(seed)
    best = attack.attack_single_run(problem.x.clone(), problem.y, problem.x if start else None)
    return torch.where((best[1] == 0).view(-1, *[1] * (problem.x.ndim - 1)), best[3], best[0])


def ddn(problem, norm, epsilon, seed, start):
    from adv_lib.attacks.decoupled_direction_norm import ddn

    return ddn(problem.model, problem.x, problem.y, steps=100, levels=None)


def fmn(problem, norm, epsilon, seed, start):
    import foolbox
    from fmn import L2FMNAttack, LInfFMNAttack

    kind = LInfFMNAttack if norm == "linf" else L2FMNAttack
    wrapped = foolbox.PyTorchModel(problem.model.eval(), bounds=(0, 1), device="cpu")
    return kind(steps=100).run(wrapped, problem.x, foolbox.Misclassification(problem.y))


def fab(problem, norm, epsilon, seed, start):
    from autoattack.fab_pt import FABAttack_PT

    attack = FABAttack_PT(
        problem.model, norm="Linf" if norm == "linf" else "L2", n_iter=100, eps=epsilon, seed=seed, device="cpu"
    )
    return attack.attack_single_run(problem.x, problem.y, use_rand_start=False)


def deepfool(problem, norm, epsilon, seed, start):
    import foolbox

    # The authors' program knows no box.
    kind = foolbox.attacks.LinfDeepFoolAttack if norm == "linf" else foolbox.attacks.L2DeepFoolAttack
    wrapped = foolbox.PyTorchModel(problem.model.eval(), bounds=(0, 1), device="cpu")
    return kind().run(wrapped, problem.x, foolbox.Misclassification(problem.y))


def cw(problem, norm, epsilon, seed, start):
    from adv_lib.attacks.carlini_wagner.l2 import carlini_wagner_l2

    return carlini_wagner_l2(
        problem.model, problem.x, problem.y, max_iterations=200, binary_search_steps=6, initial_const=0.01,
        learning_rate=0.05,
    )


def stub_modules():
    """What the originals import and these attacks do not use."""
    vision = types.ModuleType("torchvision")
    vision.models = types.ModuleType("torchvision.models")
    sys.modules.setdefault("torchvision", vision)
    sys.modules.setdefault("torchvision.models", vision.models)
    package = types.ModuleType("adv_lib")
    package.__path__ = [str(pathlib.Path(ORIGINALS) / "adversarial-library/adv_lib")]
    sys.modules["adv_lib"] = package
    attacks = types.ModuleType("adv_lib.attacks")
    attacks.__path__ = [package.__path__[0] + "/attacks"]
    sys.modules["adv_lib.attacks"] = attacks
    logger = types.ModuleType("adv_lib.utils.visdom_logger")
    logger.VisdomLogger = object
    sys.modules["adv_lib.utils.visdom_logger"] = logger


# MARK: - This package


def ours(problem, evaluate, spec, norm, epsilon, seed):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "examples.csv"
        subprocess.run(
            [
                evaluate, "--model", problem.path, "--examples", str(problem.count), "--attack",
                f"{spec},norm={norm}" if ":" in spec else f"{spec}:norm={norm}", "--epsilon", str(epsilon), "--seed",
                str(seed), "--per-example", file, "--threads", "1",
            ],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        with open(file) as rows:
            rows = [row for row in csv.DictReader(rows) if row["attack"].split(":")[0] == spec.split(":")[0]]
    fooled = [row["adversarial_correct"] in ("false", "0") for row in rows]
    return torch.tensor([float(row["perturbation"]) if hit else math.inf for row, hit in zip(rows, fooled)])


RELU, MOONS, CONV = "oracles/mnist-fc2-relu.h5", "oracles/moons-fc2-leaky.h5", "oracles/mnist-conv-leaky.h5"
# The radii are about the median of the smallest perturbations.
LINF, L2 = {RELU: 0.053, MOONS: 0.08, CONV: 0.12}, {RELU: 0.85, MOONS: 0.12}
# original, settings here, norm, whether it is random, and how many examples of each posterior.
ROWS = [
    ("apgd", apgd, "apgd:random-start=false", "linf", False, {RELU: 200, MOONS: 500}),
    ("apgd", apgd, "apgd:random-start=false", "l2", False, {RELU: 200, MOONS: 500}),
    ("apgd", apgd, "apgd", "linf", True, {RELU: 200, MOONS: 500}),
    ("apgd", apgd, "apgd", "l2", True, {RELU: 200, MOONS: 500}),
    ("ddn", ddn, "ddn:initial-norm=1", "l2", False, {RELU: 200, MOONS: 500}),
    ("fmn", fmn, "fmn:step=1", "linf", False, {RELU: 200, MOONS: 500, CONV: 100}),
    ("fmn", fmn, "fmn:step=1,projection=sequential", "l2", False, {RELU: 200, MOONS: 500}),
    ("fab", fab, "fab", "linf", False, {RELU: 100, MOONS: 500}),
    ("fab", fab, "fab", "l2", False, {RELU: 100, MOONS: 500}),
    ("deepfool", deepfool, "deepfool", "linf", False, {RELU: 200, MOONS: 500}),
    ("deepfool", deepfool, "deepfool", "l2", False, {RELU: 200, MOONS: 500}),
    (
        "cw", cw, "cw:search-steps=6,iterations=200,rate=0.05,initial-weight=0.01", "l2", False,
        {RELU: 100, MOONS: 200},
    ),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--originals", required=True)
    parser.add_argument("--evaluate", required=True)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    global ORIGINALS
    ORIGINALS = options.originals
    torch.set_num_threads(1)
    stub_modules()
    for folder in ("auto-attack", "fmn"):
        sys.path.insert(0, str(pathlib.Path(ORIGINALS) / folder))
    print("| settings | norm | posterior | examples | ε | standing, original | standing, here | median distance |")
    print("|---|---|---|---|---|---|---|---|")
    for name, original, spec, norm, is_random, problems in ROWS:
        if options.only and name not in options.only:
            continue
        for file, count in problems.items():
            epsilon = (LINF if norm == "linf" else L2)[file]
            problem = Problem(file, count)
            seeds = range(5) if is_random else range(1)
            start = name == "apgd" and not is_random
            # A search for the smallest perturbation is asked once for all radii: with one that binds nowhere.
            asked = epsilon if name == "apgd" else (1.0 if norm == "linf" else 30.0)
            theirs = [problem.norms(original(problem, norm, epsilon, seed, start), norm) for seed in seeds]
            mine = [ours(problem, options.evaluate, spec, norm, asked, seed) for seed in seeds]
            within = epsilon * (1 + 1e-5)
            counts = [[int((run > within).sum()) for run in runs] for runs in (theirs, mine)]
            medians = [float(torch.cat(runs).median()) for runs in (theirs, mine)]
            texts = [f"{np.mean(c):.1f} ± {np.std(c, ddof=1):.1f}" if is_random else str(c[0]) for c in counts]
            text = "–" if name == "apgd" else f"{medians[0]:.4f}, {medians[1]:.4f}"
            cells = [f"`{spec}`", norm, f"`{file}`", str(count), str(epsilon), *texts, text]
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
