extension PythonExport {
  /// Samples of NumPyro and ArviZ.
  static let numpyroText = #"""
    def samples_of(posterior):
        """Draws by site, (chain, draw, …): of an MCMC of NumPyro, an InferenceData of ArviZ, or a dictionary of (draw, …)."""
        if hasattr(posterior, "get_samples"):
            return posterior.get_samples(group_by_chain=True)
        if hasattr(posterior, "posterior"):
            return {str(name): array.values for name, array in posterior.posterior.data_vars.items()}
        return {name: np.asarray(array)[None] for name, array in posterior.items()}


    def export_samples(logits, posterior, inputs, labels, *, kind="mcmc", thin=1, netcdf=None, **options):
        """Writes what `posterior import` reads, and prints its command.

        logits     a function of (sites, inputs) that gives logits, (examples, classes): sites are one draw's values by name, in
                   the shapes that numpyro.sample gave them. Nothing is transposed by hand: the graph has what the function does
        posterior  the MCMC after run(), an InferenceData of ArviZ, or a dictionary of samples, (draw, …) each
        thin       every so many-th draw of a chain
        netcdf     the file that holds this InferenceData: the draws are read from there, and not written again
        Other options are those of export().
        """
        samples = {name: np.asarray(array) for name, array in samples_of(posterior).items()}
        if not samples:
            raise ExportError("there are no samples")
        chains, count = next(iter(samples.values())).shape[:2]
        draws = ({name: array[chain, draw] for name, array in samples.items()}
                 for chain in range(chains) for draw in range(0, count, thin))
        if netcdf is not None:
            if thin != 1:
                raise ExportError("thin the InferenceData before it is saved")
            options["draws_source"] = f"--posterior {shlex.quote(netcdf)}"
        if kind == "mcmc" and netcdf is None:
            options.setdefault("chains", chains)
        export(logits, draws, inputs, labels, kind=kind, **options)
    """#
}
