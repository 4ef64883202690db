"""From networks of real packages to a verdict: what the printed modules write is imported, verified and evaluated.

Usage: python Tests/Python/test_frameworks.py POSTERIOR [EVALUATE] [--only torch] [--write Docs/frameworks.md]
POSTERIOR and EVALUATE are the built programs. --only torch needs torch, numpy and h5py; all need what is in
requirements-frameworks.txt. Each program in frameworks/ trains with its package and ends in the user's part, after
`# export` (and before `# end`, where there is one). The exit code says whether all is well.
"""
import argparse
import datetime
import importlib.metadata
import os
import platform
import py_compile
import re
import shlex
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MOST_LINES = 10
JOURNEYS = [
    # program, module, packages, what it is
    ("torch_ensemble", "torch", ["torch"], "deep ensemble, batch normalization"),
    ("torch_dropout", "torch", ["torch"], "Monte Carlo dropout"),
    ("torch_swag", "torch", ["torch"], "SWAG"),
    ("laplace_last_layer", "laplace", ["laplace-torch", "torch"], "Laplace, last layer"),
    ("laplace_all_weights", "laplace", ["laplace-torch", "torch"], "Laplace, all weights"),
    ("bayesian_torch_vi", "bayesian-torch", ["bayesian-torch", "torch"], "variational inference, `dnn_to_bnn`, flipout"),
    ("bayesian_torch_layers", "bayesian-torch", ["bayesian-torch", "torch"], "variational inference, layers of one's own"),
    ("flax_ensemble", "flax", ["flax", "jax"], "deep ensemble, linen, batch and layer normalization"),
    ("flax_nnx", "flax", ["flax", "jax"], "deep ensemble, nnx"),
    ("numpyro_nuts", "numpyro", ["numpyro", "jax"], "NUTS"),
    ("numpyro_inference_data", "numpyro", ["numpyro", "arviz", "jax"], "NUTS, InferenceData"),
    ("numpyro_netcdf", "numpyro", ["numpyro", "arviz", "jax"], "NUTS, InferenceData read from its netCDF"),
    ("numpyro_described", None, ["numpyro", "arviz", "jax"], "NUTS, InferenceData and a description in JSON, without a module"),
]
failures = 0


def check(what, is_true, details=""):
    global failures
    print(("ok      " if is_true else "FAILED  ") + what + ("" if is_true else "\n" + details))
    failures += not is_true
    return is_true


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=1200, **options)


def user_lines(program):
    with open(program) as file:
        part = file.read().split("# export\n")[1].split("# end\n")[0]
    return sum(1 for line in part.splitlines() if line.strip())


class Programs:
    def __init__(self, posterior, evaluate):
        self.posterior, self.evaluate = os.path.abspath(posterior), evaluate and os.path.abspath(evaluate)
        found = run([self.posterior, "import", "--help"])
        self.import_options = found.stdout if found.returncode == 0 and "--reference" in found.stdout else None
        if self.import_options is None:
            print("skipped  this posterior has no import: what the modules write is not read back")


def module(programs, framework, folder):
    """Saves the module that is printed for a framework, and sees that it is Python."""
    printed = run([programs.posterior, "export-python-example", "--framework", framework])
    check(f"{framework}: the module is printed", printed.returncode == 0, printed.stderr)
    path = os.path.join(folder, "export_posterior.py")
    with open(path, "w") as file:
        file.write(printed.stdout)
    try:
        py_compile.compile(path, doraise=True)
    except py_compile.PyCompileError as error:
        check(f"{framework}: the module compiles", False, str(error))


def environment(folder):
    return os.environ | {"PYTHONPATH": os.pathsep.join([folder, os.path.join(HERE, "frameworks")]), "JAX_PLATFORMS": "cpu"}


