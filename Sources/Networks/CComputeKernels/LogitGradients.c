// Gradients of the objectives with respect to the logits of one draw, none of which cancels or underflows.
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "LogitGradients.h"

// log(e^a + e^b)
INLINE double log_add(double a, double b) { return a == b ? a + LN2 : (a > b ? a : b) + log1p(exp(-fabs(a - b))); }

// Σ_s r_s^k (e_k − p_s) − r_s^y (e_y − p_s). Every entry is a sum of products of a weight and a probability or its complement, formed from logarithms: where draws disagree, all of them can lie far
// below the smallest double. Returns the logarithm of the factor.
INLINE double margin_gradient(double *g, const double *z, double *e, const double *log_sums, size_t y, size_t classes, size_t padded) {
  size_t k = y == 0 ? 1 : 0;
  for (size_t c = 0; c < classes; c++)
    if (c != y && log_sums[c] > log_sums[k]) k = c;
  double total, others_y = log_sum_except(z, e, &total, y, classes, padded), uy = others_y - z[y];
  double others_k = log_sum_except(z, e, &total, k, classes, padded), uk = others_k - z[k];
  double log_py = -softplus(uy), log_pk = -softplus(uk), all = z[y] - log_py;
  double weight_y = log_py - log_sums[y], weight_k = log_pk - log_sums[k], larger = weight_y > weight_k ? weight_y : weight_k;
  double difference = larger + log1p(-exp(-fabs(weight_y - weight_k))), sign = weight_y > weight_k ? 1 : -1;
  double log_y = log_add(weight_y - softplus(-uy), weight_k + log_py), log_k = log_add(weight_k - softplus(-uk), weight_y + log_pk);
  double factor = log_y > log_k ? log_y : log_k;
  for (size_t c = 0; c < classes; c++) {
    g[c] = difference + z[c] - all;
    if (c != y && c != k && g[c] > factor) factor = g[c];
  }
  if (factor == -INFINITY) {
    memset(g, 0, classes * sizeof *g);
    return 0;
  }
  // No other class is above the factor; y and k may be, and have formulas of their own.
  g[y] = g[k] = -INFINITY;
  for (size_t c = classes; c < padded; c++) g[c] = -INFINITY;
  for (size_t c = 0; c < padded; c += DOUBLES) {
    doubles v = *(const doubles *)(g + c) - factor, x;
    EXP_DOUBLES(x, v);
    *(doubles *)(g + c) = DSELECT(v == v, x, v) * sign;
  }
  g[y] = -exp(log_y - factor);
  g[k] = exp(log_k - factor);
  return factor;
}

// Σ_c coefficient_c · r_s^c (e_c − p_s): the gradient of Σ coefficient_c · log p̄_c, term by term from logarithms, since where draws are
// certain, or disagree, all of them can lie far below the smallest double. Returns the logarithm of the factor.
INLINE double combination_gradient(double *g, const double *z, double *e, const double *log_sums, const double *coefficients, size_t classes,
                                   size_t padded) {
  double total, all = log_sum_except(z, e, &total, classes, classes, padded), factor = -INFINITY;
  for (size_t c = 0; c < classes; c++) {
    g[c] = 0;
    if (coefficients[c] == 0) continue;
    double largest = -softplus(z[c] - log_sum_except(z, e, &total, c, classes, padded));
    for (size_t j = 0; j < classes; j++)
      if (j != c && z[j] - all > largest) largest = z[j] - all;
    largest += log(fabs(coefficients[c])) + (z[c] - all) - log_sums[c];
    if (largest > factor) factor = largest;
  }
  if (factor == -INFINITY) return 0;
  for (size_t c = 0; c < classes; c++) {
    if (coefficients[c] == 0) continue;
    double weight = log(fabs(coefficients[c])) + (z[c] - all) - log_sums[c], sign = coefficients[c] > 0 ? 1 : -1;
    double complement = -softplus(z[c] - log_sum_except(z, e, &total, c, classes, padded));
    for (size_t j = 0; j < classes; j++)
      g[j] += (j == c ? sign : -sign) * exp(weight + (j == c ? complement : z[j] - all) - factor);
  }
  return factor;
}

static void combination_gradients(void *dz, ckn_type destination, int32_t *exponents, const void *z, ckn_type type,
                                  const ckn_first_pass *first, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  ROWS_OF_SCRATCH(scratch, padded);
  double *row = scratch, *e = scratch + padded, *g = scratch + 2 * padded;
  for (size_t r = 0; r < rows; r++) {
    load_logits(row, z, type, r, classes, padded);
    double log_factor = combination_gradient(g, row, e, first->log_sums + r * padded, first->outer + r * padded, classes, padded);
    double f = split_factor(log_factor, exponents + r);
    for (size_t c = 0; c < classes; c++) store(dz, destination, r * classes + c, f * g[c]);
  }
  FREE_SCRATCH(scratch);
}

