"""Mutations of posterior files. Each follows from its number and the files that are mutated, alone."""

import random
import re
import shutil

import h5py
import numpy

EXTREMES = [0, 1, 2, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, (1 << 64) - 1]
SIGNATURES = re.compile(rb"TREE|SNOD|HEAP|OHDR|OCHK|GCOL|FRHP|FHDB|BTHD|BTLF|FSHD|FAHD|FADB|EAHD|EAIB|EADB|\x89HDF")


# MARK: bytes

def flip(data, r):
    for _ in range(r.randint(1, 8)):
        data[r.randrange(len(data))] ^= r.randint(1, 255)


def truncate(data, r):
    del data[r.randrange(1, len(data)):]


def overwrite(data, at, r):
    """An extreme number, or another byte."""
    if r.random() < 0.5 and at + 8 < len(data):
        size = r.choice([1, 2, 4, 8])
        data[at:at + size] = (r.choice(EXTREMES) & ((1 << 8 * size) - 1)).to_bytes(size, "little")
    elif at < len(data):
        data[at] ^= r.randint(1, 255)


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
    overwrite(data, (r.choice(places) if places else 0) + r.randrange(4, 96), r)


def addresses(data, r):
    """One address or length put in the place of another: chunk tables that point elsewhere."""
    words = [at for at in range(0, len(data) - 8, 8) if 0 < int.from_bytes(data[at:at + 8], "little") < len(data)]
    if words:
        a, b = r.choice(words), r.choice(words)
        data[a:a + 8] = data[b:b + 8]


# MARK: structures with a checksum, which no other mutation of bytes gets past

def lookup3(data):
    """The checksum of the library's own structures: Jenkins' `hashlittle`, with 0 as the initial value."""
    mask = 0xFFFFFFFF

    def rotated(x, k):
        return (x << k | x >> 32 - k) & mask

    a = b = c = (0xDEADBEEF + len(data)) & mask
    if not data:
        return c
    padded = bytes(data) + bytes(-len(data) % 12)
    words = memoryview(padded).cast("I")
    for at in range(0, len(words) - 3, 3):
        a, b, c = (a + words[at]) & mask, (b + words[at + 1]) & mask, (c + words[at + 2]) & mask
        a = (a - c) & mask ^ rotated(c, 4)
        c = c + b & mask
        b = (b - a) & mask ^ rotated(a, 6)
        a = a + c & mask
        c = (c - b) & mask ^ rotated(b, 8)
        b = b + a & mask
        a = (a - c) & mask ^ rotated(c, 16)
        c = c + b & mask
        b = (b - a) & mask ^ rotated(a, 19)
        a = a + c & mask
        c = (c - b) & mask ^ rotated(b, 4)
        b = b + a & mask
    a, b, c = (a + words[-3]) & mask, (b + words[-2]) & mask, (c + words[-1]) & mask
    for x, k in (("c", 14), ("a", 11), ("b", 25), ("c", 16), ("a", 4), ("b", 14), ("c", 24)):
        if x == "c":
            c = (c ^ b) - rotated(b, k) & mask
        elif x == "a":
            a = (a ^ c) - rotated(c, k) & mask
        else:
            b = (b ^ a) - rotated(a, k) & mask
    return c


def sealed(data):
    """Where the structures lie that a checksum follows: from a signature on, as long as it takes for it to be right."""
    found = []
    places = [match.start() for match in SIGNATURES.finditer(data)]
    for start in places:
        if data[start:start + 4] in (b"TREE", b"SNOD", b"HEAP", b"GCOL"):  # the older structures have none
            continue
        for end in range(start + 8, min(start + 1024, len(data) - 4)):
            if lookup3(data[start:end]) == int.from_bytes(data[end:end + 4], "little"):
                found.append((start, end))
                break
    return found


def reseal(data, places, r):
    """A change within such a structure, with the checksum that belongs to it."""
    start, end = r.choice(places)
    for _ in range(r.choice([1, 1, 2])):
        overwrite(data, r.randrange(start + 4, end), r)
    data[end:end + 4] = lookup3(data[start:end]).to_bytes(4, "little")


