// Functions of one element and their derivatives with exponents; rows of layers that compute in double.
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "NetworkVectors.h"
#include "include/FunctionLoops.h"
#include "FunctionVectors.h"

static const double root_two_over_pi = 0.79788456080286535588, inverse_root_two = 0.70710678118654752440;
static const double cubic = 0.044715, inverse_root_two_pi = 0.39894228040143267794;

// log(1 + eˣ)
static double softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }

double ckn_function_value(ckn_function f, double x) {
  switch (f.kind) {
    case CKN_LEAKY: return x > 0 || x != x ? x : x * f.a;
    case CKN_CLIPPED: return x != x ? x : x > 0 ? (x < f.a ? x : f.a) : 0;
    case CKN_TANH: return tanh(x);
    case CKN_LOGISTIC: return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
    case CKN_ELU: return f.b * (x > 0 || x != x ? x : f.a * expm1(x));
    case CKN_SILU: return x >= 0 ? x / (1 + exp(-x)) : x * exp(x) / (1 + exp(x));
    case CKN_GELU: return 0.5 * x * erfc(-x * inverse_root_two);
    case CKN_GELU_TANH: {
      // 1 + tanh u = 2e^{2u}/(1 + e^{2u}): nothing cancels far to the left.
      double u = root_two_over_pi * (x + cubic * x * x * x);
      return u >= 0 ? x / (1 + exp(-2 * u)) : x * exp(2 * u) / (1 + exp(2 * u));
    }
    case CKN_SOFTPLUS: return f.a * x > f.b ? x : softplus(f.a * x) / f.a;
    case CKN_HARDSWISH: return x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6;
    case CKN_HARDSIGMOID: return x != x ? x : x <= -3 ? 0 : x >= 3 ? 1 : (x + 3) / 6;
  }
  return 0;
}

