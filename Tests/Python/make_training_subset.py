"""Writes a small class-balanced part of MNIST as IDX files, for tests and first examples.

    python3 make_training_subset.py FOLDER_OF_THE_FULL_FILES OUTPUT_FOLDER

FOLDER_OF_THE_FULL_FILES holds the four files of MNIST, compressed with gzip. Of the images to train on, the first 200 of each
class are taken, of those to test on the first 50 of each class, all in their original order, so that nothing is random. The
output has the names of the originals; the gzip headers hold no time and no name, so that the same zlib writes the same bytes.
"""

import gzip
import pathlib
import struct
import sys
import zlib

CLASSES = 10


def read(path, axes):
    data = gzip.decompress(path.read_bytes())
    if data[:4] != bytes([0, 0, 8, axes]):
        sys.exit(f"{path}: is not an IDX file of unsigned bytes with {axes} axes")
    shape = struct.unpack(f">{axes}I", data[4 : 4 + 4 * axes])
    return shape, data[4 + 4 * axes :]


def write(path, shape, values):
    data = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + values
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = compressor.compress(data) + compressor.flush()
    header = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255])
    path.write_bytes(header + body + struct.pack("<II", zlib.crc32(data), len(data)))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = map(pathlib.Path, sys.argv[1:])
    target.mkdir(parents=True, exist_ok=True)
    for prefix, count in (("train", 2000), ("t10k", 500)):
        (number, rows, columns), images = read(source / f"{prefix}-images-idx3-ubyte.gz", 3)
        (label_number,), labels = read(source / f"{prefix}-labels-idx1-ubyte.gz", 1)
        if number != label_number:
            sys.exit(f"{source}: {number} images and {label_number} labels")
        taken = [0] * CLASSES
        chosen = []
        for index, label in enumerate(labels):
            if taken[label] < count // CLASSES:
                taken[label] += 1
                chosen.append(index)
        size = rows * columns
        pixels = b"".join(images[i * size : (i + 1) * size] for i in chosen)
        write(target / f"{prefix}-images-idx3-ubyte.gz", (len(chosen), rows, columns), pixels)
        write(target / f"{prefix}-labels-idx1-ubyte.gz", (len(chosen),), bytes(labels[i] for i in chosen))


main()
