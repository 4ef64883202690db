"""Posterior files as the users of Python packages write them: one posterior, written by each package in each of several ways.

Usage: python writers.py FOLDER WRITER...
Writes FOLDER/WRITER/WAY.h5 for every way that the writer has; FOLDER/WRITER/versions.json names the packages.
Needs numpy and h5py, and what the writer needs: xarray, netCDF4, h5netcdf, arviz (0.23) or arviz_base (of ArviZ 1).
"""
import json
import os
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")

CHAINS, DRAWS, INPUTS, CLASSES, EXAMPLES = 4, 6, 3, 3, 9
ARCHITECTURE = json.dumps({
    "input_shape": [INPUTS], "class_count": CLASSES,
    "layers": [{"type": "dense", "name": "output", "units": CLASSES, "activation": "identity"}]})
ROOT = {"format": "bnn-posterior", "format_version": "1.0"}


class Variable:
    """Values with the names of their axes, and what is said of their storage: attributes of the CF conventions under their
    own names, `zlib`, `dtype` (the stored type), `dimensionless` (the axes get no names)."""

    def __init__(self, axes, values, **storage):
        self.axes, self.values, self.storage = axes, values, storage


def posterior():
    """The groups of a file, each with its variables and its attributes; new arrays each time."""
    random = np.random.default_rng(7)
    weights = ("chain", "draw", "output_out", "output_in")
    return {
        "posterior": ({
            "output.weight": Variable(weights, random.normal(size=(CHAINS, DRAWS, CLASSES, INPUTS)).astype("<f4")),
            "output.bias": Variable(weights[:3], random.normal(size=(CHAINS, DRAWS, CLASSES)).astype("<f4")),
        }, {}),
        "sample_stats": ({
            "lp": Variable(weights[:2], random.normal(size=(CHAINS, DRAWS))),
            "diverging": Variable(weights[:2], random.uniform(size=(CHAINS, DRAWS)) < 0.2),
        }, {}),
        "evaluation_data": ({
            "inputs": Variable(("example", "feature"), random.uniform(size=(EXAMPLES, INPUTS)).astype("<f4")),
            "labels": Variable(("example",), np.arange(EXAMPLES) % CLASSES),
        }, {}),
        "model": ({}, {"architecture": ARCHITECTURE, "input_bounds": np.array([0.0, 1.0])}),
        "provenance": ({}, {"kind": "mcmc", "method": "nuts"}),
    }


# MARK: - Ways

WAYS = {}


def way(name):
    """Registers a way of writing: a function that changes the groups, under the words of the table."""
    def register(change):
        WAYS[name] = change
        return change
    return register


def variables(groups, *names):
    return [groups[group][0][name] for group, name in (n.split("/") for n in names)]


PARAMETERS = ("posterior/output.weight", "posterior/output.bias")
STATISTICS = ("sample_stats/lp", "sample_stats/diverging")


@way("with nothing changed")
def _(groups):
    pass


@way("truth values as numpy has them")
def _(groups):
    variable, = variables(groups, "sample_stats/diverging")
    variable.storage["native"] = True


@way("no names of axes")
def _(groups):
    for group in groups.values():
        for variable in group[0].values():
            variable.storage["dimensionless"] = True


@way("axes in another order, and named so")
def _(groups):
    for variable in variables(groups, *PARAMETERS, *STATISTICS):
        variable.values = np.swapaxes(variable.values, 0, 1)
        variable.axes = ("draw", "chain") + variable.axes[2:]


@way("chains that count from 1")
def _(groups):
    groups["coordinates"] = {"chain": np.arange(1, CHAINS + 1)}


@way("every tenth draw")
def _(groups):
    groups["coordinates"] = {"draw": np.arange(0, 10 * DRAWS, 10)}


@way("float64 weights")
def _(groups):
    for variable in variables(groups, *PARAMETERS):
        variable.values = variable.values.astype("<f8")


