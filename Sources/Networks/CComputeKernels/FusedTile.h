// One tile of the product, included once for each precision and instruction set (T and LANES of the precision; TILE,
// TARGET, ROWS and VECTORS defined): ROWS rows times a panel of VECTORS × LANES columns, over `depth` steps, added to
// `rows` × `columns` of c.
//
// The tile's size differs between instruction sets, what it computes does not: each element is its own chain of fused
// multiplications and additions, in the order of k.
TARGET static void NAMED(TILE)(
    T *restrict c, size_t c_row, size_t rows, size_t columns, const T *const a[ROWS], size_t step,
    const T *restrict panel, size_t depth) {
  typedef NAMED(lanes) V;
  V s[ROWS][VECTORS] = {0};
  for (size_t k = 0; k < depth; k++) {
    V b[VECTORS];
    for (int v = 0; v < VECTORS; v++) b[v] = ((const V *)panel)[v];
    for (int r = 0; r < ROWS; r++) {
      const V all = a[r][k * step] - (V){0};
      for (int v = 0; v < VECTORS; v++) s[r][v] = __builtin_elementwise_fma(all, b[v], s[r][v]);
    }
    panel += LANES * VECTORS;
  }
  if (rows == ROWS && columns == LANES * VECTORS) {
    for (int r = 0; r < ROWS; r++) {
      for (int v = 0; v < VECTORS; v++) ((V *)(c + r * c_row))[v] += s[r][v];
    }
    return;
  }
  for (size_t r = 0; r < rows; r++) {
    const T *from = (const T *)s[r];
    for (size_t j = 0; j < columns; j++) c[r * c_row + j] += from[j];
  }
}

#undef TILE
#undef TARGET
#undef ROWS
#undef VECTORS
