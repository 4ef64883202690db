"""Jobs that the old programs begin and the new ones go on with: journals, caches and folders of results."""

import dataclasses
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import typing

from cases import environment, observe, run


@dataclasses.dataclass
class Scenario:
    title: str
    steps: typing.Callable

    def run(self, old, new, fixtures, everything):
        """Sentences and differences; nothing when the new programs go on as the old ones would."""
        with Workshop(old, new, fixtures, everything) as workshop:
            try:
                yield from self.steps(workshop)
            except Unexpected as problem:
                yield f"  {problem}"


class Unexpected(Exception):
    pass


class Workshop:
    """The programs, and folders that are removed in the end."""

    def __init__(self, old, new, fixtures, everything):
        self.old, self.new, self.fixtures, self.everything = old, new, fixtures, everything

    def __enter__(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="continued-")).resolve()
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.place, ignore_errors=True)

    def folder(self, name):
        folder = self.place / name
        folder.mkdir()
        (folder / "Fixtures").symlink_to(self.fixtures)
        return folder

    def copy(self, folder, name):
        return pathlib.Path(shutil.copytree(folder, self.place / name, symlinks=True))

    def expect(self, line, programs, folder):
        end = run(line, programs, folder)
        if end.returncode != 0:
            raise Unexpected(f"`{line}` of {programs} ended with {end.returncode}: {end.stderr.decode().strip()}")
        return end

    def files(self, folder):
        return observe(folder, self.old, self.fixtures, self.new)

    def kill(self, line, folder, reached, patience):
        """Runs a line of the old programs and kills it some time after something was reached; whether it was."""
        words = line.split()
        process = subprocess.Popen(
            [str(self.old / words[0])] + words[1:], cwd=folder, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not reached(folder):
            time.sleep(0.002)
        time.sleep(patience)
        process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL and reached(folder)

    def killed(self, line, reached, seconds):
        """A folder in which the line was killed part-way: earlier and earlier until it was not done yet."""
        for attempt, share in enumerate([0.4, 0.3, 0.2, 0.1, 0.05] + [0] * 20):
            folder = self.folder(f"killed-{attempt}")
            if self.kill(line, folder, reached, share * seconds):
                return folder
        raise Unexpected(f"`{line}` was always done before it could be killed")


def changed(name, before, after):
    """The names of the files that differ."""
    wrong = sorted(key for key in set(before) | set(after) if before.get(key) != after.get(key))
    if wrong:
        yield f"  {name}: not the same are {', '.join(wrong)}"


def modified(folder, patterns):
    """When and as what files were written."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_size)
        for pattern in patterns for path in sorted(folder.glob(pattern)) if path.is_file()
    }


def training(title, words):
    """A training that is killed and resumed, and published before."""
    line = f"train {words} --output run.h5"

    def has_begun(folder):
        journal = folder / "run.h5.journal"
        return (journal / "run.json").exists() and any(journal.glob("chain-*.state"))

    def steps(workshop):
        whole = workshop.folder("whole")
        begin = time.monotonic()
        workshop.expect(line, workshop.old, whole)
        killed = workshop.killed(line, has_begun, time.monotonic() - begin)
        expected = workshop.files(whole)
        said = {}
        for name, programs in (("old", workshop.old), ("new", workshop.new)):
            folder = workshop.copy(killed, name)
            refused = run("train --resume run.h5 --draws 3", programs, folder)
            published = run("posterior publish run.h5 --output partial.h5", programs, folder)
            said[name] = [(end.returncode, end.stdout, end.stderr) for end in (refused, published)]
            if (folder / "partial.h5").exists():
                said[name].append(observe(folder, programs, workshop.fixtures, workshop.new)["the file partial.h5"])
                (folder / "partial.h5").unlink()
            workshop.expect("train --resume run.h5", programs, folder)
            yield from changed(f"resumed by the {name} programs", expected, workshop.files(folder))
        if said["old"] != said["new"]:
            yield f"  what is said of the journal differs: {said['old']!r} before, {said['new']!r} now"

    return Scenario(title, steps)


def cache(workshop):
    """A reproduction's posteriors are found again, and its experiments."""
    name = "all" if workshop.everything else "figure1"
    line = f"reproduce {name} --scale smoke --output results --threads 2"
    whole = workshop.folder("whole")
    begin = time.monotonic()
    workshop.expect(line, workshop.old, whole)
    seconds = time.monotonic() - begin
    expected = workshop.files(whole)
    everything = modified(whole, ["results/**/*"])

    again = workshop.copy(whole, "again")
    plan = workshop.expect(line + " --dry-run", workshop.new, again).stdout.decode()
    if "posteriors to train" in plan or "in all: about 0" not in plan:
        yield f"  what the old programs have finished is planned again: {plan}"
    workshop.expect(line, workshop.new, again)
    posteriors = ["results/posteriors/**/*", "results/*/*"]
    yield from changed("finished by the old programs and run again", modified(whole, posteriors), modified(again, posteriors))

    emptied = workshop.copy(whole, "emptied")
    for folder in (emptied / "results").iterdir():
        if folder.is_dir() and folder.name != "posteriors":
            shutil.rmtree(folder)
    workshop.expect(line, workshop.new, emptied)
    kept = ["results/posteriors/**/*"]
    yield from changed("posteriors of the old programs", modified(whole, kept), modified(emptied, kept))
    yield from changed("experiments on posteriors of the old programs", expected, workshop.files(emptied))

    def has_journal(folder):
        return any((folder / "results/posteriors").glob("*.journal/chain-*.state"))

    killed = workshop.killed(line, has_journal, 0.2 * seconds)
    finished = modified(killed, ["results/posteriors/*.h5"])
    workshop.expect(line, workshop.new, killed)
    yield from changed("a job killed and gone on with", expected, workshop.files(killed))
    now = modified(killed, ["results/posteriors/*.h5"])
    yield from changed("posteriors finished before the kill", finished, {name: now.get(name) for name in finished})
    if not everything:
        yield "  nothing was made"


def results(workshop):
    """A benchmark's results are kept, and the missing ones made."""
    attacks = ["random:draws=3", "fgsm"] + [f"pgd:steps={steps}" for steps in range(20, 44, 2)]
    suite = {
        "name": "small", "version": 1, "seed": 3, "decision": "predictive", "examples": 100,
        "threats": [{"norm": "linf", "relativeRadius": 0.1}, {"norm": "l2", "relativeRadius": 0.1}],
        "gradientsPerExample": 100, "queriesPerExample": 1000,
        "attacks": [{"attack": attack, "objective": "predictive"} for attack in attacks],
    }
    path = workshop.place / "suite.json"
    path.write_text(json.dumps(suite), encoding="utf-8")
    model = "Fixtures/oracles/moons-fc2-leaky.h5"
    line = f"benchmark run --suite {path} --models {model} --csv table.csv --results results"
    whole = workshop.folder("whole")
    begin = time.monotonic()
    workshop.expect(line, workshop.old, whole)
    seconds = time.monotonic() - begin
    expected = workshop.files(whole)

    def has_some(folder):
        return len(list((folder / "results").glob("[!.]*.json"))) >= 2

    killed = workshop.killed(line, has_some, 0.5 * seconds)
    for hidden in (killed / "results").glob(".*"):
        hidden.unlink()
    finished = modified(killed, ["results/*.json"])
    workshop.expect(line, workshop.new, killed)
    yield from changed("begun by the old programs", expected, workshop.files(killed))
    now = modified(killed, ["results/*.json"])
    yield from changed("results finished before the kill", finished, {name: now.get(name) for name in finished})
    again = workshop.copy(whole, "again")
    workshop.expect(line, workshop.new, again)
    kept = ["results/*.json"]
    yield from changed("finished by the old programs and run again", modified(whole, kept), modified(again, kept))


MOONS = "--data half-moons --architecture dense:16,tanh --seed 4"
SCENARIOS = [
    training(
        "continued: HMC killed part-way",
        f"hmc {MOONS} --training-examples 1000 --draws 120 --warmup 60 --chains 3 --leapfrog-steps 10"),
    training(
        "continued: HMC from a maximum, killed part-way",
        f"hmc {MOONS} --training-examples 500 --draws 100 --warmup 40 --chains 2 --leapfrog-steps 10 --start map"
        " --map-iterations 50 --prior-scale 0.5,1 --temperature 0.5 --data-seed 2 --compress"),
    training(
        "continued: VI killed part-way",
        f"vi {MOONS} --training-examples 2000 --epochs 400 --batch-size 20 --draws 50"),
    training(
        "continued: an ensemble killed part-way",
        f"ensemble {MOONS} --training-examples 2000 --epochs 20 --members 8 --schedule cosine"),
    Scenario("continued: the cache of a reproduction", cache),
    Scenario("continued: results of a benchmark", results),
]
