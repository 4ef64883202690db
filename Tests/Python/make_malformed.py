"""Writes one tiny file for every reason why a posterior file is refused, and one that is valid.

Usage: python Tests/Python/make_malformed.py Fixtures/malformed
Needs numpy and h5py. The list of files, each with the path and a part of the reason that a reader must give, is expected.json.
"""
import hashlib
import json
import os
import sys

import h5py
import numpy as np

FOLDER = sys.argv[1]
ARCHITECTURE = {
    "input_shape": [3],
    "class_count": 2,
    "layers": [{"type": "dense", "name": "output", "units": 2, "activation": "identity"}],
}
CASES = []
SCALE_NAME = "This is a netCDF dimension but not a netCDF variable.%10d"


def digest(file, paths, attributes):
    items = []
    for path in paths:
        values = file[path][()]
        items.append((path, values.dtype.str, ",".join(map(str, values.shape)), values.tobytes()))
    for group, name in attributes:
        value = file[group].attrs[name]
        if isinstance(value, str):
            items.append((f"{group}@{name}", "text", "", value.encode()))
        else:
            value = np.asarray(value)
            items.append((f"{group}@{name}", value.dtype.str, ",".join(map(str, value.shape)), value.tobytes()))
    text = "".join("\t".join(i[:3]) + "\t" + hashlib.sha256(i[3]).hexdigest() + "\n" for i in sorted(items))
    return hashlib.sha256(text.encode()).hexdigest()


def sign(file):
    paths = []
    file.visititems(lambda name, item: paths.append("/" + name) if isinstance(item, h5py.Dataset) else None)
    signed = [(group, name) for group in ("/model", "/provenance", "/reference") if group in file
              for name in file[group].attrs]
    weights = [path for path in paths if path.startswith(("/posterior/", "/shared/")) and "." in path]
    file.attrs["posterior_sha256"] = digest(file, weights, [("/model", "architecture"), ("/model", "input_bounds")])
    file.attrs["data_sha256"] = digest(file, [p for p in paths if p.startswith("/evaluation_data/")], [])
    file.attrs["content_sha256"] = digest(file, paths, signed)


def write_valid(path, truth="u1", coordinates=True):
    """A valid file; truth values are numbers, or with truth=bool what h5py makes of them. Without coordinates, chain and draw are what netCDF declares for a dimension alone."""
    random = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "bnn-posterior", "format_version": "1.0", "title": "tiny",
                           "creation_library": "make_malformed", "creation_library_version": "1"})
        model = file.create_group("model")
        model.attrs["architecture"] = json.dumps(ARCHITECTURE)
        model.attrs["input_bounds"] = np.array([0.0, 1.0])
        file.create_group("provenance").attrs["kind"] = "mcmc"
        posterior = file.create_group("posterior")
        sizes = {"chain": 2, "draw": 2, "output_out": 2, "output_in": 3}
        for name, size in sizes.items():
            is_coordinate = name in ("chain", "draw")
            if is_coordinate and not coordinates:
                posterior.create_dataset(name, (size,), ">f4")
            else:
                posterior[name] = np.arange(size, dtype="<i8")
            posterior[name].make_scale(name if is_coordinate and coordinates else SCALE_NAME % size)
        for name, axes in (("output.weight", ["chain", "draw", "output_out", "output_in"]),
                           ("output.bias", ["chain", "draw", "output_out"])):
            shape = tuple(sizes[axis] for axis in axes)
            values = random.normal(size=shape).astype("<f4")
            dataset = posterior.create_dataset(name, data=values, chunks=(1, 1) + shape[2:], fletcher32=True)
            for axis, scale in enumerate(axes):
                dataset.dims[axis].attach_scale(posterior[scale])
        statistics = file.create_group("sample_stats")
        statistics["lp"] = random.normal(size=(2, 2))
        statistics["diverging"] = np.array([[0, 0], [0, truth is bool]], truth)
        if truth is not bool:
            statistics["diverging"].attrs["dtype"] = "bool"
        data = file.create_group("evaluation_data")
        data["inputs"] = random.uniform(size=(4, 3)).astype("<f4")
        data["labels"] = np.array([0, 1, 1, 0], "<i8")
        sign(file)


