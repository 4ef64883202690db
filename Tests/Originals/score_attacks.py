"""The originals of `square`, `nes`, `rays`, `feature-guided` and of transfer (`--surrogate`) on posterior files, beside `evaluate`.

    python Tests/Originals/score_attacks.py ATTACK MODEL --epsilon E [--norm linf|l2] [--examples N] [--queries Q]
        [--seeds S] [--originals FOLDER] [--evaluate PROGRAM] [--options k=v,…] [--float64]

prints, for every seed, how many examples withstand each program. FOLDER holds checkouts of the originals:
auto-attack (fra31), square-attack (max-andr), RayS (uclaml), SafeCV (matthewwicker).
Needs torch, numpy and h5py; feature-guided needs opencv-python-headless
too, and transfer Foolbox.
"""
import argparse
import contextlib
import importlib.util
import io
import json
import math
import signal
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import torch

from posterior_module import Predictive

torch.set_num_threads(1)


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def standing(model, points, labels):
    with torch.no_grad():
        return model(points).argmax(1) == labels


# MARK: square

def square_autoattack(model, x, y, a, seed):
    """AutoAttack's SquareAttack, as AutoAttack's standard ensemble calls it; --options schedule=rescaled for the class's own."""
    sys.path.insert(0, str(a.originals / "auto-attack"))
    from autoattack.square import SquareAttack
    attack = SquareAttack(
        model, norm={"linf": "Linf", "l2": "L2"}[a.norm], n_queries=a.queries, eps=a.epsilon, seed=seed, p_init=.8,
        resc_schedule=a.options.get("schedule", "rescaled") == "rescaled", device="cpu", n_restarts=1)
    return standing(model, attack.perturb(x, y), y)


def square_paper(model, x, y, a, seed):
    """attack.py of the paper, which sets its own seed: that line alone is taken out."""
    folder = a.originals / "square-attack"
    sys.path.insert(0, str(folder))
    for name in ("data", "models"):
        sys.modules[name] = types.ModuleType(name)
    source = (folder / "attack.py").read_text().replace("np.random.seed(0)", "pass")
    attack = types.ModuleType("attack")
    exec(compile(source, "attack.py", "exec"), attack.__dict__)
    attack.log = types.SimpleNamespace(print=lambda message: None)
    attack.np.save = lambda *arguments: None
    np.random.seed(seed)

    class Model:
        def predict(self, points):
            with torch.no_grad():
                return model(torch.tensor(points).to(x)).double().numpy()

        def loss(self, y, logits, targeted=False, loss_type="margin_loss"):
            # models.py of the paper, margin_loss, without the frameworks that file imports.
            difference = (logits * y).sum(1, keepdims=True) - logits
            difference[y] = np.inf
            return difference.min(1, keepdims=True).flatten()

    wrapped = Model()
    images = x.reshape(len(x), *model.architecture["input_shape"]).double().numpy()
    one_hot = np.eye(int(model(x[:1]).shape[1]), dtype=bool)[y.numpy()]
    correct = wrapped.predict(images).argmax(1) == y.numpy()
    run = attack.square_attack_linf if a.norm == "linf" else attack.square_attack_l2
    _, points = run(wrapped, images, one_hot, correct, a.epsilon, a.queries, .8, "", False, "margin_loss")
    result = torch.zeros(len(x), dtype=torch.bool)
    result[torch.tensor(correct)] = standing(model, torch.tensor(points).to(x), y[torch.tensor(correct)])
    return result


# MARK: nes

