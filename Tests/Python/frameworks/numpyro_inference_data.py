"""The same from ArviZ's InferenceData, as it was saved in netCDF (NumPyro, ArviZ)."""
import arviz
import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.infer import MCMC, NUTS

from digits import test_images, test_labels, train_images, train_labels


def shrink(images):
    return images.reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(-1, 49) / 255


images, labels = jnp.asarray(shrink(train_images[:150]), jnp.float32), jnp.asarray(train_labels[:150])


def logits(sites, x):
    return jnp.tanh(x @ sites["w1"]) @ sites["w2"] + sites["b2"]


def model(x, y=None):
    shapes = {"w1": (49, 10), "w2": (10, 10), "b2": (10,)}
    sites = {name: numpyro.sample(name, dist.Normal(0, 0.5).expand(shape).to_event()) for name, shape in shapes.items()}
    numpyro.sample("y", dist.Categorical(logits=logits(sites, x)), obs=y)


mcmc = MCMC(NUTS(model, max_tree_depth=6), num_warmup=150, num_samples=25, num_chains=2, progress_bar=False)
mcmc.run(jax.random.key(0), images, labels)
arviz.from_numpyro(mcmc).to_netcdf("idata.nc")

# export
from export_posterior import export_samples

idata = arviz.from_netcdf("idata.nc")
export_samples(logits, idata, shrink(test_images), test_labels, netcdf="idata.nc")