def journey(programs, name, framework, packages, what):
    """One program, from training to a verdict; its row of the table."""
    start = time.monotonic()
    program = os.path.join(HERE, "frameworks", name + ".py")
    lines = user_lines(program)
    check(f"{name}: {lines} lines of the user's own", lines <= MOST_LINES)
    row = {"what": what, "packages": ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages),
           "lines": str(lines), "import": "–", "answers": "–", "evaluate": "–"}
    with tempfile.TemporaryDirectory() as folder:
        if framework:
            module(programs, framework, folder)
        trained = run([sys.executable, program], cwd=folder, env=environment(folder))
        if not check(f"{name}: trains and exports", trained.returncode == 0, trained.stdout + trained.stderr):
            return row
        report, command = trained.stdout.strip().splitlines()[-2:]
        check(f"{name}: ends in the command that follows", command.startswith("posterior import "), trained.stdout)
        right = re.search(r"answers to (\d+) of them in float64, of which (\d+) are right", report)
        check(f"{name}: answers in float64, most of them right", right is not None and 2 * int(right[2]) > int(right[1]), report)
        row["import"] = "not built"
        missing = [option for option in re.findall(r"--[a-z]+", command) if option not in (programs.import_options or "")]
        if programs.import_options is not None and missing:
            print(f"skipped  {name}: this posterior import has no {missing[0]}")
            row["import"] = f"no {missing[0]}"
        if programs.import_options is not None and not missing:
            read_back(programs, name, folder, command, row)
    row["seconds"] = f"{time.monotonic() - start:.0f}"
    return row


def read_back(programs, name, folder, command, row):
    output = command.split()[-1]
    command = shlex.quote(programs.posterior) + command.removeprefix("posterior")
    imported = run(["sh", "-c", command], cwd=folder)
    row["import"] = "yes" if imported.returncode == 0 else "refused"
    if not check(f"{name}: is imported", imported.returncode == 0, command + "\n" + imported.stdout + imported.stderr):
        return
    answers = next((line.split(None, 1)[1] for line in imported.stdout.splitlines() if line.split()[:1] == ["reference"]), "")
    difference = re.search(r"to (\S+ in an? [a-z-]+)", answers)
    row["answers"] = difference[1] if difference else answers
    check(f"{name}: answers as its program does", "answers as" in answers, imported.stdout)
    verified = run([programs.posterior, "verify", output], cwd=folder)
    check(f"{name}: is verified", verified.returncode == 0, verified.stdout + verified.stderr)
    if programs.evaluate:
        evaluated = run([programs.evaluate, "--model", output, "--attack", "pgd", "--epsilon", "0.05", "--examples", "50"],
                        cwd=folder)
        verdict = next((line for line in evaluated.stdout.splitlines() if line.startswith("Verdict:")), "")
        row["evaluate"] = verdict.removeprefix("Verdict: ").split(",")[0].rstrip(".")
        check(f"{name}: is evaluated to a verdict", verdict != "", evaluated.stdout + evaluated.stderr)


