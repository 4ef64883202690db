"""Projected gradient descent on the predictive of many draws at once, in the ways in which PyTorch can do it."""
import time

import torch
import torch.nn.functional as F

import attack_numbers
from attack_works import STEPS, Work

ACTIVATIONS = {"identity": lambda x: x, "relu": F.relu}


def through(layers, parameters, x):
    """The result of layers with the parameters of one draw."""
    named = {}
    for layer, mine in zip(layers, parameters, strict=True):
        kind = layer["type"]
        inputs = [named[other] for other in layer.get("inputs", [])] or [x]
        x = inputs[0]
        if kind == "dense":
            x = ACTIVATIONS[layer["activation"]](F.linear(x, *mine))
        elif kind == "conv2d":
            x = ACTIVATIONS[layer["activation"]](F.conv2d(
                x, *mine, stride=layer.get("stride", 1), padding=layer.get("padding", [0])[0], groups=layer.get("groups", 1)))
        elif kind == "batch_norm":
            factor, shift, mean, variance = mine
            x = F.batch_norm(x, mean, variance, factor, shift, training=False, eps=layer["eps"])
        elif kind == "normalize":
            mean, scale = (torch.tensor(layer[key], dtype=x.dtype).view(-1, 1, 1) for key in ("mean", "scale"))
            x = (x - mean) / scale
        elif kind == "max_pool2d":
            x = F.max_pool2d(x, layer["kernel_size"], layer["stride"])
        elif kind == "add":
            x = inputs[0] + inputs[1]
        elif kind == "global_average_pool2d":
            x = x.mean((2, 3))
        elif kind == "flatten":
            x = x.flatten(1)
        else:
            x = {"relu": F.relu, "relu6": F.relu6}[kind](x)
        if "name" in layer:
            named[layer["name"]] = x
    return x


class Batched:
    """A posterior whose draws are all computed at once: ways from inputs to logits (draws, images, classes)."""

    def __init__(self, work, dtype):
        self.work, self.network = work, work.network
        self.parameters = [[torch.from_numpy(array).to(dtype) for array in arrays] for arrays in attack_numbers.parameters(work)]
        # Ways; and those that go through the draws, given what computes one of them.
        self.ways, self.loops = {}, {}
        if self.network.is_dense:
            self._dense()
        elif work.is_last_layer_drawn:
            self._last_layer()
        else:
            self._convolutional()

    def compiled(self):
        """The same ways with `torch.compile`; of those that go through the draws one after the other, a draw is compiled."""
        return {
            name + ", compiled": way(torch.compile(self.one, dynamic=False)) if name in self.loops
            else torch.compile(way, dynamic=False)
            for name, way in (self.ways | self.loops).items()
        }

    def one(self, parameters, x):
        return through(self.network.layers, parameters, x)

    def _dense(self):
        """One `baddbmm` a layer, or the first layers of all draws as one product: they take the same inputs."""
        draws = self.work.draws
        weights = [weight.transpose(1, 2).contiguous() for weight, _ in self.parameters]
        biases = [bias.unsqueeze(1).contiguous() for _, bias in self.parameters]
        joined = weights[0].permute(1, 0, 2).flatten(1).contiguous()
        joined_bias = biases[0].flatten().contiguous()

        def rest(h):
            for weight, bias in zip(weights[1:], biases[1:]):
                h = torch.baddbmm(bias, F.relu(h), weight)
            return h

        def stacked(x):
            return rest(torch.baddbmm(biases[0], x.expand(draws, *x.shape), weights[0]))

        def one_product(x):
            return rest(torch.addmm(joined_bias, x, joined).view(len(x), draws, -1).transpose(0, 1))

        self.ways = {"baddbmm": stacked, "one first product": one_product}

    def _convolutional(self):
        draws = self.work.draws

        def single(parameters, format):
            return [[
                array.contiguous(memory_format=format) if array.dim() == 4 else array.contiguous() for array in arrays
            ] for arrays in parameters]

        for name, format in (("loop", torch.contiguous_format), ("loop, channels last", torch.channels_last)):
            mine = [single([[array[draw] for array in arrays] for arrays in self.parameters], format) for draw in range(draws)]
            self.loops[name] = lambda one, mine=mine, format=format: lambda x: torch.stack(
                [one(parameters, x.contiguous(memory_format=format)) for parameters in mine])
            self.ways[name] = self.loops[name](self.one)
        self.ways["vmap"] = lambda x: torch.func.vmap(self.one, in_dims=(0, None))(self.parameters, x)

    def _last_layer(self):
        """What is shared once, and the last layers of all draws as one product."""
        network, draws = self.network, self.work.draws
        weight, bias = self.parameters[-1]
        heads, biases = weight.flatten(0, 1).t().contiguous(), bias.flatten().contiguous()
        for name, format in (("one last product", torch.contiguous_format), ("one last product, channels last", torch.channels_last)):
            trunk = [[
                array.contiguous(memory_format=format) if array.dim() == 4 else array for array in arrays
            ] for arrays in self.parameters[:-1]]

            def way(x, trunk=trunk, format=format):
                features = through(network.layers[:-1], trunk, x.contiguous(memory_format=format))
                return torch.addmm(biases, features, heads).view(len(x), draws, -1).transpose(0, 1)

            self.ways[name] = way


