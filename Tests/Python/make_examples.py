"""Writes labelled inputs as other programs store them, for the tests of `--data`: .npz files, PNG images, and CIFAR's
archives with a few images of their own in them.

    python3 make_examples.py OUTPUT_FOLDER

There are six images of 3 x 5 x 6 levels, (channels, rows, columns): the level at position p of image i, counted in this
order, is (37 p + 71 i + 11) mod 256; the labels are 0, 1, 2, 0, 1, 2. A grey image is the first channel.

Needs numpy and pypng (PyPI); pypng, since Pillow writes no interlaced images and no checksum that is wrong.
"""

import gzip
import io
import pathlib
import sys
import tarfile
import zlib

import numpy
import png

SHAPE = (3, 5, 6)
COUNT = 6


def image(index):
    positions = numpy.arange(int(numpy.prod(SHAPE)))
    return ((37 * positions + 71 * index + 11) % 256).astype(numpy.uint8).reshape(SHAPE)


IMAGES = numpy.stack([image(index) for index in range(COUNT)])
LABELS = numpy.arange(COUNT) % 3


def archives(folder):
    last = IMAGES.transpose(0, 2, 3, 1)
    floats = (IMAGES / 255).astype(numpy.float32)
    numpy.savez_compressed(folder / "bytes.npz", inputs=IMAGES, labels=LABELS)
    numpy.savez(folder / "channels-last.npz", inputs=last, labels=LABELS.astype(numpy.uint8))
    numpy.savez(folder / "floats.npz", inputs=floats, labels=LABELS.reshape(-1, 1).astype(numpy.int32))
    numpy.savez(
        folder / "keras.npz", x_train=last / 255, y_train=LABELS, x_test=last[::-1] / 255, y_test=LABELS[::-1].copy()
    )
    numpy.savez(
        folder / "stated.npz", inputs=2 * floats - 1, labels=LABELS, input_bounds=[-1.0, 1.0], class_count=4
    )
    numpy.savez(folder / "one-hot.npz", inputs=IMAGES, labels=numpy.eye(3, dtype=int)[LABELS])
    numpy.savez(folder / "text-labels.npz", inputs=IMAGES, labels=numpy.array(["cat", "dog", "owl"] * 2))
    numpy.savez(folder / "float-labels.npz", inputs=IMAGES, labels=LABELS.astype(float))
    numpy.savez(folder / "whole-inputs.npz", inputs=IMAGES.astype(int), labels=LABELS)
    numpy.savez(folder / "no-labels.npz", inputs=IMAGES)
    holed = floats.copy()
    holed[2, 1, 0, 3] = numpy.nan
    numpy.savez(folder / "nan.npz", inputs=holed, labels=LABELS)
    numpy.savez(folder / "levels.npz", inputs=IMAGES.astype(numpy.float32), labels=LABELS)


def write(path, rows, **options):
    with open(path, "wb") as file:
        png.Writer(SHAPE[2], SHAPE[1], **options).write(file, numpy.asarray(rows).tolist())


def rows(values):
    """Rows of an image of (channels, rows, columns) as pypng takes them."""
    return values.transpose(1, 2, 0).reshape(SHAPE[1], -1)


def images(folder):
    folder.mkdir(exist_ok=True)
    for index in range(COUNT):
        write(folder / f"colour-{index}.png", rows(IMAGES[index]), greyscale=False)
    first = IMAGES[0]
    opaque = numpy.full((1,) + SHAPE[1:], 255, numpy.uint8)
    hole = opaque.copy()
    hole[0, 2, 3] = 254
    write(folder / "interlaced.png", rows(first), greyscale=False, interlace=True)
    write(folder / "opaque.png", rows(numpy.concatenate([first, opaque])), greyscale=False, alpha=True)
    write(folder / "transparent.png", rows(numpy.concatenate([first, hole])), greyscale=False, alpha=True)
    write(folder / "gamma.png", rows(first), greyscale=False, gamma=1.0)
    write(folder / "deep.png", rows(first.astype(int) * 257), greyscale=False, bitdepth=16)
    write(folder / "grey.png", rows(first[:1]), greyscale=True)
    for bits in (1, 2, 4):
        write(folder / f"grey-{bits}.png", rows(first[:1] >> (8 - bits)), greyscale=True, bitdepth=bits)
    colours = [tuple(int(level) for level in pixel) for pixel in first.reshape(3, -1).T]
    indices = numpy.arange(SHAPE[1] * SHAPE[2]).reshape(SHAPE[1:])
    write(folder / "palette.png", indices, palette=colours)
    # The transparent colour of a palette, and of grey.
    write(folder / "palette-transparent.png", indices, palette=[c + (0 if i == 7 else 255,) for i, c in enumerate(colours)])
    write(folder / "grey-transparent.png", rows(first[:1]), greyscale=True, transparent=int(first[0, 0, 0]))
    data = (folder / "colour-0.png").read_bytes()
    position = data.index(b"IDAT") + 12
    (folder / "damaged.png").write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
    # Checksums are right, and the compressed rows are too few.
    stream = zlib.compress(zlib.decompress(data[data.index(b"IDAT") + 4 : data.index(b"IEND") - 8])[:-19])
    chunk = b"IDAT" + stream
    start = data.index(b"IDAT") - 4
    (folder / "too-few-rows.png").write_bytes(
        data[:start] + len(stream).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
        + data[data.index(b"IEND") - 4 :]
    )


def cifar(folder):
    """Archives with two images in each file: image i has the level (p + 17 i + 3) mod 256 at position p."""

    def record(labels, index):
        levels = ((numpy.arange(3072) + 17 * index + 3) % 256).astype(numpy.uint8)
        return bytes(labels) + levels.tobytes()

    def archive(path, parent, files):
        # Without times and names, the same bytes whenever it is written.
        with gzip.GzipFile(path, "wb", mtime=0) as outer, tarfile.open(fileobj=outer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            entry = tarfile.TarInfo(parent)
            entry.type = tarfile.DIRTYPE
            tar.addfile(entry)
            for name, content in files.items():
                entry = tarfile.TarInfo(f"{parent}/{name}")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))

    names = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]
    files = {"batches.meta.txt": b"airplane\n"}
    for number, name in enumerate(names):
        files[name] = b"".join(record([(2 * number + k) % 10], 2 * number + k) for k in range(2))
    archive(folder / "cifar-10-binary.tar.gz", "cifar-10-batches-bin", files)
    files = {
        "train.bin": record([3, 99], 0) + record([19, 0], 1),
        "test.bin": record([0, 42], 2),
        "fine_label_names.txt": b"apple\n",
    }
    archive(folder / "cifar-100-binary.tar.gz", "cifar-100-binary", files)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    output = pathlib.Path(sys.argv[1])
    output.mkdir(parents=True, exist_ok=True)
    archives(output)
    images(output / "png")
    cifar(output)
