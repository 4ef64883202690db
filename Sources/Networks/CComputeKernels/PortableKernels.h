// The kernels over the product of FusedProduct.c, for the element type T.

// MARK: - Linear layers

void NAMED(portable_transpose)(T *restrict out, const T *restrict in, size_t rows, size_t columns) {
  // Eight rows at a time: what is written lies together.
  for (size_t row = 0; row < rows; row += 8) {
    const size_t count = rows - row < 8 ? rows - row : 8;
    for (size_t column = 0; column < columns; column++) {
      for (size_t i = 0; i < count; i++) out[column * rows + row + i] = in[(row + i) * columns + column];
    }
  }
}

void NAMED(portable_product_forward)(
    T *y, const T *x, const T *w, const T *b, size_t rows, size_t inputs, size_t outputs) {
  for (size_t r = 0; r < rows; r++) memcpy(y + r * outputs, b, outputs * sizeof(T));
  NAMED(multiply_adding)(rows, outputs, inputs, x, inputs, 1, w, outputs, 1, y, outputs);
}

void NAMED(portable_product_to_input)(
    T *dx, const T *dy, const T *w, size_t rows, size_t inputs, size_t outputs, int accumulate) {
  if (!accumulate) memset(dx, 0, rows * inputs * sizeof(T));
  NAMED(multiply_adding)(rows, inputs, outputs, dy, outputs, 1, w, inputs, 1, dx, inputs);
}

void NAMED(portable_product_of_chosen)(
    T *dx, const T *dy, const T *w, size_t rows, size_t inputs, const int32_t *chosen, size_t count) {
  memset(dx, 0, rows * inputs * sizeof(T));
  NAMED(multiply_adding_chosen)(rows, inputs, dy, w, inputs, chosen, count, dx, inputs);
}

void NAMED(portable_product_to_weights)(
    T *dw, const T *x, const T *dy, size_t rows, size_t inputs, size_t outputs) {
  NAMED(multiply_adding)(outputs, inputs, rows, dy, 1, outputs, x, inputs, 1, dw, inputs);
}

// MARK: - Convolutions
// One image and one group of channels at a time, as the product of the group's filters (filters / groups, depth) with
// the matrix whose columns are the patches of the image: patches (depth, positions), where the depth is channels /
// groups × elements of a window.

/// Sizes of the products of one group of one image, and of the image.
typedef struct {
  size_t channels, filters, depth, height, width, positions, plane, image, output;
} NAMED(extent);

static NAMED(extent) NAMED(extent_of)(const portable_convolution *c) {
  const size_t height = portable_positions(&c->vertical), width = portable_positions(&c->horizontal);
  const size_t channels = c->channels / c->groups, plane = c->vertical.length * c->horizontal.length;
  return (NAMED(extent)){
      .channels = channels,
      .filters = c->filters / c->groups,
      .depth = channels * c->vertical.window * c->horizontal.window,
      .height = height,
      .width = width,
      .positions = height * width,
      .plane = plane,
      .image = c->channels * plane,
      .output = c->filters * height * width,
  };
}

CLONES static void NAMED(gather_patches)(
    T *restrict patches, const T *restrict image, const portable_convolution *c, const NAMED(extent) * e) {
  const size_t stride = c->horizontal.stride, step = c->vertical.stride * c->horizontal.length;
  for (size_t channel = 0; channel < e->channels; channel++, image += e->plane) {
    for (size_t i = 0; i < c->vertical.window; i++) {
      const tap_range rows = range_of_tap(&c->vertical, i);
      for (size_t j = 0; j < c->horizontal.window; j++, patches += e->positions) {
        const tap_range columns = range_of_tap(&c->horizontal, j);
        const size_t count = columns.end - columns.first;
        // Whatever the loops below leave out is padding.
        if (count < e->width || rows.end - rows.first < e->height) memset(patches, 0, e->positions * sizeof(T));
        const T *from = image + rows.at * c->horizontal.length + columns.at;
        T *to = patches + rows.first * e->width + columns.first;
        for (size_t y = rows.first; y < rows.end; y++, to += e->width, from += step) {
          if (stride == 1) memcpy(to, from, count * sizeof(T));
          else {
            for (size_t x = 0; x < count; x++) to[x] = from[x * stride];
          }
        }
      }
    }
  }
}

