/// Python modules of one file that write what `posterior import` reads, each for a framework.
///
/// They need the framework and numpy, call nothing else, and print the command that follows. Save one as
/// `export_posterior.py` beside the program that trained the networks.
package enum PythonExport: String, CaseIterable, Sendable {
  case torch
  case flax
  case numpyro
  case laplace
  case bayesianTorch = "bayesian-torch"

  /// The whole module.
  package var source: String {
    let parts =
      switch self {
      case .torch: [Self.torchText]
      case .laplace: [Self.torchText, Self.laplaceText]
      case .bayesianTorch: [Self.torchText, Self.bayesianTorchText]
      case .flax: [Self.jaxText]
      case .numpyro: [Self.jaxText, Self.numpyroText]
      }
    return ([introduction + "\n" + imports, Self.common] + parts).joined(separator: "\n\n\n") + "\n"
  }

  private var imports: String {
    switch self {
    case .torch, .laplace, .bayesianTorch:
      """
      import copy
      import hashlib
      import inspect
      import json
      import os
      import re
      import shlex
      import struct
      import sys
      import warnings

      import numpy as np
      import torch
      """
    case .flax, .numpyro:
      """
      import hashlib
      import json
      import math
      import os
      import re
      import shlex
      import struct

      import jax
      import jax.numpy as jnp
      import numpy as np
      """
    }
  }

  private var introduction: String {
    switch self {
    case .torch:
      #"""
      """Writes networks of PyTorch for `posterior import`; it needs torch and numpy.

      A list of trained networks, or a generator of them:

          from export_posterior import export
          for model in models:
              model.eval()
          export(models, inputs, labels, kind="ensemble")

      Inputs are as the threat model sees them, bytes or numbers from 0 to 1; normalize=(mean, std) if the networks expect
      normalized ones. Networks that keep their dropout on:

          from export_posterior import dropout_draws, export
          export(dropout_draws(model, inputs, draws=20), inputs, labels, kind="independent")
      """
      """#
    case .laplace:
      #"""
      """Writes an approximation of laplace-torch for `posterior import`; it needs torch, numpy and the fitted object.

          from export_posterior import export, laplace_draws
          la.fit(loader)
          export(laplace_draws(la, draws=20), inputs, labels, kind="independent")

      Inputs are as the threat model sees them, bytes or numbers from 0 to 1; normalize=(mean, std) if the network expects
      normalized ones.
      """
      """#
    case .bayesianTorch:
      #"""
      """Writes a network of bayesian-torch for `posterior import`; it needs torch and numpy.

          from export_posterior import export, variational_draws
          export(variational_draws(model, draws=20), inputs, labels, kind="variational")

      Inputs are as the threat model sees them, bytes or numbers from 0 to 1; normalize=(mean, std) if the network expects
      normalized ones.
      """
      """#
    case .flax:
      #"""
      """Writes networks of JAX (flax, or functions of your own) for `posterior import`; it needs jax and numpy.

          from export_posterior import export
          export(lambda variables, inputs: model.apply(variables, inputs, train=False), draws, inputs, labels, kind="ensemble")

      draws are the variables of each network, one after the other. With flax.nnx:

          graph, draws = nnx.graphdef(models[0]), [nnx.state(model) for model in models]
          export(lambda state, inputs: nnx.merge(graph, state)(inputs), draws, inputs, labels, kind="ensemble")

      Inputs are as the threat model sees them, bytes or numbers from 0 to 1, images with their channels last; what
      normalizes them is part of the function.
      """
      """#
    case .numpyro:
      #"""
      """Writes samples of NumPyro for `posterior import`; it needs jax and numpy.

          from export_posterior import export_samples
          def logits(sites, inputs):
              return jnp.tanh(inputs @ sites["w1"] + sites["b1"]) @ sites["w2"] + sites["b2"]
          export_samples(logits, mcmc, inputs, labels)

      mcmc is the MCMC after run(), an InferenceData of ArviZ, or a dictionary of samples. Inputs are as the threat model sees
      them, bytes or numbers from 0 to 1; what normalizes them is part of the function.
      """
      """#
    }
  }
}
