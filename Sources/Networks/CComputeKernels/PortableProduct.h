// The hand-written matrix product in single precision (T, SUFFIX and VECTOR_LENGTH defined).
//
// c (m, n) += a (m, k) · b (k, n), every operand with its own strides. The columns are taken in panels of two vectors
// and the summation in blocks of DEPTH, whose slice of b is first copied into a contiguous panel (padded with zeros),
// so that transposed, odd-sized and plain operands all run through the same inner loop. Each element of c receives,
// block after block, the block's sum in the order of k: an order that depends on k alone.
//
// Vectors are compiler extensions rather than auto-vectorised loops because in a debug build C is compiled without
// optimisation, and only the former stay usable there.

#define PASTE_(a, b) a##_##b
#define PASTE(a, b) PASTE_(a, b)
#define NAMED(name) PASTE(name, SUFFIX)

// Unaligned, and allowed to overlap scalars of its own element type.
typedef T NAMED(vector) __attribute__((vector_size(VECTOR_LENGTH * sizeof(T)), aligned(sizeof(T)), may_alias));

enum { NAMED(PANEL) = 2 * VECTOR_LENGTH };

/// Four rows times one panel over `depth` steps; `a[i]` are the rows, `step` the distance between their elements. The
/// result leaves through memory: passing vectors by value would tie the calling convention to one instruction set.
__attribute__((always_inline)) static inline void NAMED(multiply_tile)(
    T *restrict tile, const T *const a[4], size_t step, const T *restrict panel, size_t depth) {
  typedef NAMED(vector) V;
  const T *a0 = a[0], *a1 = a[1], *a2 = a[2], *a3 = a[3];
  V s00 = {0}, s01 = {0}, s10 = {0}, s11 = {0}, s20 = {0}, s21 = {0}, s30 = {0}, s31 = {0};
  for (size_t k = 0; k < depth; k++) {
    const V b0 = *(const V *)panel, b1 = *(const V *)(panel + VECTOR_LENGTH);
    s00 += b0 * *a0;
    s01 += b1 * *a0;
    s10 += b0 * *a1;
    s11 += b1 * *a1;
    s20 += b0 * *a2;
    s21 += b1 * *a2;
    s30 += b0 * *a3;
    s31 += b1 * *a3;
    panel += 2 * VECTOR_LENGTH;
    a0 += step;
    a1 += step;
    a2 += step;
    a3 += step;
  }
  V *out = (V *)tile;
  out[0] = s00;
  out[1] = s01;
  out[2] = s10;
  out[3] = s11;
  out[4] = s20;
  out[5] = s21;
  out[6] = s30;
  out[7] = s31;
}

/// Copies `depth` rows of `columns` elements of b into the panel; missing columns become zero.
__attribute__((always_inline)) static inline void NAMED(fill_panel)(
    T *restrict panel, const T *restrict b, size_t b_row, size_t b_column, size_t depth, size_t columns) {
  const size_t width = NAMED(PANEL);
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

CLONES static void NAMED(multiply_adding)(
    size_t m, size_t n, size_t k, const T *a, size_t a_row, size_t a_column, const T *b, size_t b_row, size_t b_column,
    T *c, size_t c_row) {
  typedef NAMED(vector) V;
  enum { WIDTH = NAMED(PANEL) };
  T panel[DEPTH * WIDTH], tile[4 * WIDTH];
  for (size_t column = 0; column < n; column += WIDTH) {
    const size_t columns = n - column < WIDTH ? n - column : WIDTH;
    for (size_t start = 0; start < k; start += DEPTH) {
      const size_t depth = k - start < DEPTH ? k - start : DEPTH;
      NAMED(fill_panel)(panel, b + start * b_row + column * b_column, b_row, b_column, depth, columns);
      for (size_t row = 0; row < m; row += 4) {
        const size_t rows = m - row < 4 ? m - row : 4;
        // Missing rows repeat the last one; what they give is thrown away. Every row thus takes the same path.
        const T *pointers[4];
        for (size_t i = 0; i < 4; i++) {
          pointers[i] = a + (row + (i < rows ? i : rows - 1)) * a_row + start * a_column;
        }
        NAMED(multiply_tile)(tile, pointers, a_column, panel, depth);
        for (size_t i = 0; i < rows; i++) {
          T *to = c + (row + i) * c_row + column;
          const T *from = tile + i * WIDTH;
          if (columns == WIDTH) {
            ((V *)to)[0] += ((const V *)from)[0];
            ((V *)(to + VECTOR_LENGTH))[0] += ((const V *)from)[1];
          } else {
            for (size_t j = 0; j < columns; j++) to[j] += from[j];
          }
        }
      }
    }
  }
}