// e^x = fraction · 2^exponent with the fraction in [0.7, 1.42], for any finite x.
static double exp_parts(double x, int32_t *exponent) {
  // Beyond 2^(±4·10⁸) the exponent saturates, so that sums of some of them stay numbers.
  if (x < -3e8) x = -3e8;
  if (x > 3e8) x = 3e8;
  double k = rint(x * 1.4426950408889634);
  *exponent = (int32_t)k;
  return exp((x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33);
}

// t − R(t) with Mills' ratio R(t) = (1 − Φ(t))/φ(t), for t > 4: 1/(t + 1/(t + 2/(t + 3/(t + …)))).
static double mills_difference(double t) {
  double tail = t;
  for (int k = 40; k >= 1; k--) tail = t + k / tail;
  return t - 1 / tail;
}

void ckn_function_derivative(ckn_function f, double x, double *fraction, int32_t *exponent) {
  *exponent = 0;
  switch (f.kind) {
    case CKN_LEAKY: *fraction = x > 0 ? 1 : f.a; return;
    case CKN_CLIPPED: *fraction = x > 0 && x < f.a; return;
    case CKN_TANH: {
      double e = exp_parts(-2 * fabs(x), exponent), whole = exp(-2 * fabs(x));
      *fraction = 4 * e / ((1 + whole) * (1 + whole));
      return;
    }
    case CKN_LOGISTIC: {
      double e = exp_parts(-fabs(x), exponent), whole = exp(-fabs(x));
      *fraction = e / ((1 + whole) * (1 + whole));
      return;
    }
    case CKN_ELU:
      if (x > 0) {
        *fraction = f.b;
      } else {
        *fraction = f.b * f.a * exp_parts(x, exponent);
      }
      return;
    case CKN_SILU: {
      // σ(x)(1 + x(1 − σ(x))), and 1 − σ(x) = 1/(1 + eˣ).
      if (x >= 0) {
        double e = exp(-x);
        *fraction = (1 + x * e / (1 + e)) / (1 + e);
      } else {
        double e = exp(x);
        *fraction = exp_parts(x, exponent) / (1 + e) * (1 + x / (1 + e));
      }
      return;
    }
    case CKN_GELU:
      if (x < -4) {
        // φ(x)(R(−x) + x)
        double e = exp_parts(-0.5 * x * x, exponent);
        *fraction = -inverse_root_two_pi * e * mills_difference(-x);
      } else {
        *fraction = 0.5 * erfc(-x * inverse_root_two) + x * inverse_root_two_pi * exp(-0.5 * x * x);
      }
      return;
    case CKN_GELU_TANH: {
      double u = root_two_over_pi * (x + cubic * x * x * x), slope = root_two_over_pi * (1 + 3 * cubic * x * x);
      if (u >= 0) {
        double e = exp(-2 * u);
        *fraction = (1 + 2 * x * slope * e / (1 + e)) / (1 + e);
      } else {
        double e = exp(2 * u);
        *fraction = exp_parts(2 * u, exponent) / (1 + e) * (1 + 2 * x * slope / (1 + e));
      }
      return;
    }
    case CKN_SOFTPLUS: {
      double y = f.a * x;
      if (y > f.b) {
        *fraction = 1;
      } else if (y >= 0) {
        *fraction = 1 / (1 + exp(-y));
      } else {
        *fraction = exp_parts(y, exponent) / (1 + exp(y));
      }
      return;
    }
    case CKN_HARDSWISH: *fraction = x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5; return;
    case CKN_HARDSIGMOID: *fraction = x > -3 && x < 3 ? 1.0 / 6 : 0; return;
  }
}

INLINE double load_any(const void *p, ckn_type type, size_t i) {
  return type == CKN_FLOAT64   ? ((const double *)p)[i]
         : type == CKN_FLOAT32 ? (double)((const float *)p)[i]
                               : (double)bfloat16_value(((const uint16_t *)p)[i]);
}

INLINE void store_any(void *p, ckn_type type, size_t i, double v) {
  if (type == CKN_FLOAT64)
    ((double *)p)[i] = v;
  else if (type == CKN_FLOAT32)
    ((float *)p)[i] = (float)v;
  else
    ((uint16_t *)p)[i] = bfloat16_round((float)v);
}

void ckn_function_forward(ckn_function f, void *h, const void *a, ckn_type type, size_t count) {
  if (type == CKN_FLOAT32) {
    switch (f.kind) {
      case CKN_SILU: silu_forward_f(h, a, count); return;
      case CKN_GELU: gelu_forward_f(h, a, count); return;
      case CKN_GELU_TANH: gelu_tanh_forward_f(h, a, count); return;
      default: break;
    }
  }
  for (size_t i = 0; i < count; i++) store_any(h, type, i, ckn_function_value(f, load_any(a, type, i)));
}

void ckn_function_plain(ckn_function f, void *d, const void *a, ckn_type type, size_t count) {
  if (type == CKN_FLOAT32 && is_moderate(f.kind, a, count)) {
    switch (f.kind) {
      case CKN_GELU: gelu_plain_f(d, a, count); return;
      case CKN_GELU_TANH: gelu_tanh_plain_f(d, a, count); return;
      default: break;
    }
  }
  for (size_t i = 0; i < count; i++) {
    double fraction;
    int32_t exponent;
    ckn_function_derivative(f, load_any(a, type, i), &fraction, &exponent);
    if (exponent) fraction = scalbn(fraction, exponent);
    store_any(d, type, i, load_any(d, type, i) * fraction);
  }
}

void ckn_function_backward(ckn_function f, void *d, const void *a, ckn_type type, int32_t *exponents, double *scratch, size_t rows, size_t n) {
  double *mantissas = scratch;
  int32_t *wholes = (int32_t *)(scratch + n);
  for (size_t r = 0; r < rows; r++) {
    size_t o = r * n;
    if (type == CKN_FLOAT32 && is_moderate(f.kind, (const float *)a + o, n)) {
      float *dr = (float *)d + o;
      const float *ar = (const float *)a + o;
      switch (f.kind) {
        case CKN_SILU: silu_row_f(dr, ar, exponents + r, mantissas, n); break;
        case CKN_GELU: gelu_row_f(dr, ar, exponents + r, mantissas, n); break;
        default: gelu_tanh_row_f(dr, ar, exponents + r, mantissas, n); break;
      }
      continue;
    }
    int32_t top = INT32_MIN;
    for (size_t j = 0; j < n; j++) {
      double fraction;
      int32_t exponent;
      ckn_function_derivative(f, load_any(a, type, o + j), &fraction, &exponent);
      double m = load_any(d, type, o + j) * fraction;
      mantissas[j] = m;
      wholes[j] = exponent;
      if (m != 0 && isfinite(m)) {
        // The exponent of m itself is part of it; a derivative's own is added.
        int32_t total = ilogb(m) + 1 + exponent;
        top = total > top ? total : top;
      }
    }
    if (top == INT32_MIN) top = 0;
    // As for rectifiers: a row whose magnitude is near 1 stays as it is.
    int32_t shift = top > 20 || top < -20 ? top : 0;
    for (size_t j = 0; j < n; j++) {
      int64_t e = (int64_t)wholes[j] - shift;
      double v = e == 0 ? mantissas[j] : scalbn(mantissas[j], e < -4000 ? -4000 : e > 4000 ? 4000 : (int)e);
      store_any(d, type, o + j, v);
    }
    int64_t sum = (int64_t)exponents[r] + shift, limit = 1 << 30;
    exponents[r] = (int32_t)(sum < -limit ? -limit : sum > limit ? limit : sum);
  }
}

CLONES static void clip_floats(float *d, const float *h, float upper, size_t n) {
  size_t j = 0;
  for (; j + FLOATS <= n; j += FLOATS) {
    floats v = *(floats *)(d + j), hv = *(const floats *)(h + j);
    *(floats *)(d + j) = FSELECT((hv > (floats){0}) & (hv < upper), v, (floats){0});
  }
  for (; j < n; j++) d[j] = h[j] > 0 && h[j] < upper ? d[j] : 0;
}

void ckn_clip_backward(void *d, const void *h, ckn_type type, double upper, int32_t *exponents, size_t rows, size_t n) {
  if (type == CKN_FLOAT32) {
    clip_floats(d, h, (float)upper, rows * n);
  } else {
    for (size_t i = 0; i < rows * n; i++) {
      double v = load_any(h, type, i);
      if (!(v > 0 && v < upper)) store_any(d, type, i, 0);
    }
  }
  if (exponents) ckn_mask_backward(d, d, type, 1, exponents, rows, n);
}

// MARK: - Rows

CLONES void ckn_widen_row(double *out, const void *in, ckn_type type, size_t offset, size_t n) {
  switch (type) {
    case CKN_FLOAT32: {
      const float *x = (const float *)in + offset;
      for (size_t i = 0; i < n; i++) out[i] = x[i];
      break;
    }
    case CKN_FLOAT64: memcpy(out, (const double *)in + offset, n * sizeof *out); break;
    case CKN_BFLOAT16:
      for (size_t i = 0; i < n; i++) out[i] = bfloat16_value(((const uint16_t *)in)[offset + i]);
      break;
  }
}

CLONES void ckn_narrow_row(void *out, ckn_type type, size_t offset, const double *in, size_t n) {
  switch (type) {
    case CKN_FLOAT32: {
      float *y = (float *)out + offset;
      for (size_t i = 0; i < n; i++) y[i] = (float)in[i];
      break;
    }
    case CKN_FLOAT64: memcpy((double *)out + offset, in, n * sizeof *in); break;
    case CKN_BFLOAT16:
      for (size_t i = 0; i < n; i++) ((uint16_t *)out)[offset + i] = bfloat16_round((float)in[i]);
      break;
  }
}

CLONES static double largest_double(const double *x, size_t n) {
  double top = 0;
  doubles tops = {0};
  size_t i = 0;
  for (; i + DOUBLES <= n; i += DOUBLES) {
    doubles v = DABSOLUTE(*(const doubles *)(x + i));
    tops = DSELECT(v > tops, v, tops);
  }
  for (int l = 0; l < DOUBLES; l++) top = tops[l] > top ? tops[l] : top;
  for (; i < n; i++) top = fabs(x[i]) > top ? fabs(x[i]) : top;
  return top;
}

void ckn_narrow_gradient_row(void *out, ckn_type type, size_t offset, double *in, int32_t *exponent, size_t n) {
  double top = largest_double(in, n);
  if (top > 0 && isfinite(top)) {
    int32_t e = ilogb(top) + 1;
    if (e > 20 || e < -20) {
      for (size_t i = 0; i < n; i++) in[i] = scalbn(in[i], -e);
      *exponent += e;
    }
  }
  ckn_narrow_row(out, type, offset, in, n);
}

void ckn_add_to_sum(void *sum, ckn_type type, const double *part, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (type == CKN_FLOAT64)
      ((double *)sum)[i] += part[i];
    else
      ((float *)sum)[i] = (float)((double)((float *)sum)[i] + part[i]);
  }
}

