"""Posterior files as h5py reads them: their digests as Docs/file-format.md says, independently of the package."""

import hashlib
import json
import os
import resource
import select
import signal

import h5py
import numpy

NUMBERS = {"|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8", ">f4"}


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


def arrays(group, depth=0):
    """The paths of all data sets, each as often as links lead to it."""
    found = []
    for name in group:
        item = group[name]
        if isinstance(item, h5py.Dataset):
            found.append(f"{group.name.rstrip('/')}/{name}")
        elif isinstance(item, h5py.Group) and depth < 8:
            found += arrays(item, depth + 1)
    return found


def parameters(file):
    """The paths of the parameters, as the architecture names their layers; from 1.1 on some may be shared."""
    layers = {layer["name"] for layer in json.loads(file["model"].attrs["architecture"])["layers"] if "name" in layer}
    groups = ["/posterior"] + (["/shared"] if is_later(file) and "shared" in file else [])
    return [f"{group}/{name}" for group in groups for name in file[group]
            if "." in name and name.rsplit(".", 1)[0] in layers and isinstance(file[group][name], h5py.Dataset)]


def is_later(file):
    """Whether it says that it is of 1.1 or above."""
    version = text(file.attrs["format_version"])
    return [int(part) for part in version.rstrip(" ").split(".")] >= [1, 1]


def digests(file):
    """The three digests of an open file, by the names of their attributes; None for data that are not there."""
    groups = ["/model", "/provenance"] + (["/reference"] if is_later(file) else [])
    attributes = [(group, name) for group in groups if group in file for name in file[group].attrs]
    data = ["/evaluation_data/inputs", "/evaluation_data/labels"]
    return {
        "content_sha256": digest(file, arrays(file), attributes),
        "posterior_sha256": digest(file, parameters(file), [("/model", "architecture"), ("/model", "input_bounds")]),
        "data_sha256": digest(file, data, []) if data[0] in file else None,
    }


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def reading(path):
    """What h5py makes of a file: its digests as `computed`, those that it holds as `stored`; or `refused`, and why."""
    try:
        with h5py.File(path, "r") as file:
            computed = digests(file)
            stored = {name: text(file.attrs[name]) for name in computed if name in file.attrs}
            return {"computed": computed, "stored": {name: str(value) for name, value in stored.items()}}
    except Exception as error:  # whatever h5py makes of it
        return {"refused": f"{type(error).__name__}: {error}"[:300]}


class Reader:
    """Reads files one after the other in a process of its own, which a file may bring down."""

    patience = 10

    def __init__(self):
        self.child = None

    def start(self):
        to_child, from_parent = os.pipe()
        to_parent, from_child = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            os.close(from_parent)
            os.close(to_parent)
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            with os.fdopen(to_child) as paths, os.fdopen(from_child, "w") as answers:
                for path in paths:
                    print(json.dumps(reading(path.rstrip("\n"))), file=answers, flush=True)
            os._exit(0)
        os.close(to_child)
        os.close(from_child)
        self.paths = os.fdopen(from_parent, "w", buffering=1)
        self.answers = os.fdopen(to_parent)

    def stop(self):
        if not self.child:
            return None
        os.kill(self.child, signal.SIGKILL)
        _, status = os.waitpid(self.child, 0)
        self.child = None
        self.answers.close()
        try:
            self.paths.close()
        except BrokenPipeError:
            pass
        return status

    def read(self, path):
        """What h5py makes of a file. What is not plainly right is asked again in a fresh process."""
        answer = self.ask(path)
        if answer.get("stored", {}).get("content_sha256") != answer.get("computed", {}).get("content_sha256"):
            self.stop()
            answer = self.ask(path)
        return answer

    def ask(self, path):
        if not self.child:
            self.start()
        try:
            self.paths.write(f"{path}\n")
        except BrokenPipeError:
            pass
        ready, _, _ = select.select([self.answers], [], [], self.patience)
        line = self.answers.readline() if ready else ""
        if line:
            return json.loads(line)
        self.stop()
        return {"refused": "h5py crashes" if ready else "h5py hangs"}
