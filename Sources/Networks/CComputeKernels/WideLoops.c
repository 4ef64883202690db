// Wide derivatives in the place of the activations' own: for gradients that point the way where an activation leaves no slope.
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "NetworkVectors.h"

INLINE float load_one(const void *a, ckn_type type, size_t i) {
  return type == CKN_BFLOAT16 ? bfloat16_value(((const uint16_t *)a)[i]) : ((const float *)a)[i];
}

INLINE void store_one(void *d, ckn_type type, size_t i, float value) {
  if (type == CKN_BFLOAT16)
    ((uint16_t *)d)[i] = bfloat16_round(value);
  else
    ((float *)d)[i] = value;
}

// Root mean square in eight sums of a fixed order.
INLINE double root_mean_square(const void *a, ckn_type type, size_t o, size_t n, size_t elements) {
  doubles lanes = {0};
  size_t j = 0;
  for (; j + DOUBLES <= n && type != CKN_BFLOAT16; j += DOUBLES) {
    doubles v = type == CKN_FLOAT64 ? *(const doubles *)((const double *)a + o + j)
                                    : __builtin_convertvector(*(const half_floats *)((const float *)a + o + j), doubles);
    lanes += v * v;
  }
  for (; j < n; j++) {
    double v = type == CKN_FLOAT64 ? ((const double *)a)[o + j] : (double)load_one(a, type, o + j);
    lanes[j % DOUBLES] += v * v;
  }
  double sum = 0;
  for (int l = 0; l < DOUBLES; l++) sum += lanes[l];
  return sqrt(sum / (double)elements);
}

// What the pre-activation is multiplied with before the wide derivative is taken: infinite where a rectifier's layer is all zeros.
INLINE double inverse_width(double s, ckn_wide kind) { return kind == CKN_WIDE_RECTIFIER ? 4 / s : 1 / (s > 1 ? s : 1); }

// Through memory: a vector by value would tie the calling convention to one instruction set.
INLINE void wide_factors(floats *factors, const floats *arguments, ckn_wide kind, float slope) {
  floats x = *arguments, e;
  EXP_FLOATS(e, FABSOLUTE(x) * (kind == CKN_WIDE_TANH ? -2.0f : -1.0f));
  floats once = 1.0f + e;
  switch (kind) {
    case CKN_WIDE_RECTIFIER: *factors = slope + (1.0f - slope) * (FSELECT(x >= (floats){0}, (floats){0} + 1.0f, e) / once); break;
    case CKN_WIDE_TANH: *factors = 4.0f * e / (once * once); break;
    case CKN_WIDE_LOGISTIC: *factors = e / (once * once); break;
  }
}

CLONES static void wide_row(void *d, const void *a, ckn_type type, ckn_wide kind, float slope, double inverse, size_t o, size_t n) {
  float scale = (float)inverse, values[FLOATS], factors[FLOATS];
  size_t j = 0;
  for (; j + FLOATS <= n && type == CKN_FLOAT32; j += FLOATS) {
    floats x = *(const floats *)((const float *)a + o + j) * scale, w;
    wide_factors(&w, &x, kind, slope);
    *(floats *)((float *)d + o + j) *= w;
  }
  for (; j < n; j += FLOATS) {
    size_t count = n - j < FLOATS ? n - j : FLOATS;
    for (size_t l = 0; l < FLOATS; l++) values[l] = l < count ? load_one(a, type, o + j + l) * scale : 0;
    floats x, w;
    memcpy(&x, values, sizeof x);
    wide_factors(&w, &x, kind, slope);
    memcpy(factors, &w, sizeof w);
    for (size_t l = 0; l < count; l++) store_one(d, type, o + j + l, load_one(d, type, o + j + l) * factors[l]);
  }
}

static void wide_row_d(double *d, const double *a, ckn_wide kind, double slope, double inverse, size_t n) {
  for (size_t j = 0; j < n; j++) {
    double x = a[j] * inverse, e = exp(kind == CKN_WIDE_TANH ? -2 * fabs(x) : -fabs(x)), once = 1 + e;
    switch (kind) {
      case CKN_WIDE_RECTIFIER: d[j] *= slope + (1 - slope) * ((x >= 0 ? 1 : e) / once); break;
      case CKN_WIDE_TANH: d[j] *= 4 * e / (once * once); break;
      case CKN_WIDE_LOGISTIC: d[j] *= e / (once * once); break;
    }
  }
}

// A slope of 1: nothing but the rescaling of rows.
static void rescale(void *d, ckn_type type, int32_t *exponent, size_t o, size_t n) {
  switch (type) {
    case CKN_FLOAT32: ckn_mask_backward((float *)d + o, (float *)d + o, type, 1, exponent, 1, n); break;
    case CKN_BFLOAT16: ckn_mask_backward((uint16_t *)d + o, (uint16_t *)d + o, type, 1, exponent, 1, n); break;
    case CKN_FLOAT64: ckn_mask_backward((double *)d + o, (double *)d + o, type, 1, exponent, 1, n); break;
  }
}

CLONES void ckn_wide_backward(void *d, const void *a, ckn_type type, ckn_wide kind, double slope, int32_t *exponents, size_t rows, size_t n,
                              size_t elements) {
  for (size_t r = 0; r < rows; r++) {
    size_t o = r * n;
    double s = root_mean_square(a, type, o, n, elements);
    // A layer of zeros has no width: every unit lies on the edge. What is not finite stays visible.
    double inverse = s > 0 ? inverse_width(s, kind) : 0;
    if (type == CKN_FLOAT64)
      wide_row_d((double *)d + o, (const double *)a + o, kind, slope, inverse, n);
    else
      wide_row(d, a, type, kind, slope, inverse, o, n);
    rescale(d, type, exponents + r, o, n);
  }
}

CLONES void ckn_rectify_forward(void *h, const void *a, ckn_type type, double slope, size_t count) {
  size_t i = 0;
  for (; i + FLOATS <= count && type == CKN_FLOAT32; i += FLOATS) {
    floats v = *(const floats *)((const float *)a + i);
    *(floats *)((float *)h + i) = FSELECT(v <= (floats){0}, v * (float)slope, v);
  }
  for (; i < count; i++) {
    if (type == CKN_FLOAT64) {
      double v = ((const double *)a)[i];
      ((double *)h)[i] = v > 0 || v != v ? v : v * slope;
    } else {
      float v = load_one(a, type, i);
      store_one(h, type, i, v > 0 || v != v ? v : v * (float)slope);
    }
  }
}
