// The updates of optimisers.
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "include/OptimizerLoops.h"

#include "NetworkVectors.h"

CLONES void ckn_adam(float *x, float *m, float *v, const float *g, float rate, float beta1, float beta2, float epsilon, float unbias_m,
                     float unbias_v, size_t count) {
  float rest1 = 1 - beta1, rest2 = 1 - beta2, scaled = rate * unbias_m;
  size_t j = 0;
  for (; j + FLOATS <= count; j += FLOATS) {
    floats gv = *(const floats *)(g + j);
    floats mv = *(floats *)(m + j) * beta1 + gv * rest1;
    floats vv = *(floats *)(v + j) * beta2 + gv * gv * rest2;
    *(floats *)(m + j) = mv;
    *(floats *)(v + j) = vv;
    *(floats *)(x + j) = *(floats *)(x + j) - scaled * mv / (__builtin_elementwise_sqrt(vv * unbias_v) + epsilon);
  }
  for (; j < count; j++) {
    m[j] = m[j] * beta1 + g[j] * rest1;
    v[j] = v[j] * beta2 + g[j] * g[j] * rest2;
    x[j] = x[j] - scaled * m[j] / (sqrtf(v[j] * unbias_v) + epsilon);
  }
}

CLONES void ckn_momentum(float *x, float *v, const float *g, float rate, float momentum, size_t count) {
  for (size_t j = 0; j < count; j++) {
    v[j] = momentum * v[j] + g[j];
    x[j] -= rate * v[j];
  }
}

CLONES double ckn_penalized_gradient(float *g, const float *x, float factor, float weight, size_t count) {
  doubles sums = {0};
  size_t j = 0;
  for (; j + DOUBLES <= count; j += DOUBLES) {
    half_floats xv = *(const half_floats *)(x + j);
    doubles wide = __builtin_convertvector(xv, doubles);
    sums += wide * wide;
    *(half_floats *)(g + j) = weight * xv - factor * *(half_floats *)(g + j);
  }
  double sum = 0;
  for (int l = 0; l < DOUBLES; l++) sum += sums[l];
  for (; j < count; j++) {
    sum += (double)x[j] * x[j];
    g[j] = weight * x[j] - factor * g[j];
  }
  return sum;
}

CLONES void ckn_average(float *mean, const float *x, float weight, size_t count) {
  for (size_t j = 0; j < count; j++) mean[j] += (x[j] - mean[j]) * weight;
}
