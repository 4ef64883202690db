"""Checks with the real Python packages that files from here open there, and files from there open here.

Usage: python Tests/Python/test_interoperability.py PROGRAM
PROGRAM is the built `posterior`. Needs numpy, h5py, xarray, netCDF4, h5netcdf and arviz. The exit code says whether all is well.
"""
import json
import os
import subprocess
import sys
import tempfile
import warnings

import h5py
import numpy as np

warnings.filterwarnings("ignore")
import arviz
import xarray

PROGRAM = sys.argv[1]
FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Fixtures")
PARAMETER_AXES = {3: ("out",), 4: ("out", "in"), 6: ("out", "in", "kh", "kw")}
failures = 0


def check(what, is_true):
    global failures
    print(("ok      " if is_true else "FAILED  ") + what)
    failures += not is_true


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=120)


def check_example(folder):
    """The example program that `posterior` prints writes a file that `posterior` accepts."""
    script = os.path.join(folder, "write_posterior.py")
    example = os.path.join(folder, "example.h5")
    with open(script, "w") as file:
        file.write(run("export-python-example").stdout)
    written = subprocess.run([sys.executable, script, example], capture_output=True, text=True)
    check("the Python example runs" + written.stderr[-200:], written.returncode == 0)
    verified = run("verify", example)
    check("the example file is accepted" + verified.stderr[-200:], verified.returncode == 0)
    check("the example's network answers as its program did", "answers as NumPy" in verified.stdout)
    inspected = run("inspect", example)
    check("the example file is signed", "verified" in inspected.stdout and "2 chains × 5 draws" in inspected.stdout)
    check_graph(folder)
    return example


def check_graph(folder):
    """The second example, a residual network, writes a file that `posterior` accepts and signs."""
    script, graph, copy = (os.path.join(folder, name) for name in ("write_graph.py", "graph.h5", "graph-copy.h5"))
    with open(script, "w") as file:
        file.write(run("export-python-example", "--graph").stdout)
    written = subprocess.run([sys.executable, script, graph], capture_output=True, text=True)
    check("the Python example of a graph runs" + written.stderr[-200:], written.returncode == 0)
    verified = run("verify", graph)
    check("the graph is accepted" + verified.stderr[-200:], verified.returncode == 0 and not verified.stderr)
    check("the graph is copied", run("copy", graph, copy).returncode == 0)
    inspected = run("inspect", copy).stdout
    check("the copy of the graph is signed", "verified" in inspected and "of them shared by all draws" in inspected)


def check_tutorial(folder):
    """The program in Docs/share-a-posterior.md writes a file that is accepted, and a copy of it is signed."""
    page = os.path.join(FIXTURES, "..", "Docs", "share-a-posterior.md")
    with open(page) as file:
        blocks = file.read().split("```python\n")[1:]
    check("the tutorial has one Python program", len(blocks) == 1)
    script = os.path.join(folder, "tutorial.py")
    with open(script, "w") as file:
        file.write(blocks[0].split("```")[0])
    written = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=folder)
    check("the tutorial's program runs" + written.stderr[-200:], written.returncode == 0)
    mine, shared = os.path.join(folder, "mine.h5"), os.path.join(folder, "shared.h5")
    check("its file is accepted", run("verify", mine).returncode == 0)
    check("it is copied", run("copy", mine, shared).returncode == 0)
    inspected = run("inspect", shared)
    check("the copy is signed", "verified" in inspected.stdout and "2 chains × 1 draws" in inspected.stdout)


def check_netcdf(folder, example):
    """A posterior that xarray saved, with the format's attributes added by h5py, is accepted."""
    for engine in ("netcdf4", "h5netcdf"):
        saved = os.path.join(folder, engine + ".h5")
        with xarray.open_dataset(example, group="posterior", engine=engine) as posterior:
            posterior.to_netcdf(saved, group="posterior", engine=engine)
        with h5py.File(example) as source, h5py.File(saved, "r+") as target:
            for name in ("format", "format_version", "posterior_sha256"):
                target.attrs[name] = source.attrs[name]
            source.copy("model", target)
        verified = run("verify", saved)
        check(f"a posterior saved by xarray with {engine} is accepted{verified.stderr[-200:]}", verified.returncode == 0)
        check(f"saved with {engine}, it is said to be unsigned", "unsigned" in run("inspect", saved).stdout)