@way("float16 weights")
def _(groups):
    for variable in variables(groups, *PARAMETERS):
        variable.values = variable.values.astype("<f2")


@way("big-endian weights")
def _(groups):
    for variable in variables(groups, *PARAMETERS):
        variable.values = variable.values.astype(">f4")
        variable.storage["endian"] = "big"


@way("int32 labels")
def _(groups):
    variable, = variables(groups, "evaluation_data/labels")
    variable.values = variable.values.astype("<i4")


@way("whole numbers as bounds")
def _(groups):
    groups["model"][1]["input_bounds"] = np.array([0, 1])


@way("images as bytes")
def _(groups):
    variable, = variables(groups, "evaluation_data/inputs")
    variable.values = (255 * variable.values).astype("u1")


@way("bytes with other bounds")
def _(groups):
    WAYS["images as bytes"](groups)
    groups["model"][1]["input_bounds"] = np.array([-1.0, 1.0])


@way("deflated")
def _(groups):
    for variable in variables(groups, *PARAMETERS):
        variable.storage["zlib"] = True


@way("compressed otherwise (lzf, zstd)")
def _(groups):
    for variable in variables(groups, *PARAMETERS):
        variable.storage["filter"] = True


@way("a fill value that occurs nowhere")
def _(groups):
    for variable in variables(groups, *PARAMETERS):
        variable.storage["_FillValue"] = np.float32(1e20)


@way("a fill value that occurs")
def _(groups):
    variable, = variables(groups, PARAMETERS[0])
    variable.storage["_FillValue"] = np.float32(1e20)
    variable.values[1, 2, 0, 0] = 1e20


@way("packed with a scale and an offset")
def _(groups):
    variable, = variables(groups, "evaluation_data/inputs")
    variable.storage.update({"dtype": "u1", "scale_factor": 1 / 255, "add_offset": 0.5})


@way("draws that were never filled")
def _(groups):
    for variable in variables(groups, *PARAMETERS):
        variable.values[:, DRAWS - 2:] = 0


@way("a log-density that was never recorded")
def _(groups):
    variable, = variables(groups, "sample_stats/lp")
    variable.values[:] = np.nan


@way("more chains than draws")
def _(groups):
    for variable in variables(groups, *PARAMETERS, *STATISTICS):
        variable.values = variable.values[:, :3].copy()
    groups["coordinates"] = {"draw": np.arange(3)}


@way("a number for each chain as a statistic")
def _(groups):
    groups["sample_stats"][0]["step_size"] = Variable(("chain",), np.linspace(0.1, 0.2, CHAINS))


@way("a further group of any content")
def _(groups):
    groups["observed_data"] = ({
        "y": Variable(("observation",), np.arange(5.0)),
        "name": Variable(("observation",), np.array([f"image{i}" for i in range(5)], object)),
    }, {})


# MARK: - Writers

def coordinates(groups):
    numbers = {"chain": np.arange(CHAINS), "draw": np.arange(DRAWS)}
    return numbers | groups.pop("coordinates", {})


def write_h5py(path, groups):
    import h5py
    numbers = coordinates(groups)
    with h5py.File(path, "w") as file:
        file.attrs.update(ROOT)
        for name, (members, attributes) in groups.items():
            group = file.create_group(name)
            group.attrs.update(attributes)
            for key, variable in members.items():
                values, storage = packed(variable), dict(variable.storage)
                options = {"compression": "gzip"} if storage.pop("zlib", False) else {}
                if storage.pop("filter", False):
                    options["compression"] = "lzf"
                if values.dtype == object:
                    options["dtype"] = h5py.string_dtype()
                truth = values.dtype == bool and not storage.get("native")
                values = values.astype("u1") if truth else values
                if "_FillValue" in storage:
                    options["fillvalue"] = storage["_FillValue"]
                dataset = group.create_dataset(key, data=values, **options)
                dataset.attrs.update({k: v for k, v in storage.items() if k in ATTRIBUTES})
                if truth:
                    dataset.attrs["dtype"] = "bool"
                if storage.get("dimensionless"):
                    continue
                for axis, dimension in enumerate(variable.axes):
                    if dimension not in group:
                        extent = np.arange(values.shape[axis])
                        group[dimension] = numbers.get(dimension, extent)
                        group[dimension].make_scale(dimension)
                    dataset.dims[axis].attach_scale(group[dimension])


