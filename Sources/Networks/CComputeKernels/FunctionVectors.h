// Activations of eight numbers at a time, in double, and the loops over rows of floats that use them.
#pragma once
#include "NetworkVectors.h"
#include "include/FunctionLoops.h"

// SiLU of eight numbers: with e = exp(−|x|), x/(1 + e) or x e/(1 + e). By address, as everything with vectors.
INLINE void silu_value(doubles *y, const doubles *from) {
  doubles x = *from, e;
  EXP_DOUBLES(e, (doubles){0} - DABSOLUTE(x));
  doubles result = x * DSELECT(x >= 0.0, (doubles){0} + 1.0, e) / (1.0 + e);
  *y = DSELECT(x == x, result, x);
}

// Its derivative, for |x| < 300: (1 + x e/(1 + e))/(1 + e), or e (1 + x/(1 + e))/(1 + e).
INLINE void silu_slope(doubles *y, const doubles *from) {
  doubles x = *from, e;
  EXP_DOUBLES(e, (doubles){0} - DABSOLUTE(x));
  doubles once = 1.0 + e, right = (1.0 + x * e / once) / once, left = e * (1.0 + x / once) / once;
  *y = DSELECT(x >= 0.0, right, left);
}

// Φ(−|x|) = ½ erfc(|x|/√2): with z = |x|/√2 and t = 2/(2 + z), e^(z²) erfc(z)/t is a polynomial in t to 1.2·10⁻¹⁴ for z < 21.3 (Chebyshev nodes, computed with fifty
// digits; after Press et al., Numerical Recipes, §6.2.2). `density` is e^(−x²/2).
INLINE void normal_tail(doubles *tail, doubles *density, const doubles *from) {
  static const double coefficients[] = {
      0.01113025416660015, -0.09947405754951087, 0.3615568897969685, -0.5653375320227003, -0.2905056207011978,
      3.308165838841298, -7.791337758402978, 10.81894110076818, -10.092088935705894, 6.627936860621189,
      -3.258273194741742, 1.3222843498324897, -0.3839379917439681, 0.03493986977981711, -0.07264456444162946,
      -0.002226619113162374, 0.08352371852588748, 0.17632565770037806, 0.2468321267151776, 0.28209481623328647,
      0.2820947914415122};
  doubles z = DABSOLUTE(*from) * 0.70710678118654752440, t = 2.0 / (2.0 + z), e, p = (doubles){0} + coefficients[0];
  EXP_DOUBLES(e, (doubles){0} - z * z);
  for (size_t k = 1; k < sizeof coefficients / sizeof *coefficients; k++) p = p * t + coefficients[k];
  *tail = 0.5 * e * t * p;
  *density = e;
}

// GELU of eight numbers: x Φ(x). Beyond −30 it is below the smallest float.
INLINE void gelu_value(doubles *y, const doubles *from) {
  doubles x = *from, tail, density, near = DSELECT(x < -40.0, (doubles){0} - 40.0, x);
  normal_tail(&tail, &density, &near);
  doubles result = x * DSELECT(x >= 0.0, 1.0 - tail, tail);
  *y = DSELECT(x == x, result, x);
}

// Its derivative Φ(x) + x φ(x), for |x| < 30.
INLINE void gelu_slope(doubles *y, const doubles *from) {
  doubles x = *from, tail, density;
  normal_tail(&tail, &density, &x);
  *y = DSELECT(x >= 0.0, 1.0 - tail, tail) + x * (density * 0.39894228040143267794);
}

// x σ(v) with v = √(8/π)(x + 0.044715 x³): with e = exp(−|v|), x/(1 + e) or x e/(1 + e).
INLINE void gelu_tanh_value(doubles *y, const doubles *from) {
  doubles x = *from, v = 1.59576912160573071176 * (x + 0.044715 * x * x * x), e;
  EXP_DOUBLES(e, (doubles){0} - DABSOLUTE(v));
  doubles result = x * DSELECT(v >= 0.0, (doubles){0} + 1.0, e) / (1.0 + e);
  *y = DSELECT(x == x, result, x);
}

// Its derivative, for |x| < 20: σ(v)(1 + x v′ (1 − σ(v))).
INLINE void gelu_tanh_slope(doubles *y, const doubles *from) {
  doubles x = *from, v = 1.59576912160573071176 * (x + 0.044715 * x * x * x), e;
  doubles along = x * (1.59576912160573071176 * (1.0 + 0.134145 * x * x));
  EXP_DOUBLES(e, (doubles){0} - DABSOLUTE(v));
  doubles once = 1.0 + e, right = (1.0 + along * e / once) / once, left = e * (1.0 + along / once) / once;
  *y = DSELECT(v >= 0.0, right, left);
}

// Where derivatives are doubles that have not underflowed; nothing is where a function has no loops here.
static float moderate_bound(ckn_function_kind kind) {
  switch (kind) {
    case CKN_SILU: return 300;
    case CKN_GELU: return 30;
    case CKN_GELU_TANH: return 20;
    default: return 0;
  }
}

