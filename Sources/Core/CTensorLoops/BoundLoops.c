// Loops of certificates. Every sum is in one fixed order; what is said about its rounding holds for any.
#include "CTensorLoops.h"
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "Lanes.h"

#include <math.h>

CLONES void ctl_box_sums(const double *a, const double *mid, const double *rad, size_t n, double *sums) {
  lanes centre = {0}, radius = {0}, size = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    const lanes v = GET(a, i), m = v * GET(mid, i), magnitude = ABSOLUTE(v);
    centre += m;
    radius += magnitude * GET(rad, i);
    size += ABSOLUTE(m);
  }
  double c = SUM(centre), r = SUM(radius), s = SUM(size);
  for (; i < n; i++) {
    c += a[i] * mid[i];
    r += fabs(a[i]) * rad[i];
    s += fabs(a[i] * mid[i]);
  }
  sums[0] = c;
  sums[1] = r;
  sums[2] = s;
}

CLONES double ctl_magnitude_dot(const double *a, const double *e, size_t n) {
  lanes sum = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) sum += ABSOLUTE(GET(a, i)) * GET(e, i);
  double s = SUM(sum);
  for (; i < n; i++) s += fabs(a[i]) * e[i];
  return s;
}

CLONES void ctl_relax_row(
    double *a, const double *low_slope, const double *low, const double *high_slope, const double *high, size_t n,
    double *sums) {
  lanes constant = {0}, size = {0};
  const lanes zero = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    // What is not a number stays one in the part below.
    const lanes v = GET(a, i), up = MAXIMUM(v, zero), down = v - up;
    const lanes c = up * GET(low, i) + down * GET(high, i);
    constant += c;
    size += up * ABSOLUTE(GET(low, i)) - down * ABSOLUTE(GET(high, i));
    AT(a, i) = up * GET(low_slope, i) + down * GET(high_slope, i);
  }
  double c = SUM(constant), s = SUM(size);
  for (; i < n; i++) {
    const double up = a[i] > 0 ? a[i] : 0, down = a[i] - up;
    c += up * low[i] + down * high[i];
    s += up * fabs(low[i]) - down * fabs(high[i]);
    a[i] = up * low_slope[i] + down * high_slope[i];
  }
  sums[0] = c;
  sums[1] = s;
}

CLONES void ctl_cut_sums(
    const double *a, const double *b, double lambda, const double *mid, const double *rad, size_t n, double *sums) {
  lanes value = {0}, slope = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    const lanes w = GET(b, i), v = GET(a, i) + lambda * w, m = GET(mid, i), r = GET(rad, i);
    value += v * m - ABSOLUTE(v) * r;
    slope += w * m - (lanes)((mask_lanes)w ^ ((mask_lanes)v & INT64_MIN)) * r;
  }
  double g = SUM(value), s = SUM(slope);
  for (; i < n; i++) {
    const double v = a[i] + lambda * b[i];
    g += v * mid[i] - fabs(v) * rad[i];
    s += b[i] * mid[i] - (v < 0 ? -b[i] : b[i]) * rad[i];
  }
  sums[0] = g;
  sums[1] = s;
}

// What the multiplier λ of ‖δ‖² ≤ ε² leaves: δᵢ = clip(−aᵢ/2λ). sums[0]: squares of those that are clipped; sums[1]: squares
// of the other aᵢ.
CLONES static void clipped_squares(
    const double *a, const double *low, const double *high, double inverse, size_t n, double *sums) {
  lanes held = {0}, moving = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    const lanes v = GET(a, i), wanted = -v * inverse, l = GET(low, i), h = GET(high, i);
    const lanes d = MINIMUM(MAXIMUM(wanted, l), h);
    held += SELECT(d == wanted, (lanes){0}, d * d);
    moving += SELECT(d == wanted, v * v, (lanes){0});
  }
  double c = SUM(held), m = SUM(moving);
  for (; i < n; i++) {
    const double wanted = -a[i] * inverse, d = wanted < low[i] ? low[i] : wanted > high[i] ? high[i] : wanted;
    if (d == wanted) m += a[i] * a[i];
    else c += d * d;
  }
  sums[0] = c;
  sums[1] = m;
}

