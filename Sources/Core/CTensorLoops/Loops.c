#include "CTensorLoops.h"
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "Lanes.h"

#include <math.h>
#include <string.h>

CLONES void ctl_sign_step(double *x, const double *g, double step, size_t n) {
  size_t i = 0;
  const lanes zero = {0}, up = SPLAT(step), down = SPLAT(-step);
  for (; i + LANES <= n; i += LANES) {
    lanes v = GET(g, i);
    AT(x, i) += SELECT(v > zero, up, SELECT(v < zero, down, zero));
  }
  for (; i < n; i++) x[i] += g[i] > 0 ? step : g[i] < 0 ? -step : 0;
}

void ctl_sign_step_each(double *x, const double *g, const double *steps, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] += g[i] > 0 ? steps[i] : g[i] < 0 ? -steps[i] : 0;
}

void ctl_add_products(double *x, const double *g, const double *factors, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] += g[i] * factors[i];
}

CLONES void ctl_add_scaled(double *x, const double *g, double a, size_t n) {
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) AT(x, i) += GET(g, i) * a;
  for (; i < n; i++) x[i] += g[i] * a;
}

CLONES void ctl_scale(double *x, double a, size_t n) {
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) AT(x, i) *= a;
  for (; i < n; i++) x[i] *= a;
}

CLONES void ctl_clip_linf(double *x, const double *origin, double radius, const double *radii, double low, double high,
                          const double *lows, const double *highs, size_t n) {
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    lanes o = GET(origin, i), r = radii ? GET(radii, i) : SPLAT(radius), v = AT(x, i), a = o - r, b = o + r;
    v = SELECT(v < a, a, v);
    v = SELECT(v > b, b, v);
    lanes l = lows ? GET(lows, i) : SPLAT(low), h = highs ? GET(highs, i) : SPLAT(high);
    v = SELECT(v < l, l, v);
    AT(x, i) = SELECT(v > h, h, v);
  }
  for (; i < n; i++) {
    double r = radii ? radii[i] : radius, v = x[i], a = origin[i] - r, b = origin[i] + r;
    double l = lows ? lows[i] : low, h = highs ? highs[i] : high;
    v = v < a ? a : v;
    v = v > b ? b : v;
    v = v < l ? l : v;
    x[i] = v > h ? h : v;
  }
}

CLONES void ctl_clip_box(double *x, double low, double high, const double *lows, const double *highs, size_t n) {
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    lanes v = AT(x, i), l = lows ? GET(lows, i) : SPLAT(low), h = highs ? GET(highs, i) : SPLAT(high);
    v = SELECT(v < l, l, v);
    AT(x, i) = SELECT(v > h, h, v);
  }
  for (; i < n; i++) {
    double l = lows ? lows[i] : low, h = highs ? highs[i] : high, v = x[i];
    v = v < l ? l : v;
    x[i] = v > h ? h : v;
  }
}

void ctl_restore_masked(double *x, const double *origin, const uint8_t *mask, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!mask[i]) x[i] = origin[i];
}

CLONES double ctl_max_abs(const double *x, size_t n) {
  size_t i = 0;
  lanes top = {0};
  for (; i + LANES <= n; i += LANES) {
    lanes v = ABSOLUTE(GET(x, i));
    top = MAXIMUM(v, top);
  }
  double m = 0;
  for (int j = 0; j < LANES; j++) m = top[j] > m ? top[j] : m;
  for (; i < n; i++) m = fabs(x[i]) > m ? fabs(x[i]) : m;
  return m;
}

CLONES double ctl_max_abs_difference(const double *x, const double *y, size_t n) {
  size_t i = 0;
  lanes top = {0};
  for (; i + LANES <= n; i += LANES) {
    lanes v = ABSOLUTE(GET(x, i) - GET(y, i));
    top = MAXIMUM(v, top);
  }
  double m = 0;
  for (int j = 0; j < LANES; j++) m = top[j] > m ? top[j] : m;
  for (; i < n; i++) m = fabs(x[i] - y[i]) > m ? fabs(x[i] - y[i]) : m;
  return m;
}

double ctl_max_excess(const double *x, const double *y, const double *radii, size_t n) {
  double m = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    double e = fabs(x[i] - y[i]) - radii[i];
    m = e > m ? e : m;
  }
  return m;
}

