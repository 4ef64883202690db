// The product for the element type T, of which LANES fill 64 bytes (SUFFIX names it): PortableKernels.h has the others.
//
// c (m, n) += a (m, k) · b (k, n), every operand with its own strides. Columns are taken in panels and the summation in
// blocks of DEPTH, whose slice of b is first copied into a contiguous panel (padded with zeros), so that transposed,
// odd-sized and plain operands all run through the same inner loop. Each element of c receives, block after block, the
// block's sum in the order of k: an order that depends on k alone.

// Unaligned, and allowed to overlap scalars of its own element type.
typedef T NAMED(lanes) __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));

typedef void (*NAMED(tile_function))(
    T *restrict c, size_t c_row, size_t rows, size_t columns, const T *const a[], size_t step, const T *restrict panel,
    size_t depth);

/// The tile for panels of some width, and the one for what is left, or all that there is, where that fills half of one.
typedef struct {
  NAMED(tile_function) multiply, multiply_narrow;
  size_t rows, columns, narrow;
} NAMED(tile_kind);

#if defined(__x86_64__)
// 32 registers of 64 bytes. Without the least width, clang splits them into halves.
#define WIDEST __attribute__((target("avx512f,avx512vl,avx512dq,fma"), min_vector_width(512)))
#define TILE tile_of_64
#define TARGET WIDEST
#define ROWS 8
#define VECTORS 2
#include "FusedTile.h"

#define TILE narrow_tile_of_64
#define TARGET WIDEST
#define ROWS 8
#define VECTORS 1
#include "FusedTile.h"
#undef WIDEST

// 16 registers of 32 bytes.
#define TILE tile_of_32
#define TARGET __attribute__((target("avx2,fma")))
#define ROWS 6
#define VECTORS 1
#include "FusedTile.h"
#endif

// Elsewhere 32 registers of 16 bytes; on x86-64 only for processors without fused operations.
#define TILE tile_of_16
#define TARGET
#define ROWS 6
#define VECTORS 1
#include "FusedTile.h"

/// From the widest on; those that this processor cannot run have no function.
static NAMED(tile_kind) NAMED(tile_at)(int level) {
#if defined(__x86_64__)
  if (level == 0) {
    const int runs = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
    return runs ? (NAMED(tile_kind)){NAMED(tile_of_64), NAMED(narrow_tile_of_64), 8, 2 * LANES, LANES}
                : (NAMED(tile_kind)){0};
  }
  if (level == 1) {
    const int runs = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return runs ? (NAMED(tile_kind)){NAMED(tile_of_32), NAMED(tile_of_32), 6, LANES, LANES} : (NAMED(tile_kind)){0};
  }
#endif
  return (NAMED(tile_kind)){NAMED(tile_of_16), NAMED(tile_of_16), 6, LANES, LANES};
}

/// Copies `depth` rows of `columns` elements of b into a panel of `width`; missing columns become zero.
static void NAMED(fill_panel)(
    T *restrict panel, size_t width, const T *restrict b, size_t b_row, size_t b_column, size_t depth, size_t columns) {
  if (columns < width) memset(panel, 0, depth * width * sizeof(T));
  if (b_column == 1) {
    for (size_t k = 0; k < depth; k++) memcpy(panel + k * width, b + k * b_row, columns * sizeof(T));
  } else {
    for (size_t j = 0; j < columns; j++) {
      const T *from = b + j * b_column;
      T *to = panel + j;
      for (size_t k = 0; k < depth; k++, from += b_row, to += width) *to = *from;
    }
  }
}

static void NAMED(multiply_with)(
    NAMED(tile_kind) kind, size_t m, size_t n, size_t k, const T *a, size_t a_row, size_t a_column, const T *b,
    size_t b_row, size_t b_column, T *c, size_t c_row) {
  T panel[DEPTH * 2 * LANES] __attribute__((aligned(64)));
  for (size_t column = 0, width; column < n; column += width) {
    const int is_narrow = n - column <= kind.narrow;
    width = is_narrow ? kind.narrow : kind.columns;
    const size_t columns = n - column < width ? n - column : width;
    for (size_t start = 0; start < k; start += DEPTH) {
      const size_t depth = k - start < DEPTH ? k - start : DEPTH;
      // A slice that is a panel already is not copied.
      const T *slice = b + start * b_row + column * b_column;
      const int is_panel = b_column == 1 && b_row == width && columns == width;
      if (!is_panel) NAMED(fill_panel)(panel, width, slice, b_row, b_column, depth, columns);
      for (size_t row = 0; row < m; row += kind.rows) {
        const size_t rows = m - row < kind.rows ? m - row : kind.rows;
        // Missing rows repeat the last one; what they give is thrown away. Every row thus takes the same path.
        const T *pointers[MOST_ROWS];
        for (size_t i = 0; i < kind.rows; i++) {
          pointers[i] = a + (row + (i < rows ? i : rows - 1)) * a_row + start * a_column;
        }
        (is_narrow ? kind.multiply_narrow : kind.multiply)(
            c + row * c_row + column, c_row, rows, columns, pointers, a_column, is_panel ? slice : panel, depth);
      }
    }
  }
}

void NAMED(multiply_adding)(
    size_t m, size_t n, size_t k, const T *a, size_t a_row, size_t a_column, const T *b, size_t b_row, size_t b_column,
    T *c, size_t c_row) {
  int level = 0;
  while (!NAMED(tile_at)(level).multiply) level++;
  NAMED(multiply_with)(NAMED(tile_at)(level), m, n, k, a, a_row, a_column, b, b_row, b_column, c, c_row);
}

void NAMED(multiply_adding_chosen)(
    size_t m, size_t n, const T *a, const T *b, size_t b_row, const int32_t *chosen, size_t count, T *c, size_t c_row) {
  int level = 0;
  while (!NAMED(tile_at)(level).multiply) level++;
  const NAMED(tile_kind) kind = NAMED(tile_at)(level);
  T panel[DEPTH * 2 * LANES] __attribute__((aligned(64)));
  for (size_t column = 0, width; column < n; column += width) {
    const int is_narrow = n - column <= kind.narrow;
    width = is_narrow ? kind.narrow : kind.columns;
    const size_t columns = n - column < width ? n - column : width;
    for (size_t start = 0, end; start < count; start = end) {
      // Blocks are those of all rows of b.
      for (end = start + 1; end < count && chosen[end] / DEPTH == chosen[start] / DEPTH;) end++;
      if (columns < width) memset(panel, 0, (end - start) * width * sizeof(T));
      for (size_t k = start; k < end; k++) {
        memcpy(panel + (k - start) * width, b + (size_t)chosen[k] * b_row + column, columns * sizeof(T));
      }
      for (size_t row = 0; row < m; row += kind.rows) {
        const size_t rows = m - row < kind.rows ? m - row : kind.rows;
        const T *pointers[MOST_ROWS];
        for (size_t i = 0; i < kind.rows; i++) pointers[i] = a + (row + (i < rows ? i : rows - 1)) * count + start;
        (is_narrow ? kind.multiply_narrow : kind.multiply)(
            c + row * c_row + column, c_row, rows, columns, pointers, 1, panel, end - start);
      }
    }
  }
}

bool NAMED(portable_product_of_level)(
    int level, T *y, const T *x, const T *w, size_t rows, size_t inputs, size_t outputs) {
  const NAMED(tile_kind) kind = NAMED(tile_at)(level);
  if (kind.multiply) NAMED(multiply_with)(kind, rows, outputs, inputs, x, inputs, 1, w, 1, inputs, y, outputs);
  return kind.multiply != NULL;
}
