// The updates of optimisers over flat parameters in single precision.
#pragma once
#include <stddef.h>

/// Adam (Kingma and Ba 2015, algorithm 1): m = β₁m + (1 − β₁)g, v = β₂v + (1 − β₂)g², x −= rate · (m · unbias_m) / (√(v · unbias_v) + ε), with unbias = 1/(1 − βᵗ).
void ckn_adam(float *x, float *m, float *v, const float *g, float rate, float beta1, float beta2, float epsilon, float unbias_m,
              float unbias_v, size_t count);
/// v = momentum · v + g, x −= rate · v.
void ckn_momentum(float *x, float *v, const float *g, float rate, float momentum, size_t count);
/// g = weight · x − factor · g, where g is the gradient of a log-likelihood: the gradient of what is minimised. Returns Σ x².
double ckn_penalized_gradient(float *g, const float *x, float factor, float weight, size_t count);
/// mean += (x − mean) · weight.
void ckn_average(float *mean, const float *x, float weight, size_t count);
