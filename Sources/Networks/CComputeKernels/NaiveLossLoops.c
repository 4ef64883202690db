// What other tools compute: softmax, then the mean, then the logarithm, differentiated in that order, all in float32. Confident rows lose their gradient
// here; that is what this arithmetic is for.
#pragma STDC FP_CONTRACT OFF
#include "NetworkVectors.h"

// Probability c of a row, given its maximum and the sum of its exponentials.
INLINE float softmax_sum(const float *z, float *top, size_t classes) {
  float m = z[0], s = 0;
  for (size_t c = 1; c < classes; c++) m = z[c] > m ? z[c] : m;
  for (size_t c = 0; c < classes; c++) s += expf(z[c] - m);
  *top = m;
  return s;
}

void ckn_naive_softmax_add(float *probabilities, float *losses, const float *z, const int32_t *labels, size_t rows, size_t classes) {
  for (size_t r = 0; r < rows; r++) {
    const float *q = z + r * classes;
    float top, s = softmax_sum(q, &top, classes);
    for (size_t c = 0; c < classes; c++) probabilities[r * classes + c] += expf(q[c] - top) / s;
    losses[r] += (top + logf(s)) - q[labels[r]];
  }
}

// Gradient of the difference of logits ratio with respect to the mean probabilities, from their logarithms.
static void naive_dlr(float *g, const float *m, size_t y, size_t k, size_t classes) {
  size_t first[3] = {classes, classes, classes};
  for (size_t c = 0; c < classes; c++) {
    size_t place = 3;
    while (place > 0 && (first[place - 1] == classes || m[c] > m[first[place - 1]])) place--;
    for (size_t i = 2; i > place; i--) first[i] = first[i - 1];
    if (place < 3) first[place] = c;
    g[c] = 0;
  }
  float range = logf(m[first[0]]) - logf(m[first[2]]), ratio = (logf(m[k]) - logf(m[y])) / range;
  g[k] += 1 / m[k] / range;
  g[y] -= 1 / m[y] / range;
  g[first[0]] -= ratio / m[first[0]] / range;
  g[first[2]] += ratio / m[first[2]] / range;
}

void ckn_naive_logit_gradient(ckn_objective objective, float *dz, const float *z, const float *mean, const int32_t *labels, float draws,
                              size_t rows, size_t classes) {
  for (size_t r = 0; r < rows; r++) {
    size_t y = (size_t)labels[r], o = r * classes;
    const float *q = objective == CKN_MEAN_LOGIT ? mean + o : z + o, *m = mean ? mean + o : NULL;
    float *d = dz + o, top, s = softmax_sum(q, &top, classes);
    if (objective == CKN_EXPECTED_LOSS || objective == CKN_MEAN_LOGIT) {
      for (size_t c = 0; c < classes; c++) d[c] = (expf(q[c] - top) / s - (c == y ? 1.0f : 0.0f)) / draws;
      continue;
    }
    // The gradient g with respect to this draw's probabilities, then the pullback of softmax: p ⊙ (g − Σ p g).
    size_t k = y == 0 ? 1 : 0;
    for (size_t c = 0; c < classes; c++)
      if (c != y && m[c] > m[k]) k = c;
    float outer_top = 0, outer_sum = objective == CKN_DOUBLE_SOFTMAX ? softmax_sum(m, &outer_top, classes) : 1, dot = 0;
    if (objective == CKN_DLR) naive_dlr(d, m, y, k, classes);
    for (size_t c = 0; c < classes; c++) {
      float g = 0;
      if (objective == CKN_DLR) {
        g = d[c] / draws;
      } else if (objective == CKN_PROBABILITY_MARGIN) {
        g = (c == k ? 1.0f : c == y ? -1.0f : 0.0f) / draws;
      } else if (objective == CKN_DOUBLE_SOFTMAX) {
        g = (expf(m[c] - outer_top) / outer_sum - (c == y ? 1.0f : 0.0f)) / draws;
      } else {
        if (c == y) g = -1 / m[c] / draws;
        if (objective == CKN_MARGIN && c == k) g = 1 / m[c] / draws;
      }
      d[c] = g;
      dot += expf(q[c] - top) / s * g;
    }
    for (size_t c = 0; c < classes; c++) d[c] = expf(q[c] - top) / s * (d[c] - dot);
  }
}

void ckn_zero_nonfinite_rows(double *values, size_t rows, size_t n) {
  for (size_t r = 0; r < rows; r++) {
    bool finite = true;
    for (size_t j = 0; j < n; j++) finite &= isfinite(values[r * n + j]) != 0;
    if (!finite) memset(values + r * n, 0, n * sizeof(double));
  }
}
