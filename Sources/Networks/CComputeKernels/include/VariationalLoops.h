// The loops of mean-field Gaussian inference. A posterior is means and logarithms of standard deviations, ρ = log σ.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Standard normal numbers of the stream (key, stream): Philox 4x32-10 and the transform of Box and Muller in single precision, from 32 random bits each (magnitudes up to 6.7). Number i does not depend on `count`.
void ckn_normals(float *out, uint64_t key, uint64_t stream, size_t count);

/// out = x².
void ckn_squares(float *out, const float *x, size_t count);
/// out = exp(2ρ).
void ckn_variances(float *out, const float *rho, size_t count);
/// w = μ + exp(ρ) · ε with the normal numbers of a stream from `first`, a multiple of 64, on.
void ckn_gaussian_draw(float *w, const float *mean, const float *rho, uint64_t key, uint64_t stream, size_t first, size_t count);
/// Local reparametrisation: a = a + √v · ε with the normal numbers of a stream, then v = ε/(2√v), the factor of the gradient with respect to the variance (0 where v is 0: padding).
void ckn_add_noise(float *a, float *v, uint64_t key, uint64_t stream, size_t count);
/// out = out · d.
void ckn_multiply(float *out, const float *d, size_t count);
/// dx += 2 · x · dy, where dy is the gradient with respect to x².
void ckn_add_doubled_products(float *dx, const float *x, const float *dy, size_t count);
/// h = h > 0 ? h : slope · h.
void ckn_mask_forward(float *h, float slope, size_t count);

/// From the gradient `g` with respect to a draw μ + exp(ρ) · ε (made with the same stream) to those with respect to means and variances: mean += g, variance += g · ε/(2 exp(ρ)).
void ckn_add_draw_gradient(float *mean_gradient, float *variance_gradient, const float *g, const float *rho, uint64_t key,
                           uint64_t stream, size_t first, size_t count);
/// From the gradients of a log-likelihood with respect to means and variances to those of −ELBO with respect to means and ρ:
/// gm = precision · μ − factor · gm, gv = precision · σ² − 1 − 2 factor · gv · σ². Returns Σ ½ precision (σ² + μ²) − ρ.
double ckn_mean_field_gradient(float *gm, float *gv, const float *mean, const float *rho, float factor, double precision, size_t count);
/// The same sum without gradients.
double ckn_mean_field_divergence(const float *mean, const float *rho, double precision, size_t count);