/// Adds the transpose of `gather_patches`: to each element of the image, the sum over the patches that contain it.
CLONES static void NAMED(scatter_patches)(
    T *restrict image, const T *restrict patches, const portable_convolution *c, const NAMED(extent) * e) {
  const size_t stride = c->horizontal.stride, step = c->vertical.stride * c->horizontal.length;
  for (size_t channel = 0; channel < e->channels; channel++, image += e->plane) {
    for (size_t i = 0; i < c->vertical.window; i++) {
      const tap_range rows = range_of_tap(&c->vertical, i);
      for (size_t j = 0; j < c->horizontal.window; j++, patches += e->positions) {
        const tap_range columns = range_of_tap(&c->horizontal, j);
        const size_t count = columns.end - columns.first;
        T *to = image + rows.at * c->horizontal.length + columns.at;
        const T *from = patches + rows.first * e->width + columns.first;
        for (size_t y = rows.first; y < rows.end; y++, to += step, from += e->width) {
          if (stride == 1) {
            for (size_t x = 0; x < count; x++) to[x] += from[x];
          } else {
            for (size_t x = 0; x < count; x++) to[x * stride] += from[x];
          }
        }
      }
    }
  }
}

void NAMED(portable_convolution_forward)(
    T *y, const T *x, const T *w, const T *b, T *scratch, const portable_convolution *c) {
  const NAMED(extent) e = NAMED(extent_of)(c);
  for (size_t row = 0; row < c->rows; row++, x += e.image, y += e.output) {
    for (size_t f = 0; f < c->filters; f++) {
      for (size_t p = 0; p < e.positions; p++) y[f * e.positions + p] = b[f];
    }
    for (size_t g = 0; g < c->groups; g++) {
      NAMED(gather_patches)(scratch, x + g * e.channels * e.plane, c, &e);
      NAMED(multiply_adding)(
          e.filters, e.positions, e.depth, w + g * e.filters * e.depth, e.depth, 1, scratch, e.positions, 1,
          y + g * e.filters * e.positions, e.positions);
    }
  }
}

void NAMED(portable_convolution_to_input)(
    T *dx, const T *dy, const T *w, T *scratch, const portable_convolution *c) {
  const NAMED(extent) e = NAMED(extent_of)(c);
  for (size_t row = 0; row < c->rows; row++, dx += e.image, dy += e.output) {
    memset(dx, 0, e.image * sizeof(T));
    for (size_t g = 0; g < c->groups; g++) {
      memset(scratch, 0, e.depth * e.positions * sizeof(T));
      NAMED(multiply_adding)(
          e.depth, e.positions, e.filters, w + g * e.filters * e.depth, 1, e.depth, dy + g * e.filters * e.positions,
          e.positions, 1, scratch, e.positions);
      NAMED(scatter_patches)(dx + g * e.channels * e.plane, scratch, c, &e);
    }
  }
}

void NAMED(portable_convolution_to_weights)(
    T *dw, T *db, const T *x, const T *dy, T *scratch, const portable_convolution *c) {
  const NAMED(extent) e = NAMED(extent_of)(c);
  for (size_t row = 0; row < c->rows; row++, x += e.image, dy += e.output) {
    for (size_t g = 0; g < c->groups; g++) {
      NAMED(gather_patches)(scratch, x + g * e.channels * e.plane, c, &e);
      NAMED(multiply_adding)(
          e.filters, e.depth, e.positions, dy + g * e.filters * e.positions, e.positions, 1, scratch, 1, e.positions,
          dw + g * e.filters * e.depth, e.depth);
    }
    for (size_t f = 0; db && f < c->filters; f++) {
      T sum = 0;
      for (size_t p = 0; p < e.positions; p++) sum += dy[f * e.positions + p];
      db[f] += sum;
    }
  }
}

// MARK: - Pooling