MISTAKES = '''
import copy, sys
import numpy as np, torch
from torch import nn
from export_posterior import ExportError, dropout_draws, export
inputs, labels = np.random.default_rng(0).uniform(size=(30, 4)).astype("f4"), np.arange(30) % 3
def net(*more):
    torch.manual_seed(net.seed); net.seed += 1
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3), *more).eval()
net.seed = 0
class Random(nn.Module):
    def forward(self, x): return x + torch.randn_like(x)
class Pair(nn.Module):
    def forward(self, x): return x, 0
def infinite():
    model = net(); model[0].weight.data[0, 0] = float("inf"); return model
class Unnamed(nn.Module):
    def __init__(self):
        super().__init__(); self.inner = net(); self.register_buffer("shift", torch.rand(4), persistent=False)
    def forward(self, x): return self.inner(x + self.shift)
one = net()
other = nn.Sequential(nn.Linear(4, 9), nn.ReLU(), nn.Linear(9, 3)).eval()
several = dict(kind="ensemble")
cases = {
    "is in training mode": lambda: export([net().train()], inputs, labels, kind="single"),
    "outside the bounds": lambda: export([net()], inputs * 255, labels, kind="single"),
    "of type int64": lambda: export([net()], (inputs * 255).astype(int), labels, kind="single"),
    "classes, from 0 to 2": lambda: export([net()], inputs, labels + 1, kind="single"),
    "one class for each example": lambda: export([net()], inputs, np.eye(3)[labels], kind="single"),
    "holds NaN or infinity": lambda: export([infinite()], inputs, labels, kind="single"),
    "have the same weights": lambda: export([one, one, one], inputs, labels, **several),
    "which draw 0 has": lambda: export([net(), other], inputs, labels, **several),
    "is no state_dict of the network": lambda: export([other.state_dict()], inputs, labels, network=net(), kind="single"),
    "give a network": lambda: export([net().state_dict()], inputs, labels, kind="single"),
    "differently each time": lambda: export([net(Random())], inputs, labels, kind="single"),
    "answers with a tuple": lambda: export([net(Pair())], inputs, labels, kind="single"),
    "not one of mcmc": lambda: export([net()], inputs, labels, kind="deep-ensemble"),
    "kind='single' is one network": lambda: export([net(), net()], inputs, labels, kind="single"),
    "cannot be shared among 2 chains": lambda: export([net(), net(), net()], inputs, labels, kind="mcmc", chains=2),
    "there are no draws": lambda: export([], inputs, labels, **several),
    "no part of its state_dict": lambda: export([Unnamed().eval(), Unnamed().eval()], inputs, labels, **several),
    "no torch.nn.Dropout": lambda: export(dropout_draws(net(), inputs, 3), inputs, labels, kind="independent"),
}
for sentence, call in cases.items():
    try:
        call()
        print("MISSED", sentence)
    except ExportError as error:
        print("found" if sentence in str(error) and "\\n" not in str(error) else "OTHER", sentence, "|", error)
export([net(nn.Softmax(-1)), net(nn.Softmax(-1))], inputs, labels, folder="softmax", output="softmax.h5", **several)
print(sorted(np.load("softmax/answers.npz")))
class One(nn.Module):
    def forward(self, x): return x[:, :1].squeeze(1)
export([net(One()), net(One())], inputs, labels % 2, folder="one", output="one.h5", **several)
print(np.load("one/answers.npz")["logits"].shape)
def norms():
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)).eval()
export([norms(), norms()], inputs, labels, folder="files", output="files.h5", **several)
export([net().state_dict(), net().state_dict()], inputs, labels, network=net(), folder="states", output="states.h5", **several)
pair = [net(), net()]
export(pair, inputs, labels, folder="forgotten", output="forgotten.h5", **several)
export(pair, inputs, labels, folder="normalized", output="normalized.h5", normalize=(0.5, 0.3), **several)
'''

JAX_MISTAKES = '''
import numpy as np, jax, jax.numpy as jnp, flax.linen as nn
from export_posterior import ExportError, export
inputs, labels = np.random.default_rng(0).uniform(size=(30, 6, 6, 2)).astype("f4"), np.arange(30) % 3
class Net(nn.Module):
    middle: nn.Module = None
    @nn.compact
    def __call__(self, x):
        x = nn.Conv(4, (3, 3))(x)
        x = nn.relu(x if self.middle is None else self.middle(x))
        return nn.Dense(3)(x.mean((1, 2)))
def go(middle=None, change=lambda x: x, inputs=inputs, labels=labels, apply=None, **options):
    net = Net(middle)
    draws = [change(net.init(jax.random.key(seed), inputs[:1])) for seed in range(2)]
    export(apply or (lambda variables, x: net.apply(variables, x)), draws, inputs, labels, kind="ensemble", **options)
key = jax.random.key(0)
cases = {
    "holds NaN or infinity": lambda: go(change=lambda tree: jax.tree_util.tree_map(lambda x: x / 0, tree)),
    "outside the bounds": lambda: go(inputs=inputs * 3 - 1),
    "classes, from 0 to 2": lambda: go(labels=labels + 1),
    "gives 2 arrays": lambda: go(apply=lambda variables, x: (Net().apply(variables, x), x)),
    "draws random numbers": lambda: go(apply=lambda variables, x: Net().apply(variables, x + jax.random.normal(key, (2,)))),
    "GroupNorm": lambda: go(nn.GroupNorm(2)),
    "have the same weights": lambda: export(lambda v, x: x.mean((1, 2)) @ v["w"], [{"w": np.ones((2, 3))}] * 2, inputs, labels,
                                            kind="ensemble"),
    "for which there is no ONNX here": lambda: go(apply=lambda variables, x: jnp.sort(Net().apply(variables, x))),
}
for sentence, call in cases.items():
    try:
        call()
        print("MISSED", sentence)
    except ExportError as error:
        print("found" if sentence in str(error) else "OTHER", sentence, "|", str(error).replace("\\n", " "))
go(folder="images", output="images.h5")
'''