def nes_transcript(model, x, y, a, seed, value=lambda logs, label: -logs[:, label]):
    """The query-limited attack of attacks.py (labsix/limited-blackbox-attacks), line by line in PyTorch.

    That program is of TensorFlow 1 and attacks one image of ImageNet with Inception, so it cannot be run here. Left out:
    partial information, labels only, and the line search, which does nothing where all classes are seen. One mistake is
    not copied: without a target the program halves the step when the loss grows, which is progress.

    `value` is what is climbed, of log p̄ and the label: the cross-entropy in the program.
    """
    samples, sigma, momentum, plateau = 50, 1e-3, 0.9, 5
    result = []
    for index in range(len(x)):
        generator = torch.Generator().manual_seed(1000 * seed + index)
        origin, label = x[index:index + 1], y[index:index + 1]
        lower, upper = (origin - a.epsilon).clamp(0, 1), (origin + a.epsilon).clamp(0, 1)
        adv, g, last, lr, stands = origin.clone(), 0, [], .2 * a.epsilon, True
        for _ in range(max(0, (a.queries - 1) // (samples + 1))):
            if model(adv).argmax(1) != label:
                break
            noise = torch.randn((samples // 2,) + origin.shape[1:], generator=generator)
            noise = torch.cat([noise, -noise])
            losses = value(model(adv + sigma * noise), label[0])
            gradient = (losses.view(-1, *[1] * (noise.dim() - 1)) * noise).mean(0, keepdim=True) / sigma
            g = momentum * g + (1 - momentum) * gradient
            last = (last + [losses.mean().item()])[-plateau:]
            if len(last) == plateau and last[-1] < last[0]:
                lr = max(lr / 2, .2 * a.epsilon / 200)
                last = []
            adv = torch.minimum(torch.maximum(adv + lr * torch.sign(g), lower), upper)
        result.append(bool((model(adv).argmax(1) == label).item()))
    return torch.tensor(result)


def nes_of_the_logarithm(model, x, y, a, seed):
    """The transcript, climbing the logarithm of the loss, as the oracle of `evaluate` gives it: log(−log p̄).

    Where 1 − p̄ is below what rounding leaves of p̄ it is log(1 − p̄), summed over the other classes.
    """
    def value(logs, label):
        others = torch.logsumexp(torch.cat([logs[:, :label], logs[:, label + 1:]], dim=1), dim=1)
        return torch.where(others < -12, others, torch.log(-logs[:, label]))
    return nes_transcript(model, x, y, a, seed, value)


# MARK: rays

def rays_original(model, x, y, a, seed):
    """RayS.py, with Tensor.cuda as the identity and its progress bar silent."""
    torch.Tensor.cuda = lambda self, *arguments: self
    bar = types.ModuleType("pgbar")
    bar.progress_bar = lambda *arguments: None
    sys.modules["pgbar"] = bar
    rays = load(a.originals / "RayS" / "RayS.py", "RayS")
    images = x.reshape(len(x), *([1] * (4 - x.dim())), *x.shape[1:])
    wrapped = types.SimpleNamespace(predict_label=lambda points: model(points).argmax(1))
    attack = rays.RayS(wrapped, epsilon=a.epsilon)
    with contextlib.redirect_stdout(io.StringIO()):
        _, _, distances, fallen = attack(images, y, query_limit=a.queries)
    rays_original.distances = distances
    correct = standing(model, x, y)
    return correct & ~fallen


# MARK: feature-guided

class OutOfQuestions(Exception):
    pass


def safecv_original(model, x, y, a, seed):
    """MCTS of SafeCV on images of 0 … 255, until one point of the ball is misclassified or the questions are used up.

    Stands in for pomegranate's NormalDistribution with NumPy's. MANIP moves a pixel by ε away from the nearer end of
    the box; images are brought into the ball before they are judged, since pixels can be moved twice.
    """
    import cv2
    cv2.xfeatures2d = types.SimpleNamespace(SIFT_create=cv2.SIFT_create)
    pomegranate = types.ModuleType("pomegranate")
    pomegranate.log = math.log
    pomegranate.NormalDistribution = lambda mean, spread: types.SimpleNamespace(
        sample=lambda: np.random.normal(mean, spread))
    sys.modules["pomegranate"] = pomegranate
    for name in ("matplotlib", "matplotlib.pyplot"):
        sys.modules[name] = types.ModuleType(name)
    # Of Python 2: its tabs are eight wide. (The copy in the folder SafeCV does not parse.)
    folder = a.originals / "SafeCV" / "Examples" / "Nexar-Example" / "SafeCV_dev"
    for name in ("DFMCS", "MCTS"):
        module = sys.modules[name] = types.ModuleType(name)
        exec(compile((folder / f"{name}.py").read_text().expandtabs(8), name, "exec"), module.__dict__)
    safecv = sys.modules["MCTS"]
    step = round(255 * a.epsilon)

    def stop(*_):
        raise OutOfQuestions

    signal.signal(signal.SIGPROF, stop)
    result, stopped = [], 0
    for index in range(len(x)):
        np.random.seed(1000 * seed + index)
        image = (x[index].reshape(28, 28).numpy() * 255).round().astype("uint8")
        label = int(y[index])
        state = {"questions": 0, "fallen": False}

        def predict(points, batch_size=1, verbose=0):
            state["questions"] += 1
            if state["questions"] > a.queries:
                raise OutOfQuestions
            inside = np.clip(points.reshape(28, 28), image.astype(int) - step, image.astype(int) + step).clip(0, 255)
            logs = model(torch.tensor(inside / 255.0).to(x).reshape(1, *x.shape[1:]))
            if int(logs.argmax()) != label:
                state["fallen"] = True
                raise OutOfQuestions
            return logs.double().exp().numpy()

        def move(pixel, _):
            return min(int(pixel) + step, 255) if pixel < 128 else max(int(pixel) - step, 0)

        # The program draws pixels until one is new, and does so for ever when none is left near a feature. Five seconds
        # of a processor are enough for any game that goes on.
        signal.setitimer(signal.ITIMER_PROF, 5, 0.2)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                parameters = safecv.MCTS_Parameters(
                    image, label, types.SimpleNamespace(predict=predict), predshape=(1, 1, 28, 28))
                parameters.X_SHAPE = parameters.Y_SHAPE = 28
                parameters.small_image = True
                parameters.MANIP = move
                parameters.VISIT_CONSTANT = 6
                parameters.simulations_cutoff = 100
                safecv.MCTS(parameters)
        except OutOfQuestions:
            pass
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        result.append(not state["fallen"])
        stopped += not state["fallen"] and state["questions"] <= a.queries
    if stopped:
        print(f"SafeCV found no new pixel in {stopped} games of seed {seed} and was stopped", file=sys.stderr)
    return torch.tensor(result)


# MARK: transfer

def transfer_foolbox(model, x, y, a, seed):
    """Foolbox's LinfPGD or L2PGD without a random start on draw 0, judged by the predictive."""
    import foolbox
    draw = torch.nn.Module()
    draw.forward = lambda points: model.logits(points, 0)
    wrapped = foolbox.PyTorchModel(draw.eval(), bounds=(0, 1), device="cpu")
    kind = foolbox.attacks.LinfPGD if a.norm == "linf" else foolbox.attacks.L2PGD
    with torch.enable_grad():
        _, points, _ = kind(random_start=False)(wrapped, x, y, epsilons=a.epsilon)
    return standing(model, points, y)


ORIGINALS = {
    "transfer": {"Foolbox": transfer_foolbox},
    "square": {"AutoAttack": square_autoattack, "paper's program": square_paper},
    "nes": {
        "transcript of the authors' program": nes_transcript,
        "the same of the logarithm": nes_of_the_logarithm,
    },
    "rays": {"authors' program": rays_original},
    "feature-guided": {"SafeCV": safecv_original},
}


def ours(a, seed):
    options = {"queries": str(a.queries), "norm": a.norm, **a.options}
    further, name = [], a.attack
    if a.attack == "transfer":
        options = {"preset": "foolbox", "random-start": "false", "norm": a.norm}
        further, name = ["--surrogate", "draw:0"], "pgd"
    text = name + ":" + ",".join(f"{key}={value}" for key, value in options.items())
    words = [
        a.evaluate, "--model", a.model, "--attack", text, "--epsilon", str(a.epsilon), "--examples", str(a.examples),
        "--seed", str(seed), "--format", "json", "--threads", "1"] + further
    report = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    run = next(run for run in report["runs"] if run["attack"] == name)
    return round(run["robustAccuracy"] * a.examples), run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attack", choices=ORIGINALS)
    parser.add_argument("model")
    parser.add_argument("--epsilon", type=float, required=True)
    parser.add_argument("--norm", default="linf", choices=["linf", "l2"])
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--originals", type=Path, default=Path("originals"))
    parser.add_argument("--evaluate", default=".build/release/evaluate")
    parser.add_argument("--float64", action="store_true", help="for confident networks, where float32 loses the scores")
    parser.add_argument("--options", default="", type=lambda text: dict(part.split("=") for part in text.split(",") if part))
    a = parser.parse_args()
    model = Predictive(a.model, torch.float64 if a.float64 else torch.float32)
    x, y = model.inputs[:a.examples], model.labels[:a.examples]
    counts = {"evaluate": [ours(a, seed)[0] for seed in range(a.seeds)]}
    for name, original in ORIGINALS[a.attack].items():
        with torch.no_grad():
            counts[name] = [int(original(model, x, y, a, seed).sum()) for seed in range(a.seeds)]
    print(f"{a.attack} {Path(a.model).name} {a.norm} epsilon {a.epsilon} queries {a.queries} examples {a.examples} {a.options}")
    for name, values in counts.items():
        mean = np.mean(values)
        error = np.std(values, ddof=1) / math.sqrt(len(values)) if len(values) > 1 else 0
        print(f"  {name:36} {values}  mean {mean:.2f} ± {error:.2f}", flush=True)


if __name__ == "__main__":
    main()