// Whether a row has an element that is not zero; NaN counts.
static bool any_nonzero(const void *x, ckn_type type, size_t offset, size_t n) {
  for (size_t j = 0; j < n; j++)
    if (load_any(x, type, offset + j) != 0) return true;
  return false;
}

static void scale_row(void *x, ckn_type type, size_t offset, int64_t e, size_t n) {
  if (e == 0) return;
  int shift = e < -4000 ? -4000 : (int)e;
  double f = scalbn(1, shift);
  if (type == CKN_FLOAT32) {
    float *p = (float *)x + offset;
    float g = (float)f;  // 0 below 2^-149: what is lost is 2^-126 of the other
    for (size_t j = 0; j < n; j++) p[j] *= g;
  } else {
    for (size_t j = 0; j < n; j++) store_any(x, type, offset + j, load_any(x, type, offset + j) * f);
  }
}

CLONES void ckn_add_plain(void *target, const void *d, ckn_type type, size_t count) {
  switch (type) {
    case CKN_FLOAT32: {
      float *t = target;
      const float *s = d;
      for (size_t i = 0; i < count; i++) t[i] += s[i];
      break;
    }
    case CKN_FLOAT64: {
      double *t = target;
      const double *s = d;
      for (size_t i = 0; i < count; i++) t[i] += s[i];
      break;
    }
    case CKN_BFLOAT16:
      for (size_t i = 0; i < count; i++) store_any(target, type, i, load_any(target, type, i) + load_any(d, type, i));
      break;
  }
}