def write_foreign(path):
    """A valid file as other programs spell it: padded texts, dimensions alone, anything about its origin."""
    write_valid(path, coordinates=False)
    with h5py.File(path, "r+") as file:
        for name in ("posterior_sha256", "data_sha256", "content_sha256"):
            del file.attrs[name]
        file.attrs.create("format", np.array(b"bnn-posterior   ", "S16"))
        file.attrs.create("format_version", np.array(b"1.0.0 ", "S6"))
        origin = file["provenance"].attrs
        origin.create("kind", np.array(b"mcmc    ", "S8"))
        origin.create("author", np.array("Müller".encode("latin-1"), "S6"))
        origin.update({"seed": 7, "converged": True, "half": np.float16(0.5), "tags": ["a", "b"],
                       "layers": np.array([True, False]), "nothing": h5py.Empty("f4"), "complex": 1 + 2j})


def case(name, path, reason):
    """Registers a change of the valid file; the change may return False when it has dealt with the file itself."""
    def register(change):
        target = os.path.join(FOLDER, name + ".h5")
        write_valid(target)
        with h5py.File(target, "r+") as file:
            for digest_name in ("posterior_sha256", "data_sha256", "content_sha256"):
                del file.attrs[digest_name]
            change(file)
        CASES.append({"file": name + ".h5", "path": path, "reason": reason})
        return change
    return register


def simple(name, path, reason, change):
    case(name, path, reason)(change)


def raw(name, path, reason, content):
    with open(os.path.join(FOLDER, name + ".h5"), "wb") as file:
        file.write(content)
    CASES.append({"file": name + ".h5", "path": path, "reason": reason})


def replace(file, path, values, **options):
    if path in file:
        del file[path]
    file.create_dataset(path, data=values, **options)


def architecture(name, reason, change):
    description = json.loads(json.dumps(ARCHITECTURE))
    result = change(description)
    text = result if isinstance(result, str) else json.dumps(description)
    simple("architecture-" + name, "/model@architecture", reason,
           lambda file: file["model"].attrs.__setitem__("architecture", text))


os.makedirs(FOLDER, exist_ok=True)
for old in os.listdir(FOLDER):
    if old.endswith(".h5"):
        os.remove(os.path.join(FOLDER, old))
valid = os.path.join(FOLDER, "valid.h5")
write_valid(valid)
valid_bytes = open(valid, "rb").read()
write_valid(os.path.join(FOLDER, "valid-truth.h5"), truth=bool)
write_foreign(os.path.join(FOLDER, "valid-foreign.h5"))