ATTRIBUTES = ("scale_factor", "add_offset", "_FillValue")


def packed(variable):
    """The stored numbers of a variable that declares a scale and an offset; of others their values."""
    storage = variable.storage
    if "scale_factor" not in storage:
        return variable.values
    numbers = (variable.values - storage["add_offset"]) / storage["scale_factor"]
    return np.round(numbers).clip(0, 255).astype(storage["dtype"])


def write_netcdf4(path, groups):
    import netCDF4
    numbers = coordinates(groups)
    with netCDF4.Dataset(path, "w") as file:
        file.setncatts(ROOT)
        for name, (members, attributes) in groups.items():
            group = file.createGroup(name)
            group.setncatts(attributes)
            for key, variable in members.items():
                # netCDF has no truth values, and every axis has a name.
                values, storage = packed(variable), dict(variable.storage)
                truth = values.dtype == bool
                values = values.astype("i1") if truth else values
                for axis, dimension in enumerate(variable.axes):
                    if dimension not in group.dimensions:
                        group.createDimension(dimension, values.shape[axis])
                        if dimension in numbers:
                            group.createVariable(dimension, "i8", (dimension,))[:] = numbers[dimension]
                kind = str if values.dtype == object else values.dtype
                created = group.createVariable(
                    key, kind, variable.axes, zlib=storage.get("zlib", False), endian=storage.get("endian", "native"),
                    fill_value=storage.get("_FillValue"), compression="zstd" if storage.get("filter") else None)
                created.set_auto_maskandscale(False)
                created.setncatts({k: storage[k] for k in ("scale_factor", "add_offset") if k in storage})
                if truth:
                    created.setncattr("dtype", "bool")
                created[:] = values


def datasets(groups, filter="zstd"):
    """The groups as data sets of xarray, with the encoding that their storage asks for."""
    import xarray
    numbers = coordinates(groups)
    result = {}
    for name, (members, attributes) in groups.items():
        arrays, encoding = {}, {}
        for key, variable in members.items():
            arrays[key] = (variable.axes, variable.values)
            storage = {k: v for k, v in variable.storage.items() if k not in ("dimensionless", "endian", "native")}
            if storage.pop("filter", False):
                storage["compression"] = filter
            if storage:
                encoding[key] = storage
        used = {axis for variable in members.values() for axis in variable.axes}
        coords = {axis: numbers[axis] for axis in numbers if axis in used}
        result[name] = xarray.Dataset(arrays, coords=coords, attrs=attributes), encoding
    return result


def write_xarray(engine):
    def write(path, groups):
        import xarray
        xarray.Dataset(attrs=ROOT).to_netcdf(path, engine=engine, mode="w")
        for name, (dataset, encoding) in datasets(groups, "lzf" if engine == "h5netcdf" else "zstd").items():
            dataset.to_netcdf(path, group=name, engine=engine, mode="a", encoding=encoding)
    return write


def encoded(dataset, encoding):
    for key, storage in encoding.items():
        dataset[key].encoding.update(storage)
    return dataset


def arrays(dataset):
    return {key: dataset[key].values for key in dataset.data_vars}


