/// Python programs that write a posterior file, for laboratories that train elsewhere.
public enum PythonExample {
  /// A small dense network, with digests and reference answers. It needs numpy and h5py, and takes the name of the file to write.
  public static let source = #"""
    """Writes a small, signed posterior file (format 1.1) with numpy and h5py alone.

    Usage: python write_posterior.py example.h5
    Replace `draws` by your own weights: PyTorch's state_dict names and shapes, with (chain, draw) in front.
    """
    import hashlib
    import json
    import sys

    import h5py
    import numpy as np

    CHAINS, DRAWS, INPUTS, HIDDEN, CLASSES = 2, 5, 4, 8, 3
    architecture = {
        "input_shape": [INPUTS],
        "class_count": CLASSES,
        "layers": [
            {"type": "dense", "name": "dense1", "units": HIDDEN, "activation": "relu"},
            {"type": "dense", "name": "output", "units": CLASSES, "activation": "identity"},
        ],
    }
    random = np.random.default_rng(0)
    shapes = {"dense1.weight": (HIDDEN, INPUTS), "dense1.bias": (HIDDEN,),
              "output.weight": (CLASSES, HIDDEN), "output.bias": (CLASSES,)}
    draws = {name: random.normal(size=(CHAINS, DRAWS) + shape).astype("<f4") for name, shape in shapes.items()}


    def network(weights, inputs):
        """Logits of one draw: here your own program answers, so that readers see whether they read the same network."""
        hidden = np.maximum(inputs @ weights["dense1.weight"].T + weights["dense1.bias"], 0)
        return hidden @ weights["output.weight"].T + weights["output.bias"]


