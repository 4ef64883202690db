// The loops of training.
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "include/TrainingLoops.h"

#include "LogitLanes.h"

// Rows are independent, and of a few hundred numbers: element by element is fast enough where a conversion to double is needed.
static void store_double(void *out, ckn_type type, size_t i, double value) {
  switch (type) {
    case CKN_FLOAT32: ((float *)out)[i] = (float)value; break;
    case CKN_BFLOAT16: ((uint16_t *)out)[i] = bfloat16_round((float)value); break;
    case CKN_FLOAT64: ((double *)out)[i] = value; break;
  }
}

CLONES static void byte_row_f(float *out, const uint8_t *in, size_t n) {
  // The correctly rounded quotient, which is also that of doubles rounded to float for every byte.
  for (size_t j = 0; j < n; j++) out[j] = (float)in[j] / 255.0f;
}

CLONES static void byte_row_h(uint16_t *out, const uint8_t *in, size_t n) {
  for (size_t j = 0; j < n; j++) out[j] = bfloat16_round((float)in[j] / 255.0f);
}

CLONES static void float_row_h(uint16_t *out, const float *in, size_t n) {
  for (size_t j = 0; j < n; j++) out[j] = bfloat16_round(in[j]);
}

// A table of 256 values for each channel: `each` bytes of a row belong to one.
CLONES static void table_row_f(float *out, const uint8_t *in, const float *table, size_t each, size_t n) {
  for (size_t c = 0; c * each < n; c++)
    for (size_t j = c * each; j < (c + 1) * each; j++) out[j] = table[256 * c + in[j]];
}

CLONES static void table_row_h(uint16_t *out, const uint8_t *in, const float *table, size_t each, size_t n) {
  for (size_t c = 0; c * each < n; c++)
    for (size_t j = c * each; j < (c + 1) * each; j++) out[j] = bfloat16_round(table[256 * c + in[j]]);
}

CLONES static void normalized_row_f(float *out, const float *in, const double *shift, const double *scale, size_t n) {
  for (size_t j = 0; j < n; j++) out[j] = (float)((in[j] - shift[j]) / scale[j]);
}

void ckn_load_bytes(void *out, ckn_type type, const uint8_t *in, const int64_t *indices, const ckn_normalization *normal, size_t rows,
                    size_t n) {
  for (size_t r = 0; r < rows; r++) {
    const uint8_t *x = in + (indices ? (size_t)indices[r] : r) * n;
    if (type == CKN_FLOAT32) {
      float *row = (float *)out + r * n;
      normal ? table_row_f(row, x, normal->table, normal->each, n) : byte_row_f(row, x, n);
    } else if (type == CKN_BFLOAT16) {
      uint16_t *row = (uint16_t *)out + r * n;
      normal ? table_row_h(row, x, normal->table, normal->each, n) : byte_row_h(row, x, n);
    } else {
      for (size_t j = 0; j < n; j++)
        store_double(out, type, r * n + j, normal ? (x[j] / 255.0 - normal->shift[j]) / normal->scale[j] : x[j] / 255.0);
    }
  }
}

void ckn_load_floats(void *out, ckn_type type, const float *in, const int64_t *indices, const ckn_normalization *normal, size_t rows,
                     size_t n) {
  for (size_t r = 0; r < rows; r++) {
    const float *x = in + (indices ? (size_t)indices[r] : r) * n;
    if (type == CKN_FLOAT32 && !normal)
      memcpy((float *)out + r * n, x, n * sizeof *x);
    else if (type == CKN_FLOAT32)
      normalized_row_f((float *)out + r * n, x, normal->shift, normal->scale, n);
    else if (type == CKN_BFLOAT16 && !normal)
      float_row_h((uint16_t *)out + r * n, x, n);
    else
      for (size_t j = 0; j < n; j++) store_double(out, type, r * n + j, normal ? (x[j] - normal->shift[j]) / normal->scale[j] : x[j]);
  }
}