class Attack:
    """The attack on one entry of the list, and what both sides compare."""

    def __init__(self, row):
        self.work = work = Work(row)
        self.dtype = getattr(torch, work.precision)
        self.posterior = Batched(work, self.dtype)
        # Where gradients are in bfloat16 the end is judged in float32, as ours is.
        self.wide = torch.float64 if work.precision == "float64" else torch.float32
        self.judge = self.posterior if self.dtype == self.wide else Batched(work, self.wide)
        self.inputs = torch.from_numpy(attack_numbers.inputs(work)).to(self.wide)
        self.asked = 0

    def log_predictive(self, way, x, dtype):
        logits = way(x.to(dtype)).to(self.wide)
        return torch.logsumexp(F.log_softmax(logits, -1), 0) - torch.log(torch.tensor(float(self.work.draws), dtype=self.wide))

    def judged(self, name, x):
        with torch.no_grad():
            return self.log_predictive(self.judge.ways[name.removesuffix(", compiled")], x, self.wide)

    def run(self, way, name, labels, steps=STEPS):
        """Steps on the cross-entropy of the predictive, then the predictive at the end: what our attack does. Returns who has fallen."""
        x, origins, rows = self.inputs.clone(), self.inputs, torch.arange(self.work.images)
        fallen = torch.zeros(self.work.images, dtype=torch.bool)
        self.asked = 0
        for _ in range(steps):
            self.asked += len(rows)
            x.requires_grad_(True)
            logs = self.log_predictive(way, x, self.dtype)
            (gradient,) = torch.autograd.grad(F.nll_loss(logs, labels[rows], reduction="sum"), x)
            with torch.no_grad():
                if self.work.drops:
                    standing = logs.argmax(1) == labels[rows]
                    fallen[rows[~standing]] = True
                    if not standing.any():
                        return fallen
                    x, gradient, origins, rows = x[standing], gradient[standing], origins[standing], rows[standing]
                x = x + self.work.step * gradient.sign()
                x = torch.minimum(torch.maximum(x, origins - self.work.epsilon), origins + self.work.epsilon).clamp_(0, 1)
        fallen[rows] = self.judged(name, x).argmax(1) != labels[rows]
        return fallen

    def measure(self, repetitions, only=None):
        """The fastest way, or the one named; seconds of its repetitions."""
        logs = self.judged(next(iter(self.posterior.ways)), self.inputs)
        labels = logs.argmax(1)
        trouble = None
        ways = dict(self.posterior.ways)
        # Where the number of inputs changes with every step, compiling does not end.
        if not self.work.drops:
            ways |= self.posterior.compiled()
        trials = {}
        for name, way in ways.items():
            if only is not None and name != only:
                continue
            try:
                # Single steps: by `vmap` a whole attack on LeNet-5 takes minutes.
                self.run(way, name, labels, steps=1)
                trials[name] = min(self._seconds(way, name, labels, steps=1)[0] for _ in range(2))
            except Exception as error:  # The compiler's troubles are of many classes.
                if not name.endswith("compiled"):
                    raise
                trouble = f"torch.compile failed: {str(error).splitlines()[0][:200]}"
        best = min(trials, key=trials.get)
        runs = [self._seconds(ways[best], best, labels) for _ in range(repetitions)]
        return {
            "way": best, "trials": trials, "trouble": trouble, "seconds": [seconds for seconds, _ in runs], "member_gradients": self.asked * self.work.draws,
            "log_loss": float(torch.log(-logs[torch.arange(len(labels)), labels]).mean()), "fallen": int(runs[-1][1].sum()),
            "product_gflops": self.product(),
        }

    def _seconds(self, way, name, labels, steps=STEPS):
        start = time.perf_counter()
        fallen = self.run(way, name, labels, steps)
        return time.perf_counter() - start, fallen

    def product(self, repetitions=5):
        """GFLOP/s of PyTorch's own product of the layer with the most operations, all draws at once where it is dense."""
        network, index = self.work.network, self.work.network.largest
        weight, *_ = self.posterior.parameters[index]
        shape, images, layer = network.shapes[index], self.work.images, network.layers[index]
        if layer["type"] == "conv2d":
            x = torch.rand(images, *shape).to(self.dtype)
            w = weight if self.work.is_last_layer_drawn else weight[0]
            bodies = []
            for format in (torch.contiguous_format, torch.channels_last):
                a, b = x.contiguous(memory_format=format), w.contiguous(memory_format=format)
                bodies.append(lambda a=a, b=b: F.conv2d(
                    a, b, stride=layer.get("stride", 1), padding=layer.get("padding", [0])[0], groups=layer.get("groups", 1)))
            operations = network.operations[index] * images
        else:
            x = torch.rand(images, *shape).to(self.dtype)
            stacked = weight.transpose(1, 2).contiguous()
            if index == 0:
                joined = stacked.permute(1, 0, 2).flatten(1).contiguous()
                bodies = [lambda: torch.mm(x, joined), lambda: torch.bmm(x.expand(len(stacked), *x.shape), stacked)]
            else:
                wide = x.expand(len(stacked), *x.shape).contiguous()
                bodies = [lambda: torch.bmm(wide, stacked)]
            operations = network.operations[index] * images * len(stacked)
        calls = max(1, int(5e9 / operations))
        best = float("inf")
        with torch.no_grad():
            for body in bodies:
                body()
                for _ in range(repetitions):
                    start = time.perf_counter()
                    for _ in range(calls):
                        body()
                    best = min(best, (time.perf_counter() - start) / calls)
        return operations / best / 1e9