CLONES double ctl_dot(const double *x, const double *y, size_t n) {
  size_t i = 0;
  lanes sum = {0};
  for (; i + LANES <= n; i += LANES) sum += GET(x, i) * GET(y, i);
  double s = SUM(sum);
  for (; i < n; i++) s += x[i] * y[i];
  return s;
}

CLONES double ctl_sum_abs(const double *x, size_t n) {
  size_t i = 0;
  lanes sum = {0};
  for (; i + LANES <= n; i += LANES) sum += ABSOLUTE(GET(x, i));
  double s = SUM(sum);
  for (; i < n; i++) s += fabs(x[i]);
  return s;
}

// Σ(x·scale)²
CLONES static double scaled_squares(const double *x, double scale, size_t n) {
  size_t i = 0;
  lanes sum = {0};
  for (; i + LANES <= n; i += LANES) {
    lanes v = GET(x, i) * scale;
    sum += v * v;
  }
  double s = SUM(sum);
  for (; i < n; i++) s += (x[i] * scale) * (x[i] * scale);
  return s;
}

CLONES static void add_twice_scaled(double *x, const double *g, double scale, double a, size_t n) {
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) AT(x, i) += (GET(g, i) * scale) * a;
  for (; i < n; i++) x[i] += (g[i] * scale) * a;
}

// Scaling by a power of two first keeps the quotient a number where step / ‖g‖ would overflow.
void ctl_unit_step(double *x, const double *g, double step, size_t n) {
  double top = ctl_max_abs(g, n);
  if (!(top > 0) || isinf(top)) return;
  int e;
  frexp(top, &e);
  double scale = ldexp(1, e < -1000 ? 1000 : -e);
  double norm = sqrt(scaled_squares(g, scale, n));
  if (!isnan(norm)) add_twice_scaled(x, g, scale, step / norm, n);
}

double ctl_norm_l2(const double *x, size_t n) {
  double top = ctl_max_abs(x, n);
  if (!(top > 0) || isinf(top)) return top;
  int e;
  frexp(top, &e);
  // A power of two beyond 2^1023 is not a double: very small rows are scaled in two steps.
  double scale = ldexp(1, e < -1000 ? 1000 : -e);
  double s = sqrt(scaled_squares(x, scale, n));
  return ldexp(s, e < -1000 ? -1000 : e);
}

CLONES double ctl_distance_l2(const double *x, const double *y, size_t n) {
  size_t i = 0;
  lanes sum = {0};
  for (; i + LANES <= n; i += LANES) {
    lanes v = GET(x, i) - GET(y, i);
    sum += v * v;
  }
  double s = SUM(sum);
  for (; i < n; i++) s += (x[i] - y[i]) * (x[i] - y[i]);
  return sqrt(s);
}

void ctl_rescale_l2(double *x, const double *origin, double radius, size_t n) {
  double d = ctl_distance_l2(x, origin, n);
  if (!(d > radius)) return;
  double f = radius / d;
  for (size_t i = 0; i < n; i++) x[i] = origin[i] + f * (x[i] - origin[i]);
}

// z(t) = origin + t · (x − origin), and x itself where t = 1.
#define MOVED(x, o, t) ((t) == 1 ? (x) : (o) + (x - o) * (t))

// Σ over clipped coordinates of the square of what they contribute to z(t) − origin, Σ over the others of (x − origin)², and how many are clipped.
CLONES static void clipped_squares(const double *x, const double *origin, double t, double low, double high, const double *lows,
                                   const double *highs, size_t n, double *fixed, double *moving, size_t *count) {
  size_t i = 0;
  lanes held = {0}, free_ = {0};
  mask_lanes number = {0};
  for (; i + LANES <= n; i += LANES) {
    lanes l = lows ? GET(lows, i) : SPLAT(low), h = highs ? GET(highs, i) : SPLAT(high), o = GET(origin, i);
    lanes step = GET(x, i) - o, z = o + step * t;
    mask_lanes below = z < l, outside = below | (z > h);
    lanes c = SELECT(below, l, h) - o;
    held += SELECT(outside, c * c, (lanes){0});
    free_ += SELECT(outside, (lanes){0}, step * step);
    number -= outside;
  }
  *fixed = SUM(held);
  *moving = SUM(free_);
  *count = (size_t)SUM(number);
  for (; i < n; i++) {
    double l = lows ? lows[i] : low, h = highs ? highs[i] : high, step = x[i] - origin[i], z = origin[i] + t * step;
    if (z < l || z > h) {
      double c = (z < l ? l : h) - origin[i];
      *fixed += c * c;
      ++*count;
    } else {
      *moving += step * step;
    }
  }
}