// With u the log-odds against the label: log p_y = −softplus(u), and the gradient one-hot − softmax is (1 − p_y) · (1 at y, minus the softmax of the others elsewhere), 1 − p_y = e^{−softplus(−u)}.
CLONES double ckn_log_likelihood(void *dz, ckn_type destination, const void *z, ckn_type type, const int32_t *labels, size_t rows,
                                 size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  ROWS_OF_SCRATCH(scratch, padded);
  double *block = scratch, *es = scratch + DOUBLES * padded, sum = 0;
  label_odds odds;
  for (size_t r = 0; r < rows; r += DOUBLES) {
    size_t count = rows - r < DOUBLES ? rows - r : DOUBLES;
    load_lanes(block, z, type, r, count, classes, classes);
    compute_odds(&odds, block, es, labels + r, count, classes);
    for (size_t l = 0; l < count; l++) sum -= odds.plus[l];
    if (!dz) continue;
    doubles wrong;
    doubles minus = odds.minus;
    EXP_DOUBLES(wrong, (doubles){0} - minus);
    wrong = DSELECT(minus == minus, wrong, minus);  // NaN stays NaN
    doubles scale = wrong / odds.total;
    for (size_t c = 0; c < classes; c++) {
      doubles *g = (doubles *)(es + c * DOUBLES);
      *g = DSELECT(odds.label == (longs){0} + (int64_t)c, wrong, -*g * scale);
    }
    store_lanes(dz, destination, r, count, es, classes);
  }
  FREE_SCRATCH(scratch);
  return sum;
}

CLONES static void mask_plain_h(uint16_t *d, const uint16_t *h, float slope, size_t count) {
  size_t j = 0;
  for (; j + FLOATS <= count; j += FLOATS) {
    floats v = LOAD_HALVES(d + j), hv = LOAD_HALVES(h + j);
    v = FSELECT(hv > (floats){0}, v, v * slope);
    STORE_HALVES(d + j, v);
  }
  for (; j < count; j++)
    if (!(bfloat16_value(h[j]) > 0)) d[j] = bfloat16_round(bfloat16_value(d[j]) * slope);
}

void ckn_mask_plain(void *d, const void *h, ckn_type type, double slope, size_t count) {
  if (slope == 1) return;
  switch (type) {
    case CKN_FLOAT32: ckn_mask_backward_naive(d, h, slope, count); break;
    case CKN_BFLOAT16: mask_plain_h(d, h, slope, count); break;
    case CKN_FLOAT64: {
      double *to = d;
      for (size_t j = 0; j < count; j++)
        if (!(((const double *)h)[j] > 0)) to[j] *= slope;
      break;
    }
  }
}

// tanh′ = 4e/(1 + e)² with e = exp(−2|a|), σ′ = e/(1 + e)² with e = exp(−|a|). (By address: a vector as an argument has another convention in every clone.)
INLINE void saturating_derivative(floats *d, const floats *a, bool logistic) {
  floats e;
  EXP_FLOATS(e, FABSOLUTE(*a) * (logistic ? -1.0f : -2.0f));
  *d = *d * ((logistic ? 1.0f : 4.0f) * e / ((1.0f + e) * (1.0f + e)));
}

CLONES static void saturating_plain_f(float *d, const float *a, bool logistic, size_t count) {
  size_t j = 0;
  for (; j + FLOATS <= count; j += FLOATS) saturating_derivative((floats *)(d + j), (const floats *)(a + j), logistic);
  if (j == count) return;
  floats dv = {0}, av = {0};
  memcpy(&dv, d + j, (count - j) * sizeof *d);
  memcpy(&av, a + j, (count - j) * sizeof *a);
  saturating_derivative(&dv, &av, logistic);
  memcpy(d + j, &dv, (count - j) * sizeof *d);
}

CLONES static void saturating_plain_h(uint16_t *d, const uint16_t *a, bool logistic, size_t count) {
  size_t j = 0;
  for (; j + FLOATS <= count; j += FLOATS) {
    floats dv = LOAD_HALVES(d + j), av = LOAD_HALVES(a + j);
    saturating_derivative(&dv, &av, logistic);
    STORE_HALVES(d + j, dv);
  }
  floats dv = {0}, av = {0};
  for (size_t l = j; l < count; l++) dv[l - j] = bfloat16_value(d[l]), av[l - j] = bfloat16_value(a[l]);
  saturating_derivative(&dv, &av, logistic);
  for (size_t l = j; l < count; l++) d[l] = bfloat16_round(dv[l - j]);
}

