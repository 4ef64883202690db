// Activations and their derivatives, with the magnitude of each row kept in an exponent.
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "NetworkVectors.h"

// Exponent e of the largest magnitude m of a row, m in [2^(e−1), 2^e); 0 when it lies within 2^±20, is zero or not finite: then nothing is moved.
INLINE int32_t excess_exponent(float top) {
  if ((top >= 0x1p-21f && top < 0x1p20f) || !(top > 0) || !isfinite(top)) return 0;
  int e;
  frexpf(top, &e);
  return e;
}

// The largest of several magnitudes, none of them NaN: their bits are in the same order.
INLINE float largest_float(const floats *magnitudes) {
  int32_t bits = __builtin_reduce_max(*(const ints *)magnitudes);
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

INLINE double largest_double(const doubles *magnitudes) {
  int64_t bits = __builtin_reduce_max(*(const longs *)magnitudes);
  double d;
  memcpy(&d, &bits, sizeof d);
  return d;
}

INLINE void mask_row_f(float *d, const float *h, float slope, int32_t *exponent, size_t n) {
  size_t j = 0;
  floats top = {0};
  for (; j + FLOATS <= n; j += FLOATS) {
    floats v = *(floats *)(d + j), hv = *(const floats *)(h + j);
    v = FSELECT(hv > (floats){0}, v, v * slope);
    *(floats *)(d + j) = v;
    floats a = FABSOLUTE(v);
    top = FSELECT(a > top, a, top);
  }
  float m = largest_float(&top);
  for (; j < n; j++) {
    d[j] = h[j] > 0 ? d[j] : d[j] * slope;
    m = fabsf(d[j]) > m ? fabsf(d[j]) : m;
  }
  int32_t e = excess_exponent(m);
  if (!e) return;
  // Two factors, since 2^−e alone can exceed float32.
  float f = power_of_two_f(-e / 2), g = power_of_two_f(-e - -e / 2);
  for (j = 0; j < n; j++) d[j] = d[j] * f * g;
  *exponent += e;
}

INLINE void mask_row_h(uint16_t *d, const uint16_t *h, float slope, int32_t *exponent, size_t n) {
  size_t j = 0;
  floats top = {0};
  for (; j + FLOATS <= n; j += FLOATS) {
    floats v = LOAD_HALVES(d + j), hv = LOAD_HALVES(h + j);
    v = FSELECT(hv > (floats){0}, v, v * slope);
    STORE_HALVES(d + j, v);
    floats a = FABSOLUTE(v);
    top = FSELECT(a > top, a, top);
  }
  float m = largest_float(&top);
  for (; j < n; j++) {
    float v = bfloat16_value(d[j]);
    v = bfloat16_value(h[j]) > 0 ? v : v * slope;
    d[j] = bfloat16_round(v);
    m = fabsf(v) > m ? fabsf(v) : m;
  }
  int32_t e = excess_exponent(m);
  if (!e) return;
  float f = power_of_two_f(-e / 2), g = power_of_two_f(-e - -e / 2);
  for (j = 0; j < n; j++) d[j] = bfloat16_round(bfloat16_value(d[j]) * f * g);
  *exponent += e;
}

INLINE void mask_row_d(double *d, const double *h, double slope, int32_t *exponent, size_t n) {
  size_t j = 0;
  doubles tops = {0};
  for (; j + DOUBLES <= n; j += DOUBLES) {
    doubles v = *(doubles *)(d + j), hv = *(const doubles *)(h + j);
    v = DSELECT(hv > (doubles){0}, v, v * slope);
    *(doubles *)(d + j) = v;
    doubles a = DABSOLUTE(v);
    tops = DSELECT(a > tops, a, tops);
  }
  double m = largest_double(&tops);
  for (; j < n; j++) {
    d[j] = h[j] > 0 ? d[j] : d[j] * slope;
    m = fabs(d[j]) > m ? fabs(d[j]) : m;
  }
  if (!(m > 0) || !isfinite(m)) return;
  int e;
  frexp(m, &e);
  // Two factors, since 2^−e alone can exceed a double.
  double f = power_of_two(-e / 2), g = power_of_two(-e - -e / 2);
  for (j = 0; j + DOUBLES <= n; j += DOUBLES) *(doubles *)(d + j) = *(doubles *)(d + j) * f * g;
  for (; j < n; j++) d[j] = d[j] * f * g;
  *exponent += e;
}

// Rows of a narrow layer are a vector or two: a call for each of them would take as long as the row.
CLONES void ckn_mask_backward(void *d, const void *h, ckn_type type, double slope, int32_t *exponents, size_t rows, size_t n) {
  switch (type) {
    case CKN_FLOAT32:
      for (size_t r = 0; r < rows; r++) mask_row_f((float *)d + r * n, (const float *)h + r * n, (float)slope, exponents + r, n);
      break;
    case CKN_BFLOAT16:
      for (size_t r = 0; r < rows; r++) mask_row_h((uint16_t *)d + r * n, (const uint16_t *)h + r * n, (float)slope, exponents + r, n);
      break;
    case CKN_FLOAT64:
      for (size_t r = 0; r < rows; r++) mask_row_d((double *)d + r * n, (const double *)h + r * n, slope, exponents + r, n);
      break;
  }
}

CLONES void ckn_mask_backward_naive(float *d, const float *h, float slope, size_t count) {
  size_t j = 0;
  for (; j + FLOATS <= count; j += FLOATS) {
    floats v = *(floats *)(d + j);
    *(floats *)(d + j) = FSELECT(*(const floats *)(h + j) > (floats){0}, v, v * slope);
  }
  for (; j < count; j++) d[j] = h[j] > 0 ? d[j] : d[j] * slope;
}

// tanh = ±(1 − 2e/(1 + e)) with e = exp(−2|a|), which rounds once near 1; below 0.625, where that cancels, an odd polynomial (Cephes). Logistic: 1/(1 + e) or e/(1 + e) with
// e = exp(−|a|). Within 2.5 ulp of the exact values. (By address: a vector as an argument has another convention in every clone.)
INLINE void saturating(floats *h, const floats *from, bool logistic) {
  floats a = *from, magnitude = FABSOLUTE(a), e, result;
  if (logistic) {
    EXP_FLOATS(e, (floats){0} - magnitude);
    result = FSELECT(a >= (floats){0}, (floats){0} + 1.0f, e) / (1.0f + e);
  } else {
    EXP_FLOATS(e, magnitude * -2.0f);
    floats far = 1.0f - (e + e) / (1.0f + e), z = a * a;
    floats p = (floats){0} - 5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    far = (floats)((ints)far | ((ints)a & INT32_MIN));
    result = FSELECT(magnitude < 0.625f, p * z * a + a, far);
  }
  *h = FSELECT(a == a, result, a);  // NaN stays NaN
}

CLONES static void saturating_forward_f(float *h, const float *a, bool logistic, size_t count) {
  size_t j = 0;
  for (; j + FLOATS <= count; j += FLOATS) saturating((floats *)(h + j), (const floats *)(a + j), logistic);
  if (j == count) return;
  floats rest = {0};
  memcpy(&rest, a + j, (count - j) * sizeof *a);
  saturating(&rest, &rest, logistic);
  memcpy(h + j, &rest, (count - j) * sizeof *h);
}

CLONES static void saturating_forward_h(uint16_t *h, const uint16_t *a, bool logistic, size_t count) {
  size_t j = 0;
  floats v;
  for (; j + FLOATS <= count; j += FLOATS) {
    v = LOAD_HALVES(a + j);
    saturating(&v, &v, logistic);
    STORE_HALVES(h + j, v);
  }
  v = (floats){0};
  for (size_t l = j; l < count; l++) v[l - j] = bfloat16_value(a[l]);
  saturating(&v, &v, logistic);
  for (size_t l = j; l < count; l++) h[l] = bfloat16_round(v[l - j]);
}

static void saturating_forward_d(double *h, const double *a, bool logistic, size_t count) {
  for (size_t j = 0; j < count; j++)
    h[j] = logistic ? (a[j] >= 0 ? 1 / (1 + exp(-a[j])) : exp(a[j]) / (1 + exp(a[j]))) : tanh(a[j]);
}

void ckn_saturating_forward(void *h, const void *a, ckn_type type, bool logistic, size_t count) {
  switch (type) {
    case CKN_FLOAT32: saturating_forward_f(h, a, logistic, count); break;
    case CKN_BFLOAT16: saturating_forward_h(h, a, logistic, count); break;
    case CKN_FLOAT64: saturating_forward_d(h, a, logistic, count); break;
  }
}

// Two passes over a row: d·f′ as mantissa · 2^whole with the largest exponent of the row, then everything relative to it.
#define SATURATING_ROW(NAME, T, LOAD, STORE, VALUE, ROUND)                                                                  \
  CLONES static void NAME(T *d, const T *a, bool logistic, int32_t *exponent, int32_t *wholes, size_t n) {                  \
    const float rate = logistic ? -1.44269504f : -2.88539008f, factor = logistic ? 1.0f : 4.0f;                             \
    size_t j = 0;                                                                                                           \
    ints top = (ints){0} + INT32_MIN;                                                                                       \
    float mantissas[FLOATS];                                                                                                \
    for (; j < n; j += FLOATS) {                                                                                            \
      floats av, dv;                                                                                                        \
      if (j + FLOATS <= n) {                                                                                                \
        av = LOAD(a + j);                                                                                                   \
        dv = LOAD(d + j);                                                                                                   \
      } else {                                                                                                              \
        av = (floats){0};                                                                                                   \
        dv = (floats){0};                                                                                                   \
        for (size_t l = j; l < n; l++) av[l - j] = VALUE(a[l]), dv[l - j] = VALUE(d[l]);                                    \
      }                                                                                                                     \
      floats fraction;                                                                                                      \
      ints whole;                                                                                                           \
      EXP2_PARTS(fraction, whole, FABSOLUTE(av) * rate);                                                                    \
      ints clamped = ISELECT(whole > -126, whole, (ints){0} - 126);                                                         \
      floats e = fraction * (floats)((clamped + 127) << 23);                                                                \
      e = FSELECT(whole < -126, (floats){0}, e);                                                                            \
      floats m = dv * (factor * fraction) / ((1.0f + e) * (1.0f + e));                                                      \
      /* exponent of m itself, from its bits; a zero must not count */                                                      \
      ints bits = ((ints)m >> 23) & 255, total = bits - 126 + whole;                                                        \
      total = ISELECT(bits == 0, (ints){0} + INT32_MIN, total);                                                             \
      /* far below the row's largest; scaled up with it, it could overflow */                                               \
      m = FSELECT(bits == 0, (floats){0}, m);                                                                               \
      top = ISELECT(total > top, total, top);                                                                               \
      if (j + FLOATS <= n) {                                                                                                \
        *(ints *)(wholes + j) = whole;                                                                                      \
        *(floats *)(wholes + n + j) = m;                                                                                    \
      } else {                                                                                                              \
        memcpy(mantissas, &m, sizeof m);                                                                                    \
        for (size_t l = j; l < n; l++) wholes[l] = whole[l - j], memcpy(wholes + n + l, mantissas + (l - j), 4);            \
      }                                                                                                                     \
    }                                                                                                                       \
    int32_t shift = INT32_MIN;                                                                                              \
    for (int l = 0; l < FLOATS; l++) shift = top[l] > shift ? top[l] : shift;                                               \
    if (shift == INT32_MIN) shift = 0;                                                                                      \
    for (j = 0; j < n; j += FLOATS) {                                                                                       \
      ints whole;                                                                                                           \
      floats m;                                                                                                             \
      if (j + FLOATS <= n) {                                                                                                \
        whole = *(ints *)(wholes + j);                                                                                      \
        m = *(floats *)(wholes + n + j);                                                                                    \
      } else {                                                                                                              \
        whole = (ints){0};                                                                                                  \
        m = (floats){0};                                                                                                    \
        for (size_t l = j; l < n; l++) {                                                                                    \
          float one;                                                                                                        \
          memcpy(&one, wholes + n + l, 4);                                                                                  \
          whole[l - j] = wholes[l], m[l - j] = one;                                                                         \
        }                                                                                                                   \
      }                                                                                                                     \
      /* 2^(whole − shift) in two factors: the mantissa can be as small as 2^−126 or as large as 2^127 */                   \
      ints e = whole - shift, half = e >> 1, rest = e - half;                                                               \
      half = ISELECT(half < -126, (ints){0} - 126, ISELECT(half > 127, (ints){0} + 127, half));                             \
      rest = ISELECT(rest < -126, (ints){0} - 126, ISELECT(rest > 127, (ints){0} + 127, rest));                             \
      m = m * (floats)((half + 127) << 23) * (floats)((rest + 127) << 23);                                                  \
      if (j + FLOATS <= n) {                                                                                                \
        STORE(d + j, m);                                                                                                    \
      } else {                                                                                                              \
        for (size_t l = j; l < n; l++) d[l] = ROUND(m[l - j]);                                                              \
      }                                                                                                                     \
    }                                                                                                                       \
    *exponent += shift;                                                                                                     \
  }

#define LOAD_FLOATS(p) (*(const floats *)(p))
#define STORE_FLOATS(p, v) (*(floats *)(p) = (v))
#define IDENTITY(v) (v)
SATURATING_ROW(saturating_row_f, float, LOAD_FLOATS, STORE_FLOATS, IDENTITY, IDENTITY)
SATURATING_ROW(saturating_row_h, uint16_t, LOAD_HALVES, STORE_HALVES, bfloat16_value, bfloat16_round)

static void saturating_row_d(double *d, const double *a, bool logistic, int32_t *exponent, double *logs, size_t n) {
  // log2 of each factor; the mantissa is multiplied by 2^(log2 − shift) once the largest total is known.
  double top = -INFINITY;
  for (size_t j = 0; j < n; j++) {
    double x = logistic ? fabs(a[j]) : 2 * fabs(a[j]);
    logs[j] = (-x - 2 * log1p(exp(-x))) * 1.4426950408889634 + (logistic ? 0 : 2);
    if (d[j] != 0) {
      double total = logs[j] + log2(fabs(d[j]));
      top = total > top ? total : top;
    }
  }
  if (!isfinite(top)) {
    // All zero, or something is not finite: multiply plainly, so that NaN and infinity stay visible.
    for (size_t j = 0; j < n; j++) d[j] *= exp2(logs[j]);
    return;
  }
  double shift = ceil(top);
  for (size_t j = 0; j < n; j++) {
    int e;
    double m = frexp(d[j], &e);
    d[j] = m * exp2(logs[j] + e - shift);
  }
  *exponent += (int32_t)shift;
}

void ckn_saturating_backward(void *d, const void *a, ckn_type type, bool logistic, int32_t *exponents, double *scratch, size_t rows,
                             size_t n) {
  for (size_t r = 0; r < rows; r++) {
    size_t o = r * n;
    switch (type) {
      case CKN_FLOAT32:
        saturating_row_f((float *)d + o, (const float *)a + o, logistic, exponents + r, (int32_t *)scratch, n);
        break;
      case CKN_BFLOAT16:
        saturating_row_h((uint16_t *)d + o, (const uint16_t *)a + o, logistic, exponents + r, (int32_t *)scratch, n);
        break;
      case CKN_FLOAT64:
        saturating_row_d((double *)d + o, (const double *)a + o, logistic, exponents + r, scratch, n);
        break;
    }
  }
}

CLONES void ckn_saturating_backward_naive(float *d, const float *h, bool logistic, size_t count) {
  for (size_t j = 0; j < count; j++) d[j] *= logistic ? h[j] * (1 - h[j]) : 1 - h[j] * h[j];
}
