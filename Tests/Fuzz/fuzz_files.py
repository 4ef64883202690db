#!/usr/bin/env python3
"""Mutates valid posterior files and looks for what must not happen: README.md beside this file.

Each mutation follows from its number. An accepted file is read again with h5py, and its digests computed as
Docs/file-format.md says, independently of the package."""

import argparse
import collections
import datetime
import hashlib
import json
import os
import pathlib
import platform
import re
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import h5py

import bases
import mutations
import oracle

BEGIN, END = "<!-- files: begin -->", "<!-- files: end -->"
BATCH = 100
# What a sentence may have at most: the longest quote names from the file, cut.
LONGEST = 1500


def children():
    """Seconds of processor time of all processes that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Verifier:
    """The program that verifies the files, and is started again where it ends."""

    # Of the clock: twenty times the processor time that a file may take.
    patience = 400

    def __init__(self, program, seconds, valid):
        self.command = [program, str(seconds), valid]
        self.start()

    def start(self):
        # A crash is an answer here: printing a backtrace would only take time.
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "SWIFT_BACKTRACE": "enable=no", "LD_BIND_NOW": "1"})

    def verify(self, path):
        """What the program says about a file, or how it failed on it, as `ending`."""
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], self.patience)
        line = self.process.stdout.readline() if ready else ""
        if line:
            return json.loads(line)
        self.process.kill()
        code = self.process.wait()
        self.start()
        return {"ending": f"ended with {code}" if ready else f"hung for {self.patience} s", "seconds": 0,
                "errors": [], "warnings": [], "isValid": False}


def word(said):
    """What became of a refused file, in a word."""
    reason = said["errors"][0]
    return ("stopped" if "could not be checked" in reason else "damaged" if ": is damaged: " in reason
            else "digest" if "is not the digest" in reason else "otherwise")


def judge(path, said, reader, original):
    """What became of one mutation in words, and the faults in it.

    original: The digest of the content of the file that was mutated."""
    if "ending" in said:
        return "the program failed", [f"the program {said['ending']}"]
    faults = []
    if said["seconds"] > 20:
        faults.append(f"takes {said['seconds']:.0f} s of processor time")
    for sentence in said["errors"] + said["warnings"]:
        if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", sentence):
            faults.append(f"says what is more than a line: {sentence!r}")
        if len(sentence) > LONGEST:
            faults.append(f"says {len(sentence)} characters: {sentence[:200]!r}")
        if not sentence.startswith(f"{path}: "):
            faults.append(f"does not begin with the name of the file: {sentence[:200]!r}")
    if not said["isValid"]:
        if not said["errors"]:
            faults.append("is refused without a word")
            return "refused: otherwise", faults
        return "refused: " + word(said), faults
    if said["errors"]:
        faults.append("is accepted with an error")
    answer = reader.read(path)
    if "refused" in answer:
        # Versions of the library differ in what they refuse. The digest says whether what was read is right.
        if said["isSigned"] and said["contentSHA256"] == original:
            return "accepted: same digest, not by h5py", faults
        return "accepted", faults + [f"was accepted, but h5py does not read it: {answer['refused']}"]
    computed = answer["computed"]
    reported = {"content_sha256": said["contentSHA256"], "posterior_sha256": said["posteriorSHA256"],
                "data_sha256": said.get("dataSHA256")}
    for name in computed:
        if reported[name] != computed[name]:
            faults.append(f"was accepted with another {name} than h5py reads")
        if name in answer["stored"] and answer["stored"][name].strip(" ").lower() != computed[name]:
            faults.append(f"was accepted although its content differs from its {name}")
    is_signed = "content_sha256" in answer["stored"]
    if is_signed != said["isSigned"]:
        faults.append("has a digest for one reader and none for the other")
    return "accepted: " + ("same digest" if is_signed else "unsigned"), faults


def differs(posterior, path, said):
    """How the program itself answers otherwise than what is forked; None where it does not.

    What was stopped early may come to its end within the program's own limit: that is told apart. So is a file that
    both refuse in other words: where the library reads memory that the file does not fill, one process dies and the
    next says what it found there."""
    run = subprocess.run([posterior, "verify", str(path)], capture_output=True, text=True, errors="replace")
    lines = run.stderr.splitlines()
    errors = [line[len("error: "):] for line in lines if line.startswith("error: ")]
    warnings = [line[len("warning: "):] for line in lines if line.startswith("warning: ")]
    is_valid = run.stdout.startswith(f"{path}: valid")
    if not said["isValid"] and word(said) == "stopped":
        if run.returncode == 65 and "could not be checked" in run.stderr:
            return None
        return "stopped early: " + ("accepted" if is_valid else "refused")
    if run.returncode == 65 and not is_valid and errors and not said["isValid"] and errors != said["errors"]:
        return "refused in other words"
    if (run.returncode, is_valid, errors, warnings) != (
            0 if said["isValid"] else 65, said["isValid"], said["errors"], said["warnings"]):
        return f"`posterior verify` says {run.returncode}, {run.stdout!r}, {run.stderr[-500:]!r}"
    return None


class Run:
    """The figures of a run so far, which a file keeps."""

    def __init__(self, first):
        self.first = self.next = first
        self.tally, self.sample, self.faults = collections.Counter(), collections.Counter(), []
        self.processor = self.clock = self.slowest = 0.0
        self.longest = 0

    def text(self):
        return json.dumps({**vars(self), "tally": [[*key, n] for key, n in self.tally.items()]})

    @staticmethod
    def of(text):
        values = json.loads(text)
        run = Run(values["first"])
        vars(run).update(values)
        run.tally = collections.Counter({tuple(entry[:-1]): entry[-1] for entry in values["tally"]})
        run.sample = collections.Counter(values["sample"])
        return run

    def batch(self, count, options, files, verifier, reader):
        """Mutations from the next number on."""
        start, before = time.monotonic(), time.process_time() + children()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="fuzz-", dir=options.memory))
        for number in range(self.next, self.next + count):
            path = str(folder / f"{number}.h5")
            kind, base = files.mutate(number, pathlib.Path(path))
            said = verifier.verify(path)
            what, faults = judge(path, said, reader, files.digests[base])
            self.processor += said["seconds"]
            self.slowest = max(self.slowest, said["seconds"])
            self.longest = max([self.longest] + [len(text) - len(path) for text in said["errors"] + said["warnings"]])
            if number % options.sample == 0 and "ending" not in said:
                difference = differs(options.posterior, path, said)
                early = difference and difference.startswith(("stopped early", "refused in other words"))
                self.sample[difference if early else "differs" if difference else what] += 1
                if difference and not early:
                    faults.append(difference)
            self.tally[kind, base, what] += 1
            for fault in faults:
                fault = fault.replace(path, "FILE")
                print(f"FAULT mutation {number} ({kind} of {base}): {fault}", flush=True)
                self.faults.append([number, kind, base, fault])
                if options.keep:
                    shutil.copyfile(path, options.keep / f"{number}.h5")
            os.unlink(path)
        folder.rmdir()
        self.next += count
        self.clock += time.monotonic() - start
        self.processor += time.process_time() + children() - before


def table(rows, columns, count):
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
    for row in rows:
        lines.append(f"| {row} | " + " | ".join(str(count(row, column)) for column in columns) + " |")
    return lines


def summary(run, options, versions):
    """The figures, for people."""
    outcomes = sorted({outcome for _, _, outcome in run.tally})
    total = sum(run.tally.values())

    def count(place):
        return lambda row, column: sum(n for key, n in run.tally.items() if key[place] == row and key[2] == column)

    lines = [f"{datetime.date.today()}, {versions}: {total:,} mutations (from number {run.first}) of "
             f"{len(options.bases)} files, **{len(run.faults)} faults**. {run.processor:,.0f} s of processor time, "
             f"{run.clock:,.0f} s of the clock; the slowest file took {run.slowest:.1f} s of processor time, the "
             f"longest sentence has {run.longest} characters.", ""]
    lines += table(sorted({kind for kind, _, _ in run.tally}), outcomes, count(0)) + [""]
    lines += table(sorted({base for _, base, _ in run.tally}), outcomes, count(1)) + [""]
    lines += [f"Every {options.sample}th went through `posterior verify` as well: "
              + ", ".join(f"{n} {what}" for what, n in sorted(run.sample.items())) + "."]
    return "\n".join(lines)


def versions(options):
    def output(*command):
        try:
            return subprocess.run(command, capture_output=True, text=True, cwd=pathlib.Path(__file__).parent).stdout
        except OSError:
            return ""

    library = output("pkg-config", "--modversion", "hdf5")
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return (f"commit {output('git', 'rev-parse', '--short', 'HEAD').strip()}, "
            f"{model[1] if model else platform.machine()}, h5py {h5py.__version__} with HDF5 "
            f"{h5py.version.hdf5_version} beside HDF5 {library.strip() or 'of the system'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verifier", type=pathlib.Path, help="the program `fuzz-files`")
    parser.add_argument("posterior", type=pathlib.Path, help="the program `posterior`")
    parser.add_argument("bases", type=pathlib.Path, nargs="*", help="further valid files to mutate")
    parser.add_argument("--count", type=int, default=1000, help="number of mutations, with those made before")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--seconds", type=float, default=0.3, help="processor time for checking one file")
    parser.add_argument("--sample", type=int, default=100, help="every such one also goes through `posterior verify`")
    parser.add_argument("--state", type=pathlib.Path, help="a file that keeps the figures; a run with it goes on")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the files with faults")
    parser.add_argument("--memory", type=pathlib.Path, default="/dev/shm", help="folder for the files, best in memory")
    parser.add_argument("--write", type=pathlib.Path, help="page to write the figures into")
    options = parser.parse_args()
    options.posterior = options.posterior.resolve()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-bases-") as folder:
        options.bases = [base.resolve() for base in options.bases] + bases.make(pathlib.Path(folder), options.posterior)
        for base in options.bases:
            run = subprocess.run([options.posterior, "verify", base], capture_output=True, text=True)
            answer = oracle.reading(base)
            if run.returncode or answer.get("stored") != {k: v for k, v in answer.get("computed", {}).items() if v}:
                sys.exit(f"{base} must be valid and signed: {run.stderr}{answer}")
        files = mutations.Bases(options.bases)
        files.digests = {base.name: oracle.reading(base)["computed"]["content_sha256"] for base in options.bases}
        seal = hashlib.sha256(b"".join(hashlib.sha256(data).digest() for data in files.data)).hexdigest()
        run = Run(options.first)
        run.bases = seal
        if options.state and options.state.exists():
            run = Run.of(options.state.read_text())
            if run.bases != seal or run.first != options.first:
                sys.exit(f"{options.state} is of mutations of other files, or begins elsewhere")
        verifier, reader = Verifier(options.verifier.resolve(), options.seconds, options.bases[-1]), oracle.Reader()
        while run.next < options.first + options.count:
            run.batch(min(BATCH, options.first + options.count - run.next), options, files, verifier, reader)
            if options.state:
                options.state.write_text(run.text())
            if (run.next - run.first) // BATCH % 20 == 0:
                print(f"{run.next - run.first} mutations, {len(run.faults)} faults, {run.clock:.0f} s", flush=True)
        reader.stop()
    text = summary(run, options, versions(options))
    print(text)
    if options.write:
        page = options.write.read_text()
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        options.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    sys.exit(1 if run.faults else 0)


if __name__ == "__main__":
    main()
