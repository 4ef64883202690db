"""How strong the portfolios are: robust accuracy on files where the lowest known one is on record, and the time beside AutoAttack.

    strength.py [--rows strength.json] [--portfolio standard] [--evaluate PROGRAM] [--folder NAME=PATH ...]
    strength.py --autoattack CHECKOUT [--file Fixtures/mnist-hmc.h5 ...] [--timed FILE EPSILON EXAMPLES ...]

The first form evaluates a portfolio on every row of the table and prints what it leaves beside `public_union_percent`
(AutoAttack's cascade and Foolbox's attacks of smallest perturbation, in float64) and `lowest_known_percent`. A row's
file is found by its path, and checked by its digest. The second form runs AutoAttack's standard cascade, its own code from a
checkout of fra31/auto-attack, in PyTorch in float32 with as many threads as we take, on the log-probabilities of the
same predictive, and the portfolio `standard` beside it, one after the other, and prints both accuracies and the ratios
of the wall times and of the processor times (user and system; ours of the whole program, theirs of the attack), the
second for machines with other work to do. The files are those of TIMED below, or any other with --timed. PyTorch and
h5py are needed for that.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
THREADS = 2
# The four on which the time is compared: file, ε in L∞, examples.
TIMED = [("Fixtures/mnist-hmc.h5", 0.1, 150), ("Fixtures/fashion-vi.h5", 0.05, 150),
         ("Fixtures/oracles/mnist-fc2-relu.h5", 0.05, 200), ("Fixtures/oracles/mnist-conv-leaky.h5", 0.05, 100)]


def processor_seconds(who):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def evaluate(program, path, attack, epsilon, examples, extra=(), threads=THREADS):
    """The result, the run of the attack in it, and the processor time of the program."""
    words = [program, "--model", path, "--attack", attack, "--epsilon", str(epsilon), "--examples", str(examples),
             "--threads", str(threads), "--format", "json", *extra]
    start = processor_seconds(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)}: {done.stderr.strip()}")
    result = json.loads(done.stdout)
    run = next(run for run in result["runs"] if run["attack"] == attack.split(":")[0])
    return result, run, processor_seconds(resource.RUSAGE_CHILDREN) - start


def located(name, folders):
    for prefix, folder in folders.items():
        if name.startswith(prefix + "/"):
            return os.path.join(folder, name[len(prefix) + 1:])
    return os.path.join(ROOT, name)


def compare_rows(options):
    rows = json.load(open(options.rows))
    folders = dict(item.split("=", 1) for item in options.folder)
    above = 0
    print(f"{'file':44} {'':5} {'ε':>5} {'n':>4} {'public':>7} {'lowest':>7} {options.portfolio:>9} {'seconds':>8}")
    for row in rows:
        path = located(row["file"], folders)
        if not os.path.exists(path) or (options.only and options.only not in row["file"]):
            continue
        attack = options.portfolio + (":norm=l2" if row["norm"] == "l2" else "")
        result, run, _ = evaluate(options.evaluate, path, attack, row["epsilon"], row["examples"])
        if result["posteriorSHA256"] != row["posterior_sha256"]:
            raise SystemExit(f"{path}: another posterior than the one of the table")
        found = 100 * run["robustAccuracy"]
        one = 100 / row["examples"]
        bound = row["public_union_percent"] + one
        if options.portfolio == "thorough" and row["lowest_known_percent"] < row["public_union_percent"]:
            bound = row["lowest_known_percent"] + 1
        mark = "" if found <= bound + 0.051 else "  ABOVE"
        above += bool(mark)
        print(f"{row['file']:44} {row['norm']:5} {row['epsilon']:5} {row['examples']:4} {row['public_union_percent']:7.1f} "
              f"{row['lowest_known_percent']:7.1f} {found:9.1f} {run['seconds']:8.1f}{mark}", flush=True)
        if options.stages:
            for stage in run["stages"]:
                print(f"      {stage['name']:40} {stage['fell']:4} of {stage['tried']:4} {stage['seconds']:7.2f} s")
    print(f"{above} rows above")
    return 1 if above else 0


class Predictive:
    """log p̄ of a posterior file as a PyTorch function of images."""

    def __init__(self, path, dtype="float32"):
        import h5py
        import torch
        import torch.nn.functional as F
        self.torch, self.F = torch, F
        self.dtype = getattr(torch, dtype)
        with h5py.File(path) as file:
            self.architecture = json.loads(file["model"].attrs["architecture"])
            group = file["posterior"]
            self.bounds = tuple(float(bound) for bound in file["model"].attrs["input_bounds"])
            self.weights = {name: torch.from_numpy(group[name][...]).flatten(0, 1).to(self.dtype)
                            for name in group if name.endswith((".weight", ".bias"))}
            inputs = file["evaluation_data/inputs"][...]
            self.labels = torch.from_numpy(file["evaluation_data/labels"][...]).long()
        scale = 255 if inputs.dtype == "uint8" else 1
        self.inputs = torch.from_numpy(inputs.astype("float64") / scale).to(self.dtype)

    def logits(self, x, draw):
        act = {"relu": self.torch.relu, "leaky_relu": lambda a: self.F.leaky_relu(a, 0.01), "tanh": self.torch.tanh,
               "sigmoid": self.torch.sigmoid, "identity": lambda a: a}
        h = x.reshape(x.shape[0], *self.architecture["input_shape"])
        for layer in self.architecture["layers"]:
            kind = layer["type"]
            if kind == "normalize":
                shape = (1, -1) + (1,) * (h.dim() - 2)
                mean, deviation = (self.torch.tensor(layer[key], dtype=self.dtype).reshape(shape)
                                   for key in ("mean", "scale"))
                h = (h - mean) / deviation
            elif kind == "flatten":
                h = h.flatten(1)
            elif kind == "max_pool2d":
                h = self.F.max_pool2d(h, layer["kernel_size"], layer["stride"])
            else:
                w, b = (self.weights[f"{layer['name']}.{part}"][draw] for part in ("weight", "bias"))
                h = self.F.linear(h, w, b) if kind == "dense" else self.F.conv2d(h, w, b)
                h = act[layer["activation"]](h)
        return h

    def stacked(self, x):
        """All draws at once where the network is dense: the fastest way in PyTorch."""
        layers = [layer for layer in self.architecture["layers"] if layer["type"] == "dense"]
        act = {"relu": self.torch.relu, "leaky_relu": lambda a: self.F.leaky_relu(a, 0.01), "tanh": self.torch.tanh,
               "sigmoid": self.torch.sigmoid, "identity": lambda a: a}
        h = x.flatten(1)
        h = h.expand(self.labels_draws, *h.shape)
        for layer in layers:
            w, b = self.weights[layer["name"] + ".weight"], self.weights[layer["name"] + ".bias"]
            h = act[layer["activation"]](self.torch.baddbmm(b.unsqueeze(1), h, w.transpose(1, 2)))
        return h

    @property
    def labels_draws(self):
        return next(iter(self.weights.values())).shape[0]

    def __call__(self, x):
        kinds = {layer["type"] for layer in self.architecture["layers"]}
        if kinds <= {"dense", "flatten"}:
            logs = self.F.log_softmax(self.stacked(x), dim=-1)
        else:
            logs = self.torch.stack([self.F.log_softmax(self.logits(x, s), dim=-1) for s in range(self.labels_draws)])
        return self.torch.logsumexp(logs, dim=0) - float(self.torch.log(self.torch.tensor(float(logs.shape[0]))))


def beside_autoattack(options):
    sys.path.insert(0, options.autoattack)
    import torch
    from autoattack import AutoAttack
    torch.set_num_threads(THREADS)
    print(f"{'file':40} {'ε':>5} {'n':>4} {'AutoAttack':>10} {'wall':>8} {'processor':>9} {'standard':>9} {'wall':>8} "
          f"{'processor':>9} {'ratios':>11}")
    worst = 0
    rows = [(path, float(epsilon), int(examples)) for path, epsilon, examples in options.timed] or TIMED
    for path, epsilon, examples in rows:
        if options.file and path not in options.file:
            continue
        model = Predictive(os.path.join(ROOT, path))
        x, y = model.inputs[:examples], model.labels[:examples]
        if x.dim() == 2:  # Square takes images only
            side = round(x.shape[1] ** 0.5)
            x = x.reshape(-1, 1, side, side)
        start, used = time.perf_counter(), processor_seconds(resource.RUSAGE_SELF)
        with tempfile.NamedTemporaryFile() as log:
            attack = AutoAttack(model, norm="Linf", eps=epsilon, version="standard", device="cpu", verbose=False,
                                log_path=log.name)
            attack.seed = 0
            points = attack.run_standard_evaluation(x, y, bs=250)
        theirs, their_processor = time.perf_counter() - start, processor_seconds(resource.RUSAGE_SELF) - used
        with torch.no_grad():
            left = (model(points).argmax(1) == y).float().mean().item()
        _, run, processor = evaluate(options.evaluate, os.path.join(ROOT, path), "standard", epsilon, examples)
        ours = run["seconds"]
        worst = max(worst, ours / theirs)
        print(f"{path:40} {epsilon:5} {examples:4} {100 * left:10.1f} {theirs:8.1f} {their_processor:9.1f} "
              f"{100 * run['robustAccuracy']:9.1f} {ours:8.1f} {processor:9.1f} {ours / theirs:5.2f} "
              f"{processor / their_processor:5.2f}", flush=True)
    print(f"largest ratio of wall times {worst:.2f}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=os.path.join(HERE, "strength.json"))
    parser.add_argument("--portfolio", default="standard")
    parser.add_argument("--evaluate", default=os.path.join(ROOT, ".build/release/evaluate"))
    parser.add_argument("--folder", action="append", default=[], help="NAME=PATH: where files of the table are")
    parser.add_argument("--only", help="rows whose file contains this")
    parser.add_argument("--stages", action="store_true", help="what each stage found")
    parser.add_argument("--autoattack", help="a checkout of fra31/auto-attack")
    parser.add_argument("--file", action="append", help="with --autoattack: these files only")
    parser.add_argument("--timed", action="append", default=[], nargs=3, metavar=("FILE", "EPSILON", "EXAMPLES"),
                        help="with --autoattack: this file in place of those of TIMED")
    chosen = parser.parse_args()
    sys.exit(beside_autoattack(chosen) if chosen.autoattack else compare_rows(chosen))
