"""Writes Fixtures/import/inference-data: small posteriors as ArviZ saves them, by the real package.

Usage: python Tests/Python/make_inference_data.py
Run it once with arviz < 1 (requirements.txt) and once with arviz-base >= 1 (requirements-arviz1.txt): each writes the
files of its own major version, with either engine. The tests compute the same numbers.
"""
import os
import warnings

import numpy as np

warnings.filterwarnings("ignore")
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Fixtures", "import", "inference-data")
CHAINS, DRAWS = 2, 3


def numbers(seed, *shape):
    """Numbers that have no pattern, the same in float32 and in float64."""
    index = np.arange(int(np.prod((CHAINS, DRAWS) + shape)))
    values = ((index * 7919 + seed * 104729) % 1009).astype("f4") / np.float32(1009) - np.float32(0.4)
    return values.reshape((CHAINS, DRAWS) + shape)


def posterior(kind="f4"):
    """Weights (in, out), as JAX has them: 3 inputs, 2 units, 2 classes, and a site that is no weight."""
    shapes = {"w1": (3, 2), "b1": (2,), "w2": (2, 2), "b2": (1, 2), "sigma": ()}
    return {name: numbers(seed, *shape).astype(kind) for seed, (name, shape) in enumerate(shapes.items(), 1)}


def statistics():
    diverging = np.zeros((CHAINS, DRAWS), bool)
    diverging[1, 2] = True
    return {"diverging": diverging, "lp": numbers(7).astype("f8"), "energy": numbers(8).astype("f8"),
            "n_steps": np.full((CHAINS, DRAWS), 7), "tree_depth": np.full((CHAINS, DRAWS), 3),
            "perf_counter_diff": numbers(9).astype("f8")}


def inference_data(variables):
    try:
        from arviz_base import from_dict
    except ImportError:
        import arviz

        return 0, arviz.from_dict(variables, sample_stats=statistics(),
                                  posterior_attrs={"inference_library": "numpyro"})
    return 1, from_dict({"posterior": variables, "sample_stats": statistics()},
                        attrs={"posterior": {"inference_library": "numpyro"}})


def main():
    os.makedirs(FOLDER, exist_ok=True)
    major, data = inference_data(posterior())
    for engine in ("netcdf4", "h5netcdf"):
        data.to_netcdf(os.path.join(FOLDER, f"arviz{major}-{engine}.nc"), engine=engine)
    if major == 1:
        inference_data(posterior("f8"))[1].to_netcdf(os.path.join(FOLDER, "arviz1-float64.nc"), engine="h5netcdf")
        return
    # What else people save: the draws alone, stacked chains and draws, packed numbers.
    draws = data.posterior
    draws.to_netcdf(os.path.join(FOLDER, "draws-alone.nc"), engine="h5netcdf")
    stacked = draws.stack(sample=("chain", "draw")).reset_index("sample", drop=True).drop_vars(["chain", "draw"], errors="ignore")
    stacked.to_netcdf(os.path.join(FOLDER, "stacked.nc"), group="posterior", engine="h5netcdf")
    packing = {"w1": {"dtype": "int16", "scale_factor": 0.001, "add_offset": 0.1, "_FillValue": -32768}}
    draws.to_netcdf(os.path.join(FOLDER, "packed.nc"), group="posterior", engine="netcdf4", encoding=packing)
    draws.transpose("draw", "chain", ...).to_netcdf(os.path.join(FOLDER, "turned.nc"), group="posterior", engine="h5netcdf")
    draws.astype("f8").drop_vars(["chain", "draw"]).to_netcdf(os.path.join(FOLDER, "classic.nc"), engine="scipy")


if __name__ == "__main__":
    main()