# MARK: through the library, which leaves a file in order

def holders(file):
    found = [file["/"]]
    file.visititems(lambda _, item: found.append(item))
    return found


def datasets(file):
    found = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return sorted(found)


def change_attribute(file, r):
    item = r.choice([holder for holder in holders(file) if len(holder.attrs)])
    name = r.choice(sorted(item.attrs))
    value = item.attrs[name]
    kind = r.randrange(4)
    if kind == 0:
        del item.attrs[name]
    elif kind == 1:
        item.attrs[name] = r.choice(["", "x", "mcmc", "1.0", "2.0", "0" * 64, "\u00e9" * r.randint(1, 300), -1, 1.5,
                                     2 ** 40, "a\nb\x1b[31m\u2028c"])
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
    item = file[r.choice([name for name in datasets(file) if file[name].size])]
    index = tuple(r.randrange(extent) for extent in item.shape)
    if item.dtype.kind in "fiu":
        with numpy.errstate(all="ignore"):
            item[index] = numpy.asarray(r.choice([0, 1, -1, 7, 1e-30, 1e30, float("nan"), 255])).astype(item.dtype)


def change_dataset(file, r):
    name = r.choice(datasets(file))
    values = file[name][()]
    del file[name]
    kind = r.randrange(5)
    if kind == 0:
        return
    if kind == 1:
        values = values.astype(r.choice(["<f8", ">f4", "<f2", "<i4", "|u1", ">i8"]))
    elif kind == 2 and values.ndim:
        values = numpy.swapaxes(values, 0, -1).copy()
    elif kind == 3:
        file["/" + r.choice(["further", "posterior/further", "sample_stats/further", "a\nb"])] = values
    elif values.ndim:
        values = values[:-1] if len(values) > 1 else values
    file[name] = values


def change_chunk(file, r):
    """A chunk as it lies in the file: other bytes, fewer or more, filters that are said to have been left out."""
    item = file[r.choice([name for name in datasets(file) if file[name].chunks])]
    start = tuple(r.randrange(extent) // size * size for extent, size in zip(item.shape, item.chunks))
    mask, chunk = item.id.read_direct_chunk(start)
    chunk = bytearray(chunk)
    kind = r.randrange(4)
    if kind == 0:
        flip(chunk, r)
    elif kind == 1:
        del chunk[r.randrange(1, len(chunk) + 1):]
    elif kind == 2:
        chunk += bytes(r.randrange(256) for _ in range(r.randint(1, 64)))
    else:
        mask = r.choice([0, 1, 2, 3, 4, 7, 0xFFFFFFFF])
    item.id.write_direct_chunk(start, bytes(chunk), mask)


BYTES = [flip, truncate, extreme, copy_bytes, zero, insert_or_delete, structure, structure, addresses]
LIBRARY = [change_attribute, change_attribute, change_values, change_dataset, change_chunk]


class Bases:
    """The valid files that are mutated."""

    def __init__(self, paths):
        self.paths = paths
        self.data = [path.read_bytes() for path in paths]
        self.sealed = [sealed(data) for data in self.data]

    def mutate(self, number, path):
        """Writes mutation `number`, and returns of what kind it is and of which file."""
        r = random.Random(number)
        base = r.randrange(len(self.paths))
        if r.random() < 0.25:
            change = r.choice(LIBRARY)
            shutil.copyfile(self.paths[base], path)
            try:
                with h5py.File(path, "r+") as file:
                    change(file, r)
            except (OSError, ValueError, TypeError, KeyError, RuntimeError, OverflowError):
                pass  # what the library itself does not write: the file as far as it came
            return change.__name__, self.paths[base].name
        data = bytearray(self.data[base])
        if self.sealed[base] and r.random() < 0.5:
            kind = "reseal"
            for _ in range(r.choice([1, 1, 1, 2, 4])):
                reseal(data, self.sealed[base], r)
        else:
            change = r.choice(BYTES)
            kind = change.__name__
            for _ in range(r.choice([1, 1, 1, 2, 4])):
                if len(data) > 100:
                    change(data, r)
        path.write_bytes(data)
        return kind, self.paths[base].name
