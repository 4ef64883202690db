// Logits of eight rows at a time: a vector holds one class of all of them, so that no class is computed that is not there, and what needs a logarithm is done for eight rows at once. Every lane is
// computed as a row by itself would be.
//
// With u = log Σ_{k≠y} e^{z_k} − z_y, the log-odds against the label: CE = softplus(u), log p_y = −softplus(u), log(1 − p_y) = −softplus(−u). The gradient softmax − onehot is
// (1 − p_y) · (softmax of the others; −1 at y): the factor goes into the row's exponent, so that the entry of y never rounds to zero.
#pragma once
#include "LogitRows.h"

// The classes of the `count` rows from `r` on, whose distance is `stride`; rows that do not exist are zeros.
INLINE void load_lanes(double *lanes, const void *z, ckn_type type, size_t r, size_t count, size_t stride, size_t classes) {
  if (count < DOUBLES) memset(lanes, 0, DOUBLES * classes * sizeof *lanes);
  for (size_t l = 0; l < count; l++) {
    size_t o = (r + l) * stride;
    if (type == CKN_FLOAT64)
      for (size_t c = 0; c < classes; c++) lanes[c * DOUBLES + l] = ((const double *)z)[o + c];
    else
      for (size_t c = 0; c < classes; c++) lanes[c * DOUBLES + l] = (double)((const float *)z)[o + c];
  }
}

typedef struct {
  longs label;
  doubles total, own;          // Σ_{c≠y} e^{z_c − their largest}; logit of the label
  doubles odds, plus, minus;   // u, softplus(u), softplus(−u)
} label_odds;

// Fills `odds`, and leaves e^{z − largest} of each class but the label's in `e`.
INLINE void compute_odds(label_odds *odds, const double *lanes, double *e, const int32_t *labels, size_t count, size_t classes) {
  longs y = {0};
  for (size_t l = 0; l < count; l++) y[l] = labels[l];
  doubles top = (doubles){0} - INFINITY, own = {0}, total = {0}, zero = {0}, others, small, rest;
  for (size_t c = 0; c < classes; c++) {
    doubles z = *(const doubles *)(lanes + c * DOUBLES);
    longs is_label = y == (longs){0} + (int64_t)c, is_larger = ~(longs)(z <= top) & ~is_label;
    top = DSELECT(is_larger, z, top);  // a NaN becomes the maximum and stays
    own = DSELECT(is_label, z, own);
  }
  for (size_t c = 0; c < classes; c++) {
    doubles v = *(const doubles *)(lanes + c * DOUBLES) - top, x = v + 1.0;
    if (classes > 2) {  // else one class is left: e⁰, or NaN where its logit is no number
      EXP_DOUBLES(x, v);
      x = DSELECT(v == v, x, v);  // NaN stays NaN
    }
    x = DSELECT(y == (longs){0} + (int64_t)c, zero, x);
    *(doubles *)(e + c * DOUBLES) = x;
    total += x;
  }
  LOG_DOUBLES(others, total);
  others += top;
  doubles u = others - own;
  EXP_DOUBLES(small, zero - DABSOLUTE(u));
  small = DSELECT(u == u, small, u);
  LOG1P_DOUBLES(rest, small);
  odds->label = y;
  odds->total = total;
  odds->own = own;
  odds->odds = u;
  odds->plus = DSELECT(u > zero, u, zero) + rest;
  odds->minus = DSELECT(u < zero, zero - u, zero) + rest;
}

// Stores the classes of the `count` rows from `r` on, without padding. Uses up `lanes`.
INLINE void store_lanes(void *out, ckn_type type, size_t r, size_t count, double *lanes, size_t classes) {
  if (type == CKN_FLOAT64) {
    for (size_t l = 0; l < count; l++)
      for (size_t c = 0; c < classes; c++) ((double *)out)[(r + l) * classes + c] = lanes[c * DOUBLES + l];
    return;
  }
  float *narrow = (float *)lanes;
  for (size_t c = 0; c < classes; c++)
    *(half_floats *)(narrow + c * DOUBLES) = __builtin_convertvector(*(const doubles *)(lanes + c * DOUBLES), half_floats);
  if (type == CKN_BFLOAT16) {
    for (size_t l = 0; l < count; l++)
      for (size_t c = 0; c < classes; c++) ((uint16_t *)out)[(r + l) * classes + c] = bfloat16_round(narrow[c * DOUBLES + l]);
    return;
  }
  for (size_t l = 0; l < count; l++)
    for (size_t c = 0; c < classes; c++) ((float *)out)[(r + l) * classes + c] = narrow[c * DOUBLES + l];
}
