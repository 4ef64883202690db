"""Processor time of `posterior verify` on a hundred thousand draws of a small network, beside h5py reading that file.

    verify_draws.py [POSTERIOR] [--repetitions 3] [--draws 25000] [--write Docs/performance.md]

4 chains of 25,000 draws of 2-8-2, each draw a chunk with its own Fletcher-32 checksum, are 400,000 chunks: what a chunk
costs decides, not what it holds. h5py reads every data set once, in a process of its own, and computes nothing. Both
are whole programs, from their start to their end, one after the other in every repetition; processor time is user and
system.
"""
import argparse
import datetime
import json
import pathlib
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile

import h5py
import numpy

BEGIN, END = "<!-- draws: begin -->", "<!-- draws: end -->"
ARCHITECTURE = {"input_shape": [2], "class_count": 2, "layers": [
    {"type": "dense", "name": "hidden", "units": 8, "activation": "relu"},
    {"type": "dense", "name": "output", "units": 2, "activation": "identity"}]}
SHAPES = {"hidden.weight": (8, 2), "hidden.bias": (8,), "output.weight": (2, 8), "output.bias": (2,)}
READ = """
import sys, h5py
with h5py.File(sys.argv[1]) as file:
    for values in file["posterior"].values():
        values[()]
"""


def write(path, chains, draws):
    random = numpy.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "bnn-posterior", "format_version": "1.1"})
        file.create_group("model").attrs.update(
            {"architecture": json.dumps(ARCHITECTURE), "input_bounds": numpy.array([0.0, 1.0])})
        file.create_group("provenance").attrs["kind"] = "mcmc"
        for name, shape in SHAPES.items():
            file.create_dataset(f"posterior/{name}", data=random.normal(size=(chains, draws) + shape).astype("<f4"),
                                chunks=(1, 1) + shape, fletcher32=True)


def processor_seconds(command):
    """User and system time of a program and of all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posterior", nargs="?", default=".build/release/posterior", help="the program `posterior`")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--draws", type=int, default=25_000, help="draws of each of four chains")
    parser.add_argument("--write", type=pathlib.Path, help="page to write the figures into")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "draws.h5"
        write(path, 4, options.draws)
        size = path.stat().st_size
        theirs, ours = [], []
        for _ in range(options.repetitions):
            theirs.append(processor_seconds([sys.executable, "-c", READ, str(path)]))
            ours.append(processor_seconds([options.posterior, "verify", str(path)]))
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    text = "\n".join([
        f"{datetime.date.today()}, {model[1] if model else platform.machine()}, h5py {h5py.__version__} with HDF5 "
        f"{h5py.version.hdf5_version}, {size / 1e6:.0f} MB in {16 * options.draws:,} chunks; {options.repetitions} "
        f"repetitions, processor time, min / median:",
        "", "| program | what it does | processor time |", "|---|---|--:|",
        f"| h5py | reads every data set | {min(theirs):.2f} / {statistics.median(theirs):.2f} s |",
        "| `posterior verify` | reads every data set in its checking process: checksums, digests, finiteness, distinct "
        f"and unfilled draws; opens it again | {min(ours):.2f} / {statistics.median(ours):.2f} s |",
        f"| ratio | | {min(ours) / min(theirs):.2f} / {statistics.median(ours) / statistics.median(theirs):.2f} |"])
    print(text)
    if options.write:
        page = options.write.read_text()
        options.write.write_text(f"{page.split(BEGIN)[0]}{BEGIN}\n{text}\n{END}{page.split(END)[1]}")


if __name__ == "__main__":
    main()
