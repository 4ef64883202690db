#!/usr/bin/env python3
"""Mutates valid posterior files and looks for what must not happen: README.md beside this file.

Each mutation follows from its number alone. An accepted file is read again with h5py, and its digest computed as
Docs/file-format.md says, independently of the package."""

import argparse
import collections
import hashlib
import multiprocessing
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

sys.dont_write_bytecode = True

EXTREMES = [0, 1, 2, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, (1 << 64) - 1]
SIGNATURES = re.compile(rb"TREE|SNOD|HEAP|OHDR|OCHK|GCOL|FRHP|FHDB|BTHD|BTLF|FSHD|FADB|EAHD|EADB|\x89HDF")

NUMBERS = {"|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8", ">f4"}


# MARK: mutations of bytes

def flip(data, r):
    for _ in range(r.randint(1, 8)):
        data[r.randrange(len(data))] ^= r.randint(1, 255)


def truncate(data, r):
    del data[r.randrange(1, len(data)):]


def extreme(data, r):
    size = r.choice([1, 2, 4, 8])
    at = r.randrange(0, len(data) - 8) // 2 * 2
    data[at:at + size] = (r.choice(EXTREMES) & ((1 << 8 * size) - 1)).to_bytes(size, "little")


def copy_bytes(data, r):
    length = r.randint(1, 64)
    source, target = r.randrange(len(data) - length), r.randrange(len(data) - length)
    data[target:target + length] = data[source:source + length]


def zero(data, r):
    length = r.randint(1, 512)
    at = r.randrange(len(data))
    data[at:at + length] = bytes(len(data[at:at + length]))


def insert_or_delete(data, r):
    at, length = r.randrange(len(data)), r.randint(1, 32)
    if r.random() < 0.5:
        data[at:at] = bytes(r.randrange(256) for _ in range(length))
    else:
        del data[at:at + length]


def structure(data, r):
    """Behind one of the library's own signatures: groups, heaps, chunk tables, headers."""
    places = [match.start() for match in SIGNATURES.finditer(data)]
    at = r.choice(places) + r.randrange(4, 96)
    if r.random() < 0.5 and at + 8 < len(data):
        size = r.choice([1, 2, 4, 8])
        data[at:at + size] = (r.choice(EXTREMES) & ((1 << 8 * size) - 1)).to_bytes(size, "little")
    elif at < len(data):
        data[at] ^= r.randint(1, 255)


def addresses(data, r):
    """One address or length put in the place of another: chunk tables that point elsewhere."""
    words = [at for at in range(0, len(data) - 8, 8) if 0 < int.from_bytes(data[at:at + 8], "little") < len(data)]
    a, b = r.choice(words), r.choice(words)
    data[a:a + 8] = data[b:b + 8]


# MARK: mutations through the library, which leave a file in order

def holders(file):
    found = [file["/"]]
    file.visititems(lambda _, item: found.append(item))
    return found


def change_attribute(file, r):
    item = r.choice([holder for holder in holders(file) if len(holder.attrs)])
    name = r.choice(sorted(item.attrs))
    value = item.attrs[name]
    kind = r.randrange(4)
    if kind == 0:
        del item.attrs[name]
    elif kind == 1:
        item.attrs[name] = r.choice(["", "x", "mcmc", "1.0", "2.0", "0" * 64, "\u00e9" * r.randint(1, 300), -1, 1.5, 2 ** 40])
    elif isinstance(value, (str, bytes)) and len(value):
        text = value if isinstance(value, str) else value.decode("latin-1")
        at = r.randrange(len(text))
        item.attrs[name] = text[:at] + chr(r.randrange(32, 127)) + text[at + 1:]
    else:
        array = numpy.atleast_1d(numpy.asarray(value))
        if array.dtype.kind in "fiu":
            item.attrs[name] = array * r.choice([-1, 0, 2, 1e30, float("nan")])
        else:
            del item.attrs[name]


def change_values(file, r):
    names = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) and item.size else None)
    item = file[r.choice(sorted(names))]
    index = tuple(r.randrange(extent) for extent in item.shape)
    if item.dtype.kind in "fiu":
        with numpy.errstate(all="ignore"):
            item[index] = numpy.asarray(r.choice([0, 1, -1, 7, 1e-30, 1e30, float("nan"), 255])).astype(item.dtype)


def change_dataset(file, r):
    names = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    name = r.choice(sorted(names))
    values = file[name][()]
    del file[name]
    kind = r.randrange(4)
    if kind == 0:
        return
    if kind == 1:
        values = values.astype(r.choice(["<f8", ">f4", "<f2", "<i4", "|u1", ">i8"]))
    elif kind == 2 and values.ndim:
        values = numpy.swapaxes(values, 0, -1).copy()
    elif values.ndim:
        values = values[:-1] if len(values) > 1 else values
    file[name] = values


BYTES = [flip, truncate, extreme, copy_bytes, zero, insert_or_delete, structure, structure, addresses]
LIBRARY = [change_attribute, change_values, change_dataset]


def mutate(number, bases, path):
    """Writes mutation `number`, and returns what kind it is."""
    r = random.Random(number)
    base = r.choice(bases)
    if r.random() < 0.25:
        change = r.choice(LIBRARY)
        shutil.copyfile(base, path)
        try:
            with h5py.File(path, "r+") as file:
                change(file, r)
        except (OSError, ValueError, TypeError, KeyError, RuntimeError, OverflowError):
            pass  # what the library itself does not write: the file as far as it came
    else:
        change = r.choice(BYTES)
        data = bytearray(base.read_bytes())
        for _ in range(r.choice([1, 1, 1, 2, 4])):
            if len(data) > 100:
                change(data, r)
        path.write_bytes(data)
    return change.__name__