static void margin_gradients(void *dz, ckn_type destination, int32_t *exponents, const void *z, ckn_type type, const int32_t *labels,
                             const ckn_first_pass *first, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  ROWS_OF_SCRATCH(scratch, padded);
  double *row = scratch, *e = scratch + padded, *g = scratch + 2 * padded;
  for (size_t r = 0; r < rows; r++) {
    load_logits(row, z, type, r, classes, padded);
    double log_factor = margin_gradient(g, row, e, first->log_sums + r * padded, (size_t)labels[r], classes, padded);
    double f = split_factor(log_factor, exponents + r);
    for (size_t c = 0; c < classes; c++) store(dz, destination, r * classes + c, f * g[c]);
  }
  FREE_SCRATCH(scratch);
}

// With q = 1 − p_y and w the softmax of the others: ∂z_k = q·w_k [p_y (a_k − a_y) + q Σ_j w_j (a_k − a_j)], ∂z_y = q·p_y Σ_j w_j (a_y − a_j). Every term has a factor p_y or a w
// other than the largest one, and these can be far below the range of a double: they are taken relative to the largest of them. Returns the logarithm of the factor.
INLINE double double_softmax_gradient(double *g, const double *z, double *e, const double *a, size_t y, size_t classes, size_t padded) {
  double total, others = log_sum_except(z, e, &total, y, classes, padded), u = others - z[y];
  size_t top = y == 0 ? 1 : 0;
  for (size_t c = 0; c < classes; c++)
    if (c != y && z[c] > z[top]) top = c;
  double log_p = -softplus(u), log_q = -softplus(-u), largest = log_p;
  for (size_t c = 0; c < classes; c++)
    if (c != y && c != top && z[c] - others > largest) largest = z[c] - others;
  double p = exp(log_p - largest), q = exp(log_q), small = exp(largest);
  g[y] = 0;
  for (size_t k = 0; k < classes; k++) {
    if (k == y) continue;
    double w = e[k] / total, spread = 0;
    g[y] += w * p * (a[y] - a[k]);
    // Exactly one factor of each product is relative to `largest`.
    for (size_t j = 0; j < classes; j++)
      if (j != y && j != k) spread += (k == top ? exp(z[j] - others - largest) : e[j] / total) * (a[k] - a[j]);
    g[k] = (k == top ? w : exp(z[k] - others - largest)) * ((k == top ? p : p * small) * (a[k] - a[y]) + q * spread);
  }
  return log_q + largest;
}

static void double_softmax_gradients(void *dz, ckn_type destination, int32_t *exponents, const void *z, ckn_type type,
                                     const int32_t *labels, const ckn_first_pass *first, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  ROWS_OF_SCRATCH(scratch, padded);
  double *row = scratch, *e = scratch + padded, *g = scratch + 2 * padded;
  for (size_t r = 0; r < rows; r++) {
    load_logits(row, z, type, r, classes, padded);
    double log_factor = double_softmax_gradient(g, row, e, first->outer + r * padded, (size_t)labels[r], classes, padded);
    double f = split_factor(log_factor, exponents + r);
    for (size_t c = 0; c < classes; c++) store(dz, destination, r * classes + c, f * g[c]);
  }
  FREE_SCRATCH(scratch);
}

CLONES void ckn_logit_gradient(ckn_objective objective, void *dz, ckn_type destination, int32_t *exponents, const void *z, ckn_type type,
                               const int32_t *labels, const ckn_first_pass *first, size_t rows, size_t classes) {
  if (objective == CKN_MARGIN) {
    margin_gradients(dz, destination, exponents, z, type, labels, first, rows, classes);
    return;
  }
  if (objective == CKN_DOUBLE_SOFTMAX) {
    double_softmax_gradients(dz, destination, exponents, z, type, labels, first, rows, classes);
    return;
  }
  if (objective == CKN_PROBABILITY_MARGIN || objective == CKN_DLR) {
    combination_gradients(dz, destination, exponents, z, type, first, rows, classes);
    return;
  }
  size_t padded = ckn_padded_classes(classes);
  ROWS_OF_SCRATCH(scratch, padded);
  double *block = scratch, *es = scratch + DOUBLES * padded;
  label_odds odds;
  for (size_t r = 0; r < rows; r += DOUBLES) {
    size_t count = rows - r < DOUBLES ? rows - r : DOUBLES;
    if (objective == CKN_MEAN_LOGIT)
      load_lanes(block, first->mean_logits, CKN_FLOAT64, r, count, padded, classes);
    else
      load_lanes(block, z, type, r, count, classes, classes);
    compute_odds(&odds, block, es, labels + r, count, classes);
    const ckn_gradient_target target = {objective, dz, destination, exponents, rows};
    store_odds_gradient(&target, &odds, es, r, classes);
  }
  FREE_SCRATCH(scratch);
}

