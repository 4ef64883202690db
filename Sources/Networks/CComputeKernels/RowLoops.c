// Layers that are functions of one example, in double, eight numbers at a time. Sums have eight parts, whatever the
// processor, which are added in order.
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "include/RowLoops.h"

#include "NetworkVectors.h"

INLINE double added(const doubles *parts) {
  double sum = 0;
  for (int l = 0; l < DOUBLES; l++) sum += (*parts)[l];
  return sum;
}

// MARK: - Normalisation

// Consecutive elements that have one γ and β, or γ and β that are consecutive themselves.
typedef struct {
  size_t length, place, step;
} segment;

static segment segment_at(ckn_standardization s, size_t element, size_t left) {
  size_t until = s.run == 1 ? s.count - element % s.count : s.run - element % s.run;
  return (segment){left < until ? left : until, element / s.run % s.count, s.run == 1};
}

CLONES static void moments(double *mean, double *inverse, const double *x, ckn_standardization s) {
  double m = 0;
  if (s.centred) {
    doubles sums = {0};
    size_t j = 0;
    for (; j + DOUBLES <= s.size; j += DOUBLES) sums += *(const doubles *)(x + j);
    m = added(&sums);
    for (; j < s.size; j++) m += x[j];
    m /= (double)s.size;
  }
  doubles squares = {0};
  size_t j = 0;
  for (; j + DOUBLES <= s.size; j += DOUBLES) {
    doubles v = *(const doubles *)(x + j) - m;
    squares += v * v;
  }
  double sum = added(&squares);
  for (; j < s.size; j++) sum += (x[j] - m) * (x[j] - m);
  *mean = m;
  *inverse = 1 / sqrt(sum / (double)s.size + s.epsilon);
}

CLONES static void standardize_segment(double *y, const double *x, const double *weight, const double *bias, double mean, double r, segment t) {
  for (size_t j = 0; j < t.length; j++) y[j] = (x[j] - mean) * r;
  if (weight && t.step)
    for (size_t j = 0; j < t.length; j++) y[j] *= weight[t.place + j];
  else if (weight)
    for (size_t j = 0; j < t.length; j++) y[j] *= weight[t.place];
  if (bias && t.step)
    for (size_t j = 0; j < t.length; j++) y[j] += bias[t.place + j];
  else if (bias)
    for (size_t j = 0; j < t.length; j++) y[j] += bias[t.place];
}

void ckn_standardize(double *y, const double *x, ckn_standardization s) {
  for (size_t group = 0; group < s.groups; group++) {
    size_t first = group * s.size;
    double mean, r;
    moments(&mean, &r, x + first, s);
    for (size_t j = 0; j < s.size;) {
      segment t = segment_at(s, first + j, s.size - j);
      standardize_segment(y + first + j, x + first + j, s.weight, s.bias, mean, r, t);
      j += t.length;
    }
  }
}

typedef struct {
  double sum, along, squares;
} slopes;

// Adds to the sums of h = γ g, of h (x − m), and of (x − m)².
CLONES static void add_slopes(slopes *to, double *weight_gradient, double *bias_gradient, const double *x, const double *g, const double *weight,
                              double mean, double r, segment t) {
  doubles sums = {0}, along = {0}, squares = {0}, weights = {0}, biases = {0};
  double one = weight ? weight[t.place] : 1;
  size_t j = 0;
  for (; j + DOUBLES <= t.length; j += DOUBLES) {
    doubles v = *(const doubles *)(x + j) - mean, d = *(const doubles *)(g + j);
    doubles h = weight && t.step ? d * *(const doubles *)(weight + t.place + j) : d * one;
    sums += h;
    along += h * v;
    squares += v * v;
    doubles w = d * v * r;
    if (t.step) {
      if (weight_gradient) *(doubles *)(weight_gradient + t.place + j) += w;
      if (bias_gradient) *(doubles *)(bias_gradient + t.place + j) += d;
    } else {
      weights += w;
      biases += d;
    }
  }
  double sum = added(&sums), a = added(&along), q = added(&squares), ws = added(&weights), bs = added(&biases);
  for (; j < t.length; j++) {
    double v = x[j] - mean, h = g[j] * (weight && t.step ? weight[t.place + j] : one), w = g[j] * v * r;
    sum += h;
    a += h * v;
    q += v * v;
    if (t.step) {
      if (weight_gradient) weight_gradient[t.place + j] += w;
      if (bias_gradient) bias_gradient[t.place + j] += g[j];
    } else {
      ws += w;
      bs += g[j];
    }
  }
  if (!t.step && weight_gradient) weight_gradient[t.place] += ws;
  if (!t.step && bias_gradient) bias_gradient[t.place] += bs;
  to->sum += sum;
  to->along += a;
  to->squares += q;
}

