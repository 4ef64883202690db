// One tile of the product in double precision, included once for each instruction set (TILE, TARGET, ROWS, VECTORS
// defined): ROWS rows times a panel of VECTORS × 8 columns, over `depth` steps, added to `rows` × `columns` of c.
//
// The tile's size differs between instruction sets, what it computes does not: each element is its own chain of fused
// multiplications and additions, in the order of k.
TARGET static void TILE(
    double *restrict c, size_t c_row, size_t rows, size_t columns, const double *const a[ROWS], size_t step,
    const double *restrict panel, size_t depth) {
  eight_doubles s[ROWS][VECTORS] = {0};
  for (size_t k = 0; k < depth; k++) {
    eight_doubles b[VECTORS];
    for (int v = 0; v < VECTORS; v++) b[v] = ((const eight_doubles *)panel)[v];
    for (int r = 0; r < ROWS; r++) {
      const double x = a[r][k * step];
      const eight_doubles all = {x, x, x, x, x, x, x, x};
      for (int v = 0; v < VECTORS; v++) s[r][v] = __builtin_elementwise_fma(all, b[v], s[r][v]);
    }
    panel += 8 * VECTORS;
  }
  if (rows == ROWS && columns == 8 * VECTORS) {
    for (int r = 0; r < ROWS; r++) {
      for (int v = 0; v < VECTORS; v++) ((eight_doubles *)(c + r * c_row))[v] += s[r][v];
    }
    return;
  }
  for (size_t r = 0; r < rows; r++) {
    const double *from = (const double *)s[r];
    for (size_t j = 0; j < columns; j++) c[r * c_row + j] += from[j];
  }
}

#undef TILE
#undef TARGET
#undef ROWS
#undef VECTORS
