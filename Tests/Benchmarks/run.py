"""Runs our benchmarks and those of PyTorch and JAX alternately, and prints the ratios beside the aims.

    run.py [--rounds 3] [--torch PYTHON] [--jax PYTHON] [--benchmarks PROGRAM] [--only WORD] [--write Docs/performance.md]

Absolute times move with whatever else the machine does, so only ratios of one run mean something: every round runs our side
and theirs one after the other, each in a process of its own. PYTHON is an interpreter that has torch, or jax and numpyro (the one that runs
this script unless given; `TORCH_PYTHON` and `JAX_PYTHON` in the environment work too). What is not found is not measured. A run during which
other processes took a twentieth of the machine is tried again. PyTorch does an attack in every way that it has in the first round, and in the
fastest of them in the others. The page gets a section for every processor, and a new one in place of the old.
"""
import argparse
import datetime
import json
import os
import re
import resource
import subprocess
import sys
import time

import attack_works
import performance_page
import tables

HERE = os.path.dirname(os.path.abspath(__file__))

# In the order of a round: theirs follows ours of the same work.
OTHERS = [("ours", "certify-784-64-64-10"), ("torch", "pgd-one-at-a-time"), ("ours", "conv-float32"), ("torch", "conv"),
          ("ours", "gradient-float32"), ("torch", "gradient"), ("jax", "gradient"), ("ours", "gradient-bfloat16"),
          ("ours", "hmc-float32"), ("jax", "hmc"), ("ours", "conv-training-float32"), ("torch", "conv-training"),
          ("ours", "hmc-paper-float32")]
# These are long enough with fewer repetitions.
LONG = ["pgd-one-at-a-time", "hmc-paper-float32"]


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


def cpuinfo():
    try:
        with open("/proc/cpuinfo") as file:
            return file.read()
    except OSError:
        return ""


def default_threads(options):
    """Those that our side would take: as many as affinity and the container's limits leave."""
    return int(re.search(r"^processor: .*, (\d+) thread", "\n".join(of_program(options, "--machine")), re.MULTILINE)[1])


def of_program(options, word):
    return subprocess.run([options.benchmarks, word], capture_output=True, text=True, check=True).stdout.splitlines()


def order(options, peers):
    """(side, row) of one round: the attacks in every precision, of both where this machine has it, and the other work."""
    ours = of_program(options, "--rows")
    everything = [(side, row) for row in attack_works.rows() for side in ("ours", "torch")] + OTHERS
    return [
        (side, row) for side, row in everything
        if (row in ours if side == "ours" else side in peers)
        and (not options.only or any(word in row for word in options.only))]


def run(options, peers):
    """All seconds, and the last other numbers, of every row; the names of the libraries; how many runs were disturbed."""
    results, libraries, disturbed = {}, {}, 0
    for turn in range(options.rounds):
        for side, row in order(options, peers):
            command = {
                "ours": [options.benchmarks, row, "--json"],
                "torch": [options.torch, os.path.join(HERE, "pytorch_baseline.py"), row],
                "jax": [options.jax, os.path.join(HERE, "jax_baseline.py"), row],
            }[side]
            command += ["--repetitions", str(1 if row in LONG else options.repetitions), "--threads", str(options.threads)]
            way = results.get((side, row), {}).get("way")
            if way:
                command += ["--way", way]
            start = time.monotonic()
            found, share = lines(command, options.patience)
            disturbed += share >= 0.05
            print(f"{side} {row}: {time.monotonic() - start:.0f} s", file=sys.stderr)
            for line in found:
                if "library" in line:
                    libraries[side] = line["library"]
                    continue
                known = results.setdefault((side, line["row"]), {"seconds": [], "packed": []})
                known["seconds"] += line["seconds"]
                known["peak"] = line.get("peak_bytes")
                for name in ("member_gradients", "log_loss", "fallen", "way", "trouble"):
                    if line.get(name) is not None:
                        known[name] = line[name]
                if "product_seconds" in line:
                    known["packed"].append(line["product_seconds"] / min(line["seconds"]))
                for name in ("gflops", "product_gflops"):
                    known[name] = max(known.get(name, 0), line.get(name, 0))
        print(f"round {turn + 1} of {options.rounds} done", file=sys.stderr)
    return results, libraries, disturbed


def report(options, peers, results, libraries, disturbed):
    others = "; ".join(libraries[side] for side in peers if side in libraries) or "alone"
    text = [f"{datetime.date.today()}: {libraries.get('ours', '–')}; {others}; {os.cpu_count()} processors, {options.rounds} rounds"
            + (f", {disturbed} runs disturbed by other processes." if disturbed else "."), ""]
    text += list(tables.attack_table(results)) + [""]
    text += [f"PyTorch: {trouble}." for trouble in tables.troubles(results)]
    differences = [f"**Not the same work**: {difference}." for difference in tables.differences(results)]
    text += differences + ([""] if differences else [])
    text += list(tables.ratio_table(results)) + [""] if peers else []
    text += list(tables.own_table(results))
    # The library's own words for the code that it chose.
    kernels = [line for line in of_program(options, "--machine") if line.startswith(("attacks on", "training of"))]
    text += ["", "What oneDNN calls the code that it chose:", ""] + [f"- {line}" for line in kernels]
    if "jax" not in peers:
        text += ["", "JAX with NumPyro was not there: what stands beside them was not measured."]
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repetitions", type=int, default=2, help="of a row in one round")
    parser.add_argument("--patience", type=int, default=4, help="tries of a run that other processes disturb")
    parser.add_argument("--threads", type=int, help="default: all that this process may use")
    parser.add_argument("--torch", default=os.environ.get("TORCH_PYTHON", sys.executable), metavar="PYTHON")
    parser.add_argument("--jax", default=os.environ.get("JAX_PYTHON", sys.executable), metavar="PYTHON")
    parser.add_argument("--only", action="append", metavar="WORD", help="rows whose name contains the word")
    parser.add_argument("--benchmarks", default=os.path.join(".build", "release", "benchmarks"), metavar="PROGRAM")
    parser.add_argument("--write", metavar="PAGE", help="put the tables into this processor's section of this page")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write needs every row: a section with some of them would take the place of one with all")
    options.threads = options.threads or default_threads(options)
    peers = [side for side, python, modules in [
        ("torch", options.torch, "torch, numpy"), ("jax", options.jax, "jax, numpyro")] if has(python, modules)]
    results, libraries, disturbed = run(options, peers)
    text = report(options, peers, results, libraries, disturbed)
    print(text)
    if "torch" not in peers:
        print("\nPyTorch was not found: what stands beside it was not measured. Give an interpreter that has it with --torch.")
    elif options.write:
        with open(options.write, encoding="utf-8") as file:
            page = file.read()
        key = performance_page.key(performance_page.processor(cpuinfo()), libraries["ours"], options.threads)
        with open(options.write, "w", encoding="utf-8") as file:
            file.write(performance_page.put(page, key, text))


if __name__ == "__main__":
    main()
