// The log-domain losses of one draw after another: predictions, and gradients with respect to the logits that neither cancel nor underflow.
//
// With u = log Σ_{k≠y} e^{z_k} − z_y, the log-odds against the label: CE = softplus(u), log p_y = −softplus(u), log(1 − p_y) = −softplus(−u). The gradient softmax − onehot is
// (1 − p_y) · (softmax of the others; −1 at y): the factor goes into the row's exponent, so that the entry of y never rounds to zero.
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include <stdlib.h>

#include "NetworkVectors.h"

#define LOG2E 1.4426950408889634
#define LN2 0.6931471805599453

size_t ckn_padded_classes(size_t classes) { return (classes + DOUBLES - 1) / DOUBLES * DOUBLES; }

INLINE double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
INLINE double log_softplus(double x) { return x < -37 ? x : log(softplus(x)); }

// One row of logits as doubles, padded with −∞.
INLINE void load_logits(double *row, const void *z, ckn_type type, size_t r, size_t classes, size_t padded) {
  for (size_t c = 0; c < classes; c++)
    row[c] = type == CKN_FLOAT64 ? ((const double *)z)[r * classes + c] : (double)((const float *)z)[r * classes + c];
  for (size_t c = classes; c < padded; c++) row[c] = -INFINITY;
}

// Σ_{c≠skip} e^{z_c} as e^top · total, and e^{z_c − top} in `e` (0 at skip). skip = classes: all of them. Returns top.
INLINE double exponentials_except(const double *z, double *e, double *total, size_t skip, size_t classes, size_t padded) {
  double top = -INFINITY, sum = 0;
  for (size_t c = 0; c < classes; c++)
    if (c != skip && !(z[c] <= top)) top = z[c];  // a NaN becomes the maximum and stays
  for (size_t c = 0; c < padded; c += DOUBLES) {
    doubles v = *(const doubles *)(z + c) - top, x;
    EXP_DOUBLES(x, v);
    x = DSELECT(v == v, x, v);  // NaN stays NaN
    *(doubles *)(e + c) = x;
  }
  if (skip < classes) e[skip] = 0;
  for (size_t c = 0; c < classes; c++) sum += e[c];
  *total = sum;
  return top;
}

INLINE double log_sum_except(const double *z, double *e, double *total, size_t skip, size_t classes, size_t padded) {
  double top = exponentials_except(z, e, total, skip, classes, padded);
  return top + log(*total);
}

// log Σ exp of a stream, one value more.
INLINE void running_add(double *top, double *sum, double value) {
  if (value > *top) {
    *sum = *top > -INFINITY ? *sum * exp(*top - value) + 1 : 1;
    *top = value;
  } else if (value > -INFINITY || value != value) {
    *sum += exp(value - *top);
  }
}

void ckn_prediction_clear(const ckn_prediction *p, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  for (size_t i = 0; i < rows * padded; i++) p->top[i] = -INFINITY;
  memset(p->sum, 0, rows * padded * sizeof(double));
  memset(p->votes, 0, rows * padded * sizeof(double));
  memset(p->logits, 0, rows * padded * sizeof(double));
  for (size_t i = 0; i < rows; i++) p->loss_top[i] = -INFINITY;
  memset(p->loss_sum, 0, rows * sizeof(double));
}

// (top, sum) gets (t, s) added, eight classes at a time, with a single exponential: of minus the distance of the two tops.
#define MERGE_LANES(top_, sum_, t_, s_)                                                                                     \
  do {                                                                                                                      \
    doubles a_ = *(doubles *)(top_), b_ = (t_), d_ = a_ - b_, e_;                                                           \
    d_ = DSELECT(a_ == b_, (doubles){0}, d_); /* −∞ − −∞ */                                                                 \
    doubles m_ = (doubles){0} - DABSOLUTE(d_);                                                                              \
    EXP_DOUBLES(e_, m_);                                                                                                    \
    e_ = DSELECT(d_ == d_, e_, d_);                                                                                         \
    doubles old_ = *(doubles *)(sum_), new_ = (s_);                                                                         \
    *(doubles *)(sum_) = DSELECT(a_ >= b_, old_ + new_ * e_, old_ * e_ + new_);                                             \
    *(doubles *)(top_) = DSELECT(a_ >= b_, a_, b_);                                                                         \
  } while (0)