def told(framework, program, folder):
    """Runs calls that are wrong, each of which must be told in a sentence; what they print."""
    ran = run([sys.executable, "-c", program], cwd=folder, env=environment(folder))
    check(f"{framework}: the calls end", ran.returncode == 0, ran.stdout + ran.stderr)
    for line in ran.stdout.splitlines():
        if line.startswith(("found", "MISSED", "OTHER")):
            check(f"{framework}, told: " + line.split(" ", 1)[1].split(" |")[0], line.startswith("found"), line)
    return ran.stdout


def mistakes(programs, with_jax):
    """What users get wrong is told in a sentence; other ends of networks are exported as they should."""
    with tempfile.TemporaryDirectory() as folder:
        module(programs, "torch", folder)
        output = told("torch", MISTAKES, folder)
        lines = output.splitlines()
        check("a softmax at the end is said", any(line.startswith("note: the network ends in Softmax") for line in lines), output)
        check("a softmax at the end has no logits", "['log_predictive']" in lines, output)
        check("one output is two classes", "(2, 20, 2)" in lines, output)
        commands = [line for line in lines if line.startswith("posterior import")]
        check("equal tensors, of which the exporter keeps one, make a graph for each draw",
              any("files/draw*.onnx" in line for line in commands), output)
        if programs.import_options is not None:
            for command in commands:
                read_back(Programs(programs.posterior, None), "the network in " + command.split()[-1], folder, command, {})
            forgotten(programs, folder, commands[-1])
    if with_jax:
        with tempfile.TemporaryDirectory() as folder:
            module(programs, "flax", folder)
            output = told("flax", JAX_MISTAKES, folder)
            if programs.import_options is not None and output:
                read_back(Programs(programs.posterior, None), "images with their channels last", folder, output.splitlines()[-1], {})


def forgotten(programs, folder, command):
    """Answers of a network with its normalization, and a graph without it: the import is refused, and nothing written."""
    command = command.replace("normalized/network.onnx", "forgotten/network.onnx").replace("normalized/draw", "forgotten/draw")
    command = shlex.quote(programs.posterior) + command.removeprefix("posterior").replace("normalized.h5", "refused.h5")
    ran = run(["sh", "-c", command], cwd=folder)
    check("a forgotten normalization is found by the answers",
          ran.returncode == 65 and "answers" in ran.stderr and not os.path.exists(os.path.join(folder, "refused.h5")),
          command + "\n" + ran.stdout + ran.stderr)


def table(rows):
    text = "| journey | packages | lines | imported | largest difference from the answers of its program | `evaluate --attack pgd` | seconds |\n"
    text += "|---|---|---|---|---|---|---|\n"
    for row in rows:
        text += "| " + " | ".join(row.get(key, "–") for key in (
            "what", "packages", "lines", "import", "answers", "evaluate", "seconds")) + " |\n"
    return f"{datetime.date.today()}, Python {platform.python_version()}, {platform.system()} {platform.machine()}:\n\n{text}"


def write(path, text):
    """Puts the table between the marks of a page."""
    with open(path) as file:
        page = file.read()
    begin, end = "<!-- make test-frameworks -->\n", "<!-- end -->\n"
    before, rest = page.split(begin)
    with open(path, "w") as file:
        file.write(before + begin + "\n" + text + "\n" + end + rest.split(end)[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("posterior")
    parser.add_argument("evaluate", nargs="?")
    parser.add_argument("--only", metavar="MODULE")
    parser.add_argument("--write", metavar="PAGE")
    options = parser.parse_args()
    programs = Programs(options.posterior, options.evaluate)
    chosen = [item for item in JOURNEYS if options.only in (None, item[1])]
    rows = [journey(programs, *item) for item in chosen]
    mistakes(programs, with_jax=options.only is None)
    text = table(rows)
    print(text)
    if options.write:
        write(options.write, text)
    print("all is well" if failures == 0 else f"{failures} checks failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
