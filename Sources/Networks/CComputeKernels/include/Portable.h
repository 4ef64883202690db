// Kernels in plain C, in float and in double: the reference for oneDNN, and the fallback without it.
//
// Every array is in C order. Results do not depend on the number of rows or on a row's place among them: each element
// is a sum in a fixed order of its own operands. Multiplications and additions are never fused in single precision, and
// always in the products in double precision: debug and release builds, and all instruction sets, give the same bits.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  PORTABLE_IDENTITY = 0,
  PORTABLE_RELU,
  PORTABLE_LEAKY_RELU,
  PORTABLE_CLIPPED,
  PORTABLE_TANH,
  PORTABLE_SIGMOID
} portable_activation;

/// How windows go along one direction of an image of `length` elements: each takes `window` elements that are
/// `dilation` apart (1: neighbours), the first begins `before` elements ahead of the image, and the last ends at most
/// `after` elements behind it.
typedef struct {
  size_t length, window, stride, dilation, before, after;
} portable_axis;

/// Convolution: images (rows, channels, height, width), weights (filters, channels / groups, window height, window
/// width). Outside of the images is 0.
typedef struct {
  size_t rows, channels, filters, groups;
  portable_axis vertical, horizontal;
} portable_convolution;

/// One number for each window: `planes` is rows × channels. Every window has an element of the image; dilations are 1.
typedef struct {
  size_t planes;
  portable_axis vertical, horizontal;
} portable_pooling;

/// How many windows there are along the direction.
size_t portable_positions(const portable_axis *);

/// Elements (not bytes) of the scratch array that the three convolutions below need.
size_t portable_convolution_scratch(const portable_convolution *);

#define PORTABLE_DECLARE(T, name)                                                                                      \
  /* out (columns, rows) = in (rows, columns) transposed */                                                            \
  void portable_transpose_##name(T *out, const T *in, size_t rows, size_t columns);                                    \
  /* y (rows, outputs) = x (rows, inputs) · w + b, w (inputs, outputs) */                                              \
  void portable_product_forward_##name(                                                                                \
      T *y, const T *x, const T *w, const T *b, size_t rows, size_t inputs, size_t outputs);                           \
  /* dx (rows, inputs) = dy (rows, outputs) · w, added to dx if `accumulate` */                                        \
  void portable_product_to_input_##name(                                                                               \
      T *dx, const T *dy, const T *w, size_t rows, size_t inputs, size_t outputs, int accumulate);                     \
  /* dx (rows, inputs) = dy (rows, count) · the chosen rows of w, in ascending order */                                \
  void portable_product_of_chosen_##name(                                                                              \
      T *dx, const T *dy, const T *w, size_t rows, size_t inputs, const int32_t *chosen, size_t count);                \
  /* dw (outputs, inputs) += dyᵀ · x */                                                                                \
  void portable_product_to_weights_##name(                                                                             \
      T *dw, const T *x, const T *dy, size_t rows, size_t inputs, size_t outputs);                                     \
  void portable_convolution_forward_##name(                                                                            \
      T *y, const T *x, const T *w, const T *b, T *scratch, const portable_convolution *);                             \
  void portable_convolution_to_input_##name(                                                                           \
      T *dx, const T *dy, const T *w, T *scratch, const portable_convolution *);                                       \
  /* dw += …; db (filters) += the sums of dy, unless it is null */                                                     \
  void portable_convolution_to_weights_##name(                                                                         \
      T *dw, T *db, const T *x, const T *dy, T *scratch, const portable_convolution *);                                \
  /* `winner` receives the index in its plane of the element taken: the first of equal ones, NaN before numbers */     \
  void portable_max_pool_forward_##name(T *y, int32_t *winner, const T *x, const portable_pooling *);                  \
  void portable_max_pool_backward_##name(T *dx, const T *dy, const int32_t *winner, const portable_pooling *);         \
  /* the mean of a window's elements; with `counts_padding` padding is among them, as zeros */                         \
  void portable_average_pool_forward_##name(T *y, const T *x, const portable_pooling *, int counts_padding);           \
  void portable_average_pool_backward_##name(T *dx, const T *dy, const portable_pooling *, int counts_padding);        \
  /* y += r */                                                                                                         \
  void portable_add_residual_##name(T *y, const T *r, size_t count);                                                   \
  /* h may be a; NaN stays NaN; `parameter`: the slope of the leaky ReLU, the upper bound of the clipped one */        \
  void portable_activation_##name(T *h, const T *a, size_t count, portable_activation, T parameter);

PORTABLE_DECLARE(float, f32)
PORTABLE_DECLARE(double, f64)
#undef PORTABLE_DECLARE

/// For tests: y (rows, outputs) += x · wᵀ with the code for one instruction set, from 0, the widest, to 2; false where
/// this processor does not have it.
bool portable_product_of_level_f64(
    int level, double *y, const double *x, const double *w, size_t rows, size_t inputs, size_t outputs);
bool portable_product_of_level_f32(
    int level, float *y, const float *x, const float *w, size_t rows, size_t inputs, size_t outputs);

void portable_widen(double *out, const float *in, size_t count);
void portable_narrow(float *out, const double *in, size_t count);
/// out += in
void portable_add_f32(float *out, const float *in, size_t count);
void portable_add_narrowed(float *out, const double *in, size_t count);
/// Round to nearest, ties to even; a NaN stays a (quiet) NaN.
void portable_to_bfloat16(uint16_t *out, const float *in, size_t count);

#ifdef __cplusplus
}
#endif
