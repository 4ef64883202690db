// The product in double precision: c (m, n) += a (m, k) · b (k, n), every operand with its own strides.
//
// As in PortableProduct.h, columns are taken in panels and the summation in blocks of DEPTH, whose sums are added to c
// in the order of k. Here every step is one fused multiplication and addition, which the standard defines to the last
// bit: the tiles below differ in size between instruction sets, never in what they compute. Where the processor has no
// such instruction the C library computes it, with the same bits and slowly.
#include "DoubleProduct.h"

#pragma STDC FP_CONTRACT OFF
#include <stdint.h>
#include <string.h>

// Unaligned, and allowed to overlap scalars of its own element type.
typedef double eight_doubles __attribute__((vector_size(64), aligned(8), may_alias));

// Steps of the summation between two additions to the result.
enum { DEPTH = 256 };
enum { MOST_ROWS = 8, MOST_COLUMNS = 16 };

typedef void (*tile_function)(
    double *restrict c, size_t c_row, size_t rows, size_t columns, const double *const a[], size_t step,
    const double *restrict panel, size_t depth);

typedef struct {
  tile_function multiply;
  size_t rows, columns;
} tile_kind;

#if defined(__x86_64__)
// 32 registers of eight. Without the least width, clang splits them into halves.
#define TILE tile_of_eight
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,fma"), min_vector_width(512)))
#define ROWS 8
#define VECTORS 2
#include "DoubleTile.h"

// 16 registers of four.
#define TILE tile_of_four
#define TARGET __attribute__((target("avx2,fma")))
#define ROWS 6
#define VECTORS 1
#include "DoubleTile.h"
#endif

// Elsewhere 32 registers of two; on x86-64 only for processors without fused operations.
#define TILE tile_of_two
#define TARGET
#define ROWS 6
#define VECTORS 1
#include "DoubleTile.h"

/// From the widest on; those that this processor cannot run have no function.
static tile_kind tile_at(int level) {
#if defined(__x86_64__)
  if (level == 0) {
    const int runs = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
    return runs ? (tile_kind){tile_of_eight, 8, 16} : (tile_kind){0};
  }
  if (level == 1) {
    const int runs = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return runs ? (tile_kind){tile_of_four, 6, 8} : (tile_kind){0};
  }
#endif
  return (tile_kind){tile_of_two, 6, 8};
}

/// Copies `depth` rows of `columns` elements of b into a panel of `width`; missing columns become zero.
static void fill_panel(
    double *restrict panel, size_t width, const double *restrict b, size_t b_row, size_t b_column, size_t depth,
    size_t columns) {
  if (columns < width) memset(panel, 0, depth * width * sizeof(double));
  if (b_column == 1) {
    for (size_t k = 0; k < depth; k++) memcpy(panel + k * width, b + k * b_row, columns * sizeof(double));
  } else {
    for (size_t j = 0; j < columns; j++) {
      const double *from = b + j * b_column;
      double *to = panel + j;
      for (size_t k = 0; k < depth; k++, from += b_row, to += width) *to = *from;
    }
  }
}

static void multiply_adding(
    tile_kind kind, size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_column, const double *b,
    size_t b_row, size_t b_column, double *c, size_t c_row) {
  double panel[DEPTH * MOST_COLUMNS] __attribute__((aligned(64)));
  for (size_t column = 0; column < n; column += kind.columns) {
    const size_t columns = n - column < kind.columns ? n - column : kind.columns;
    for (size_t start = 0; start < k; start += DEPTH) {
      const size_t depth = k - start < DEPTH ? k - start : DEPTH;
      fill_panel(panel, kind.columns, b + start * b_row + column * b_column, b_row, b_column, depth, columns);
      for (size_t row = 0; row < m; row += kind.rows) {
        const size_t rows = m - row < kind.rows ? m - row : kind.rows;
        // Missing rows repeat the last one; what they give is thrown away. Every row thus takes the same path.
        const double *pointers[MOST_ROWS];
        for (size_t i = 0; i < kind.rows; i++) {
          pointers[i] = a + (row + (i < rows ? i : rows - 1)) * a_row + start * a_column;
        }
        kind.multiply(c + row * c_row + column, c_row, rows, columns, pointers, a_column, panel, depth);
      }
    }
  }
}

void multiply_adding_f64(
    size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_column, const double *b, size_t b_row,
    size_t b_column, double *c, size_t c_row) {
  int level = 0;
  while (!tile_at(level).multiply) level++;
  multiply_adding(tile_at(level), m, n, k, a, a_row, a_column, b, b_row, b_column, c, c_row);
}

bool portable_product_f64_of_level(
    int level, double *y, const double *x, const double *w, size_t rows, size_t inputs, size_t outputs) {
  const tile_kind kind = tile_at(level);
  if (kind.multiply) multiply_adding(kind, rows, outputs, inputs, x, inputs, 1, w, 1, inputs, y, outputs);
  return kind.multiply != NULL;
}
