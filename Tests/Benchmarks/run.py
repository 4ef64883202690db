"""Runs our benchmarks and those of PyTorch and JAX alternately, and prints the ratios beside the aims.

    run.py [--rounds 3] [--torch PYTHON] [--jax PYTHON] [--benchmarks PROGRAM] [--write Docs/performance.md]

Absolute times move with whatever else the machine does, so only ratios of one run mean something: every round runs our side
and theirs one after the other, each in a process of its own. PYTHON is an interpreter that has torch, or jax and numpyro (the one that runs
this script unless given; `TORCH_PYTHON` and `JAX_PYTHON` in the environment work too). What is not found is not measured. A run during which
other processes took a twentieth of the machine is tried again.
"""
import argparse
import datetime
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

# Title, our row, whose and which row stands beside it, the ratio aimed at.
TABLE = [
    ("PGD on the predictive, float32", "pgd-float32", "torch", "pgd", 2.6),
    ("the same, bfloat16 gradients", "pgd-bfloat16", "torch", "pgd", 5.3),
    ("PGD, float32, beside one image and one draw at a time", "pgd-float32", "torch", "pgd-one-at-a-time", 100),
    ("the same, bfloat16 gradients", "pgd-bfloat16", "torch", "pgd-one-at-a-time", 100),
    ("input gradient of the convolutional network, float32", "conv-float32", "torch", "conv", 2.0),
    ("input gradient of a ResNet-20, batch of 64, float32", "resnet20-float32", "torch", "resnet20", 1.5),
    ("input gradient of a mobile network, batch of 64, float32", "mobile-float32", "torch", "mobile", 1.5),
    ("full-batch gradient of the log-posterior, float32", "gradient-float32", "torch", "gradient", 2.5),
    ("the same", "gradient-float32", "jax", "gradient", 1.4),
    ("the same, bfloat16", "gradient-bfloat16", "torch", "gradient", 5.0),
    ("the same, bfloat16", "gradient-bfloat16", "jax", "gradient", 2.8),
    ("HMC transition of 10 leapfrog steps, float32", "hmc-float32", "jax", "hmc", 1.4),
    ("training step of the convolutional network, float32", "conv-training-float32", "torch", "conv-training", 1.6),
]
NAMES = {"torch": "PyTorch", "jax": "JAX, NumPyro"}
OURS = ["pgd-float32", "pgd-bfloat16", "conv-float32", "resnet20-float32", "mobile-float32", "gradient-float32", "gradient-bfloat16", "hmc-float32",
        "conv-training-float32", "hmc-paper-float32"]
# In the order of a round: theirs follows ours of the same work.
ORDER = [("ours", "pgd-float32"), ("torch", "pgd"), ("ours", "pgd-bfloat16"), ("torch", "pgd-one-at-a-time"),
         ("ours", "conv-float32"), ("torch", "conv"), ("ours", "resnet20-float32"), ("torch", "resnet20"), ("ours", "mobile-float32"), ("torch", "mobile"),
         ("ours", "gradient-float32"), ("torch", "gradient"),
         ("jax", "gradient"), ("ours", "gradient-bfloat16"), ("ours", "hmc-float32"), ("jax", "hmc"),
         ("ours", "conv-training-float32"), ("torch", "conv-training"), ("ours", "hmc-paper-float32")]


def busy_seconds():
    """Processor seconds of the whole machine so far, and of our children; None where the system does not say."""
    try:
        with open("/proc/stat") as file:
            fields = [int(field) for field in file.readline().split()[1:9]]
    except OSError:
        return None
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, nice, system, _, _, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK") - own.ru_utime - own.ru_stime


