"""Weights and inputs of the attacks, the same numbers as `AttackWork.swift` makes."""
import math

import numpy as np


def uniform(seed, count):
    """SplitMix64, as float32 in [0, 1)."""
    word = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((word ^ (word >> np.uint64(31))) >> np.uint64(40)).astype(np.float32) / np.float32(16_777_216)


def inputs(work):
    """Uniform pixels."""
    shape = [work.images] + work.network.input_shape
    return uniform(1_000_000, math.prod(shape)).reshape(shape)


def parameters(work):
    """For each layer a list of arrays (draws, ...), or (...) where all draws have the same.

    Three quarters of a weight's variance are common to all draws.
    """
    layers = work.network.parameters
    last = max(index for index, parameters in enumerate(layers) if parameters)
    common = list(numbers(work.network, 0))
    own = [list(numbers(work.network, draw)) for draw in range(1, work.draws + 1)]
    most, rest = np.sqrt(np.float32(0.75)), np.sqrt(np.float32(0.25))
    result, place = [], 0
    for index, parameters in enumerate(layers):
        arrays = []
        for name, _ in parameters:
            if work.is_last_layer_drawn and index != last:
                arrays.append(common[place])
            elif name == "weight":
                arrays.append(np.stack([most * common[place] + rest * draw[place] for draw in own]))
            else:
                arrays.append(np.stack([common[place]] * work.draws))
            place += 1
        result.append(arrays)
    return result


def numbers(network, seed):
    """One array for each parameter: weights of variance 2 for each input of a unit, and what does nothing for the others."""
    everything = [(name, shape) for parameters in network.parameters for name, shape in parameters]
    random = uniform(seed, sum(math.prod(shape) for name, shape in everything if name == "weight")) - np.float32(0.5)
    used = 0
    for name, shape in everything:
        if name == "weight":
            count = math.prod(shape)
            yield (random[used:used + count] * np.float32(math.sqrt(24 / math.prod(shape[1:])))).reshape(shape)
            used += count
        else:
            yield np.full(shape, 1 if name in ("factor", "variance") else 0, np.float32)
