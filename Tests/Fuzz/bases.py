"""Small valid posterior files of both versions, of every way in which the library lays out chunks."""

import json
import subprocess

import h5py
import numpy

import oracle

ARCHITECTURE = {"input_shape": [2], "class_count": 2, "layers": [
    {"type": "dense", "name": "hidden", "units": 4, "activation": "relu"},
    {"type": "dense", "name": "output", "units": 2, "activation": "identity"}]}
SHAPES = {"hidden.weight": (4, 2), "hidden.bias": (4,), "output.weight": (2, 4), "output.bias": (2,)}


def answers(draws, inputs):
    """Logits of every draw, (chain, draw, n, class)."""
    values = {name: array.astype("<f8") for name, array in draws.items()}
    hidden = numpy.maximum(numpy.einsum("cdoi,ni->cdno", values["hidden.weight"], inputs)
                           + values["hidden.bias"][:, :, None], 0)
    return numpy.einsum("cdoi,cdni->cdno", values["output.weight"], hidden) + values["output.bias"][:, :, None]


def write(path, version="1.1", kind="mcmc", chains=2, draws=5, newest=False, deflate=False, resizable=False):
    """Writes one file.

    newest: The library's structures of today, with checksums and other chunk tables, in the place of the oldest.
    resizable: Statistics may grow, which again has a chunk table of its own."""
    random = numpy.random.default_rng(7)
    filters = dict(fletcher32=True, **(dict(compression="gzip", shuffle=True) if deflate else {}))
    with h5py.File(path, "w", libver=("v110", "v110") if newest else "earliest") as file:
        file.attrs.update({"format": "bnn-posterior", "format_version": version, "title": "a file to mutate",
                           "created_at": "2026-11-26T00:00:00Z", "creation_library": "h5py"})
        model = file.create_group("model")
        model.attrs["architecture"] = json.dumps(ARCHITECTURE)
        model.attrs["input_bounds"] = numpy.array([0.0, 1.0])
        file.create_group("provenance").attrs.update({"kind": kind, "seed": 7, "method": "none: random numbers"})
        posterior = file.create_group("posterior")
        weights = {name: random.normal(size=(chains, draws) + shape).astype("<f4") for name, shape in SHAPES.items()}
        for name, values in weights.items():
            layer = name.split(".")[0]
            item = posterior.create_dataset(name, data=values, chunks=(1, 1) + values.shape[2:], **filters)
            dimensions = ["chain", "draw", f"{layer}_out", f"{layer}_in"]
            for axis, (dimension, size) in enumerate(zip(dimensions, values.shape)):
                if dimension not in posterior:
                    posterior[dimension] = numpy.arange(size, dtype="<i8")
                    posterior[dimension].make_scale(dimension)
                item.dims[axis].attach_scale(posterior[dimension])
        if kind == "mcmc":
            statistics = file.create_group("sample_stats")
            shape = (chains, draws)
            for name, values in {"lp": random.normal(size=shape), "energy": random.normal(size=shape),
                                 "diverging": numpy.zeros(shape, "|i1")}.items():
                statistics.create_dataset(
                    name, data=values, chunks=(1, 4), maxshape=(chains, None) if resizable else None, **filters)
            statistics["diverging"].attrs["dtype"] = "bool"
        else:
            fit = file.create_group("variational")
            for name, values in weights.items():
                fit[f"{name}.mean"] = values.mean((0, 1)).astype("<f4")
                fit[f"{name}.scale"] = values.std((0, 1)).astype("<f4")
        data = file.create_group("evaluation_data")
        data.create_dataset("inputs", data=random.uniform(size=(6, 2)).astype("<f4"), chunks=(2, 2), **filters)
        data["labels"] = numpy.arange(6, dtype="<i8") % 2
        if version == "1.1":
            reference = file.create_group("reference")
            reference["inputs"] = data["inputs"][:3]
            logits = answers(weights, reference["inputs"][()].astype("<f8"))
            if newest:
                log = logits - numpy.logaddexp.reduce(logits, -1, keepdims=True)
                reference["log_predictive"] = numpy.logaddexp.reduce(log, (0, 1)) - numpy.log(chains * draws)
            else:
                reference["logits"] = logits
            reference.attrs.update({"software": "NumPy", "precision": "float64"})
    with h5py.File(path, "r+", libver=("v110", "v110") if newest else "earliest") as file:
        file.attrs.update(oracle.digests(file))


def make(folder, posterior):
    """Writes the files into a folder, and returns their paths; the last by the package itself."""
    folder.mkdir(parents=True, exist_ok=True)
    ways = {
        "answers": dict(), "chunks": dict(version="1.0", chains=3, draws=24, deflate=True),
        "newest": dict(newest=True, draws=12, resizable=True),
        "newest-deflate": dict(version="1.0", newest=True, draws=12, deflate=True),
        "variational": dict(kind="variational", chains=1, draws=8),
    }
    paths = []
    for name, way in ways.items():
        paths.append(folder / f"{name}.h5")
        write(paths[-1], **way)
    paths.append(folder / "written.h5")
    paths[-1].unlink(missing_ok=True)
    subprocess.run([posterior, "copy", folder / "answers.h5", paths[-1]], check=True, capture_output=True)
    return paths
