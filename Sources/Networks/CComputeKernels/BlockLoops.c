// Rows into and out of a block of work: conversion, alignment of exponents, sums over draws.
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "NetworkVectors.h"

void ckn_zero(void *p, size_t bytes) { memset(p, 0, bytes); }

void ckn_set_exponents(int32_t *exponents, int32_t value, size_t count) {
  for (size_t i = 0; i < count; i++) exponents[i] = value;
}

CLONES void ckn_load_rows(void *out, ckn_type type, const double *in, const double *shift, const double *scale, size_t rows, size_t n) {
  for (size_t r = 0; r < rows; r++) {
    const double *x = in + r * n;
    size_t j = 0;
    if (type == CKN_FLOAT64) {
      double *to = (double *)out + r * n;
      for (; j < n; j++) to[j] = shift ? (x[j] - shift[j]) / scale[j] : x[j];
    } else {
      for (; j + DOUBLES <= n; j += DOUBLES) {
        doubles v = *(const doubles *)(x + j);
        if (shift) v = (v - *(const doubles *)(shift + j)) / *(const doubles *)(scale + j);
        half_floats f = __builtin_convertvector(v, half_floats);
        if (type == CKN_FLOAT32)
          *(half_floats *)((float *)out + r * n + j) = f;
        else
          for (int l = 0; l < DOUBLES; l++) ((uint16_t *)out)[r * n + j + l] = bfloat16_round(f[l]);
      }
      for (; j < n; j++) {
        float f = (float)(shift ? (x[j] - shift[j]) / scale[j] : x[j]);
        if (type == CKN_FLOAT32)
          ((float *)out)[r * n + j] = f;
        else
          ((uint16_t *)out)[r * n + j] = bfloat16_round(f);
      }
    }
  }
}

// Whether a row has an element that is not zero (NaN counts).
CLONES static bool any_nonzero_f(const float *x, size_t n) {
  size_t j = 0;
  ints seen = {0};
  for (; j + FLOATS <= n; j += FLOATS) seen |= *(const floats *)(x + j) != (floats){0};
  int32_t any = 0;
  for (int l = 0; l < FLOATS; l++) any |= seen[l];
  for (; j < n; j++) any |= x[j] != 0;
  return any != 0;
}

static bool any_nonzero(const double *x, size_t n) {
  for (size_t j = 0; j < n; j++)
    if (x[j] != 0) return true;
  return false;
}

CLONES void ckn_add_part(double *sum, int32_t *sum_exponents, const void *part, ckn_type type, const int32_t *part_exponents, size_t rows,
                         size_t n) {
  for (size_t r = 0; r < rows; r++) {
    int32_t e = part_exponents[r];
    if (e == CKN_NO_EXPONENT) continue;
    double *s = sum + r * n;
    const float *pf = (const float *)part + r * n;
    const double *pd = (const double *)part + r * n;
    if (!(type == CKN_FLOAT32 ? any_nonzero_f(pf, n) : any_nonzero(pd, n))) continue;
    if (sum_exponents[r] == CKN_NO_EXPONENT) {
      sum_exponents[r] = e;
    } else if (e > sum_exponents[r]) {
      double f = power_of_two((int64_t)sum_exponents[r] - e);
      for (size_t j = 0; j < n; j++) s[j] *= f;
      sum_exponents[r] = e;
    }
    double f = power_of_two((int64_t)e - sum_exponents[r]);
    size_t j = 0;
    if (type == CKN_FLOAT32) {
      for (; j + DOUBLES <= n; j += DOUBLES)
        *(doubles *)(s + j) += __builtin_convertvector(*(const half_floats *)(pf + j), doubles) * f;
      for (; j < n; j++) s[j] += (double)pf[j] * f;
    } else {
      for (; j + DOUBLES <= n; j += DOUBLES) *(doubles *)(s + j) += *(const doubles *)(pd + j) * f;
      for (; j < n; j++) s[j] += pd[j] * f;
    }
  }
}