CLONES static void add_inputs(double *dx, const double *x, const double *g, const double *weight, double mean, double r, double average, double slope,
                              double epsilon, segment t) {
  double one = weight ? weight[t.place] : 1, kept = epsilon * r * r * r * slope;
  if (weight && t.step) {
    const double *w = weight + t.place;
    for (size_t j = 0; j < t.length; j++) {
      double v = x[j] - mean;
      dx[j] += r * (w[j] * g[j] - average - slope * v) + kept * v;
    }
  } else {
    for (size_t j = 0; j < t.length; j++) {
      double v = x[j] - mean;
      dx[j] += r * (one * g[j] - average - slope * v) + kept * v;
    }
  }
}

void ckn_standardize_backward(double *dx, double *weight_gradient, double *bias_gradient, const double *x, const double *g, ckn_standardization s) {
  for (size_t group = 0; group < s.groups; group++) {
    size_t first = group * s.size;
    double mean, r;
    moments(&mean, &r, x + first, s);
    slopes sums = {0};
    for (size_t j = 0; j < s.size;) {
      segment t = segment_at(s, first + j, s.size - j);
      add_slopes(&sums, weight_gradient, bias_gradient, x + first + j, g + first + j, s.weight, mean, r, t);
      j += t.length;
    }
    if (!dx) continue;
    // Of what is parallel to x − m, ε r² is left.
    double average = s.centred ? sums.sum / (double)s.size : 0, slope = sums.squares > 0 ? sums.along / sums.squares : 0;
    for (size_t j = 0; j < s.size;) {
      segment t = segment_at(s, first + j, s.size - j);
      add_inputs(dx + first + j, x + first + j, g + first + j, s.weight, mean, r, average, slope, s.epsilon, t);
      j += t.length;
    }
  }
}

// MARK: - Products of activations

enum { WIDE = 4 };

// `columns` of WIDE · DOUBLES at most, in registers while k runs.
INLINE void product_columns(double *c, const double *a, size_t column, const double *b, size_t k, size_t n) {
  doubles sums[WIDE];
  for (int l = 0; l < WIDE; l++) sums[l] = *(const doubles *)(c + l * DOUBLES);
  for (size_t i = 0; i < k; i++) {
    double x = a[i * column];
    for (int l = 0; l < WIDE; l++) sums[l] += x * *(const doubles *)(b + i * n + l * DOUBLES);
  }
  for (int l = 0; l < WIDE; l++) *(doubles *)(c + l * DOUBLES) = sums[l];
}

CLONES void ckn_add_matrix_product(double *c, const double *a, size_t row, size_t column, const double *b, size_t m, size_t k, size_t n) {
  for (size_t i = 0; i < m; i++) {
    double *to = c + i * n;
    const double *from = a + i * row;
    size_t j = 0;
    for (; j + WIDE * DOUBLES <= n; j += WIDE * DOUBLES) product_columns(to + j, from, column, b + j, k, n);
    for (; j + DOUBLES <= n; j += DOUBLES) {
      doubles sum = *(const doubles *)(to + j);
      for (size_t l = 0; l < k; l++) sum += from[l * column] * *(const doubles *)(b + l * n + j);
      *(doubles *)(to + j) = sum;
    }
    for (; j < n; j++) {
      double sum = to[j];
      for (size_t l = 0; l < k; l++) sum += from[l * column] * b[l * n + j];
      to[j] = sum;
    }
  }
}

void ckn_transpose_matrix(double *out, const double *in, size_t m, size_t n) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++) out[j * m + i] = in[i * n + j];
}

// MARK: - Softmax

CLONES static void softmax_vector(double *p, const double *x, size_t n) {
  double top = x[0], sum = 0;
  for (size_t j = 1; j < n; j++) top = x[j] > top ? x[j] : top;
  doubles sums = {0};
  size_t j = 0;
  for (; j + DOUBLES <= n; j += DOUBLES) {
    doubles e;
    EXP_DOUBLES(e, *(const doubles *)(x + j) - top);
    *(doubles *)(p + j) = e;
    sums += e;
  }
  sum = added(&sums);
  if (j < n) {
    doubles rest = {0}, e;
    for (size_t l = j; l < n; l++) rest[l - j] = x[l] - top;
    EXP_DOUBLES(e, rest);
    for (size_t l = j; l < n; l++) p[l] = e[l - j], sum += e[l - j];
  }
  for (size_t l = 0; l < n; l++) p[l] /= sum;
}

void ckn_softmax(double *p, const double *x, size_t count, size_t length) {
  for (size_t v = 0; v < count; v++) softmax_vector(p + v * length, x + v * length, length);
}

CLONES static void softmax_vector_backward(double *dx, const double *p, const double *g, size_t n) {
  size_t j = 0;
  for (; j + DOUBLES <= n; j += DOUBLES) {
    doubles sum = {0}, own = *(const doubles *)(g + j);
    for (size_t k = 0; k < n; k++) sum += p[k] * (own - g[k]);
    *(doubles *)(dx + j) += *(const doubles *)(p + j) * sum;
  }
  for (; j < n; j++) {
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += p[k] * (g[j] - g[k]);
    dx[j] += p[j] * sum;
  }
}

void ckn_softmax_backward(double *dx, const double *p, const double *g, size_t count, size_t length) {
  for (size_t v = 0; v < count; v++) softmax_vector_backward(dx + v * length, p + v * length, g + v * length, length);
}
