// The loops of a network that are no product: rounding, activations and their derivatives with an exponent for each row, and the
// log-domain losses. Row r of a gradient buffer stands for its elements times 2^exponents[r].
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum : int { CKN_FLOAT32 = 0, CKN_BFLOAT16 = 1, CKN_FLOAT64 = 2 } ckn_type;

// MARK: - Into and out of a block

/// out = (in − shift) / scale, element by element, rounded to `type`; null `shift` means none. `shift` and `scale` have n elements (one row).
void ckn_load_rows(void *out, ckn_type type, const double *in, const double *shift, const double *scale, size_t rows, size_t n);
/// sum += part · 2^(exponent difference), row by row, in double; `sum_exponents` rises where the part is larger. Rows of zeros add nothing.
void ckn_add_part(double *sum, int32_t *sum_exponents, const void *part, ckn_type type, const int32_t *part_exponents, size_t rows,
                  size_t n);
/// Before `d` is multiplied into a sum of several draws (float32, or float64 for `d` in float64): brings d (rows × n) and the running sum (rows × m) to one exponent a row.
void ckn_align_rows(void *d, ckn_type type, const int32_t *d_exponents, size_t n, void *sum, int32_t *sum_exponents, size_t m, size_t rows);
enum { CKN_NO_EXPONENT = INT32_MIN };  // of a row that is empty so far
/// memset to zero, which Swift only does element by element in a debug build.
void ckn_zero(void *p, size_t bytes);
void ckn_set_exponents(int32_t *exponents, int32_t value, size_t count);

/// The largest sum of magnitudes in a row of a weight matrix: how much a layer can enlarge its inputs.
double ckn_largest_row_sum(const float *weights, size_t rows, size_t columns);
/// Number of elements that are not finite.
size_t ckn_count_nonfinite(const float *x, size_t count);
/// Sets subnormal elements, below 2⁻¹²⁶, to zero; gives their number.
size_t ckn_flush_subnormals(float *x, size_t count);

// MARK: - Activations

/// d = d · (h > 0 ? 1 : slope), then the row's magnitude goes into its exponent when it leaves [2⁻²⁰, 2²⁰]. `h` is the activation's output.
void ckn_mask_backward(void *d, const void *h, ckn_type type, double slope, int32_t *exponents, size_t rows, size_t n);
/// tanh (logistic = false) or the logistic function of `a`.
void ckn_saturating_forward(void *h, const void *a, ckn_type type, bool logistic, size_t count);
/// d = d · f′(a) from the pre-activation: tanh′ = 4e^{−2|a|}/(1+e^{−2|a|})², σ′ = e^{−|a|}/(1+e^{−|a|})². The factor is never rounded to zero: it goes into the
/// row's exponent. `scratch` has n doubles.
void ckn_saturating_backward(void *d, const void *a, ckn_type type, bool logistic, int32_t *exponents, double *scratch, size_t rows,
                             size_t n);
/// h = a > 0 ? a : slope · a.
void ckn_rectify_forward(void *h, const void *a, ckn_type type, double slope, size_t count);

typedef enum : int { CKN_WIDE_RECTIFIER = 0, CKN_WIDE_TANH, CKN_WIDE_LOGISTIC } ckn_wide;
/// d = d · w(a) with a wide derivative w in the place of the activation's own, from the pre-activation a. With s the root mean square of
/// a row of a: slope + (1 − slope)·σ(4a/s), sech²(a/max(1, s)), σ′(a/max(1, s)). Then the row's magnitude goes into its exponent, as
/// `ckn_mask_backward` does.
/// `elements` of a row are no padding, which is zero and has no width.
void ckn_wide_backward(void *d, const void *a, ckn_type type, ckn_wide kind, double slope, int32_t *exponents, size_t rows, size_t n,
                       size_t elements);
/// d = d · (1 − h²) or d · h(1 − h) in float32 without exponents: what automatic differentiation computes. Zero once h rounds to 1.
void ckn_saturating_backward_naive(float *d, const float *h, bool logistic, size_t count);
/// d = d · (h > 0 ? 1 : slope) without exponents.
void ckn_mask_backward_naive(float *d, const float *h, float slope, size_t count);

// MARK: - Losses of one draw, in double from float32 (or float64) logits

/// Number of classes rounded up to whole vectors: the distance between rows in the arrays below. What lies beyond `classes` is never read as a class.
size_t ckn_padded_classes(size_t classes);

/// What the draws so far say about each row of a block. Arrays are rows × padded classes unless said otherwise.
typedef struct {
  double *top, *sum;            // log Σ_s p_s(c) = top + log(sum)
  double *votes;                // draws that choose class c
  double *logits;               // Σ_s z_s(c)
  double *loss_top, *loss_sum;  // log Σ_s CE_s of each row (rows)
} ckn_prediction;

