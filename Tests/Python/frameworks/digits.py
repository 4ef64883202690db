"""Handwritten digits from the fixtures: some hundred to train on, a hundred to evaluate on, as bytes."""
import os

import h5py
import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")

with h5py.File(os.path.join(ROOT, "Fixtures", "mnist-hmc.h5")) as file:
    images = file["evaluation_data/inputs"][()]
    labels = file["evaluation_data/labels"][()].astype(np.int64)
if images.dtype != np.uint8:
    images = np.round(images * 255).astype(np.uint8)
images = images.reshape(-1, 1, 28, 28)
train_images, test_images = images[:-100], images[-100:]
train_labels, test_labels = labels[:-100], labels[-100:]
