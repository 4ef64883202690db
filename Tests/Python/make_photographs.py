"""Writes small colour images of seven photographs, whose class is the photograph, for a first example with a ResNet.

    python3 make_photographs.py OUTPUT.h5

The photographs come with scikit-image: astronaut, rocket and hubble_deep_field (NASA, public domain), chelsea (CC0), coffee
(CC0), retina (CC0) and immunohistochemistry (no known restrictions). Each is cut into tiles of 64 pixels; from
every third tile come images to test on, from the others those to train on, so that no pixel is in both. An image is a
window of 40 pixels within a tile, made 32 × 32. Needs numpy, h5py, Pillow and scikit-image.
"""
import sys

import h5py
import numpy
from PIL import Image
from skimage import data

NAMES = ["astronaut", "rocket", "hubble_deep_field", "chelsea", "coffee", "retina", "immunohistochemistry"]
TILE, WINDOW, SIDE = 64, 40, 32
TRAINING, TEST = 120, 30


def windows(image, tiles, count, rng):
    """Windows of some tiles, as many of each as it goes."""
    result = []
    for index in range(count):
        top, left = tiles[index % len(tiles)]
        y, x = (edge + rng.integers(0, TILE - WINDOW + 1) for edge in (top, left))
        window = Image.fromarray(image[y : y + WINDOW, x : x + WINDOW]).resize((SIDE, SIDE), Image.Resampling.BOX)
        result.append(numpy.asarray(window).transpose(2, 0, 1))
    return result


def main(path):
    rng = numpy.random.default_rng(1)
    parts = {"": ([], []), "test_": ([], [])}
    for label, name in enumerate(NAMES):
        image = getattr(data, name)()
        if min(image.shape[:2]) > 800:
            image = numpy.asarray(Image.fromarray(image).reduce(2))
        places = [
            (top, left)
            for top in range(0, image.shape[0] - TILE + 1, TILE)
            for left in range(0, image.shape[1] - TILE + 1, TILE)
        ]
        isTest = [((top + left) // TILE) % 3 == 0 for top, left in places]
        for part, count, wanted in [("", TRAINING, False), ("test_", TEST, True)]:
            tiles = [place for place, test in zip(places, isTest) if test == wanted]
            rng.shuffle(tiles)
            images, labels = parts[part]
            images += windows(image, tiles, count, rng)
            labels += [label] * count
    with h5py.File(path, "w", libver=("earliest", "v108")) as file:
        for part, (images, labels) in parts.items():
            # Classes in turn, so that the first examples are of all of them.
            order = numpy.arange(len(labels)).reshape(len(NAMES), -1).T.ravel()
            file.create_dataset(
                f"{part}inputs", data=numpy.stack(images)[order], compression="gzip", compression_opts=9, shuffle=True)
            file[f"{part}labels"] = numpy.array(labels)[order]
        file.attrs["class_names"] = "\n".join(NAMES)


if __name__ == "__main__":
    main(sys.argv[1])
