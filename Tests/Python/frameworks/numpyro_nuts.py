"""The samples as NumPyro's MCMC has them."""
from nuts import inputs, labels, logits, mcmc

# export
from export_posterior import export_samples

export_samples(logits, mcmc, inputs, labels)