static size_t bytes_of(ckn_type type) { return type == CKN_FLOAT64 ? 8 : type == CKN_FLOAT32 ? 4 : 2; }

void ckn_add_rows(void *target, int32_t *target_exponents, void *d, const int32_t *d_exponents, ckn_type type, size_t rows, size_t n) {
  for (size_t r = 0; r < rows; r++) {
    size_t o = r * n;
    char *t = (char *)target + o * bytes_of(type);
    char *s = (char *)d + o * bytes_of(type);
    int32_t te = target_exponents[r], de = d_exponents[r];
    if (te != de) {
      if (!any_nonzero(d, type, o, n)) continue;
      if (!any_nonzero(target, type, o, n)) {
        memcpy(t, s, n * bytes_of(type));
        target_exponents[r] = de;
        continue;
      }
      if (te > de) {
        scale_row(d, type, o, (int64_t)de - te, n);
      } else {
        scale_row(target, type, o, (int64_t)te - de, n);
        target_exponents[r] = de;
      }
    }
    ckn_add_plain(t, s, type, n);
  }
}

CLONES void ckn_add_values(void *y, const void *a, const void *b, ckn_type type, size_t count) {
  switch (type) {
    case CKN_FLOAT32: {
      float *to = y;
      const float *p = a, *q = b;
      for (size_t i = 0; i < count; i++) to[i] = p[i] + q[i];
      break;
    }
    case CKN_FLOAT64: {
      double *to = y;
      const double *p = a, *q = b;
      for (size_t i = 0; i < count; i++) to[i] = p[i] + q[i];
      break;
    }
    case CKN_BFLOAT16:
      for (size_t i = 0; i < count; i++) store_any(y, type, i, load_any(a, type, i) + load_any(b, type, i));
      break;
  }
}

// MARK: - Filter response normalisation

enum { MOST_LANES = 64 };

