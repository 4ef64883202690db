"""Compares what is read and what is refused of files that Python packages write with the table in Docs/file-format.md.

Usage: python test_writers.py PROGRAM PYTHON-WITH-ARVIZ-1 [--write]
PROGRAM is the built `posterior`. Needs what writers.py needs, for ArviZ 1 in the other Python. With --write the table is
written anew. The exit code says whether the table is what was found, and every file that is read has the numbers written.
"""
import json
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

import writers

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Docs", "file-format.md")
BEGIN, END = "<!-- writers -->\n", "<!-- end of writers -->\n"
failures = 0


def check(what, is_true):
    global failures
    print(("ok      " if is_true else "FAILED  ") + what)
    failures += not is_true


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120)


def expected(way):
    """Weights, labels and truth values of a way as a reader must find them."""
    groups = writers.posterior()
    writers.WAYS[way](groups)
    members = groups["posterior"][0]
    weights = {name: variable.values.astype("<f4") for name, variable in members.items()}
    statistics = groups["sample_stats"][0]
    return weights, groups["evaluation_data"][0]["labels"].values, statistics["diverging"].values


def outcome(program, writer, way, path):
    verified = run(program, "verify", path)
    if verified.returncode == 65:
        check(f"{writer}, {way}: one sentence says why it is refused", verified.stderr.startswith("error: "))
        return "refused"
    check(f"{writer}, {way}: verify ends with 0 or 65, not {verified.returncode}", verified.returncode == 0)
    copy = path + ".copy.h5"
    copied = run(program, "copy", path, copy)
    check(f"{writer}, {way}: it is copied {copied.stderr}", copied.returncode == 0)
    weights, labels, diverging = expected(way)
    with h5py.File(copy) as file:
        for name, values in weights.items():
            check(f"{writer}, {way}: {name} has its values", np.array_equal(file["posterior"][name][()], values))
        check(f"{writer}, {way}: the divergences are theirs",
              np.array_equal(file["sample_stats/diverging"][()] != 0, diverging))
        check(f"{writer}, {way}: the labels are theirs", np.array_equal(file["evaluation_data/labels"][()], labels))
    # Of the warnings, those about the file; all files have the same divergent draws.
    said = [line for line in verified.stderr.splitlines() if line.startswith(f"warning: {path}: /")]
    return "said" if said else "read"


def table(found):
    columns = list(writers.WRITERS)
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for way in writers.WAYS:
        lines.append(f"| {way} | " + " | ".join(found[writer].get(way, "–") for writer in columns) + " |")
    return "\n".join(lines) + "\n"


def write_files(folder, python):
    script = os.path.abspath(writers.__file__)
    here = [name for name in writers.WRITERS if name != "ArviZ 1"]
    for program, names in ((sys.executable, here), (python, ["ArviZ 1"])):
        written = subprocess.run([program, script, folder, *names], capture_output=True, text=True)
        print(written.stderr, end="")
        check(f"{', '.join(names)} write their files", written.returncode == 0)


def main(program, python, is_writing):
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        write_files(folder, python)
        for writer in writers.WRITERS:
            with open(os.path.join(folder, writer, "outcomes.json")) as file:
                content = json.load(file)
            print(writer, content["versions"])
            found[writer] = {
                way: outcome(program, writer, way, path) for way, path in content["files"].items() if path}
    with open(PAGE) as file:
        before, rest = file.read().split(BEGIN)
        old, after = rest.split(END)
    new = table(found)
    if is_writing:
        with open(PAGE, "w") as file:
            file.write(before + BEGIN + new + END + after)
    else:
        check(f"the table in Docs/file-format.md is what was found:\n{new}", old == new)
    print("all is well" if failures == 0 else f"{failures} checks failed")
    return 1 if failures else 0


sys.exit(main(sys.argv[1], sys.argv[2], "--write" in sys.argv[3:]))
