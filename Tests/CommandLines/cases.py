"""Reads the recorded command lines, runs them in folders of their own, and observes what they leave."""

import contextlib
import dataclasses
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile

from masks import mask

LIMIT_SECONDS = 600


@dataclasses.dataclass
class Case:
    title: str
    files: list
    lines: list


def read_cases(path):
    cases = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            cases.append(Case(line[3:], [], []))
        elif line.startswith("file "):
            _, name, text = line.split(" ", 2)
            cases[-1].files.append((name, text))
        elif line and not line.startswith("#"):
            cases[-1].lines.append(line)
    return cases


def environment(more=()):
    """What the programs see of the machine: nothing that would change their words."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": "C.UTF-8"} | dict(more)


@contextlib.contextmanager
def fresh_folder(fixtures):
    """A folder with the fixtures in it, as a clean checkout has them."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="command-lines-")).resolve()
    try:
        (folder / "Fixtures").symlink_to(fixtures)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(line, programs, folder):
    """Runs one line: `NAME=VALUE` before the program and `>/dev/full` behind it are as in a shell."""
    words = shlex.split(line)
    variables = []
    while "=" in words[0]:
        variables.append(words.pop(0).split("=", 1))
    output = subprocess.PIPE
    full = None
    if words[-1] == ">/dev/full":
        words.pop()
        output = full = open("/dev/full", "wb")
    try:
        return subprocess.run(
            [str(programs / words[0])] + words[1:], cwd=folder, env=environment(variables), stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.PIPE, timeout=LIMIT_SECONDS)
    finally:
        if full:
            with contextlib.suppress(OSError):
                full.close()


def run_case(case, programs, fixtures, reader):
    """What every line of the case said, and what the files then hold; `reader` is whose `posterior` reads files."""
    with fresh_folder(fixtures) as folder:
        for name, text in case.files:
            (folder / name).write_text(text, encoding="utf-8")
        seen = {}
        for number, line in enumerate(case.lines, 1):
            key = f"{number}. {line}"
            end = run(line, programs, folder)
            seen[key + "\n  exit code"] = str(end.returncode)
            seen[key + "\n  standard output"] = masked(end.stdout or b"", folder, programs, fixtures)
            seen[key + "\n  standard error"] = masked(end.stderr, folder, programs, fixtures)
        written = {name for name, _ in case.files}
        return seen | observe(folder, programs, fixtures, reader, ignoring=written)


def masked(data, folder, programs, fixtures):
    return mask(data.decode("utf-8", "backslashreplace"), folder=folder, programs=programs, fixtures=fixtures)


def observe(folder, programs, fixtures, reader, ignoring=()):
    """The files below a folder as texts: HDF5 as `posterior inspect` tells it, journals by names and their options."""
    seen = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name.startswith("Fixtures") or path.is_dir() or name in ignoring:
            continue
        data = path.read_bytes()
        is_journal = any(part.endswith(".journal") for part in path.parts)
        if data.startswith(b"\x89HDF"):
            inspected = subprocess.run(
                [str(reader / "posterior"), "inspect", str(path)], env=environment(), capture_output=True)
            # Other arrays, such as adversarial inputs, must be the same bytes.
            text = f"{len(data)} bytes\n{inspected.stdout.decode()}" if inspected.returncode == 0 else data.hex()
            text = mask(text, folder=folder, programs=programs, fixtures=fixtures)
        elif is_journal and path.suffix != ".json":
            text = "there"
        elif path.suffix == ".png":
            text = data.hex()
        else:
            text = masked(data, folder, programs, fixtures)
        seen[f"the file {name}"] = text
    return seen
