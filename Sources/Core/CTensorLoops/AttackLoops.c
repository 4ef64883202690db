// Loops of single attacks; the general ones are in Loops.c.
#include "CTensorLoops.h"
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release
#include <math.h>

void ctl_momentum_blend(double *x, const double *z, double *previous, double a, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double now = x[i];
    x[i] = now + a * (z[i] - now) + (1 - a) * (now - previous[i]);
    previous[i] = now;
  }
}

void ctl_farther_bounds(double *x, double low, double high, const double *lows, const double *highs, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double l = lows ? lows[i] : low, h = highs ? highs[i] : high;
    x[i] = x[i] - l > h - x[i] ? l : h;
  }
}

// The solution is d = ±min(t·|w|, room) in L2 and d = ±min(t, room) in L∞ for one t ≥ 0, where room is the way to the bound in the
// direction of w: these are the conditions of optimality. w·d grows with t. Starting from the t of an unbounded box, which is never too
// large, each round solves for t with the set of bounded elements held fixed: t rises, the set can only grow, so that the loop ends
// after at most n rounds (a handful in practice) with the exact t.
void ctl_reach_hyperplane(double *d, const double *x, const double *w, double gap, int is_linf, double low, double high,
                          const double *lows, const double *highs, size_t n) {
  double sign = gap < 0 ? -1 : 1, wanted = fabs(gap), t = 0;
  size_t bounded = (size_t)-1;
  for (size_t round = 0; round <= n + 1; round++) {
    double held = 0, moving = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
      double v = sign * w[i], size = fabs(v);
      if (!(size > 0)) continue;
      double room = v > 0 ? (highs ? highs[i] : high) - x[i] : x[i] - (lows ? lows[i] : low);
      if (round > 0 && (is_linf ? t : t * size) >= room) {
        held += size * (room > 0 ? room : 0);
        count++;
      } else {
        moving += is_linf ? size : size * size;
      }
    }
    if (round > 0 && count == bounded) break;
    if (round > 0) bounded = count;
    double rest = wanted - held;
    if (!(rest > 0)) break;
    if (!(moving > 0)) {
      t = INFINITY;
      break;
    }
    double next = rest / moving;
    t = next > t ? next : t;
  }
  for (size_t i = 0; i < n; i++) {
    double v = sign * w[i], size = fabs(v);
    if (!(size > 0)) {
      d[i] = 0;
      continue;
    }
    double room = v > 0 ? (highs ? highs[i] : high) - x[i] : x[i] - (lows ? lows[i] : low);
    double way = is_linf ? t : t * size;
    if (way > room) way = room > 0 ? room : 0;
    d[i] = v > 0 ? way : -way;
  }
}

#define LOW(i) (lows ? lows[i] : low)
#define HIGH(i) (highs ? highs[i] : high)

void ctl_unbound(double *u, const double *x, double shrink, double low, double high, const double *lows, const double *highs,
                 size_t n) {
  for (size_t i = 0; i < n; i++) {
    double half = (HIGH(i) - LOW(i)) / 2, middle = (HIGH(i) + LOW(i)) / 2;
    double y = half > 0 ? (x[i] - middle) / half : 0;
    u[i] = atanh(shrink * (y > 1 ? 1 : y < -1 ? -1 : y));
  }
}

void ctl_bound(double *x, const double *u, double low, double high, const double *lows, const double *highs, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double l = LOW(i), h = HIGH(i), v = (h + l) / 2 + (h - l) / 2 * tanh(u[i]);
    // Rounding must not leave the box.
    x[i] = v < l ? l : v > h ? h : v;
  }
}

void ctl_pull_to_unbounded(double *g, const double *x, double low, double high, const double *lows, const double *highs, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double half = (HIGH(i) - LOW(i)) / 2;
    g[i] *= half > 0 ? (x[i] - LOW(i)) * (HIGH(i) - x[i]) / half : 0;
  }
}

void ctl_adam_step(double *u, const double *g, double *first, double *second, double rate, double first_decay,
                   double second_decay, double first_correction, double second_correction, double guard, size_t n) {
  for (size_t i = 0; i < n; i++) {
    first[i] = first_decay * first[i] + (1 - first_decay) * g[i];
    second[i] = second_decay * second[i] + (1 - second_decay) * (g[i] * g[i]);
    double size = sqrt(second[i] / second_correction) + guard;
    if (size > 0) u[i] -= rate * (first[i] / first_correction) / size;
  }
}
