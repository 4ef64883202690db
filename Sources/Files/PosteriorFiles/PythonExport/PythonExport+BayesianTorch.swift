extension PythonExport {
  /// Weights drawn from the distributions of bayesian-torch.
  static let bayesianTorchText = #"""
    class Sampled(torch.nn.Module):
        """A layer of bayesian-torch with weights that were drawn: of reparameterization and of flipout layers alike.

        Flipout draws other signs for each input, from the same distribution of the weights.
        """

        def __init__(self, layer):
            super().__init__()
            bias = layer.mu_bias is not None
            if hasattr(layer, "mu_weight"):
                self.layer = torch.nn.Linear(layer.in_features, layer.out_features, bias=bias)
            else:
                kind = {3: torch.nn.Conv1d, 4: torch.nn.Conv2d, 5: torch.nn.Conv3d}[layer.mu_kernel.ndim]
                self.layer = kind(
                    layer.in_channels, layer.out_channels, layer.mu_kernel.shape[2:], layer.stride, layer.padding,
                    layer.dilation, layer.groups, bias=bias)
            self.gives_divergence = not layer.dnn_to_bnn_flag

        def draw(self, layer, generator):
            parts = [("mu_weight" if hasattr(layer, "mu_weight") else "mu_kernel", self.layer.weight), ("mu_bias", self.layer.bias)]
            with torch.no_grad():
                for name, parameter in parts:
                    if parameter is not None:
                        mean, rho = getattr(layer, name).cpu(), getattr(layer, name.replace("mu_", "rho_")).cpu()
                        noise = torch.randn(mean.shape, generator=generator)
                        parameter.copy_(mean + torch.log1p(torch.exp(rho)) * noise)

        def forward(self, inputs, return_kl=True):
            outputs = self.layer(inputs)
            return (outputs, torch.zeros(())) if self.gives_divergence and return_kl else outputs


    class Logits(torch.nn.Module):
        """A network that gives its logits alone, without the divergence beside them."""

        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, inputs):
            outputs = self.network(inputs)
            return outputs[0] if isinstance(outputs, tuple) else outputs


    def variational_draws(network, draws, seed=0):
        """Networks with weights drawn from the distributions that bayesian-torch fitted: kind='variational'."""
        drawn = copy.deepcopy(network).cpu().eval()
        layers = {name: module for name, module in drawn.named_modules(remove_duplicate=False)
                  if hasattr(module, "rho_weight") or hasattr(module, "rho_kernel")}
        if not layers:
            raise ExportError("the network has no variational layer of bayesian-torch")
        sampled = {}
        for name, layer in layers.items():
            if "Transpose" in type(layer).__name__ or "LSTM" in type(layer).__name__:
                raise ExportError(f"{name} is a {type(layer).__name__}, which is not read here")
            parent, _, child = name.rpartition(".")
            if layer not in sampled:
                sampled[layer] = Sampled(layer).eval()
            setattr(drawn.get_submodule(parent), child, sampled[layer])
        generator = torch.Generator().manual_seed(seed)
        for _ in range(draws):
            for layer, network in sampled.items():
                network.draw(layer, generator)
            yield Logits(drawn).eval()
    """#
}
