"""Writes small files of numpy and safetensors with known values, for the tests of the reader of such files.

    python3 make_arrays.py OUTPUT_FOLDER

Every array is a formula of its position in row-major order, so that the tests know the values without reading a second
file: (37 position + 11) mod 101 - 50 for numbers with a sign, without the - 50 for those without, a quarter of it for
floating-point numbers, and whether it is odd for truth values.

Needs numpy and safetensors (PyPI).
"""

import io
import pathlib
import sys
import zipfile

import numpy
from safetensors.numpy import save_file

SHAPE = (3, 4, 5)


def values(dtype, shape=SHAPE):
    base = (37 * numpy.arange(int(numpy.prod(shape)), dtype=numpy.int64) + 11) % 101
    dtype = numpy.dtype(dtype)
    if dtype.kind == "b":
        base = base % 2 == 1
    elif dtype.kind == "f":
        base = (base - 50) / 4
    elif dtype.kind == "i":
        base = base - 50
    return base.reshape(shape).astype(dtype)


def npy(folder):
    for kind in ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
        for order in "<>":
            if order == ">" and kind[1] == "1":
                continue
            name = {"<": "little", ">": "big"}[order] + "-" + kind
            numpy.save(folder / f"{name}.npy", values(order + kind))
    numpy.save(folder / "columns-f4.npy", numpy.asfortranarray(values("<f4")))
    numpy.save(folder / "columns-big-i2.npy", numpy.asfortranarray(values(">i2")))
    numpy.save(folder / "scalar.npy", numpy.float64(1.25))
    numpy.save(folder / "empty.npy", numpy.zeros((0, 7), "<f4"))
    for major in (1, 2, 3):
        with open(folder / f"version-{major}.npy", "wb") as file:
            numpy.lib.format.write_array(file, values("<f4"), version=(major, 0))
    numpy.save(folder / "objects.npy", numpy.array([1, "a", None], dtype=object), allow_pickle=True)
    numpy.save(folder / "records.npy", numpy.array([(1, 2.0)], dtype=[("label", "<i4"), ("input", "<f4")]))
    numpy.save(folder / "complex.npy", numpy.array([1 + 2j]))
    numpy.save(folder / "text.npy", numpy.array(["cat", "dog"]))
    numpy.save(folder / "dates.npy", numpy.array(["2020-01-01"], "datetime64[D]"))
    numpy.save(folder / "large.npy", numpy.array([1.0, 1e300]))
    numpy.save(folder / "odd.npy", numpy.array([0, 2**24 + 1, 2**53 + 1]))
    numpy.save(folder / "unsigned.npy", numpy.array([2**64 - 1], "<u8"))
    numpy.save(folder / "special.npy", numpy.array([numpy.inf, -numpy.inf, numpy.nan, -0.0, 6e-8, 65504], "<f2"))


def npz(folder):
    arrays = {"inputs": values("|u1"), "labels": values("<i8", (3,)), "layer.weight": values("<f4")}
    numpy.savez(folder / "stored.npz", **arrays)
    numpy.savez_compressed(folder / "deflated.npz", **arrays)

    class Pipe(io.RawIOBase):
        """A file that cannot go back: the zip file holds sizes and checksums behind the bytes."""

        def __init__(self, path):
            self.file = open(path, "wb")

        def writable(self):
            return True

        def write(self, data):
            return self.file.write(data)

    with Pipe(folder / "streamed.npz") as pipe:
        numpy.savez_compressed(pipe, **arrays)
        pipe.file.close()
    with zipfile.ZipFile(folder / "comment.npz", "w") as archive:
        archive.comment = b"PK\5\6 is no end here"
        buffer = io.BytesIO()
        numpy.save(buffer, values("<f4"))
        archive.writestr("a.npy", buffer.getvalue())
        archive.writestr("readme.txt", "no array")
    # The form of files beyond 4 GiB, in a small one.
    limit, zipfile.ZIP64_LIMIT = zipfile.ZIP64_LIMIT, 10
    numpy.savez(folder / "zip64.npz", **arrays)
    zipfile.ZIP64_LIMIT = limit
    with zipfile.ZipFile(folder / "bzip2.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.npy", buffer.getvalue())
    with zipfile.ZipFile(folder / "no-arrays.npz", "w") as archive:
        archive.writestr("readme.txt", "no array")
    with zipfile.ZipFile(folder / "pickled.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("archive/version", "3\n")


def safetensors(folder):
    kinds = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
    tensors = {kind if kind != "?" else "bool": values(kind) for kind in kinds}
    tensors["scalar"] = numpy.array(1.25, "f4")
    tensors["empty"] = numpy.zeros((0, 7), "f4")
    save_file(tensors, folder / "numpy.safetensors", metadata={"writer": "safetensors"})
    try:
        import torch
        from safetensors.torch import save_file as save_torch
    except ImportError:
        print("no PyTorch: bfloat16.safetensors and float8.safetensors stay as they are")
        return
    save_torch({"half": torch.from_numpy(values("f4")).to(torch.bfloat16)}, folder / "bfloat16.safetensors")
    save_torch(
        {"eight": torch.from_numpy(values("f4")).to(torch.float8_e4m3fn), "plain": torch.ones(2)},
        folder / "float8.safetensors",
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    output = pathlib.Path(sys.argv[1])
    output.mkdir(parents=True, exist_ok=True)
    npy(output)
    npz(output)
    safetensors(output)
