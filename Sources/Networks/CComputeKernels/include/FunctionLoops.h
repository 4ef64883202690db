// Functions of one element whose derivative is read off what enters them, and rows of layers that compute in double.
#pragma once
#include "NetworkLoops.h"

/// What is computed: the constants `a` and `b` are named in brackets.
typedef enum : int {
  CKN_LEAKY = 0,      // x > 0 ? x : a x
  CKN_CLIPPED,        // min(max(x, 0), a)
  CKN_TANH,
  CKN_LOGISTIC,
  CKN_ELU,            // b (x > 0 ? x : a (eˣ − 1))
  CKN_SILU,           // x σ(x)
  CKN_GELU,           // x Φ(x)
  CKN_GELU_TANH,      // x (1 + tanh(√(2/π)(x + 0.044715 x³))) / 2
  CKN_SOFTPLUS,       // log(1 + e^{ax}) / a, and x where ax > b
  CKN_HARDSWISH,      // x min(max(x + 3, 0), 6) / 6
  CKN_HARDSIGMOID     // min(max(x + 3, 0), 6) / 6
} ckn_function_kind;

typedef struct {
  ckn_function_kind kind;
  double a, b;
} ckn_function;

double ckn_function_value(ckn_function f, double x);
/// The derivative as fraction · 2^exponent: it may be far below the smallest double.
void ckn_function_derivative(ckn_function f, double x, double *fraction, int32_t *exponent);

/// h = f(a), computed in double. h may be a.
void ckn_function_forward(ckn_function f, void *h, const void *a, ckn_type type, size_t count);
/// d = d · f′(a); the row's magnitude goes into its exponent. `scratch` has 2n doubles.
void ckn_function_backward(ckn_function f, void *d, const void *a, ckn_type type, int32_t *exponents, double *scratch, size_t rows, size_t n);
/// d = d · f′(a) without exponents.
void ckn_function_plain(ckn_function f, void *d, const void *a, ckn_type type, size_t count);

/// d = d where 0 < h < upper, else 0, h being what the activation gave; then the row's magnitude goes into its exponent unless `exponents` is null.
void ckn_clip_backward(void *d, const void *h, ckn_type type, double upper, int32_t *exponents, size_t rows, size_t n);

/// Where the elements of a row lie: element (c, s) at ((c / block) · positions + s) · block + c % block.
typedef struct {
  size_t channels, padded, positions, block;
} ckn_channels;

/// max(γ x/√(mean x² + ε) + β, τ) channel by channel, computed in double. `constants` has γ, β and τ of each channel one after the other, `padded` of each.
void ckn_filter_response_forward(float *y, const float *x, const double *constants, double epsilon, ckn_channels c, size_t rows);
/// d becomes the gradient with respect to x; the row's magnitude goes into its exponent unless `exponents` is null. `sums`, unless it is null, receives those with respect to γ,
/// β and τ: 3 · padded numbers. `scratch` has as many doubles as a row.
void ckn_filter_response_backward(float *d, const float *x, const double *constants, double epsilon, double *sums, int32_t *exponents,
                                  double *scratch, ckn_channels c, size_t rows);

// MARK: - Rows of layers that compute in double

/// out[i] = in[offset + i].
void ckn_widen_row(double *out, const void *in, ckn_type type, size_t offset, size_t n);
/// out[offset + i] = in[i], rounded.
void ckn_narrow_row(void *out, ckn_type type, size_t offset, const double *in, size_t n);
/// The same of a gradient: its magnitude goes into the exponent, so that no element that counts is rounded to zero. `in` is scaled in place.
void ckn_narrow_gradient_row(void *out, ckn_type type, size_t offset, double *in, int32_t *exponent, size_t n);
/// sum += part; `type` is that of the sum.
void ckn_add_to_sum(void *sum, ckn_type type, const double *part, size_t n);
/// target = target + d, rows of mantissas with exponents each; a row of zeros has no exponent that counts. d may be scaled in place.
void ckn_add_rows(void *target, int32_t *target_exponents, void *d, const int32_t *d_exponents, ckn_type type, size_t rows, size_t n);
/// target = target + d.
void ckn_add_plain(void *target, const void *d, ckn_type type, size_t count);
/// y = a + b.
void ckn_add_values(void *y, const void *a, const void *b, ckn_type type, size_t count);
