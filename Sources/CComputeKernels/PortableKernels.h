// The kernels over the product of PortableProduct.h, for the element type T.

// MARK: - Linear layers

void NAMED(portable_product_forward)(
    T *y, const T *x, const T *w, const T *b, size_t rows, size_t inputs, size_t outputs) {
  for (size_t r = 0; r < rows; r++) memcpy(y + r * outputs, b, outputs * sizeof(T));
  NAMED(multiply_adding)(rows, outputs, inputs, x, inputs, 1, w, 1, inputs, y, outputs);
}

void NAMED(portable_product_to_input)(
    T *dx, const T *dy, const T *w, size_t rows, size_t inputs, size_t outputs, int accumulate) {
  if (!accumulate) memset(dx, 0, rows * inputs * sizeof(T));
  NAMED(multiply_adding)(rows, inputs, outputs, dy, outputs, 1, w, inputs, 1, dx, inputs);
}

void NAMED(portable_product_to_weights)(
    T *dw, const T *x, const T *dy, size_t rows, size_t inputs, size_t outputs) {
  NAMED(multiply_adding)(outputs, inputs, rows, dy, 1, outputs, x, inputs, 1, dw, inputs);
}

// MARK: - Convolutions
// One image at a time, as the product of the filters (filters, channels·k·k) with the matrix whose columns are the
// patches of the image: patches (channels·k·k, height′·width′).

static void NAMED(gather_patches)(T *patches, const T *image, const portable_convolution *c) {
  const size_t height = c->height - c->kernel + 1, width = c->width - c->kernel + 1;
  for (size_t channel = 0; channel < c->channels; channel++) {
    for (size_t i = 0; i < c->kernel; i++) {
      for (size_t j = 0; j < c->kernel; j++) {
        const T *from = image + (channel * c->height + i) * c->width + j;
        for (size_t y = 0; y < height; y++, patches += width, from += c->width) {
          memcpy(patches, from, width * sizeof(T));
        }
      }
    }
  }
}

/// The transpose of `gather_patches`: each element of the image becomes the sum over the patches that contain it.
CLONES static void NAMED(scatter_patches)(T *image, const T *patches, const portable_convolution *c) {
  const size_t height = c->height - c->kernel + 1, width = c->width - c->kernel + 1;
  memset(image, 0, c->channels * c->height * c->width * sizeof(T));
  for (size_t channel = 0; channel < c->channels; channel++) {
    for (size_t i = 0; i < c->kernel; i++) {
      for (size_t j = 0; j < c->kernel; j++) {
        T *to = image + (channel * c->height + i) * c->width + j;
        for (size_t y = 0; y < height; y++, patches += width, to += c->width) {
          for (size_t x = 0; x < width; x++) to[x] += patches[x];
        }
      }
    }
  }
}

/// Sizes of the products of one image.
typedef struct {
  size_t depth, positions, image, output;
} NAMED(extent);

static NAMED(extent) NAMED(extent_of)(const portable_convolution *c) {
  const size_t positions = (c->height - c->kernel + 1) * (c->width - c->kernel + 1);
  return (NAMED(extent)){
      c->channels * c->kernel * c->kernel, positions, c->channels * c->height * c->width, c->filters * positions};
}

void NAMED(portable_convolution_forward)(
    T *y, const T *x, const T *w, const T *b, T *scratch, const portable_convolution *c) {
  const NAMED(extent) e = NAMED(extent_of)(c);
  for (size_t row = 0; row < c->rows; row++, x += e.image, y += e.output) {
    NAMED(gather_patches)(scratch, x, c);
    for (size_t f = 0; f < c->filters; f++) {
      for (size_t p = 0; p < e.positions; p++) y[f * e.positions + p] = b[f];
    }
    NAMED(multiply_adding)(c->filters, e.positions, e.depth, w, e.depth, 1, scratch, e.positions, 1, y, e.positions);
  }
}