// One group of channels that lie beside each other: `lanes` of them, at each of `positions` places.
CLONES static void response_group(float *y, const float *x, const double *weight, const double *bias, const double *threshold, double epsilon,
                                  size_t lanes, size_t positions) {
  double squares[MOST_LANES] = {0}, scale[MOST_LANES];
  for (size_t s = 0; s < positions; s++)
    for (size_t l = 0; l < lanes; l++) squares[l] += (double)x[s * lanes + l] * x[s * lanes + l];
  for (size_t l = 0; l < lanes; l++) scale[l] = weight[l] * (1 / sqrt(squares[l] / (double)positions + epsilon));
  for (size_t s = 0; s < positions; s++)
    for (size_t l = 0; l < lanes; l++) {
      double a = scale[l] * x[s * lanes + l] + bias[l];
      y[s * lanes + l] = (float)(a <= threshold[l] ? threshold[l] : a);  // NaN stays
    }
}

CLONES static void response_group_backward(double *out, float *d, const float *x, const double *weight, const double *bias, const double *threshold,
                                           double epsilon, double *sums, size_t padded, size_t lanes, size_t positions) {
  double squares[MOST_LANES] = {0}, along[MOST_LANES] = {0}, passed_sum[MOST_LANES] = {0}, all[MOST_LANES] = {0};
  double inverse[MOST_LANES], scale[MOST_LANES], own[MOST_LANES], other[MOST_LANES];
  for (size_t s = 0; s < positions; s++)
    for (size_t l = 0; l < lanes; l++) squares[l] += (double)x[s * lanes + l] * x[s * lanes + l];
  for (size_t l = 0; l < lanes; l++) {
    inverse[l] = 1 / sqrt(squares[l] / (double)positions + epsilon);
    scale[l] = weight[l] * inverse[l];
  }
  for (size_t s = 0; s < positions; s++)
    for (size_t l = 0; l < lanes; l++) {
      double v = x[s * lanes + l], g = d[s * lanes + l], passed = scale[l] * v + bias[l] <= threshold[l] ? 0 : g;
      along[l] += passed * v;
      passed_sum[l] += passed;
      all[l] += g;
      d[s * lanes + l] = (float)passed;
    }
  for (size_t l = 0; l < lanes; l++) {
    // h = γ g is split into what is parallel to x, of which ε r² is left, and the rest.
    double slope = squares[l] > 0 ? weight[l] * along[l] / squares[l] : 0;
    own[l] = inverse[l] * weight[l];
    other[l] = slope * inverse[l] * (epsilon * inverse[l] * inverse[l] - 1);
    if (sums) {
      sums[l] += along[l] * inverse[l];
      sums[padded + l] += passed_sum[l];
      sums[2 * padded + l] += all[l] - passed_sum[l];
    }
  }
  for (size_t s = 0; s < positions; s++)
    for (size_t l = 0; l < lanes; l++) out[s * lanes + l] = own[l] * d[s * lanes + l] + other[l] * x[s * lanes + l];
}

void ckn_filter_response_forward(float *y, const float *x, const double *constants, double epsilon, ckn_channels c, size_t rows) {
  size_t size = c.padded * c.positions;
  for (size_t r = 0; r < rows; r++)
    for (size_t first = 0; first < c.padded; first += c.block) {
      size_t o = r * size + first * c.positions;
      response_group(y + o, x + o, constants + first, constants + c.padded + first, constants + 2 * c.padded + first, epsilon, c.block, c.positions);
    }
}

void ckn_filter_response_backward(float *d, const float *x, const double *constants, double epsilon, double *sums, int32_t *exponents,
                                  double *scratch, ckn_channels c, size_t rows) {
  size_t size = c.padded * c.positions;
  for (size_t r = 0; r < rows; r++) {
    for (size_t first = 0; first < c.padded; first += c.block) {
      size_t o = r * size + first * c.positions;
      response_group_backward(scratch + first * c.positions, d + o, x + o, constants + first, constants + c.padded + first, constants + 2 * c.padded + first, epsilon,
                              sums ? sums + first : NULL, c.padded, c.block, c.positions);
    }
    if (exponents)
      ckn_narrow_gradient_row(d, CKN_FLOAT32, r * size, scratch, exponents + r, size);
    else
      ckn_narrow_row(d, CKN_FLOAT32, r * size, scratch, size);
  }
}