# Not the format
raw("empty", "/", "is not an HDF5 file", b"")
raw("text", "/", "is not an HDF5 file", b"weights, weights, weights\n" * 10)
raw("truncated", "/", "cannot be opened as HDF5: it is truncated", valid_bytes[: len(valid_bytes) // 2])
simple("format-missing", "/@format", "is missing", lambda f: f.attrs.__delitem__("format"))
simple("format-wrong", "/@format", 'is "netcdf"', lambda f: f.attrs.__setitem__("format", "netcdf"))
simple("format-numeric", "/@format", "needs to be text", lambda f: f.attrs.__setitem__("format", 1))
simple("version-missing", "/@format_version", "is missing", lambda f: f.attrs.__delitem__("format_version"))
simple("version-newer", "/@format_version", "newer than format 1", lambda f: f.attrs.__setitem__("format_version", "2.0"))
simple("version-numeric", "/@format_version", "needs to be text", lambda f: f.attrs.__setitem__("format_version", 1.0))
simple("version-ill-formed", "/@format_version", "needs the form 1.0", lambda f: f.attrs.__setitem__("format_version", "one"))
simple("title-numeric", "/@title", "needs to be text", lambda f: f.attrs.__setitem__("title", 3))
simple("title-array", "/@title", "array of texts", lambda f: f.attrs.__setitem__("title", ["a", "b"]))

# Model
simple("model-missing", "/model", "is missing", lambda f: f.__delitem__("model"))
simple("model-dataset", "/model", "needs to be a group", lambda f: replace(f, "model", np.zeros(2)))
simple("architecture-missing", "/model@architecture", "is missing", lambda f: f["model"].attrs.__delitem__("architecture"))
simple("architecture-numeric", "/model@architecture", "needs to be text",
       lambda f: f["model"].attrs.__setitem__("architecture", np.arange(3)))
architecture("not-json", "is not well-formed JSON", lambda d: "{'input_shape': [3]}")
architecture("not-object", "is not a JSON object", lambda d: "[1, 2]")
architecture("deep", "nests too deeply", lambda d: "[" * 4000)
architecture("no-input-shape", "input_shape is missing", lambda d: d.pop("input_shape") and None)
architecture("no-layers", "layers is empty", lambda d: d.update(layers=[]))
architecture("unknown-layer", 'unknown type "dropout"', lambda d: d["layers"].insert(0, {"type": "dropout"}))
architecture("unknown-key", 'unknown key "stride"', lambda d: d["layers"][0].update(stride=2))
architecture("unknown-activation", "not a known activation", lambda d: d["layers"][0].update(activation="maxout"))
architecture("size-zero", "sizes start at 1", lambda d: d.update(input_shape=[0]))
architecture("size-fraction", "is not an integer", lambda d: d["layers"][0].update(units=2.5))
architecture("size-boolean", "is not an integer", lambda d: d["layers"][0].update(units=True))
architecture("size-huge", "is not an integer", lambda d: d["layers"][0].update(units=10**30))
architecture("size-overflow", "product overflows", lambda d: d["layers"].insert(
    0, {"type": "dense", "name": "wide", "units": 2**62, "activation": "relu"}))
architecture("duplicate-name", "the name of another layer", lambda d: d["layers"].insert(
    0, {"type": "dense", "name": "output", "units": 3, "activation": "relu"}))
architecture("name-slash", "cannot be a name", lambda d: d["layers"][0].update(name="a/b"))
architecture("last-units", "as many as class_count", lambda d: d.update(class_count=3))
architecture("last-not-dense", "is not dense", lambda d: d["layers"].append({"type": "reshape", "shape": [1, 2]}))
architecture("no-flatten", "a flatten layer must come before", lambda d: d.update(input_shape=[1, 3, 1]))
architecture("kernel-too-large", "does not fit its input", lambda d: d.update(
    input_shape=[1, 3, 3], layers=[{"type": "max_pool2d", "kernel_size": 4, "stride": 1}] + d["layers"]))
architecture("normalize-late", "can only be the first layer", lambda d: d["layers"].insert(
    0, {"type": "flatten"}) or d["layers"].insert(1, {"type": "normalize", "mean": [0, 0, 0], "scale": [1, 1, 1]}))
architecture("normalize-scale", "finite and positive", lambda d: d["layers"].insert(
    0, {"type": "normalize", "mean": [0, 0, 0], "scale": [1, 0, 1]}))
simple("bounds-missing", "/model@input_bounds", "is missing", lambda f: f["model"].attrs.__delitem__("input_bounds"))
for name, value, reason in [
    ("text", "0 to 1", "needs two numbers"), ("length", np.zeros(3), "needs two numbers"), ("scalar", 1.0, "needs two numbers"),
    ("nan", np.array([0, np.nan]), "finite and increasing"),
    ("infinite", np.array([0, np.inf]), "finite and increasing"), ("decreasing", np.array([1.0, 0.0]), "finite and increasing"),
]:
    simple("bounds-" + name, "/model@input_bounds", reason,
           lambda f, value=value: f["model"].attrs.__setitem__("input_bounds", value))

for name, version, value, reason in [
    ("version", "1.0", np.array([[0.0, 1]] * 3), "needs format_version 1.1; the file says 1.0"),
    ("count", "1.1", np.array([[0.0, 1]] * 2), "for each of the 3 channels"),
    ("decreasing", "1.1", np.array([[0.0, 1], [1, 0], [0, 1]]), "for channel 1; bounds are finite and increasing"),
]:
    simple("bounds-channels-" + name, "/model@input_bounds", reason, lambda f, version=version, value=value: (
        f.attrs.__setitem__("format_version", version), f["model"].attrs.__setitem__("input_bounds", value)))


@case("bounds-channels-outside", "/evaluation_data/inputs", "input_bounds of channel 2 are 2.0 to 3.0")
def _(file):
    file.attrs["format_version"] = "1.1"
    file["model"].attrs["input_bounds"] = np.array([[0.0, 1], [0, 1], [2, 3]])


# Weights
WEIGHT, BIAS = "/posterior/output.weight", "/posterior/output.bias"
zeros = lambda *shape: np.zeros(shape, "<f4")
simple("model-list", "/model@classes", "it needs to be one text, or numbers",
       lambda f: f["model"].attrs.__setitem__("classes", ["cat", "dog"]))
simple("posterior-missing", "/posterior", "is missing", lambda f: f.__delitem__("posterior"))
simple("weight-missing", WEIGHT, "is missing", lambda f: f.__delitem__(WEIGHT))
simple("weight-extra", "/posterior/hidden.weight", "one too many", lambda f: replace(f, "/posterior/hidden.weight", zeros(2, 2, 3, 3)))
simple("weight-shape", WEIGHT, "has shape (2, 2, 3, 2); the architecture needs (chains, draws, 2, 3)",
       lambda f: replace(f, WEIGHT, zeros(2, 2, 3, 2)))
simple("weight-rank", WEIGHT, "has shape (2, 2, 3)", lambda f: replace(f, WEIGHT, zeros(2, 2, 3)))
simple("weight-float16", WEIGHT, "floating-point numbers of 2 bytes", lambda f: replace(f, WEIGHT, np.zeros((2, 2, 2, 3), "<f2")))
simple("weight-big-endian", WEIGHT, "big-endian", lambda f: replace(f, WEIGHT, np.zeros((2, 2, 2, 3), ">f4")))
simple("weight-text", WEIGHT, "holds text", lambda f: replace(f, WEIGHT, np.full((2, 2, 2, 3), "0", object), dtype=h5py.string_dtype()))
simple("weight-group", WEIGHT, "is a group", lambda f: (f.__delitem__(WEIGHT), f.create_group(WEIGHT)))
simple("weight-nan", WEIGHT, "weights are finite", lambda f: f[WEIGHT].__setitem__((1, 1, 0, 0), np.nan))
simple("weight-infinite", BIAS, "weights are finite", lambda f: f[BIAS].__setitem__((0, 0, 0), np.inf))
simple("draws-none", WEIGHT, "holds no draws", lambda f: replace(f, WEIGHT, zeros(2, 0, 2, 3)))
simple("draws-differ", BIAS, "has 2 chains of 3 draws", lambda f: replace(f, BIAS, zeros(2, 3, 2)))
simple("chains-differ", BIAS, "has 1 chains of 2 draws", lambda f: replace(f, BIAS, zeros(1, 2, 2)))
simple("posterior-group", "/posterior/extra", "is a group", lambda f: f.create_group("/posterior/extra"))
simple("chain-values", "/posterior/chain", "coordinates increase", lambda f: f["/posterior/chain"].__setitem__(1, 0))


@case("chain-length", "/posterior/chain", "the weights need (2)")
def _(file):
    replace(file, "/posterior/chain", np.arange(3))
    file["/posterior/chain"].make_scale("chain")


simple("reference-attribute", WEIGHT + "@partner", "object references",
       lambda f: f[WEIGHT].attrs.__setitem__("partner", f[BIAS].ref))



# Room that was made and never filled
def fill(file, path, draws, value):
    for chain, draw in draws:
        file[path][chain, draw] = value


def refill(file, path, fill_value, draws):
    """Stores a parameter anew with a fill value, and writes the draws alone; the rest is as it was allocated."""
    values = file[path][()]
    del file[path]
    file.create_dataset(path, values.shape, "<f4", fillvalue=fill_value)
    for chain, draw in draws:
        file[path][chain, draw] = values[chain, draw]


@case("draws-unfilled", "/posterior", "holds only zeros, or the fill value, in every parameter in draw 1 of chain 0")
def _(file):
    for path in (WEIGHT, BIAS):
        fill(file, path, ((0, 1), (1, 1)), 0)


@case("draws-all-unfilled", "/posterior", "in every parameter of every draw")
def _(file):
    for path in (WEIGHT, BIAS):
        file[path][...] = 0


@case("draws-fill-value", "/posterior", "in every parameter in draw 0 of chain 1: so it is with 2 of 4 draws")
def _(file):
    for path in (WEIGHT, BIAS):
        refill(file, path, -7.5, ((0, 0), (0, 1)))


@case("weight-netcdf-fill", WEIGHT, "the fill value of the data set: this was never written")
def _(file):
    refill(file, WEIGHT, np.float32(9.969209968386869e36), ((0, 0), (0, 1), (1, 0), (1, 1)))
    file[WEIGHT][1, 0, 1] = np.float32(9.969209968386869e36)


# What all draws share
def shared(name, path, reason, change, version="1.1"):
    def add(file):
        file.attrs["format_version"] = version
        values = file[BIAS][0, 0]
        del file[BIAS]
        replace(file, "/shared/output.bias", values)
        change(file)
    simple("shared-" + name, path, reason, add)


SHARED = "/shared/output.bias"
shared("version", "/shared", "needs format_version 1.1; the file says 1.0", lambda f: None, version="1.0")
shared("twice", SHARED, "is in /posterior as well", lambda f: replace(f, BIAS, zeros(2, 2, 2)))
shared("missing", BIAS, "or once for all draws in /shared with shape (2)", lambda f: f.__delitem__(SHARED))
shared("shape", SHARED, "the architecture needs (2)", lambda f: replace(f, SHARED, zeros(2, 2, 2)))
shared("float16", SHARED, "floating-point numbers of 2 bytes", lambda f: replace(f, SHARED, np.zeros(2, "<f2")))
shared("infinite", SHARED, "weights are finite", lambda f: f[SHARED].__setitem__(1, np.inf))
shared("extra", "/shared/hidden.bias", "one too many", lambda f: replace(f, "/shared/hidden.bias", zeros(3)))
shared("group", "/shared/more", "is a group", lambda f: f.create_group("/shared/more"))
shared("soft-link", SHARED, "is a soft link", lambda f: (
    f.move(SHARED, "/elsewhere"), f.__setitem__(SHARED, h5py.SoftLink("/elsewhere"))))
shared("everything", "/shared", "all draws would be equal", lambda f: (
    f.__setitem__("/shared/output.weight", f[WEIGHT][0, 0]), f.__delitem__(WEIGHT)))
shared("variational", "/variational/output.bias.mean", "of a parameter that all draws share", lambda f: [
    replace(f, "/variational/" + name, values) for name, values in (
        ("output.weight.mean", zeros(2, 3)), ("output.weight.scale", zeros(2, 3) + 1), ("output.bias.mean", zeros(2)))])


@case("shared-dataset", "/shared", "needs to be a group")
def _(file):
    file.attrs["format_version"] = "1.1"
    replace(file, "shared", np.zeros(2))


# Networks that are graphs
def graph(name, path, reason, version="1.1", **parameters):
    values = {"norm.weight": zeros(2, 2, 3) + 1, "norm.bias": zeros(2, 2, 3), "norm.running_mean": zeros(2, 2, 3),
              "norm.running_var": zeros(2, 2, 3) + 1}
    values.update(parameters)

    def add(file):
        file.attrs["format_version"] = version
        description = json.loads(json.dumps(ARCHITECTURE))
        description["layers"].insert(0, {"type": "batch_norm", "name": "norm", "eps": 1e-5})
        file["model"].attrs["architecture"] = json.dumps(description)
        for key, array in values.items():
            if array is not None:
                file["posterior"][key] = array
    simple("graph-" + name, path, reason, add)


graph("version", "/model@architecture", "needs format_version 1.1; the file says 1.0", version="1.0")
graph("statistic-missing", "/posterior/norm.running_mean", "is missing", **{"norm.running_mean": None})
graph("statistic-shape", "/posterior/norm.running_mean", "the architecture needs (chains, draws, 3)",
      **{"norm.running_mean": zeros(2, 2, 2)})
graph("variance-negative", "/posterior/norm.running_var", "a variance is finite and not negative",
      **{"norm.running_var": zeros(2, 2, 3) - 1})

# Statistics and variational parameters
simple("statistics-dataset", "/sample_stats", "needs to be a group", lambda f: replace(f, "sample_stats", np.zeros(2)))
simple("statistic-shape", "/sample_stats/lp", "has shape (2, 3)", lambda f: replace(f, "/sample_stats/lp", np.zeros((2, 3))))
simple("weight-array-dimensions", WEIGHT, "axis 2 is the dimension in; it needs to be output_out",
       lambda f: f[WEIGHT].attrs.__setitem__("_ARRAY_DIMENSIONS", ["chain", "draw", "in", "out"]))
simple("kind-list", "/provenance@kind", "is an array of one text", lambda f: f["provenance"].attrs.__setitem__("kind", ["mcmc"]))
simple("labels-enumeration", "/evaluation_data/labels", "it needs to hold whole numbers",
       lambda f: replace(f, "/evaluation_data/labels", np.array([0, 1, 1, 0], "i4"),
                         dtype=h5py.enum_dtype({"cat": 0, "dog": 1}, basetype="i4")))
simple("inputs-truth", "/evaluation_data/inputs", "holds truth values; it needs to hold |u1 or <f4 or <f8",
       lambda f: replace(f, "/evaluation_data/inputs", np.ones((4, 3), bool)))
simple("statistic-text", "/sample_stats/lp", "holds text",
       lambda f: replace(f, "/sample_stats/lp", np.full((2, 2), "0", object), dtype=h5py.string_dtype()))
simple("diverging-integer", "/sample_stats/diverging", "holds <i8", lambda f: replace(f, "/sample_stats/diverging", np.zeros((2, 2), int)))
simple("diverging-not-boolean", "/sample_stats/diverging@dtype", "is missing", lambda f: f["/sample_stats/diverging"].attrs.__delitem__("dtype"))


def variational(name, path, reason, change):
    parameters = {"output.weight.mean": zeros(2, 3), "output.weight.scale": zeros(2, 3) + 1,
                  "output.bias.mean": zeros(2), "output.bias.scale": zeros(2) + 1}
    change(parameters)
    simple("variational-" + name, "/variational" + path, reason,
           lambda f: [replace(f, "/variational/" + key, values) for key, values in parameters.items()])


variational("missing", "/output.bias.scale", "is missing", lambda p: p.pop("output.bias.scale"))
variational("shape", "/output.bias.mean", "the architecture needs (2)", lambda p: p.update({"output.bias.mean": zeros(3)}))
variational("negative-scale", "/output.bias.scale", "not negative", lambda p: p["output.bias.scale"].fill(-1))
variational("nan", "/output.weight.mean", "finite", lambda p: p["output.weight.mean"].fill(np.nan))
variational("extra", "/more.mean", "one too many", lambda p: p.update({"more.mean": zeros(2, 2)}))

# Evaluation data
INPUTS, LABELS = "/evaluation_data/inputs", "/evaluation_data/labels"
simple("labels-missing", LABELS, "is missing", lambda f: f.__delitem__(LABELS))
simple("labels-large", LABELS, "labels run from 0 to 1", lambda f: f[LABELS].__setitem__(0, 2))
simple("labels-negative", LABELS, "labels run from 0 to 1", lambda f: f[LABELS].__setitem__(3, -1))
simple("labels-count", LABELS, "one label per input, (4)", lambda f: replace(f, LABELS, np.zeros(5, int)))
simple("labels-rank", LABELS, "has shape (4, 1)", lambda f: replace(f, LABELS, np.zeros((4, 1), int)))
simple("inputs-outside", INPUTS, "input_bounds", lambda f: f[INPUTS].__setitem__((2, 1), 1.5))
simple("inputs-nan", INPUTS, "input_bounds", lambda f: f[INPUTS].__setitem__((0, 0), np.nan))
simple("inputs-shape", INPUTS, "the architecture needs (n, 3)", lambda f: replace(f, INPUTS, zeros(4, 2)))
simple("inputs-empty", INPUTS, "has shape (0, 3)", lambda f: replace(f, INPUTS, zeros(0, 3)))


@case("inputs-bytes-outside", INPUTS, "input_bounds")
def _(file):
    file["model"].attrs["input_bounds"] = np.array([0.0, 0.5])
    replace(file, INPUTS, np.full((4, 3), 200, "u1"))



# Reference answers
def reference(name, path, reason, change):
    def add(file):
        file.attrs["format_version"] = "1.1"
        group = file.create_group("reference")
        group["inputs"] = file[INPUTS][:2]
        group["logits"] = np.zeros((2, 2, 2, 2), "<f4")
        group["log_predictive"] = np.full((2, 2), np.log(0.5))
        group.attrs.update({"software": "make_malformed", "precision": "float64"})
        change(group)
    simple("reference-" + name, "/reference" + path, reason, add)


reference("inputs-missing", "/inputs", "answers are to inputs", lambda g: g.__delitem__("inputs"))
reference("inputs-shape", "/inputs", "the architecture needs (n, 3)", lambda g: replace(g, "inputs", zeros(2, 4)))
reference("inputs-empty", "/inputs", "has shape (0, 3)", lambda g: replace(g, "inputs", zeros(0, 3)))
reference("inputs-outside", "/inputs", "input_bounds", lambda g: g["inputs"].__setitem__((1, 2), -0.5))
reference("inputs-integer", "/inputs", "it needs to hold", lambda g: replace(g, "inputs", np.zeros((2, 3), "<i8")))
reference("answers-missing", "", "holds no answers", lambda g: (g.__delitem__("logits"), g.__delitem__("log_predictive")))
reference("logits-shape", "/logits", "it needs (chain, draw, n, class): (2, 2, 2, 2)",
          lambda g: replace(g, "logits", zeros(4, 2, 2)))
reference("logits-nan", "/logits", "answers are finite", lambda g: g["logits"].__setitem__((1, 0, 1, 0), np.nan))
reference("logits-float16", "/logits", "floating-point numbers of 2 bytes",
          lambda g: replace(g, "logits", np.zeros((2, 2, 2, 2), "<f2")))
reference("logits-group", "/logits", "is a group", lambda g: (g.__delitem__("logits"), g.create_group("logits")))
reference("predictive-shape", "/log_predictive", "it needs (n, class): (2, 2)",
          lambda g: replace(g, "log_predictive", zeros(2, 3)))
reference("predictive-infinite", "/log_predictive", "answers are finite",
          lambda g: g["log_predictive"].__setitem__((0, 0), -np.inf))
reference("precision-missing", "@precision", "is missing", lambda g: g.attrs.__delitem__("precision"))
reference("precision-unknown", "@precision", "it needs to be one of float64, float32, tf32, bfloat16",
          lambda g: g.attrs.__setitem__("precision", "double"))
reference("precision-numeric", "@precision", "needs to be text", lambda g: g.attrs.__setitem__("precision", 64))
reference("software-numeric", "@software", "needs to be text", lambda g: g.attrs.__setitem__("software", 1))
reference("list", "@devices", "it needs to be one text, or numbers",
          lambda g: g.attrs.__setitem__("devices", ["one", "another"]))


@case("reference-dataset", "/reference", "needs to be a group")
def _(file):
    file.attrs["format_version"] = "1.1"
    replace(file, "reference", np.zeros(2))


# Provenance
simple("kind-unknown", "/provenance@kind", "needs to be one of", lambda f: f["provenance"].attrs.__setitem__("kind", "guess"))
simple("kind-numeric", "/provenance@kind", "needs to be text", lambda f: f["provenance"].attrs.__setitem__("kind", 1))
simple("kind-version", "/provenance@kind", "needs format_version 1.1; the file says 1.0",
       lambda f: f["provenance"].attrs.__setitem__("kind", "independent"))
simple("exactness-unknown", "/provenance@exactness", "needs to be one of exact, unadjusted, mini-batch, approximate",
       lambda f: (f.attrs.__setitem__("format_version", "1.1"), f["provenance"].attrs.__setitem__("exactness", "nearly")))
simple("exactness-numeric", "/provenance@exactness", "needs to be text",
       lambda f: (f.attrs.__setitem__("format_version", "1.1"), f["provenance"].attrs.__setitem__("exactness", 1)))
simple("provenance-dataset", "/provenance", "needs to be a group", lambda f: replace(f, "provenance", np.zeros(2)))

simple("two-problems", WEIGHT, "has shape (2, 2, 3, 2)", lambda f: (
    replace(f, WEIGHT, zeros(2, 2, 3, 2)), f["provenance"].attrs.__setitem__("kind", "guess")))

# Links, storage, filters, sizes
simple("soft-link", WEIGHT, "is a soft link", lambda f: (
    f.move(WEIGHT, "/elsewhere"), f.__setitem__(WEIGHT, h5py.SoftLink("/elsewhere"))))
simple("external-link", "/evaluation_data", "is an external link", lambda f: (
    f.__delitem__("evaluation_data"), f.__setitem__("evaluation_data", h5py.ExternalLink("valid.h5", "/evaluation_data"))))
simple("external-storage", INPUTS, "external storage", lambda f: (
    f.__delitem__(INPUTS), f.create_dataset(INPUTS, (4, 3), "<f4", external=[("/etc/hostname", 0, 48)])))


@case("virtual", INPUTS, "virtual data set")
def _(file):
    del file[INPUTS]
    layout = h5py.VirtualLayout((4, 3), "<f4")
    layout[:] = h5py.VirtualSource("valid.h5", INPUTS, (4, 3))
    file.create_virtual_dataset(INPUTS, layout)


simple("filter-user-defined", WEIGHT, "user-defined filter", lambda f: replace(
    f, WEIGHT, zeros(2, 2, 2, 3), chunks=(1, 1, 2, 3), compression="lzf"))
simple("filter-scale-offset", LABELS, "filter number 6", lambda f: replace(f, LABELS, np.zeros(4, int), chunks=(4,), scaleoffset=0))
simple("size-overflow", INPUTS, "product overflows", lambda f: (
    f.__delitem__(INPUTS), f.create_dataset(INPUTS, (2**62, 3), "<f4", chunks=(4, 3))))
simple("size-claimed", INPUTS, "more than the file can hold", lambda f: (
    f.__delitem__(INPUTS), f.create_dataset(INPUTS, (10**9, 3), "<f4", chunks=(1000, 3), compression=1)))
simple("chunk-claimed", INPUTS, "has chunks larger than the file can hold", lambda f: (
    f.__delitem__(INPUTS), f.create_dataset(INPUTS, (4, 3), "<f4", maxshape=(None, 3), chunks=(2**26, 3), compression=1)))
simple("chunk-huge", INPUTS, "has chunks of more than 1 GiB", lambda f: (
    f.__delitem__(INPUTS), f.create_dataset(INPUTS, (4, 3), "<f4", maxshape=(None, 3), chunks=(2**28, 3), compression=1)))
simple("weight-unwritten", WEIGHT, "was never written", lambda f: (
    f.__delitem__(WEIGHT), f.create_dataset(WEIGHT, (2, 2, 2, 3), "<f4")))


@case("chunk-missing", WEIGHT, "misses 1 of its 4 chunks")
def _(file):
    del file[WEIGHT]
    file.create_dataset(WEIGHT, (2, 2, 2, 3), "<f4", chunks=(1, 1, 2, 3))
    for chain, draw in ((0, 0), (0, 1), (1, 0)):
        file[WEIGHT][chain, draw] = 1


def write_changed(name, path, reason, change):
    target = os.path.join(FOLDER, name + ".h5")
    write_valid(target)
    with h5py.File(target, "r+") as file:
        change(file)
    CASES.append({"file": name + ".h5", "path": path, "reason": reason})


# Digests and checksums
CHANGED = "the file has changed since it was written"
write_changed("changed-provenance", "/@content_sha256", CHANGED, lambda f: f["provenance"].attrs.__setitem__("seed", 1))
write_changed("changed-posterior-digest", "/@posterior_sha256", CHANGED, lambda f: f.attrs.__setitem__("posterior_sha256", "0" * 64))
write_changed("changed-data-digest", "/@data_sha256", CHANGED, lambda f: f.attrs.__setitem__("data_sha256", "0" * 64))


def change_answers(file):
    file.attrs["format_version"] = "1.1"
    group = file.create_group("reference")
    group["inputs"] = file[INPUTS][:2]
    group["logits"] = np.zeros((2, 2, 2, 2), "<f4")
    group.attrs["precision"] = "float32"
    sign(file)
    group.attrs["precision"] = "bfloat16"


write_changed("changed-reference", "/@content_sha256", CHANGED, change_answers)


@case("checksum", WEIGHT, "Fletcher32")
def _(file):
    replace(file, WEIGHT, np.full((2, 2, 2, 3), 1.2345, "<f4"), chunks=(1, 1, 2, 3), fletcher32=True)


with open(os.path.join(FOLDER, "checksum.h5"), "r+b") as damaged:
    content = bytearray(damaged.read())
    content[content.index(np.full(6, 1.2345, "<f4").tobytes()) + 5] ^= 0xFF
    damaged.seek(0)
    damaged.write(content)

with open(os.path.join(FOLDER, "expected.json"), "w") as file:
    json.dump(CASES, file, indent=1)
    file.write("\n")
largest = max(os.path.getsize(os.path.join(FOLDER, entry)) for entry in os.listdir(FOLDER))
print(f"{len(CASES)} malformed files, the largest has {largest} bytes")