def write_arviz(path, groups):
    """`from_dict` makes the groups that it knows; others are added, as its manual says. It writes no group without
    variables: attributes are added afterwards."""
    import arviz
    import h5py
    described = {name: groups.pop(name)[1] for name in ("model", "provenance")}
    made = datasets(groups)
    dims = {"output.weight": ["output_out", "output_in"], "output.bias": ["output_out"]}
    names = {group: dataset for group, (dataset, _) in made.items()}
    known = {key: arrays(names[key]) for key in ("posterior", "sample_stats")}
    chains = names["posterior"]
    inference = arviz.from_dict(
        **known, dims=dims, coords={k: chains[k].values for k in ("chain", "draw")}, attrs=ROOT)
    for group in ("posterior", "sample_stats"):
        encoded(inference[group], made[group][1])
    for group, (dataset, encoding) in made.items():
        if group not in known:
            inference.add_groups({group: encoded(dataset, encoding)})
    inference.to_netcdf(path)
    with h5py.File(path, "r+") as file:
        for name, attributes in described.items():
            file.create_group(name).attrs.update(attributes)


def write_arviz1(path, groups):
    import arviz_base
    import xarray
    made = datasets(groups)
    dims = {"output.weight": ["output_out", "output_in"], "output.bias": ["output_out"]}
    known = {key: arrays(made[key][0]) for key in ("posterior", "sample_stats")}
    chains = made["posterior"][0]
    tree = arviz_base.from_dict(known, dims=dims, coords={k: chains[k].values for k in ("chain", "draw")})
    for group in known:
        tree[group] = xarray.DataTree(encoded(tree[group].to_dataset(), made[group][1]))
    for group, (dataset, encoding) in made.items():
        if group not in known:
            tree[group] = xarray.DataTree(encoded(dataset, encoding))
    tree.attrs.update(ROOT)
    tree.to_netcdf(path)


WRITERS = {
    "h5py": (write_h5py, ["h5py"]),
    "netCDF4": (write_netcdf4, ["netCDF4"]),
    "xarray, netcdf4": (write_xarray("netcdf4"), ["xarray", "netCDF4"]),
    "xarray, h5netcdf": (write_xarray("h5netcdf"), ["xarray", "h5netcdf"]),
    "ArviZ 0.23": (write_arviz, ["arviz", "xarray"]),
    "ArviZ 1": (write_arviz1, ["arviz_base", "xarray"]),
}
# Axes always have names in netCDF, and one order in ArviZ; a number for each chain is none of ArviZ's statistics. ArviZ
# before 1 has an encoding of its own, which takes the place of any other.
IMPOSSIBLE = {
    "no names of axes": {"netCDF4", "xarray, netcdf4", "xarray, h5netcdf", "ArviZ 0.23", "ArviZ 1"},
    "axes in another order, and named so": {"ArviZ 0.23", "ArviZ 1"},
    "a number for each chain as a statistic": {"ArviZ 0.23", "ArviZ 1"},
    "deflated": {"ArviZ 0.23"},
    "compressed otherwise (lzf, zstd)": {"ArviZ 0.23"},
    "a fill value that occurs nowhere": {"ArviZ 0.23"},
    "a fill value that occurs": {"ArviZ 0.23"},
    "packed with a scale and an offset": {"ArviZ 0.23"},
    "big-endian weights": {"xarray, netcdf4", "xarray, h5netcdf", "ArviZ 0.23", "ArviZ 1"},
}


def main(folder, names):
    import importlib
    for writer in names:
        write, packages = WRITERS[writer]
        place = os.path.join(folder, writer)
        os.makedirs(place, exist_ok=True)
        outcomes = {}
        for name, change in WAYS.items():
            if writer in IMPOSSIBLE.get(name, ()):
                continue
            groups = posterior()
            change(groups)
            path = os.path.join(place, f"{len(outcomes)}.h5")
            try:
                write(path, groups)
                outcomes[name] = path
            except Exception as error:
                # What a package refuses to write, nobody has to read.
                outcomes[name] = None
                print(f"{writer} does not write {name}: {type(error).__name__}: {error}", file=sys.stderr)
        versions = {package: importlib.import_module(package).__version__ for package in packages}
        with open(os.path.join(place, "outcomes.json"), "w") as file:
            json.dump({"files": outcomes, "versions": versions}, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
