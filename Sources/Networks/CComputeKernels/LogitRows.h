// What the loops over rows of logits share: logits as doubles, sums of exponentials, and space for a few rows.
#pragma once
#include <stdlib.h>

#include "NetworkVectors.h"

#define LOG2E 1.4426950408889634
#define LN2 0.6931471805599453

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
  if (classes == 2 && skip < 2) {
    // One class is left: e⁰, or NaN where its logit is no number.
    top = z[1 - skip];
    memset(e, 0, padded * sizeof *e);
    e[1 - skip] = *total = top - top == 0 ? 1 : NAN;
    return top;
  }
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

// Space for two padded rows, or two lanes of every class, of each of eight examples, on the stack for the usual number of classes.
#define ROWS_OF_SCRATCH(name, padded)                                                                                       \
  double name##_small[2 * DOUBLES * 64];                                                                                    \
  double *name = (padded) <= 64 ? name##_small : malloc(2 * DOUBLES * (padded) * sizeof(double));                           \
  if (!name) abort();
#define FREE_SCRATCH(name) \
  if (name != name##_small) free(name)