def check_opens(original, copy):
    """A file that our program wrote opens in xarray and ArviZ with the right dimensions and the original's values."""
    name = os.path.basename(original)
    with h5py.File(original) as file:
        expected = {key: item[()] for key, item in file["posterior"].items() if key.endswith((".weight", ".bias"))}
        statistics = {key: item[()] for key, item in file.get("sample_stats", {}).items() if item.ndim == 2}
        labels = file["evaluation_data/labels"][()] if "evaluation_data" in file else None
    for engine in ("netcdf4", "h5netcdf"):
        with xarray.open_dataset(copy, group="posterior", engine=engine) as posterior:
            check(f"{name}: {engine} finds every weight and nothing else", set(posterior.data_vars) == set(expected))
            for key, values in expected.items():
                layer = key.rsplit(".", 1)[0]
                dimensions = ("chain", "draw") + tuple(f"{layer}_{axis}" for axis in PARAMETER_AXES[values.ndim])
                check(f"{name}: {engine} {key} has dimensions {dimensions}", posterior[key].dims == dimensions)
                check(f"{name}: {engine} {key} has its values", np.array_equal(posterior[key].values, values))
            check(f"{name}: {engine} chains count 0, 1, …",
                  posterior["chain"].values.tolist() == list(range(next(iter(expected.values())).shape[0])))
    inference = arviz.from_netcdf(copy)
    check(f"{name}: ArviZ has a posterior", "posterior" in inference.groups())
    for key, values in expected.items():
        check(f"{name}: ArviZ {key} has its values", np.array_equal(inference.posterior[key].values, values))
    for key, values in statistics.items():
        found = inference.sample_stats[key]
        check(f"{name}: ArviZ {key} has dimensions (chain, draw)", found.dims == ("chain", "draw"))
        check(f"{name}: ArviZ {key} has its values", np.array_equal(found.values, values))
        if key == "diverging":
            check(f"{name}: ArviZ reads diverging as truth values", found.dtype == bool)
    if labels is not None:
        with h5py.File(copy) as file:
            check(f"{name}: the labels are the original's", np.array_equal(file["evaluation_data/labels"][()], labels))
    with h5py.File(original) as source, h5py.File(copy) as file:
        check(f"{name}: the reference answers are the original's", ("reference" in file) == ("reference" in source) and all(
            np.array_equal(file["reference"][key][()], item[()]) for key, item in source.get("reference", {}).items()))
    with h5py.File(copy) as file:
        texts = [value for group in ("/", "/model", "/provenance", "/reference") if group in file
                 for value in file[group].attrs.values()]
        check(f"{name}: h5py reads text attributes as str", not any(isinstance(value, bytes) for value in texts))
        json.loads(file["model"].attrs["architecture"])
        weights = [item for key, item in file["posterior"].items() if key in expected]
        check(f"{name}: a chunk is one draw with a checksum",
              all(item.chunks == (1, 1) + item.shape[2:] and item.fletcher32 for item in weights))


def main():
    with tempfile.TemporaryDirectory() as folder:
        example = check_example(folder)
        check_netcdf(folder, example)
        check_tutorial(folder)
        originals = [example] + [os.path.join(FIXTURES, path) for path in (
            "oracles/moons-fc2-leaky.h5", "oracles/mnist-conv-leaky.h5", "oracles/mnist-fc2-relu.h5", "malformed/valid.h5")]
        for original in originals:
            for options in ((), ("--compress",)):
                copy = os.path.join(folder, "copy.h5")
                copied = run("copy", original, copy, *options)
                check(f"{os.path.basename(original)} is copied {' '.join(options)}{copied.stderr[-200:]}", copied.returncode == 0)
                verified = run("verify", copy)
                check(f"the copy is accepted{verified.stderr[-200:]}", verified.returncode == 0)
                check_opens(original, copy)
    print("all is well" if failures == 0 else f"{failures} checks failed")
    return 1 if failures else 0


sys.exit(main())