CLONES static void scale_floats(float *x, float f, size_t n) {
  size_t j = 0;
  for (; j + FLOATS <= n; j += FLOATS) *(floats *)(x + j) *= f;
  for (; j < n; j++) x[j] *= f;
}

CLONES static void scale_halves(uint16_t *x, float f, size_t n) {
  size_t j = 0;
  for (; j + FLOATS <= n; j += FLOATS) STORE_HALVES(x + j, LOAD_HALVES(x + j) * f);
  for (; j < n; j++) x[j] = bfloat16_round(bfloat16_value(x[j]) * f);
}

CLONES static void scale_doubles(double *x, double f, size_t n) {
  size_t j = 0;
  for (; j + DOUBLES <= n; j += DOUBLES) *(doubles *)(x + j) *= f;
  for (; j < n; j++) x[j] *= f;
}

void ckn_align_rows(void *d, ckn_type type, const int32_t *d_exponents, size_t n, void *sum, int32_t *sum_exponents, size_t m, size_t rows) {
  for (size_t r = 0; r < rows; r++) {
    int32_t e = d_exponents[r];
    if (sum_exponents[r] == CKN_NO_EXPONENT || e > sum_exponents[r]) {
      // An empty row is zero already; a smaller one is brought down to the new exponent.
      if (sum_exponents[r] != CKN_NO_EXPONENT) {
        const int64_t lower = (int64_t)sum_exponents[r] - e;
        if (type == CKN_FLOAT64)
          scale_doubles((double *)sum + r * m, power_of_two(lower), m);
        else
          scale_floats((float *)sum + r * m, power_of_two_f(lower), m);
      }
      sum_exponents[r] = e;
    } else if (e < sum_exponents[r]) {
      const int64_t lower = (int64_t)e - sum_exponents[r];
      if (type == CKN_FLOAT64)
        scale_doubles((double *)d + r * n, power_of_two(lower), n);
      else if (type == CKN_FLOAT32)
        scale_floats((float *)d + r * n, power_of_two_f(lower), n);
      else
        scale_halves((uint16_t *)d + r * n, power_of_two_f(lower), n);
    }
  }
}

CLONES double ckn_largest_row_sum(const float *weights, size_t rows, size_t columns) {
  double largest = 0;
  for (size_t r = 0; r < rows; r++) {
    const float *w = weights + r * columns;
    size_t j = 0;
    doubles sums = {0};
    for (; j + DOUBLES <= columns; j += DOUBLES) sums += DABSOLUTE(__builtin_convertvector(*(const half_floats *)(w + j), doubles));
    double sum = 0;
    for (int l = 0; l < DOUBLES; l++) sum += sums[l];
    for (; j < columns; j++) sum += fabs((double)w[j]);
    largest = sum > largest ? sum : largest;
  }
  return largest;
}

CLONES size_t ckn_count_nonfinite(const float *x, size_t count) {
  size_t j = 0;
  ints bad = {0};
  for (; j + FLOATS <= count; j += FLOATS) bad |= ((*(const ints *)(x + j)) & 0x7f800000) == 0x7f800000;
  bool any = false;
  for (int l = 0; l < FLOATS; l++) any |= bad[l] != 0;
  for (; j < count; j++) any |= !isfinite(x[j]);
  if (!any) return 0;
  size_t total = 0;
  for (j = 0; j < count; j++) total += !isfinite(x[j]);
  return total;
}

CLONES size_t ckn_flush_subnormals(float *x, size_t count) {
  size_t flushed = 0;
  for (size_t j = 0; j < count; j++) {
    uint32_t magnitude;
    memcpy(&magnitude, x + j, sizeof magnitude);
    magnitude &= 0x7fffffff;
    const bool is_subnormal = magnitude != 0 && magnitude < 0x00800000;
    flushed += is_subnormal;
    x[j] = is_subnormal ? 0 : x[j];
  }
  return flushed;
}