CLONES static bool is_below(const float *x, size_t n, float bound) {
  size_t j = 0;
  ints far = {0};
  for (; j + FLOATS <= n; j += FLOATS) far |= ~(FABSOLUTE(*(const floats *)(x + j)) < bound);
  int32_t any = 0;
  for (int l = 0; l < FLOATS; l++) any |= far[l];
  for (; j < n; j++) any |= !(fabsf(x[j]) < bound);
  return any == 0;
}

// Whether the loops below serve for every element.
static bool is_moderate(ckn_function_kind kind, const float *x, size_t n) {
  float bound = moderate_bound(kind);
  return bound > 0 && is_below(x, n, bound);
}

// Ends a row of products: their magnitude goes into the exponent.
CLONES static void settle_row(float *d, int32_t *exponent, const double *products, double largest, size_t n) {
  int32_t e = 0;
  if (largest > 0 && isfinite(largest)) {
    e = ilogb(largest) + 1;
    if (e <= 20 && e >= -20) e = 0;
  }
  double f = scalbn(1, -e);
  for (size_t j = 0; j < n; j++) d[j] = (float)(products[j] * f);
  *exponent += e;
}

// name_forward_f: h = f(a). name_row_f: d = d · f′(a) with the magnitude of the row in its exponent; `products` has n doubles. 
#define FUNCTION_LOOPS(name)                                                                                                \
  CLONES static void name##_forward_f(float *h, const float *a, size_t count) {                                             \
    size_t j = 0;                                                                                                           \
    for (; j + DOUBLES <= count; j += DOUBLES) {                                                                            \
      doubles v = __builtin_convertvector(*(const half_floats *)(a + j), doubles);                                          \
      name##_value(&v, &v);                                                                                                 \
      *(half_floats *)(h + j) = __builtin_convertvector(v, half_floats);                                                    \
    }                                                                                                                       \
    if (j == count) return;                                                                                                 \
    doubles rest = {0};                                                                                                     \
    for (size_t l = j; l < count; l++) rest[l - j] = a[l];                                                                  \
    name##_value(&rest, &rest);                                                                                             \
    for (size_t l = j; l < count; l++) h[l] = (float)rest[l - j];                                                           \
  }                                                                                                                         \
  CLONES static double name##_products(double *products, const float *d, const float *a, size_t n) {                        \
    doubles top = {0};                                                                                                      \
    for (size_t j = 0; j < n; j += DOUBLES) {                                                                               \
      size_t count = n - j < DOUBLES ? n - j : DOUBLES;                                                                     \
      doubles x = {0}, g = {0};                                                                                             \
      if (count == DOUBLES) {                                                                                               \
        x = __builtin_convertvector(*(const half_floats *)(a + j), doubles);                                                \
        g = __builtin_convertvector(*(const half_floats *)(d + j), doubles);                                                \
      } else {                                                                                                              \
        for (size_t l = 0; l < count; l++) x[l] = a[j + l], g[l] = d[j + l];                                                \
      }                                                                                                                     \
      name##_slope(&x, &x);                                                                                                 \
      g *= x;                                                                                                               \
      if (count == DOUBLES) {                                                                                               \
        *(doubles *)(products + j) = g;                                                                                     \
      } else {                                                                                                              \
        for (size_t l = 0; l < count; l++) products[j + l] = g[l];                                                          \
      }                                                                                                                     \
      doubles magnitude = DABSOLUTE(g);                                                                                     \
      top = DSELECT(magnitude > top, magnitude, top);                                                                       \
    }                                                                                                                       \
    double largest = 0;                                                                                                     \
    for (int l = 0; l < DOUBLES; l++) largest = top[l] > largest ? top[l] : largest;                                        \
    return largest;                                                                                                         \
  }                                                                                                                         \
  static void name##_row_f(float *d, const float *a, int32_t *exponent, double *products, size_t n) {                       \
    settle_row(d, exponent, products, name##_products(products, d, a, n), n);                                               \
  }

// name_plain_f: d = d · f′(a), without exponents.
#define PLAIN_LOOP(name)                                                                                                     \
  CLONES static void name##_plain_f(float *d, const float *a, size_t count) {                       \
    for (size_t j = 0; j < count; j += DOUBLES) {                                                                           \
      size_t length = count - j < DOUBLES ? count - j : DOUBLES;                                                            \
      doubles x = {0};                                                                                                      \
      for (size_t l = 0; l < length; l++) x[l] = a[j + l];                                                                  \
      name##_slope(&x, &x);                                                                                                 \
      for (size_t l = 0; l < length; l++) d[j + l] = (float)((double)d[j + l] * x[l]);                                      \
    }                                                                                                                       \
  }

FUNCTION_LOOPS(silu)
FUNCTION_LOOPS(gelu)
FUNCTION_LOOPS(gelu_tanh)
PLAIN_LOOP(gelu)
PLAIN_LOOP(gelu_tanh)
