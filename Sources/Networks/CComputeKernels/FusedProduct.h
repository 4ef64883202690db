// The matrix product in either precision, for the kernels over it.
#pragma once
#include "Portable.h"

/// c (m, n) += a (m, k) · b (k, n). Each element of c receives, block after block of 256 steps, the block's sum in the
/// order of k.
void multiply_adding_f64(
    size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_column, const double *b, size_t b_row,
    size_t b_column, double *c, size_t c_row);

/// c (m, n) += a (m, count) · the chosen rows of b, in ascending order: the same bits as with zeros in a for all others.
void multiply_adding_chosen_f64(
    size_t m, size_t n, const double *a, const double *b, size_t b_row, const int32_t *chosen, size_t count, double *c,
    size_t c_row);
void multiply_adding_chosen_f32(
    size_t m, size_t n, const float *a, const float *b, size_t b_row, const int32_t *chosen, size_t count, float *c,
    size_t c_row);

/// The same as the first in single precision.
void multiply_adding_f32(
    size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_column, const float *b, size_t b_row,
    size_t b_column, float *c, size_t c_row);