// Space for two padded rows of each of eight examples, on the stack for the usual number of classes.
#define ROWS_OF_SCRATCH(name, padded)                                                                                       \
  double name##_small[2 * DOUBLES * 64];                                                                                    \
  double *name = (padded) <= 64 ? name##_small : malloc(2 * DOUBLES * (padded) * sizeof(double));                           \
  if (!name) abort();
#define FREE_SCRATCH(name) \
  if (name != name##_small) free(name)

// Eight examples at a time: what needs a logarithm is done for all of them at once.
typedef struct {
  double top[DOUBLES], total[DOUBLES], own[DOUBLES];  // Σ over the other classes as e^top · total; logit of the label
  double others[DOUBLES], odds[DOUBLES];              // its logarithm, and u
  double plus[DOUBLES], minus[DOUBLES];               // softplus(u), softplus(−u)
} label_odds;

// Fills `odds` from `count` rows of logits, and leaves e^{z − top} of each in `e`.
INLINE void compute_odds(label_odds *odds, const double *rows, double *e, const int32_t *labels, size_t count, size_t classes, size_t padded) {
  for (size_t l = 0; l < DOUBLES; l++) odds->top[l] = odds->own[l] = 0, odds->total[l] = 1;
  for (size_t l = 0; l < count; l++) {
    const double *z = rows + l * padded;
    odds->top[l] = exponentials_except(z, e + l * padded, odds->total + l, (size_t)labels[l], classes, padded);
    odds->own[l] = z[labels[l]];
  }
  doubles others, u, small, rest, zero = {0};
  LOG_DOUBLES(others, *(const doubles *)odds->total);
  others += *(const doubles *)odds->top;
  u = others - *(const doubles *)odds->own;
  EXP_DOUBLES(small, zero - DABSOLUTE(u));
  small = DSELECT(u == u, small, u);
  LOG1P_DOUBLES(rest, small);
  *(doubles *)odds->others = others;
  *(doubles *)odds->odds = u;
  *(doubles *)odds->plus = DSELECT(u > zero, u, zero) + rest;
  *(doubles *)odds->minus = DSELECT(u < zero, zero - u, zero) + rest;
}

CLONES void ckn_prediction_add(const ckn_prediction *p, const void *z, ckn_type type, const int32_t *labels, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  ROWS_OF_SCRATCH(scratch, padded);
  double *block = scratch, *e = scratch + DOUBLES * padded;
  label_odds odds;
  for (size_t r = 0; r < rows; r += DOUBLES) {
    size_t count = rows - r < DOUBLES ? rows - r : DOUBLES;
    for (size_t l = 0; l < count; l++) load_logits(block + l * padded, z, type, r + l, classes, padded);
    compute_odds(&odds, block, e, labels + r, count, classes, padded);
    // log CE = log softplus(u), which is u itself far below zero.
    doubles loss, u = *(const doubles *)odds.odds;
    LOG_DOUBLES(loss, *(const doubles *)odds.plus);
    loss = DSELECT(u < -37.0, u, loss);
    double top[DOUBLES] = {0}, sum[DOUBLES] = {0};
    memcpy(top, p->loss_top + r, count * sizeof *top);
    memcpy(sum, p->loss_sum + r, count * sizeof *sum);
    MERGE_LANES(top, sum, loss, (doubles){0} + 1.0);
    memcpy(p->loss_top + r, top, count * sizeof *top);
    memcpy(p->loss_sum + r, sum, count * sizeof *sum);
    for (size_t l = 0; l < count; l++) {
      const double *row = block + l * padded;
      size_t o = (r + l) * padded, best = 0;
      for (size_t c = 1; c < classes; c++)
        if (row[c] > row[best]) best = c;
      p->votes[o + best] += 1;
      double all = odds.own[l] + odds.plus[l];  // log Σ_all, since log p_y = −softplus(u)
      for (size_t c = 0; c < padded; c += DOUBLES) {
        doubles zc = *(const doubles *)(row + c);
        MERGE_LANES(p->top + o + c, p->sum + o + c, zc - all, (doubles){0} + 1.0);
      }
      for (size_t c = 0; c < classes; c++) p->logits[o + c] += row[c];
    }
  }
  FREE_SCRATCH(scratch);
}

CLONES void ckn_prediction_merge(const ckn_prediction *into, const ckn_prediction *from, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  for (size_t i = 0; i < rows * padded; i += DOUBLES) {
    MERGE_LANES(into->top + i, into->sum + i, *(const doubles *)(from->top + i), *(const doubles *)(from->sum + i));
    *(doubles *)(into->votes + i) += *(const doubles *)(from->votes + i);
    *(doubles *)(into->logits + i) += *(const doubles *)(from->logits + i);
  }
  for (size_t r = 0; r < rows; r++) {
    double a = into->loss_top[r], b = from->loss_top[r];
    double d = a == b ? 0 : a - b, e = exp(-fabs(d));
    into->loss_sum[r] = a >= b ? into->loss_sum[r] + from->loss_sum[r] * e : into->loss_sum[r] * e + from->loss_sum[r];
    into->loss_top[r] = a >= b ? a : b;
  }
}

CLONES void ckn_log_softmax(double *out, const void *z, ckn_type type, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  ROWS_OF_SCRATCH(scratch, padded);
  double *row = scratch, *e = scratch + padded, total;
  for (size_t r = 0; r < rows; r++) {
    load_logits(row, z, type, r, classes, padded);
    double all = log_sum_except(row, e, &total, classes, classes, padded);
    for (size_t c = 0; c < classes; c++) out[r * classes + c] = row[c] - all;
  }
  FREE_SCRATCH(scratch);
}

// MARK: - Gradients

// Stores factor · 2^k with factor in (1/2, 1], where the logarithm of the whole is `log_factor`.
INLINE double split_factor(double log_factor, int32_t *exponent) {
  double l = log_factor * LOG2E;
  if (!isfinite(l)) {
    *exponent = 0;
    return l < 0 ? 0 : l;  // −∞: an exact zero; NaN and +∞ stay visible
  }
  double k = ceil(l);
  *exponent = (int32_t)k;
  return exp2(l - k);
}

INLINE void store(void *out, ckn_type type, size_t i, double value) {
  switch (type) {
    case CKN_FLOAT32: ((float *)out)[i] = (float)value; break;
    case CKN_BFLOAT16: ((uint16_t *)out)[i] = bfloat16_round((float)value); break;
    case CKN_FLOAT64: ((double *)out)[i] = value; break;
  }
}

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
  for (size_t c = 0; c < classes; c++) g[c] = sign * exp(g[c] - factor);
  g[y] = -exp(log_y - factor);
  g[k] = exp(log_k - factor);
  return factor;
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

// Eight factors at once, as `split_factor`.
INLINE void split_factors(double *factors, int32_t *exponents, const double *log_factors, size_t count) {
  doubles l = *(const doubles *)log_factors * LOG2E, magic = (doubles){0} + 0x1.8p52, k = (l + magic) - magic, f;
  k += DSELECT(k < l, (doubles){0} + 1.0, (doubles){0});
  EXP_DOUBLES(f, (l - k) * LN2);
  *(doubles *)factors = f;
  for (size_t i = 0; i < count; i++) {
    if (fabs(l[i]) < 0x1p30)
      exponents[i] = (int32_t)k[i];
    else
      factors[i] = split_factor(log_factors[i], exponents + i);
  }
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
  size_t padded = ckn_padded_classes(classes);
  ROWS_OF_SCRATCH(scratch, padded);
  double *block = scratch, *es = scratch + DOUBLES * padded;
  label_odds odds;
  for (size_t r = 0; r < rows; r += DOUBLES) {
    size_t count = rows - r < DOUBLES ? rows - r : DOUBLES;
    for (size_t l = 0; l < count; l++) {
      double *row = block + l * padded;
      if (objective == CKN_MEAN_LOGIT) {
        memcpy(row, first->mean_logits + (r + l) * padded, classes * sizeof *row);
        for (size_t c = classes; c < padded; c++) row[c] = -INFINITY;
      } else {
        load_logits(row, z, type, r + l, classes, padded);
      }
    }
    compute_odds(&odds, block, es, labels + r, count, classes, padded);
    double log_factors[DOUBLES], factors[DOUBLES];
    doubles whole = (doubles){0} - *(const doubles *)odds.minus;
    if (objective == CKN_PREDICTIVE) whole -= *(const doubles *)odds.plus;
    *(doubles *)log_factors = whole;
    split_factors(factors, exponents + r, log_factors, count);
    for (size_t l = 0; l < count; l++) {
      size_t y = (size_t)labels[r + l], o = (r + l) * classes;
      const double *e = es + l * padded;
      double f = factors[l], total = odds.total[l];
      double scale = f / total;
      for (size_t c = 0; c < classes; c++) store(dz, destination, o + c, c == y ? -f : e[c] * scale);
    }
  }
  FREE_SCRATCH(scratch);
}

void ckn_first_pass_fill(ckn_objective objective, double *log_sums, double *mean_logits, double *outer, const ckn_prediction *p,
                         const int32_t *labels, double draws, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  for (size_t r = 0; r < rows; r++) {
    size_t o = r * padded;
    for (size_t c = 0; c < classes; c++) {
      if (objective == CKN_MARGIN) log_sums[o + c] = p->top[o + c] + log(p->sum[o + c]);
      if (objective == CKN_MEAN_LOGIT) mean_logits[o + c] = p->logits[o + c] / draws;
    }
    if (objective != CKN_DOUBLE_SOFTMAX) continue;
    double total = 0;
    for (size_t c = 0; c < classes; c++) {
      outer[o + c] = exp(exp(p->top[o + c] + log(p->sum[o + c] / draws)));
      total += outer[o + c];
    }
    for (size_t c = 0; c < classes; c++) outer[o + c] = outer[o + c] / total - (c == (size_t)labels[r]);
  }
}

void ckn_prediction_finish(ckn_objective objective, double *log_predictive, double *votes, double *log_losses, double *log_factors,
                           const ckn_prediction *p, const int32_t *labels, double draws, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  double log_draws = log(draws);
  for (size_t r = 0; r < rows; r++) {
    size_t o = r * padded, y = (size_t)labels[r];
    double *l = log_predictive + r * classes;
    for (size_t c = 0; c < classes; c++) {
      l[c] = p->top[o + c] + log(p->sum[o + c]) - log_draws;
      if (votes) votes[r * classes + c] = p->votes[o + c];
    }
    if (log_factors)
      log_factors[r] = objective == CKN_PREDICTIVE ? -(p->top[o + y] + log(p->sum[o + y])) : objective == CKN_MARGIN ? 0 : -log_draws;
    if (!log_losses) continue;
    double top = -INFINITY, sum = 0;
    switch (objective) {
      case CKN_EXPECTED_LOSS: log_losses[r] = p->loss_top[r] + log(p->loss_sum[r]) - log_draws; break;
      case CKN_PREDICTIVE:
        for (size_t c = 0; c < classes; c++)
          if (c != y) running_add(&top, &sum, l[c]);
        log_losses[r] = log_softplus(top + log(sum) - l[y]);
        break;
      case CKN_MEAN_LOGIT:
        for (size_t c = 0; c < classes; c++)
          if (c != y) running_add(&top, &sum, p->logits[o + c] / draws);
        log_losses[r] = log_softplus(top + log(sum) - p->logits[o + y] / draws);
        break;
      case CKN_MARGIN:
        for (size_t c = 0; c < classes; c++)
          if (c != y && !(l[c] <= top)) top = l[c];
        log_losses[r] = top - l[y];
        break;
      case CKN_DOUBLE_SOFTMAX:
        for (size_t c = 0; c < classes; c++) running_add(&top, &sum, exp(l[c]));
        log_losses[r] = log(top + log(sum) - exp(l[y]));
        break;
    }
  }
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