void NAMED(portable_max_pool_forward)(T *y, int32_t *winner, const T *x, const portable_pooling *c) {
  const size_t height = portable_positions(&c->vertical), width = portable_positions(&c->horizontal);
  const size_t length = c->horizontal.length;
  for (size_t plane = 0; plane < c->planes; plane++, x += c->vertical.length * length) {
    for (size_t i = 0; i < height; i++) {
      const covered rows = covered_by(&c->vertical, i);
      for (size_t j = 0; j < width; j++) {
        const covered columns = covered_by(&c->horizontal, j);
        size_t best = rows.first * length + columns.first;
        for (size_t u = rows.first; u < rows.end; u++) {
          for (size_t at = u * length + columns.first; at < u * length + columns.end; at++) {
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

void NAMED(portable_max_pool_backward)(T *dx, const T *dy, const int32_t *winner, const portable_pooling *c) {
  const size_t positions = portable_positions(&c->vertical) * portable_positions(&c->horizontal);
  const size_t plane_size = c->vertical.length * c->horizontal.length;
  memset(dx, 0, c->planes * plane_size * sizeof(T));
  for (size_t plane = 0; plane < c->planes; plane++, dx += plane_size) {
    for (size_t i = 0; i < positions; i++) dx[*winner++] += *dy++;
  }
}

/// What the sum over a window is divided by.
static T NAMED(divisor)(const portable_pooling *c, covered rows, covered columns, int counts_padding) {
  return counts_padding ? (T)(c->vertical.window * c->horizontal.window)
                        : (T)((rows.end - rows.first) * (columns.end - columns.first));
}

void NAMED(portable_average_pool_forward)(T *y, const T *x, const portable_pooling *c, int counts_padding) {
  const size_t height = portable_positions(&c->vertical), width = portable_positions(&c->horizontal);
  const size_t length = c->horizontal.length;
  for (size_t plane = 0; plane < c->planes; plane++, x += c->vertical.length * length) {
    for (size_t i = 0; i < height; i++) {
      const covered rows = covered_by(&c->vertical, i);
      for (size_t j = 0; j < width; j++) {
        const covered columns = covered_by(&c->horizontal, j);
        T sum = 0;
        for (size_t u = rows.first; u < rows.end; u++) {
          for (size_t v = columns.first; v < columns.end; v++) sum += x[u * length + v];
        }
        *y++ = sum / NAMED(divisor)(c, rows, columns, counts_padding);
      }
    }
  }
}

void NAMED(portable_average_pool_backward)(T *dx, const T *dy, const portable_pooling *c, int counts_padding) {
  const size_t height = portable_positions(&c->vertical), width = portable_positions(&c->horizontal);
  const size_t length = c->horizontal.length;
  memset(dx, 0, c->planes * c->vertical.length * length * sizeof(T));
  for (size_t plane = 0; plane < c->planes; plane++, dx += c->vertical.length * length) {
    for (size_t i = 0; i < height; i++) {
      const covered rows = covered_by(&c->vertical, i);
      for (size_t j = 0; j < width; j++) {
        const covered columns = covered_by(&c->horizontal, j);
        const T share = *dy++ / NAMED(divisor)(c, rows, columns, counts_padding);
        for (size_t u = rows.first; u < rows.end; u++) {
          for (size_t v = columns.first; v < columns.end; v++) dx[u * length + v] += share;
        }
      }
    }
  }
}

// MARK: - Activations

CLONES void NAMED(portable_add_residual)(T *restrict y, const T *restrict r, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] += r[i];
}

CLONES void NAMED(portable_activation)(T *h, const T *a, size_t count, portable_activation activation, T parameter) {
  switch (activation) {
  case PORTABLE_IDENTITY:
    if (h != a) memcpy(h, a, count * sizeof(T));
    break;
  case PORTABLE_RELU:  // "a > 0 ? a : 0" would turn NaN into 0
    for (size_t i = 0; i < count; i++) h[i] = a[i] <= 0 ? 0 : a[i];
    break;
  case PORTABLE_LEAKY_RELU:
    for (size_t i = 0; i < count; i++) h[i] = a[i] > 0 ? a[i] : parameter * a[i];
    break;
  case PORTABLE_CLIPPED:
    for (size_t i = 0; i < count; i++) h[i] = a[i] <= 0 ? 0 : a[i] > parameter ? parameter : a[i];
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
