extension PythonExport {
  /// Weights drawn from an approximation of laplace-torch.
  static let laplaceText = #"""
    def laplace_draws(laplace, draws, seed=0):
        """Networks with weights drawn from a fitted Laplace approximation of laplace-torch: kind='independent'.

        Weights that the approximation does not cover, all but the last layer's or the subnetwork's, are the same in all draws.
        The predictive is that of sampled weights, laplace(x, pred_type="nn", link_approx="mc"), not of the linearized network:
        for a last layer the two are one, for all weights they can differ much.
        """
        samples = laplace.sample(draws, generator=torch.Generator(laplace._device).manual_seed(seed))
        inner = laplace.model
        extractor = hasattr(inner, "last_layer")
        network = inner.model if extractor else inner
        covered = list(inner.last_layer.parameters()) if extractor else [
            parameter for parameter in network.parameters() if parameter.requires_grad]
        size = sum(parameter.numel() for parameter in covered)
        if samples.shape[1] != size:
            raise ExportError(f"a sample of the approximation has {samples.shape[1]} numbers, and the weights it covers {size}")
        kept = [parameter.detach().clone() for parameter in covered]
        try:
            for sample in samples:
                # In place: other layers may share these tensors.
                with torch.no_grad():
                    for parameter, part in zip(covered, sample.split([parameter.numel() for parameter in covered])):
                        parameter.copy_(part.reshape(parameter.shape))
                yield network
        finally:
            with torch.no_grad():
                for parameter, value in zip(covered, kept):
                    parameter.copy_(value)
    """#
}
