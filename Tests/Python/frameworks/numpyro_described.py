"""The InferenceData as it is saved, and the network described in JSON: no module, no graph."""
import arviz
import jax

from nuts import inputs, labels, logits, mcmc

jax.config.update("jax_enable_x64", True)
idata = arviz.from_numpyro(mcmc)

# export
import json
import numpy as np

layers = [{"type": "dense", "name": "hidden", "units": 10, "activation": "tanh"},
          {"type": "dense", "name": "output", "units": 10, "activation": "identity"}]
idata.to_netcdf("idata.nc")
json.dump({"input_shape": [49], "class_count": 10, "layers": layers}, open("network.json", "w"))
answers = jax.vmap(jax.vmap(lambda sites: logits(sites, inputs[:20])))({k: v.values.astype("f8") for k, v in idata.posterior.items()})
np.savez("data.npz", inputs=inputs, labels=labels)
np.savez("answers.npz", logits=answers)

# end
right = int((np.asarray(jax.nn.softmax(answers)).mean((0, 1)).argmax(-1) == labels[:20]).sum())
print(f"answers to 20 of them in float64, of which {right} are right")
# Dense weights are (in, out) in JAX; of a square one a person says so.
print("posterior import --network network.json --posterior idata.nc --map hidden.weight=w1 hidden.bias=b1 output.weight=w2.T "
      "output.bias=b2 --data data.npz --reference answers.npz --output posterior.h5")