    def digest(file, paths, attributes):
        """SHA-256 of one line per item, sorted by path: path, type, shape, SHA-256 of the bytes."""
        lines = []
        for path in paths:
            values = file[path][()]
            shape = ",".join(str(size) for size in values.shape)
            lines.append((path, values.dtype.str, shape, np.ascontiguousarray(values).tobytes()))
        for group, name in attributes:
            value = file[group].attrs[name]
            if isinstance(value, str):
                lines.append((f"{group}@{name}", "text", "", value.encode()))
            else:
                value = np.asarray(value)
                shape = ",".join(str(size) for size in value.shape)
                lines.append((f"{group}@{name}", value.dtype.str, shape, value.tobytes()))
        lines = ["\t".join(line[:3]) + "\t" + hashlib.sha256(line[3]).hexdigest() + "\n" for line in sorted(lines)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


    with h5py.File(sys.argv[1], "w") as file:
        file.attrs["format"] = "bnn-posterior"
        file.attrs["format_version"] = "1.1"
        file.attrs["title"] = "an example"
        file.attrs["creation_library"] = "h5py"
        file.attrs["creation_library_version"] = h5py.__version__
        model = file.create_group("model")
        model.attrs["architecture"] = json.dumps(architecture)
        model.attrs["input_bounds"] = np.array([0.0, 1.0])
        provenance = file.create_group("provenance")
        provenance.attrs["kind"] = "mcmc"
        provenance.attrs["seed"] = 0

        posterior = file.create_group("posterior")
        for name, values in draws.items():
            layer = name.rsplit(".", 1)[0]
            dimensions = ["chain", "draw"] + [f"{layer}_{axis}" for axis in ("out", "in", "kh", "kw")][: values.ndim - 2]
            dataset = posterior.create_dataset(
                name, data=values, chunks=(1, 1) + values.shape[2:], fletcher32=True)
            for axis, (dimension, size) in enumerate(zip(dimensions, values.shape)):
                if dimension not in posterior:
                    posterior[dimension] = np.arange(size, dtype="<i8")
                    is_index = dimension in ("chain", "draw")
                    posterior[dimension].make_scale(
                        dimension if is_index else "This is a netCDF dimension but not a netCDF variable.%10d" % size)
                dataset.dims[axis].attach_scale(posterior[dimension])

        data = file.create_group("evaluation_data")
        data["inputs"] = random.uniform(size=(20, INPUTS)).astype("<f4")
        data["labels"] = random.integers(CLASSES, size=20).astype("<i8")

        reference = file.create_group("reference")
        reference["inputs"] = data["inputs"][:8]
        reference["logits"] = np.array([[
            network({name: values[chain, draw].astype("<f8") for name, values in draws.items()}, reference["inputs"][()])
            for draw in range(DRAWS)] for chain in range(CHAINS)])
        reference.attrs["software"] = "NumPy " + np.__version__
        reference.attrs["precision"] = "float64"

        everything = []
        file.visititems(lambda name, item: everything.append("/" + name) if isinstance(item, h5py.Dataset) else None)
        signed = [(group, name) for group in ("/model", "/provenance", "/reference") for name in file[group].attrs]
        weights = ["/posterior/" + name for name in draws]
        file.attrs["posterior_sha256"] = digest(file, weights, [("/model", "architecture"), ("/model", "input_bounds")])
        file.attrs["data_sha256"] = digest(file, ["/evaluation_data/inputs", "/evaluation_data/labels"], [])
        file.attrs["content_sha256"] = digest(file, everything, signed)

    """#

  /// A residual block behind batch normalisation, all of it shared by the draws but the last layer: what a Laplace
  /// approximation of the last layer gives. It needs numpy and h5py, and takes the name of the file to write; `posterior
  /// copy` signs it.
  public static let graph = #"""
    """Writes a residual network with batch normalisation (format 1.1): draws of the last layer, everything else shared."""
    import json
    import sys

    import h5py
    import numpy as np

    DRAWS, CHANNELS, CLASSES = 20, 8, 10
    padded = {"kernel_size": 3, "padding": [1, 1, 1, 1], "activation": "identity", "bias": False}
    architecture = {"input_shape": [3, 16, 16], "class_count": CLASSES, "layers": [
        {"type": "conv2d", "name": "stem", "filters": CHANNELS, **padded},
        {"type": "batch_norm", "name": "stem_norm", "eps": 1e-5},
        {"type": "relu", "name": "start"},
        {"type": "conv2d", "name": "block.conv", "filters": CHANNELS, **padded},
        {"type": "batch_norm", "name": "block.norm", "eps": 1e-5},
        {"type": "add", "name": "sum", "inputs": ["block.norm", "start"]},
        {"type": "relu"},
        {"type": "global_average_pool2d"},
        {"type": "dense", "name": "output", "units": CLASSES, "activation": "identity"}]}
    random = np.random.default_rng(0)
    # In PyTorch: {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}.
    shared = {"stem.weight": random.normal(size=(CHANNELS, 3, 3, 3)) / 5,
              "block.conv.weight": random.normal(size=(CHANNELS, CHANNELS, 3, 3)) / 9}
    for norm in ("stem_norm", "block.norm"):
        shared |= {f"{norm}.weight": np.ones(CHANNELS), f"{norm}.bias": np.zeros(CHANNELS),
                   f"{norm}.running_mean": np.zeros(CHANNELS), f"{norm}.running_var": np.ones(CHANNELS)}
    drawn = {"output.weight": random.normal(size=(1, DRAWS, CLASSES, CHANNELS)),
             "output.bias": random.normal(size=(1, DRAWS, CLASSES))}

    with h5py.File(sys.argv[1], "w") as file:
        file.attrs.update({"format": "bnn-posterior", "format_version": "1.1", "title": "the last layer alone is drawn"})
        file.create_group("model").attrs.update({
            "architecture": json.dumps(architecture), "input_bounds": np.array([0.0, 1.0])})
        file.create_group("provenance").attrs.update({"kind": "independent", "exactness": "approximate"})
        for name, values in shared.items():
            file[f"shared/{name}"] = values.astype("<f4")
        for name, values in drawn.items():
            file[f"posterior/{name}"] = values.astype("<f4")
        file["evaluation_data/inputs"] = random.uniform(size=(20, 3, 16, 16)).astype("<f4")
        file["evaluation_data/labels"] = random.integers(CLASSES, size=20).astype("<i8")

    """#
}
