"""A Bayesian network whose weights are stored (in, out), sampled by NUTS (NumPyro)."""
import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.infer import MCMC, NUTS

from digits import test_images, test_labels, train_images, train_labels

numpyro.set_host_device_count(2)


def shrink(images):
    """Seven by seven means of four by four pixels: NUTS takes its time."""
    return images.reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(-1, 49) / 255


inputs, labels = shrink(test_images), test_labels
images, classes = jnp.asarray(shrink(train_images[:150]), jnp.float32), jnp.asarray(train_labels[:150])


def logits(sites, x):
    return jnp.tanh(x @ sites["w1"] + sites["b1"]) @ sites["w2"] + sites["b2"]


def model(x, y=None):
    shapes = {"w1": (49, 10), "b1": (10,), "w2": (10, 10), "b2": (10,)}
    sites = {name: numpyro.sample(name, dist.Normal(0, 0.5).expand(shape).to_event()) for name, shape in shapes.items()}
    numpyro.sample("y", dist.Categorical(logits=logits(sites, x)), obs=y)


mcmc = MCMC(NUTS(model, max_tree_depth=6), num_warmup=150, num_samples=30, num_chains=2, progress_bar=False)
mcmc.run(jax.random.key(0), images, classes)