/// The same of one block, eight rows at a time: element (row r, class c) is number (r / 8 · classes + c) · 8 + r % 8, and rows are rounded up to eights, so that whole vectors are added and no class
/// that is not there.
typedef struct {
  double *top, *sum, *votes, *logits;
  double *loss_top, *loss_sum;  // rows, rounded up
} ckn_prediction_lanes;
/// Elements of an array of it.
size_t ckn_lanes_count(size_t rows, size_t classes);
void ckn_lanes_clear(const ckn_prediction_lanes *p, size_t rows, size_t classes);

typedef enum : int {
  CKN_EXPECTED_LOSS = 0,
  CKN_PREDICTIVE,
  CKN_MEAN_LOGIT,
  CKN_MARGIN,
  CKN_DOUBLE_SOFTMAX,
  CKN_PROBABILITY_MARGIN,
  CKN_DLR,
} ckn_objective;

/// Where the gradient of one draw with respect to its logits goes: of predictive or expected-loss, for the first `rows` of a block.
typedef struct {
  ckn_objective objective;
  void *gradient;
  ckn_type type;
  int32_t *exponents;
  size_t rows;
} ckn_gradient_target;

void ckn_prediction_clear(const ckn_prediction *p, size_t rows, size_t classes);
/// Adds one draw. `gradient`, where not null, gets what `ckn_logit_gradient` would store: both need the same exponentials.
void ckn_prediction_add(const ckn_prediction_lanes *p, const void *z, ckn_type type, const int32_t *labels, size_t rows, size_t classes,
                        const ckn_gradient_target *gradient);
/// log softmax of each row of logits, rows × classes.
void ckn_log_softmax(double *out, const void *z, ckn_type type, size_t rows, size_t classes);
/// Adds what other draws said, in the order of the calls.
void ckn_prediction_merge(const ckn_prediction *into, const ckn_prediction_lanes *from, size_t rows, size_t classes);

/// What a gradient needs to know from a first pass over all draws, each rows × padded classes; null where the objective does not need it.
typedef struct {
  const double *log_sums;     // log Σ_s p_s(c), not divided by the number of draws: margin, probability-margin, dlr
  const double *mean_logits;  // mean-logit
  // double-softmax: gradient of the outer cross-entropy with respect to the mean probabilities; probability-margin, dlr: what
  // multiplies the gradient of each log p̄, up to a factor of the row
  const double *outer;
} ckn_first_pass;
/// Fills what `objective` needs from the prediction of all `draws`; each array is given by the caller.
void ckn_first_pass_fill(ckn_objective objective, double *log_sums, double *mean_logits, double *outer, const ckn_prediction *p,
                         const int32_t *labels, double draws, size_t rows, size_t classes);
/// From the prediction of all draws: log p̄ (rows × classes, no padding), votes (rows × classes, no padding), and, where `log_losses` is not null, the natural logarithm of the
/// loss (margin, probability-margin, dlr: the value itself). `log_factors`, where not null, gets the logarithm of the factor that `ckn_logit_gradient` leaves out.
void ckn_prediction_finish(ckn_objective objective, double *log_predictive, double *votes, double *log_losses, double *log_factors,
                           const ckn_prediction *p, const int32_t *labels, double draws, size_t rows, size_t classes);
/// values = values · exp(log_factor) / scale, then each row's magnitude goes into its exponent. Rows of zeros get exponent 0.
void ckn_finish_rows(double *values, int32_t *exponents, const double *log_factors, const double *scale, size_t rows, size_t n);

/// dz (rows × classes, `destination` type) and exponents of this draw's gradient with respect to its logits, up to the factors that are the same for all draws: 1/S for
/// expected-loss, mean-logit and double-softmax; 1/Σ_s p_s(y) for predictive; none for margin; that of the coefficients for probability-margin and dlr.
void ckn_logit_gradient(ckn_objective objective, void *dz, ckn_type destination, int32_t *exponents, const void *z, ckn_type type,
                        const int32_t *labels, const ckn_first_pass *first, size_t rows, size_t classes);
/// The same for an uncertainty: S · ∂score/∂z = p_j Σ_k p_k (a_j − a_k) of this draw, a = own · log p + shared, `shared` rows × classes without padding; the factor left out is 1/S.
void ckn_score_gradient(double own, const double *shared, void *dz, ckn_type destination, int32_t *exponents, const void *z, ckn_type type,
                        size_t rows, size_t classes);

// MARK: - The arithmetic of other tools, in float32

/// probabilities += softmax(z), with the usual subtraction of the maximum, and losses += the cross-entropy of each row.
void ckn_naive_softmax_add(float *probabilities, float *losses, const float *z, const int32_t *labels, size_t rows, size_t classes);
/// The gradient of the loss with respect to this draw's logits in the order of automatic differentiation. `mean` is the mean of the probabilities (predictive, double-softmax, margin)
/// or of the logits (mean-logit).
void ckn_naive_logit_gradient(ckn_objective objective, float *dz, const float *z, const float *mean, const int32_t *labels, float draws,
                              size_t rows, size_t classes);
/// Rows with an element that is not finite become rows of zeros: what a sign step makes of NaN.
void ckn_zero_nonfinite_rows(double *values, size_t rows, size_t n);