# MARK: what must not happen

def digest(file, paths, attributes):
    """The digest of Docs/file-format.md."""
    def numbers(path, values):
        return path, values.dtype.str, ",".join(map(str, values.shape)), values.tobytes()

    items = [numbers(path, file[path][()]) for path in paths]
    for group, name in attributes:
        value = file[group].attrs[name]
        if isinstance(value, str):
            items.append((f"{group}@{name}", "text", "", value.encode("utf-8", "surrogateescape")))
        elif numpy.asarray(value).dtype.str in NUMBERS:  # what is neither text nor numbers has no digest
            items.append(numbers(f"{group}@{name}", numpy.asarray(value)))
    lines = ["\t".join(item[:3]) + "\t" + hashlib.sha256(item[3]).hexdigest() + "\n" for item in sorted(items)]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def oracle(path):
    """Whether the file's own digest is that of its content, as h5py reads it: a word."""
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            return "h5py hangs" if os.WTERMSIG(status) == signal.SIGALRM else "h5py crashes"
        return ["same", "differs", "unsigned", "h5py refuses"][min(os.WEXITSTATUS(status), 3)]
    code = 3
    signal.alarm(10)
    try:
        with h5py.File(path, "r") as file:
            stored = file.attrs.get("content_sha256")
            stored = stored.decode() if isinstance(stored, bytes) else stored
            paths = []
            file.visititems(lambda name, item: paths.append("/" + name) if isinstance(item, h5py.Dataset) else None)
            attributes = [(group, name) for group in ("/model", "/provenance") if group in file for name in file[group].attrs]
            if "/reference" in file:
                attributes += [("/reference", name) for name in file["/reference"].attrs]
            code = 2 if stored is None else 0 if digest(file, paths, attributes) == stored else 1
    except Exception:  # whatever h5py makes of it
        code = 3
    finally:
        os._exit(code)


def verify(posterior, folder, names):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    run = subprocess.run([posterior, "verify"] + names, cwd=folder, capture_output=True, text=True, errors="replace")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return run, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - start


def batch(job):
    first, count, posterior, bases, keep = job
    tally, faults = collections.Counter(), []
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fuzz-"))
    kinds = {}
    for number in range(first, first + count):
        kinds[f"{number}.h5"] = mutate(number, bases, folder / f"{number}.h5")
    run, processor, _ = verify(posterior, folder, list(kinds))

    def fault(name, what):
        faults.append(f"mutation {name[:-3]} ({kinds[name]}): {what}")
        if keep:
            shutil.copyfile(folder / name, pathlib.Path(keep) / name)

    slowest = 0.0
    if run.returncode not in (0, 65) or processor > 2 * count:
        for name in kinds:
            alone, processor_alone, seconds = verify(posterior, folder, [name])
            slowest = max(slowest, processor_alone)
            if alone.returncode not in (0, 65):
                fault(name, f"ended with {alone.returncode}: {alone.stderr[-300:]}")
            if processor_alone > 20:
                fault(name, f"took {processor_alone:.0f} s of processor time")
    text = run.stdout + run.stderr
    for name, kind in kinds.items():
        accepted = re.search(rf"^{name}: valid", text, re.M) is not None
        refused = re.search(rf"^error: {name}: (.*)$", text, re.M)
        if accepted == bool(refused):
            fault(name, "is neither accepted nor refused")
        elif refused:
            reason = refused[1]
            word = ("stopped" if "stopped" in reason else "damaged" if "damaged" in reason
                    else "digest" if "is not the digest" in reason else "other reason")
            tally[kind, "refused: " + word] += 1
        else:
            word = oracle(folder / name)
            if word == "differs":
                fault(name, "was accepted although its content differs from its digest")
            if word == "unsigned" and not re.search(rf"{name}.*(unsigned|digest)", text):
                tally[kind, "accepted: unsigned"] += 1
            else:
                tally[kind, "accepted: " + word] += 1
    shutil.rmtree(folder)
    return tally, faults, processor, slowest


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("posterior", type=pathlib.Path, help="the program `posterior`")
    parser.add_argument("bases", type=pathlib.Path, nargs="+", help="valid files to mutate")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the files with faults")
    options = parser.parse_args()
    posterior, bases = options.posterior.resolve(), [base.resolve() for base in options.bases]
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    run, *_ = verify(posterior, ".", [str(base) for base in bases])
    if run.returncode:
        sys.exit("the files to mutate must be valid:\n" + run.stderr)
    size = 100
    jobs = [(first, min(size, options.first + options.count - first), posterior, bases, options.keep)
            for first in range(options.first, options.first + options.count, size)]
    tally, faults, processor, slowest, begin = collections.Counter(), [], 0.0, 0.0, time.monotonic()
    with multiprocessing.Pool(options.jobs) as pool:
        for done, (some, more, used, slow) in enumerate(pool.imap_unordered(batch, jobs), 1):
            tally += some
            faults += more
            processor += used
            slowest = max(slowest, slow)
            for text in more:
                print("FAULT", text, flush=True)
            if done % 50 == 0:
                print(f"{sum(tally.values())} mutations, {len(faults)} faults, {time.monotonic() - begin:.0f} s", flush=True)
    outcomes = sorted({outcome for _, outcome in tally})
    print("| mutation | " + " | ".join(outcomes) + " |")
    print("|---|" + "--:|" * len(outcomes))
    for kind in sorted({kind for kind, _ in tally}):
        print(f"| {kind} | " + " | ".join(str(tally[kind, outcome]) for outcome in outcomes) + " |")
    print(f"\n{sum(tally.values())} mutations of {len(bases)} files, {len(faults)} faults; "
          f"{1000 * processor / max(1, options.count):.0f} ms of processor time each")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
