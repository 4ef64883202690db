// Loops over tensors of double, in C so that a debug build stays usable: SwiftPM compiles both languages without
// optimisation there, and element-wise Swift is then about a hundred times slower. The inner loops use vector types, which
// stay vector instructions at -O0, and every reduction has one fixed order, so that debug and release give the same bits.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Counter-based random numbers: Philox 4x32-10 (Salmon et al. 2011). Word i of the stream (key, counter) is word i % 4 of
/// the block with counter + i / 4; the upper 64 bits of the counter name the stream.
void ctl_philox_block(uint64_t key, uint64_t stream, uint64_t block, uint32_t out[4]);
/// n doubles uniform in (0, 1), 52 random bits each (so that neither 0 nor 1 is ever returned), from words first, first + 1, … of the stream.
void ctl_philox_uniform(uint64_t key, uint64_t stream, uint64_t first, double *out, size_t n);

/// x += step · sign(g), where sign(0) = 0.
void ctl_sign_step(double *x, const double *g, double step, size_t n);
/// x += steps · sign(g), element by element.
void ctl_sign_step_each(double *x, const double *g, const double *steps, size_t n);
/// x += factors · g, element by element.
void ctl_add_products(double *x, const double *g, const double *factors, size_t n);
/// x += a · g
void ctl_add_scaled(double *x, const double *g, double a, size_t n);
/// x += step · g / ‖g‖₂, for g of any magnitude; nothing when g is zero or not finite.
void ctl_unit_step(double *x, const double *g, double step, size_t n);
void ctl_scale(double *x, double a, size_t n);
void ctl_fill(double *x, double value, size_t n);
/// x clipped to [origin − radius, origin + radius] and [low, high], element by element. A null `radii` means `radius` everywhere; null
/// `lows` and `highs` mean `low` and `high`.
void ctl_clip_linf(double *x, const double *origin, double radius, const double *radii, double low, double high,
                   const double *lows, const double *highs, size_t n);
/// x clipped to [low, high].
void ctl_clip_box(double *x, double low, double high, const double *lows, const double *highs, size_t n);
/// Where mask is 0, x = origin.
void ctl_restore_masked(double *x, const double *origin, const uint8_t *mask, size_t n);
/// The Euclidean projection of x on {‖z − origin‖₂ ≤ radius} ∩ [low, high]ⁿ; origin must lie in the box.
void ctl_project_l2_box(double *x, const double *origin, double radius, double low, double high, const double *lows,
                        const double *highs, size_t n);
/// x = origin + min(1, radius / ‖x − origin‖₂) · (x − origin)
void ctl_rescale_l2(double *x, const double *origin, double radius, size_t n);

double ctl_max_abs(const double *x, size_t n);
double ctl_max_abs_difference(const double *x, const double *y, size_t n);
/// Σ|x|
double ctl_sum_abs(const double *x, size_t n);
/// Largest |x − y| − radii; negative when every difference is within its radius.
double ctl_max_excess(const double *x, const double *y, const double *radii, size_t n);
/// √Σx², without overflow or underflow (scaled by the largest magnitude).
double ctl_norm_l2(const double *x, size_t n);
double ctl_distance_l2(const double *x, const double *y, size_t n);
double ctl_dot(const double *x, const double *y, size_t n);
/// Number of elements that are NaN or infinite.
size_t ctl_count_nonfinite(const double *x, size_t n);
/// Number of elements outside [low, high].
size_t ctl_count_outside(const double *x, double low, double high, const double *lows, const double *highs, double tolerance,
                         size_t n);
/// Number of elements where mask is 0 and x differs from y.
size_t ctl_count_masked_changes(const double *x, const double *y, const uint8_t *mask, size_t n);
/// x *= 2^exponent
void ctl_scale_by_power(double *x, int exponent, size_t n);
/// Scales x so that its largest magnitude lies in [1/2, 1) and returns the exponent e with original = x · 2^e; 0 for an all-zero or non-finite row.
int ctl_normalize(double *x, size_t n);

/// x becomes x + a · (z − x) + (1 − a) · (x − previous), and previous what x was.
void ctl_momentum_blend(double *x, const double *z, double *previous, double a, size_t n);
/// Every element becomes the bound that is farther from it.
void ctl_farther_bounds(double *x, double low, double high, const double *lows, const double *highs, size_t n);
/// d becomes the smallest change of x with w·d = gap that stays in the box, smallest in L2 or, where `is_linf`, in L∞; x must lie in the
/// box. Where the box does not reach so far, every element goes to its bound. Elements whose w is zero do not change.
void ctl_reach_hyperplane(double *d, const double *x, const double *w, double gap, int is_linf, double low, double high,
                          const double *lows, const double *highs, size_t n);

/// The box without borders (Carlini & Wagner 2017): u = artanh(shrink · (x − middle) / half), and back.
void ctl_unbound(double *u, const double *x, double shrink, double low, double high, const double *lows, const double *highs,
                 size_t n);
void ctl_bound(double *x, const double *u, double low, double high, const double *lows, const double *highs, size_t n);
/// g with respect to x becomes g with respect to u: times dx/du = (x − low)(high − x) / half.
void ctl_pull_to_unbounded(double *g, const double *x, double low, double high, const double *lows, const double *highs, size_t n);
/// One step of Adam (Kingma & Ba 2015, Algorithm 1) down the gradient g; corrections are 1 − βᵗ.
void ctl_adam_step(double *u, const double *g, double *first, double *second, double rate, double first_decay,
                   double second_decay, double first_correction, double second_correction, double guard, size_t n);

/// sums[0] = Σ a·mid, sums[1] = Σ |a|·rad, sums[2] = Σ |a·mid|
void ctl_box_sums(const double *a, const double *mid, const double *rad, size_t n, double *sums);
/// Σ |a|·e
double ctl_magnitude_dot(const double *a, const double *e, size_t n);
/// A row of coefficients through lines: a⁺ takes those below, a⁻ those above. sums[0] is what the intercepts add up to, sums[1] the same
/// with magnitudes.
void ctl_relax_row(double *a, const double *low_slope, const double *low, const double *high_slope, const double *high, size_t n,
                   double *sums);
/// The least value of (a + λb)·x over mid ± rad, and b·x where it is.
void ctl_cut_sums(const double *a, const double *b, double lambda, const double *mid, const double *rad, size_t n, double *sums);
/// A lower bound on a·δ over ‖δ‖₂ ≤ radius, low ≤ δ ≤ high (which contain 0), the minimum itself up to rounding; `size` receives the
/// magnitudes that were added up for it.
double ctl_ball_box_minimum(const double *a, const double *low, const double *high, double radius, size_t n, double *size);