// Σ a·δ + λδ² for the same δ, and the sum of its magnitudes.
CLONES static void dual_sums(
    const double *a, const double *low, const double *high, double inverse, double lambda, size_t n, double *sums) {
  lanes value = {0}, size = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    const lanes v = GET(a, i), d = MINIMUM(MAXIMUM(-v * inverse, GET(low, i)), GET(high, i));
    const lanes product = v * d, square = lambda * d * d;
    value += product + square;
    size += ABSOLUTE(product) + square;
  }
  double g = SUM(value), s = SUM(size);
  for (; i < n; i++) {
    const double wanted = -a[i] * inverse, d = wanted < low[i] ? low[i] : wanted > high[i] ? high[i] : wanted;
    g += a[i] * d + lambda * d * d;
    s += fabs(a[i] * d) + lambda * d * d;
  }
  sums[0] = g;
  sums[1] = s;
}

// The least value over the box, the squares of those that may move, and the largest of these.
CLONES static void box_and_squares(const double *a, const double *low, const double *high, size_t n, double *sums) {
  lanes box = {0}, squares = {0}, top = {0};
  const lanes zero = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    const lanes v = GET(a, i), l = GET(low, i), h = GET(high, i), size = SELECT(l < h, ABSOLUTE(v), zero);
    box += v * SELECT(v > zero, l, h);
    squares += size * size;
    top = MAXIMUM(size, top);
  }
  double b = SUM(box), s = SUM(squares), t = 0;
  for (size_t lane = 0; lane < LANES; lane++) t = top[lane] > t ? top[lane] : t;
  for (; i < n; i++) {
    const double size = low[i] < high[i] ? fabs(a[i]) : 0;
    b += a[i] > 0 ? a[i] * low[i] : a[i] * high[i];
    s += size * size;
    t = size > t ? size : t;
  }
  sums[0] = b;
  sums[1] = s;
  sums[2] = t;
}

// Any λ gives a lower bound; the best one has ‖δ‖ = ε. With the set of clipped elements held fixed λ follows in closed form,
// and the set only grows as λ falls, so that a few rounds find it. Near the best λ the bound is flat.
double ctl_ball_box_minimum(
    const double *a, const double *low, const double *high, double radius, size_t n, double *size) {
  double sums[3];
  box_and_squares(a, low, high, n, sums);
  const double box = sums[0], top = sums[2];
  double norm = sqrt(sums[1]);
  if (top < 1e-140 && top > 0) {
    // Squares that vanish would shrink the ball.
    const int e = ilogb(top);
    double squares = 0;
    for (size_t i = 0; i < n; i++)
      if (low[i] < high[i]) squares += scalbn(a[i], -e) * scalbn(a[i], -e);
    norm = scalbn(sqrt(squares), e);
  }
  // δ = −ε a/‖a‖: the ball alone, and exact where that lies in the box.
  double best = -radius * norm, largest = radius * norm;
  if (box > best) {
    best = box;
    largest = -box;
  }
  double lambda = norm / (2 * radius);
  for (int round = 0; round < 40; round++) {
    const double inverse = 1 / (2 * lambda);
    if (!(lambda > 0) || !isfinite(inverse) || inverse < 0x1p-1000) break;
    clipped_squares(a, low, high, inverse, n, sums);
    const double rest = radius * radius - sums[0];
    const double next = rest > 0 && sums[1] > 0 ? sqrt(sums[1] / rest) / 2 : lambda;
    if (next < lambda * (1 - 1e-7) && round < 39) {
      lambda = next;
      continue;
    }
    dual_sums(a, low, high, inverse, lambda, n, sums);
    const double ball = lambda * radius * radius;
    if (sums[0] - ball > best) {
      best = sums[0] - ball;
      largest = sums[1] + ball;
    }
    break;
  }
  *size = largest;
  return best;
}