def lines(command, patience):
    """The answer of a run during which others took less than a twentieth of the machine, or of the last of `patience` tries."""
    for attempt in range(patience):
        before, start = busy_seconds(), time.monotonic()
        answer = subprocess.run(command, capture_output=True, text=True)
        if answer.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{answer.stderr.strip()[-2000:]}")
        share = 0 if before is None else (busy_seconds() - before) / (time.monotonic() - start) / os.cpu_count()
        if share < 0.05:
            break
        if attempt + 1 < patience:
            time.sleep(2)
    return [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")], share


def has(python, modules):
    try:
        return subprocess.run([python, "-c", f"import {modules}"], capture_output=True).returncode == 0
    except OSError:
        return False


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return re.search(r"model name\s*:\s*(.*)", file.read()).group(1)
    except (OSError, AttributeError):
        return platform.processor() or platform.machine()


def implementations(options):
    """Which code computes the products of attacks and of training, in the library's own words."""
    answer = subprocess.run([options.benchmarks, "--machine"], capture_output=True, text=True, check=True)
    return [line for line in answer.stdout.splitlines() if line.startswith(("attacks on", "training of"))]


def run(options, peers):
    """All seconds, and the last other numbers, of every row; the names of both libraries; how many runs were disturbed."""
    results, libraries, disturbed = {}, {}, 0
    for turn in range(options.rounds):
        for side, row in ORDER:
            if side != "ours" and side not in peers or options.only and not any(word in row for word in options.only):
                continue
            command = {
                "ours": [options.benchmarks, row, "--json"],
                "torch": [options.torch, os.path.join(HERE, "pytorch_baseline.py"), row],
                "jax": [options.jax, os.path.join(HERE, "jax_baseline.py"), row],
            }[side]
            # These are long enough with fewer.
            repetitions = 1 if row in ("pgd-one-at-a-time", "hmc-paper-float32") else 2
            command += ["--repetitions", str(repetitions), "--threads", str(options.threads)]
            found, share = lines(command, options.patience)
            disturbed += share >= 0.05
            for line in found:
                if "library" in line:
                    libraries[side] = line["library"]
                    continue
                known = results.setdefault((side, line["row"]), {"seconds": [], "packed": []})
                known["seconds"] += line["seconds"]
                known["peak"] = line.get("peak_bytes")
                known["member_gradients"] = line.get("member_gradients")
                if "product_seconds" in line:
                    known["packed"].append(line["product_seconds"] / min(line["seconds"]))
                known["gflops"] = max(known.get("gflops", 0), line.get("gflops", 0))
        print(f"round {turn + 1} of {options.rounds} done", file=sys.stderr)
    return results, libraries, disturbed


def seconds(values):
    return f"{min(values):.3g} / {statistics.median(values):.3g} s"


def own_table(results):
    yield "| ours | min / median | GFLOP/s | member-gradients/s | products alone | peak memory |"
    yield "|---|---|---|---|---|---|"
    for row in OURS:
        found = results.get(("ours", row))
        if not found:
            continue
        packed = f"{100 * max(found['packed']):.0f} %" if found["packed"] else "–"
        yield (f"| {row} | {seconds(found['seconds'])} | {found['gflops']:.0f} | "
               f"{found['member_gradients'] / min(found['seconds']):.3g} | {packed} | {found['peak'] / 2**20:.0f} MiB |")


def ratio_table(results):
    yield "| work | beside | theirs, min / median | ours, min / median | ratio of minima | of medians | aim | |"
    yield "|---|---|---|---|---|---|---|---|"
    for title, ours, side, theirs, aim in TABLE:
        a, b = results.get(("ours", ours)), results.get((side, theirs))
        if not a or not b:
            continue
        best = min(b["seconds"]) / min(a["seconds"])
        middle = statistics.median(b["seconds"]) / statistics.median(a["seconds"])
        yield (f"| {title} | {NAMES[side]} | {seconds(b['seconds'])} | {seconds(a['seconds'])} | {best:.3g} × | {middle:.3g} × | "
               f"≥ {aim:g} × | {'reached' if best >= aim else 'missed'} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--patience", type=int, default=4, help="tries of a run that other processes disturb")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--torch", default=os.environ.get("TORCH_PYTHON", sys.executable), metavar="PYTHON")
    parser.add_argument("--jax", default=os.environ.get("JAX_PYTHON", sys.executable), metavar="PYTHON")
    parser.add_argument("--only", action="append", metavar="WORD", help="rows whose name contains the word")
    parser.add_argument("--benchmarks", default=os.path.join(".build", "release", "benchmarks"), metavar="PROGRAM")
    parser.add_argument("--write", metavar="PAGE", help="put the tables between the markers of this page")
    options = parser.parse_args()
    peers = [side for side, python, modules in [
        ("torch", options.torch, "torch"), ("jax", options.jax, "jax, numpyro")] if has(python, modules)]
    results, libraries, disturbed = run(options, peers)
    machine = f"{processor()}, {os.cpu_count()} cores; {libraries['ours']}"
    others = "; ".join(libraries[side] for side in peers if side in libraries) or "alone"
    text = [f"{datetime.date.today()}: {machine}; {others}; "
            f"{options.threads} threads, {options.rounds} rounds"
            + (f", {disturbed} runs disturbed by other processes." if disturbed else "."), ""]
    text += list(ratio_table(results)) + [""] if peers else []
    text += list(own_table(results))
    text += ["", "What oneDNN calls the code that it chose:", ""] + [f"- {line}" for line in implementations(options)]
    print("\n".join(text))
    if len(peers) < 2:
        print("\nPyTorch or JAX with NumPyro was not found: what stands beside them was not measured. Give interpreters with --torch and --jax.")
    elif options.write:
        with open(options.write, encoding="utf-8") as file:
            page = file.read()
        before, rest = page.split(BEGIN)
        after = rest.split(END)[1]
        with open(options.write, "w", encoding="utf-8") as file:
            file.write(before + BEGIN + "\n" + "\n".join(text) + "\n" + END + after)


if __name__ == "__main__":
    main()