void NAMED(portable_convolution_to_input)(
    T *dx, const T *dy, const T *w, T *scratch, const portable_convolution *c) {
  const NAMED(extent) e = NAMED(extent_of)(c);
  for (size_t row = 0; row < c->rows; row++, dx += e.image, dy += e.output) {
    memset(scratch, 0, e.depth * e.positions * sizeof(T));
    NAMED(multiply_adding)(
        e.depth, e.positions, c->filters, w, 1, e.depth, dy, e.positions, 1, scratch, e.positions);
    NAMED(scatter_patches)(dx, scratch, c);
  }
}

void NAMED(portable_convolution_to_weights)(
    T *dw, T *db, const T *x, const T *dy, T *scratch, const portable_convolution *c) {
  const NAMED(extent) e = NAMED(extent_of)(c);
  for (size_t row = 0; row < c->rows; row++, x += e.image, dy += e.output) {
    NAMED(gather_patches)(scratch, x, c);
    NAMED(multiply_adding)(
        c->filters, e.depth, e.positions, dy, e.positions, 1, scratch, 1, e.positions, dw, e.depth);
    for (size_t f = 0; db && f < c->filters; f++) {
      T sum = 0;
      for (size_t p = 0; p < e.positions; p++) sum += dy[f * e.positions + p];
      db[f] += sum;
    }
  }
}

// MARK: - Maximum pooling

void NAMED(portable_max_pool_forward)(T *y, int32_t *winner, const T *x, const portable_max_pool *c) {
  const size_t height = (c->height - c->kernel) / c->stride + 1, width = (c->width - c->kernel) / c->stride + 1;
  for (size_t plane = 0; plane < c->planes; plane++, x += c->height * c->width) {
    for (size_t i = 0; i < height; i++) {
      for (size_t j = 0; j < width; j++) {
        size_t best = i * c->stride * c->width + j * c->stride;
        for (size_t u = 0; u < c->kernel; u++) {
          for (size_t v = 0; v < c->kernel; v++) {
            const size_t at = (i * c->stride + u) * c->width + j * c->stride + v;
            const int first_nan = x[at] != x[at] && x[best] == x[best];
            if (x[at] > x[best] || first_nan) best = at;
          }
        }
        *y++ = x[best];
        *winner++ = (int32_t)best;
      }
    }
  }
}

void NAMED(portable_max_pool_backward)(T *dx, const T *dy, const int32_t *winner, const portable_max_pool *c) {
  const size_t height = (c->height - c->kernel) / c->stride + 1, width = (c->width - c->kernel) / c->stride + 1;
  memset(dx, 0, c->planes * c->height * c->width * sizeof(T));
  for (size_t plane = 0; plane < c->planes; plane++, dx += c->height * c->width) {
    for (size_t i = 0; i < height * width; i++) dx[*winner++] += *dy++;
  }
}

// MARK: - Activations

CLONES void NAMED(portable_activation)(T *h, const T *a, size_t count, portable_activation activation, T slope) {
  switch (activation) {
  case PORTABLE_IDENTITY:
    if (h != a) memcpy(h, a, count * sizeof(T));
    break;
  case PORTABLE_RELU:  // "a > 0 ? a : 0" would turn NaN into 0
    for (size_t i = 0; i < count; i++) h[i] = a[i] <= 0 ? 0 : a[i];
    break;
  case PORTABLE_LEAKY_RELU:
    for (size_t i = 0; i < count; i++) h[i] = a[i] > 0 ? a[i] : slope * a[i];
    break;
  case PORTABLE_TANH:
    for (size_t i = 0; i < count; i++) h[i] = TANH(a[i]);
    break;
  case PORTABLE_SIGMOID:  // exp of a negative number on both sides: nothing overflows, small values stay accurate
    for (size_t i = 0; i < count; i++) {
      const T e = EXP(a[i] < 0 ? a[i] : -a[i]);
      h[i] = (a[i] < 0 ? e : 1) / (1 + e);
    }
    break;
  }
}
