"""A posterior of 720 ResNet-20, 0.8 GB, is evaluated in less than 1 GB of memory, and as it is without a limit.

Usage: python Tests/Python/test_large_posterior.py PROGRAM [EXAMPLES]
PROGRAM is the built `evaluate`. Needs numpy and h5py, 2 GB on disk and some ten minutes. The file is made on the fly from
Fixtures/networks/resnet20-bn.h5: its draws, each with noise of 2 %.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

PROGRAM = sys.argv[1]
EXAMPLES = sys.argv[2] if len(sys.argv) > 2 else "16"
SOURCE = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "Fixtures", "networks", "resnet20-bn.h5")
CHAINS, DRAWS = 3, 240


def write(path, draws):
    rng = np.random.default_rng(0)
    with h5py.File(SOURCE) as source, h5py.File(path, "w") as file:
        for name, value in source.attrs.items():
            file.attrs[name] = value
        model = file.create_group("model")
        for name, value in source["model"].attrs.items():
            model.attrs[name] = value
        posterior = file.create_group("posterior")
        for name, weights in source["posterior"].items():
            own = weights[...]
            data = posterior.create_dataset(
                name, (CHAINS, draws) + own.shape[2:], dtype="f4", chunks=(1, 1) + own.shape[2:])
            for chain in range(CHAINS):
                base = own[chain % own.shape[0], 0]
                noise = rng.normal(size=(draws,) + base.shape).astype("f4") * 0.02 * np.abs(base).mean()
                data[chain] = base + (np.abs(noise) if name.endswith("running_var") else noise)
        for name in ("inputs", "labels"):
            file[f"evaluation_data/{name}"] = source[f"evaluation_data/{name}"][...]
        file.create_group("provenance").attrs["kind"] = "mcmc"


def evaluate(path, *options):
    begin = time.monotonic()
    done = subprocess.run(
        [PROGRAM, "--model", path, "--attack", "pgd:steps=5", "--checks", "quick", "--format", "json", *options],
        capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"FAILED  exit code {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout), time.monotonic() - begin


def numbers(result):
    """What must not depend on memory."""
    runs = [{key: value for key, value in run.items() if "econds" not in key} for run in result["runs"]]
    return json.dumps([runs, result["cleanAccuracy"]], sort_keys=True)


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "resnet20-720.h5")
    # Small enough to be held: streamed and held must be the same bits.
    write(path, 8)
    held, _ = evaluate(path, "--examples", "4")
    streamed, _ = evaluate(path, "--examples", "4", "--memory-limit", "260MB")
    if numbers(held) != numbers(streamed):
        sys.exit("FAILED  streamed draws give other numbers than those held in memory")
    print("ok      streamed draws give the numbers of those held in memory")
    write(path, DRAWS)
    size = os.path.getsize(path)
    result, seconds = evaluate(path, "--examples", EXAMPLES, "--memory-limit", "900MB")
    peak = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(
        f"{'ok     ' if peak < 1e9 else 'FAILED '} {CHAINS * DRAWS} draws, {size / 1e9:.2f} GB, {EXAMPLES} examples, 5 steps: "
        f"{peak / 1e6:.0f} MB at most, {seconds:.0f} s, clean accuracy {result['cleanAccuracy']}, robust "
        f"{result['runs'][0]['robustAccuracy']}")
    sys.exit(peak >= 1e9)
