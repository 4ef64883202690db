// The heavier layers that are functions of one example, in double: normalisations, products of two activations, softmax.
#pragma once
#include "NetworkLoops.h"

/// Groups of `size` consecutive elements, each brought to a mean square of 1. Element i of a row has γ and β number i / run % count; null where there are none.
typedef struct {
  size_t groups, size, run, count;
  double epsilon;
  bool centred;
  const double *weight, *bias;
} ckn_standardization;

/// y = γ (x − m)/√(σ² + ε) + β.
void ckn_standardize(double *y, const double *x, ckn_standardization s);
/// dx += the gradient, unless it is null; likewise those with respect to γ and β.
void ckn_standardize_backward(double *dx, double *weight_gradient, double *bias_gradient, const double *x, const double *g, ckn_standardization s);

/// c (m × n) += a · b, where element (i, k) of a lies at a[i · row + k · column], and b is k × n. Sums run over k in order.
void ckn_add_matrix_product(double *c, const double *a, size_t row, size_t column, const double *b, size_t m, size_t k, size_t n);
/// out (n × m) = in (m × n), transposed.
void ckn_transpose_matrix(double *out, const double *in, size_t m, size_t n);

/// p = exp(x) over its sum, vector by vector.
void ckn_softmax(double *p, const double *x, size_t count, size_t length);
/// dx_i += p_i Σ_k p_k (g_i − g_k): nothing cancels where one p is nearly 1.
void ckn_softmax_backward(double *dx, const double *p, const double *g, size_t count, size_t length);