// Σ_j p_j Σ_k p_k (a_j − a_k) e_j with a = own · log p + shared, in O(classes): with t the class of the largest probability and s the next,
// D = Σ_{k≠t} p_k (a_k − a_t) is a sum of small terms, and entry j ≠ t is p_j ((a_j − a_t) − D), entry t is −p_t D: nothing cancels where p_t rounds to 1. All are
// relative to p_s, then to the largest. Returns the logarithm of the factor.
INLINE double score_gradient(double *g, const double *z, double *e, double own, const double *shared, size_t classes, size_t padded) {
  double total, all = log_sum_except(z, e, &total, classes, classes, padded), second = -INFINITY, d = 0, largest = 0;
  size_t t = 0;
  for (size_t c = 1; c < classes; c++)
    if (z[c] > z[t]) t = c;
  for (size_t c = 0; c < classes; c++)
    if (c != t && z[c] > second) second = z[c];
  memset(g, 0, classes * sizeof *g);
  if (all != all) {
    for (size_t c = 0; c < classes; c++) g[c] = NAN;
    return 0;
  }
  if (second == -INFINITY) return 0;
  for (size_t c = 0; c < classes; c++) {
    e[c] = 0;
    if (c == t || z[c] == -INFINITY) continue;
    e[c] = exp(z[c] - second);
    g[c] = own * (z[c] - z[t]) + shared[c] - shared[t];
    d += e[c] * g[c];
  }
  double small = exp(second - all);
  for (size_t c = 0; c < classes; c++) {
    if (c != t) g[c] = e[c] == 0 ? 0 : e[c] * (g[c] - small * d);
    if (fabs(g[c]) > largest) largest = fabs(g[c]);
  }
  g[t] = -exp(z[t] - all) * d;
  if (fabs(g[t]) > largest) largest = fabs(g[t]);
  if (!(largest > 0)) return 0;
  for (size_t c = 0; c < classes; c++) g[c] /= largest;
  return second - all + log(largest);
}

CLONES void ckn_score_gradient(double own, const double *shared, void *dz, ckn_type destination, int32_t *exponents, const void *z, ckn_type type,
                               size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  ROWS_OF_SCRATCH(scratch, padded);
  double *row = scratch, *e = scratch + padded, *g = scratch + 2 * padded;
  for (size_t r = 0; r < rows; r++) {
    load_logits(row, z, type, r, classes, padded);
    double log_factor = score_gradient(g, row, e, own, shared + r * classes, classes, padded);
    double f = split_factor(log_factor, exponents + r);
    for (size_t c = 0; c < classes; c++) store(dz, destination, r * classes + c, f * g[c]);
  }
  FREE_SCRATCH(scratch);
}

CLONES void ckn_finish_rows(double *values, int32_t *exponents, const double *log_factors, const double *scale, size_t rows, size_t n) {
  for (size_t r = 0; r < rows; r++) {
    double *v = values + r * n, top = 0;
    size_t j = 0;
    doubles tops = {0};
    for (; j + DOUBLES <= n; j += DOUBLES) {
      doubles x = *(doubles *)(v + j);
      if (scale) *(doubles *)(v + j) = x = x / *(const doubles *)(scale + j);
      x = DABSOLUTE(x);
      tops = DSELECT(x > tops, x, tops);
    }
    for (int l = 0; l < DOUBLES; l++) top = tops[l] > top ? tops[l] : top;
    for (; j < n; j++) {
      if (scale) v[j] /= scale[j];
      top = fabs(v[j]) > top ? fabs(v[j]) : top;
    }
    if (!(top > 0) || !isfinite(top) || exponents[r] == CKN_NO_EXPONENT) {
      exponents[r] = 0;
      continue;
    }
    int32_t whole;
    double f = split_factor(log_factors[r], &whole);
    int e;
    frexp(top * f, &e);
    f *= power_of_two(-e);
    for (j = 0; j + DOUBLES <= n; j += DOUBLES) *(doubles *)(v + j) *= f;
    for (; j < n; j++) v[j] *= f;
    exponents[r] += whole + e;
  }
}
