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

// λ is the multiplier of ‖δ‖² ≤ ε², δᵢ = clip(−aᵢ/2λ). Any λ gives a lower bound; the best one has ‖δ‖ = ε. With the set of
// clipped elements held fixed λ follows in closed form, and the set only grows as λ falls, so that a few rounds find it.
double ctl_ball_box_minimum(
    const double *a, const double *low, const double *high, double radius, size_t n, double *size) {
  double box = 0, squares = 0, top = 0;
  for (size_t i = 0; i < n; i++) {
    box += a[i] > 0 ? a[i] * low[i] : a[i] * high[i];
    if (low[i] < high[i]) {
      squares += a[i] * a[i];
      top = fabs(a[i]) > top ? fabs(a[i]) : top;
    }
  }
  double norm = sqrt(squares);
  if (top < 1e-140 && top > 0) {
    // Squares that vanish would shrink the ball.
    const int e = ilogb(top);
    squares = 0;
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
  for (int round = 0; round < 40 && lambda > 0 && isfinite(lambda); round++) {
    double held = 0, moving = 0, value = 0, terms = 0;
    for (size_t i = 0; i < n; i++) {
      const double wanted = -a[i] / (2 * lambda);
      double d = wanted;
      if (wanted < low[i]) d = low[i];
      else if (wanted > high[i]) d = high[i];
      else moving += a[i] * a[i];
      if (d != wanted) held += d * d;
      value += a[i] * d + lambda * d * d;
      terms += fabs(a[i] * d) + lambda * d * d;
    }
    value -= lambda * radius * radius;
    terms += lambda * radius * radius;
    if (value > best) {
      best = value;
      largest = terms;
    }
    const double rest = radius * radius - held;
    if (!(rest > 0) || !(moving > 0)) break;
    const double next = sqrt(moving / rest) / 2;
    if (!(next < lambda * (1 - 1e-9))) break;
    lambda = next;
  }
  *size = largest;
  return best;
}
