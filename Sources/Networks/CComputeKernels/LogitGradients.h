// How gradients with respect to logits are stored: a factor's exponent apart from its mantissa, in the precision of products.
#pragma once
#include "LogitLanes.h"

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

// The gradient of the predictive (−log p̄_y without what all draws share) or of the expected loss, for the up to eight examples from `r` on whose odds are known:
// (1 − p_y) · (softmax of the others; −1 at y), for the predictive times p_y. Uses up `e`.
INLINE void store_odds_gradient(const ckn_gradient_target *t, const label_odds *odds, double *e, size_t r, size_t classes) {
  size_t count = t->rows - r < DOUBLES ? t->rows - r : DOUBLES;
  double log_factors[DOUBLES], factors[DOUBLES];
  doubles whole = (doubles){0} - odds->minus;
  if (t->objective == CKN_PREDICTIVE) whole -= odds->plus;
  *(doubles *)log_factors = whole;
  split_factors(factors, t->exponents + r, log_factors, count);
  doubles f = *(const doubles *)factors, scale = f / odds->total;
  for (size_t c = 0; c < classes; c++) {
    doubles *g = (doubles *)(e + c * DOUBLES);
    *g = DSELECT(odds->label == (longs){0} + (int64_t)c, -f, *g * scale);
  }
  store_lanes(t->gradient, t->type, r, count, e, classes);
}
