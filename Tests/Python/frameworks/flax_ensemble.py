"""A deep ensemble of convolutional networks with batch normalization, channels last (flax.linen)."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from digits import test_images, test_labels, train_images, train_labels

images, labels = jnp.asarray(train_images.transpose(0, 2, 3, 1) / 255, jnp.float32), jnp.asarray(train_labels)


class Net(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        x = (x - 0.1307) / 0.3081
        x = nn.Conv(8, (3, 3), strides=2, use_bias=False)(x)
        x = nn.relu(nn.BatchNorm(use_running_average=not train)(x))
        x = nn.max_pool(nn.gelu(nn.Conv(12, (3, 3))(x)), (2, 2), strides=(2, 2))
        x = nn.LayerNorm()(nn.silu(nn.Dense(24)(x.reshape((x.shape[0], -1)))))
        return nn.Dense(10)(nn.Dropout(0.3, deterministic=not train)(x))


model = Net()


def trained(seed):
    key = jax.random.key(seed)
    variables = model.init(key, images[:1], train=False)
    params, statistics = variables["params"], variables["batch_stats"]
    optimizer = optax.adam(3e-3)
    state = optimizer.init(params)

    @jax.jit
    def step(params, statistics, state, key):
        batch = jax.random.randint(key, (64,), 0, len(images))

        def loss(params):
            logits, changed = model.apply(
                {"params": params, "batch_stats": statistics}, images[batch], train=True, rngs={"dropout": key},
                mutable=["batch_stats"])
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels[batch]).mean(), changed["batch_stats"]

        (_, statistics), gradient = jax.value_and_grad(loss, has_aux=True)(params)
        update, state = optimizer.update(gradient, state)
        return optax.apply_updates(params, update), statistics, state

    for index in range(120):
        params, statistics, state = step(params, statistics, state, jax.random.fold_in(key, index))
    return {"params": params, "batch_stats": statistics}


draws = [trained(seed) for seed in range(3)]

# export
from export_posterior import export

export(lambda variables, inputs: model.apply(variables, inputs, train=False), draws,
       test_images.transpose(0, 2, 3, 1), test_labels, kind="ensemble")
