"""The JAX and NumPyro side of the performance table: the same work as the `benchmarks` program, in idiomatic JAX.

    jax_baseline.py ROW ... [--repetitions N] [--threads N]

prints one line of JSON for each row: {"row": ..., "seconds": [...]}. XLA uses all processors that it is given: --threads binds the
process to that many.
"""
import argparse
import json
import os
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("rows", nargs="*", default=["gradient", "hmc"], metavar="ROW", help="gradient, hmc")
parser.add_argument("--repetitions", type=int, default=3)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()
if hasattr(os, "sched_setaffinity"):  # before XLA counts them
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import numpyro  # noqa: E402
import numpyro.distributions as dist  # noqa: E402
from numpyro.infer import HMC  # noqa: E402

SCALE = 0.1


def measure(repetitions, body):
    body()
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        body()
        seconds.append(time.perf_counter() - start)
    return seconds


def data(count):
    random = np.random.default_rng(0)
    return jnp.asarray(random.random((count, 784), dtype=np.float32)), jnp.asarray(random.integers(10, size=count))


def logits(parameters, x):
    h = x
    for w, b in parameters[:-1]:
        h = jax.nn.relu(h @ w + b)
    w, b = parameters[-1]
    return h @ w + b


def gradient(repetitions):
    """The gradient of the log-posterior of 784-1024-1024-10 on 10,000 images."""
    widths = [784, 1024, 1024, 10]
    random = np.random.default_rng(1)
    parameters = [
        (jnp.asarray(random.normal(0, SCALE, (a, b)), jnp.float32), jnp.zeros(b, jnp.float32))
        for a, b in zip(widths, widths[1:])]
    x, y = data(10_000)

    def log_posterior(parameters):
        likelihood = jnp.sum(jnp.take_along_axis(jax.nn.log_softmax(logits(parameters, x)), y[:, None], 1))
        return likelihood - sum(jnp.sum(p * p) for p in jax.tree.leaves(parameters)) / (2 * SCALE * SCALE)

    step = jax.jit(jax.value_and_grad(log_posterior))
    return measure(3 * repetitions, lambda: jax.block_until_ready(step(parameters)))


def hmc(repetitions):
    """A transition of 10 leapfrog steps of 784-512-512-10 on 10,000 images, by NumPyro."""
    widths = [784, 512, 512, 10]

    def model(x, y):
        parameters = [
            (numpyro.sample(f"w{i}", dist.Normal(0, SCALE).expand([a, b]).to_event(2)),
             numpyro.sample(f"b{i}", dist.Normal(0, SCALE).expand([b]).to_event(1)))
            for i, (a, b) in enumerate(zip(widths, widths[1:]))]
        with numpyro.plate("data", x.shape[0]):
            numpyro.sample("y", dist.Categorical(logits=logits(parameters, x)), obs=y)

    x, y = data(10_000)
    kernel = HMC(model, step_size=1e-4, num_steps=10, adapt_step_size=False, adapt_mass_matrix=False)
    state = kernel.init(jax.random.PRNGKey(0), 0, None, (x, y), {})
    step = jax.jit(lambda state: kernel.sample(state, (x, y), {}))

    def body():
        nonlocal state
        state = jax.block_until_ready(step(state))

    seconds = measure(2 * repetitions, body)
    assert int(state.num_steps) == 10, state.num_steps
    return seconds


print(json.dumps({"library": f"JAX {jax.__version__}, NumPyro {numpyro.__version__}"}), flush=True)
for row in arguments.rows:
    print(json.dumps({"row": row, "seconds": {"gradient": gradient, "hmc": hmc}[row](arguments.repetitions)}), flush=True)