void ckn_saturating_plain(void *d, const void *a, ckn_type type, bool logistic, size_t count) {
  switch (type) {
    case CKN_FLOAT32: saturating_plain_f(d, a, logistic, count); break;
    case CKN_BFLOAT16: saturating_plain_h(d, a, logistic, count); break;
    case CKN_FLOAT64:
      for (size_t j = 0; j < count; j++) {
        double e = exp(-fabs(((const double *)a)[j]) * (logistic ? 1 : 2));
        ((double *)d)[j] *= (logistic ? 1 : 4) * e / ((1 + e) * (1 + e));
      }
      break;
  }
}

// Row by row into sums that stay in the first-level cache, a strip of columns at a time.
enum { STRIP = 512 };
#define COLUMN_SUMS(NAME, T, VALUE, S)                                                     \
  CLONES static void NAME(S *sum, const T *d, size_t rows, size_t n) {                     \
    double strip[STRIP];                                                                   \
    for (size_t first = 0; first < n; first += STRIP) {                                    \
      size_t width = n - first < STRIP ? n - first : STRIP;                                \
      for (size_t j = 0; j < width; j++) strip[j] = 0;                                     \
      for (size_t r = 0; r < rows; r++) {                                                  \
        const T *row = d + r * n + first;                                                  \
        for (size_t j = 0; j < width; j++) strip[j] += (double)VALUE(row[j]);              \
      }                                                                                    \
      for (size_t j = 0; j < width; j++) sum[first + j] += (S)strip[j];                    \
    }                                                                                      \
  }
COLUMN_SUMS(column_sums_f, float, , float)
COLUMN_SUMS(column_sums_h, uint16_t, bfloat16_value, float)
COLUMN_SUMS(column_sums_d, double, , double)

void ckn_add_column_sums(void *sum, const void *d, ckn_type type, size_t rows, size_t n) {
  switch (type) {
    case CKN_FLOAT32: column_sums_f(sum, d, rows, n); break;
    case CKN_BFLOAT16: column_sums_h(sum, d, rows, n); break;
    case CKN_FLOAT64: column_sums_d(sum, d, rows, n); break;
  }
}

CLONES void ckn_fold(double *sum, void *part, ckn_type type, bool first, size_t count) {
  if (type == CKN_FLOAT64) {
    double *from = part;
    for (size_t j = 0; j < count; j++) sum[j] = first ? from[j] : sum[j] + from[j], from[j] = 0;
    return;
  }
  float *from = part;
  if (first)
    for (size_t j = 0; j < count; j++) sum[j] = from[j], from[j] = 0;
  else
    for (size_t j = 0; j < count; j++) sum[j] += from[j], from[j] = 0;
}

CLONES void ckn_fold_float(float *sum, float *part, bool first, size_t count) {
  if (first)
    for (size_t j = 0; j < count; j++) sum[j] = part[j], part[j] = 0;
  else
    for (size_t j = 0; j < count; j++) sum[j] += part[j], part[j] = 0;
}

// Eight lanes in a fixed order: the same bits in every clone, and eight times shorter sums.
INLINE double sum_of_lanes(const doubles *s) {
  double sum = 0;
  for (int l = 0; l < DOUBLES; l++) sum += (*s)[l];
  return sum;
}

CLONES double ckn_gaussian_prior(double *gradient, double factor, double weight, const double *x, size_t count) {
  doubles s = {0};
  size_t j = 0;
  for (; j + DOUBLES <= count; j += DOUBLES) {
    doubles v = *(const doubles *)(x + j);
    s += v * v;
    if (gradient) *(doubles *)(gradient + j) = *(doubles *)(gradient + j) * factor - v * weight;
  }
  double sum = sum_of_lanes(&s);
  for (; j < count; j++) {
    sum += x[j] * x[j];
    if (gradient) gradient[j] = gradient[j] * factor - x[j] * weight;
  }
  return sum;
}

CLONES double ckn_square_difference(const double *new, const double *old, size_t count) {
  doubles s = {0};
  size_t j = 0;
  for (; j + DOUBLES <= count; j += DOUBLES) {
    doubles a = *(const doubles *)(new + j), b = *(const doubles *)(old + j);
    s += (a - b) * (a + b);
  }
  double sum = sum_of_lanes(&s);
  for (; j < count; j++) sum += (new[j] - old[j]) * (new[j] + old[j]);
  return sum;
}
