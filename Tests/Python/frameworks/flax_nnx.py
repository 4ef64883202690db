"""A deep ensemble of dense networks (flax.nnx)."""
import jax.numpy as jnp
import optax
from flax import nnx

from digits import test_images, test_labels, train_images, train_labels

images, labels = jnp.asarray(train_images.reshape(-1, 784) / 255, jnp.float32), jnp.asarray(train_labels)


class Net(nnx.Module):
    def __init__(self, rngs):
        self.first, self.second = nnx.Linear(784, 32, rngs=rngs), nnx.Linear(32, 32, rngs=rngs)
        self.dropout, self.last = nnx.Dropout(0.2, rngs=rngs), nnx.Linear(32, 10, rngs=rngs)

    def __call__(self, x):
        return self.last(self.dropout(nnx.elu(self.second(nnx.leaky_relu(self.first(x))))))


def trained(seed):
    model = Net(nnx.Rngs(seed))
    optimizer = nnx.Optimizer(model, optax.adam(3e-3), wrt=nnx.Param)

    @nnx.jit
    def step(model, optimizer):
        def loss(model):
            return optax.softmax_cross_entropy_with_integer_labels(model(images), labels).mean()

        optimizer.update(model, nnx.grad(loss)(model))

    for _ in range(30):
        step(model, optimizer)
    model.eval()
    return model


models = [trained(seed) for seed in range(3)]

# export
from export_posterior import export

graph = nnx.graphdef(models[0])
draws = [nnx.state(model) for model in models]
export(lambda state, inputs: nnx.merge(graph, state)(inputs), draws, test_images.reshape(-1, 784), test_labels, kind="ensemble")
