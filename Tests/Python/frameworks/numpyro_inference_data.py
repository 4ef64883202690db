"""The samples as ArviZ's InferenceData has them, in netCDF."""
import arviz

from nuts import inputs, labels, logits, mcmc

arviz.from_numpyro(mcmc).to_netcdf("idata.nc")

# export
from export_posterior import export_samples

export_samples(logits, arviz.from_netcdf("idata.nc"), inputs, labels, thin=3)