CLONES static void move_and_clip(double *x, const double *origin, double t, double low, double high, const double *lows,
                                 const double *highs, size_t n) {
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    lanes l = lows ? GET(lows, i) : SPLAT(low), h = highs ? GET(highs, i) : SPLAT(high), o = GET(origin, i), v = GET(x, i);
    v = MOVED(v, o, t);
    v = SELECT(v < l, l, v);
    AT(x, i) = SELECT(v > h, h, v);
  }
  for (; i < n; i++) {
    double l = lows ? lows[i] : low, h = highs ? highs[i] : high, v = MOVED(x[i], origin[i], t);
    x[i] = v < l ? l : v > h ? h : v;
  }
}

// By the optimality conditions the projection is z(t) = clip(origin + t·d) with d = x − origin and one t in (0, 1]; ‖z(t) − origin‖ grows
// with t. Starting from t = radius/‖d‖, which is never too large, each round solves for t with the set of clipped coordinates held fixed: t rises
// monotonically and the set can only grow, so the loop ends after at most n rounds (a handful in practice) with the exact t.
void ctl_project_l2_box(double *x, const double *origin, double radius, double low, double high, const double *lows,
                        const double *highs, size_t n) {
  double fixed, moving, t = 1;
  size_t count, clipped = (size_t)-1;
  clipped_squares(x, origin, 1, low, high, lows, highs, n, &fixed, &moving, &count);
  if (fixed + moving > radius * radius) {
    t = radius / ctl_distance_l2(x, origin, n);
    for (size_t round = 0; round <= n; round++) {
      clipped_squares(x, origin, t, low, high, lows, highs, n, &fixed, &moving, &count);
      if (count == clipped) break;
      clipped = count;
      double rest = radius * radius - fixed;
      if (!(moving > 0) || !(rest > 0)) break;
      double next = sqrt(rest / moving);
      t = next > 1 ? 1 : next > t ? next : t;
    }
  }
  move_and_clip(x, origin, t, low, high, lows, highs, n);
}

CLONES size_t ctl_count_nonfinite(const double *x, size_t n) {
  const int64_t infinity = 0x7ff0000000000000;
  size_t i = 0;
  mask_lanes number = {0};
  for (; i + LANES <= n; i += LANES) number -= (*(const mask_lanes *)(x + i) & infinity) == infinity;
  size_t count = (size_t)SUM(number);
  for (; i < n; i++) count += !isfinite(x[i]);
  return count;
}

void ctl_fill(double *x, double value, size_t n) {
  if (value == 0 && !signbit(value)) {
    memset(x, 0, n * sizeof *x);
    return;
  }
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) AT(x, i) = SPLAT(value);
  for (; i < n; i++) x[i] = value;
}

size_t ctl_count_outside(const double *x, double low, double high, const double *lows, const double *highs, double tolerance,
                         size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    double l = lows ? lows[i] : low, h = highs ? highs[i] : high;
    count += !(x[i] >= l - tolerance && x[i] <= h + tolerance);
  }
  return count;
}

size_t ctl_count_masked_changes(const double *x, const double *y, const uint8_t *mask, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) count += !mask[i] && x[i] != y[i];
  return count;
}

void ctl_scale_by_power(double *x, int exponent, size_t n) {
  if (exponent >= -1022 && exponent <= 1023) {
    ctl_scale(x, ldexp(1, exponent), n);
  } else {
    for (size_t i = 0; i < n; i++) x[i] = ldexp(x[i], exponent);
  }
}

int ctl_normalize(double *x, size_t n) {
  double top = ctl_max_abs(x, n);
  if (!(top > 0) || !isfinite(top)) return 0;
  int e;
  frexp(top, &e);
  if (e) ctl_scale_by_power(x, -e, n);
  return e;
}
