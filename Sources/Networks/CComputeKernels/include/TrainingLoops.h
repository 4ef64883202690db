// The loops of training: examples as they are stored into a block, the log-likelihood and its gradient, derivatives of activations without exponents (a sum over examples is rounded to its
// largest terms, so that what underflows in one row is lost anyway), and sums over rows and over blocks.
#pragma once
#include "NetworkLoops.h"

/// What a `normalize` layer does to a row.
typedef struct {
  /// For each number of a row.
  const double *shift, *scale;
  /// (byte / 255 − shift) / scale in single precision: 256 values for each channel, of which `each` numbers of a row are one.
  const float *table;
  size_t each;
} ckn_normalization;

/// out = ((in / 255) − shift) / scale row by row, rounded to `type`; row r is in[indices[r]], or in[r] where `indices` is null. Null `normal` means neither.
void ckn_load_bytes(void *out, ckn_type type, const uint8_t *in, const int64_t *indices, const ckn_normalization *normal, size_t rows,
                    size_t n);
/// The same from numbers in single precision, without the division by 255.
void ckn_load_floats(void *out, ckn_type type, const float *in, const int64_t *indices, const ckn_normalization *normal, size_t rows,
                     size_t n);

/// Σ over the rows of the log-probability of the label under softmax(z); its gradient with respect to z goes into `dz` (`destination` type) unless that is null.
double ckn_log_likelihood(void *dz, ckn_type destination, const void *z, ckn_type type, const int32_t *labels, size_t rows, size_t classes);

/// d = d · (h > 0 ? 1 : slope).
void ckn_mask_plain(void *d, const void *h, ckn_type type, double slope, size_t count);
/// d = d · f′(a) from the pre-activation, of tanh or of the logistic function.
void ckn_saturating_plain(void *d, const void *a, ckn_type type, bool logistic, size_t count);

/// sum[j] += Σ_r d[r, j], added in double; `sum` is float, or double where `type` is float64.
void ckn_add_column_sums(void *sum, const void *d, ckn_type type, size_t rows, size_t n);
/// sum = part (`first`) or sum + part, in double, then part = 0; `part` is float, or double where `type` is float64.
void ckn_fold(double *sum, void *part, ckn_type type, bool first, size_t count);
/// The same into a sum in single precision.
void ckn_fold_float(float *sum, float *part, bool first, size_t count);

/// Σ x², in eight lanes; unless `gradient` is null, gradient = factor · gradient − weight · x.
double ckn_gaussian_prior(double *gradient, double factor, double weight, const double *x, size_t count);
/// Σ (new − old)(new + old) = Σ new² − old², term by term.
double ckn_square_difference(const double *new, const double *old, size_t count);
