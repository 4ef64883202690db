// The loops of mean-field Gaussian inference.
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "include/VariationalLoops.h"

#include "NetworkVectors.h"

// MARK: - Normal numbers

typedef uint32_t words __attribute__((vector_size(64), aligned(4)));
typedef uint64_t wide_words __attribute__((vector_size(128), aligned(8)));

enum { GROUP = 64 };  // sixteen blocks of four words

#define HIGH_AND_LOW(high, low, factor, x)                                                  \
  do {                                                                                      \
    wide_words product_ = __builtin_convertvector(x, wide_words) * (uint64_t)(factor);      \
    high = __builtin_convertvector(product_ >> 32, words);                                  \
    low = (x) * (uint32_t)(factor);                                                         \
  } while (0)

// log of floats in (0, 1] (Cephes): x = 2^k · (1 + f) with 1 + f in [√½, √2).
#define LOG_FLOATS(result, argument)                                                        \
  do {                                                                                      \
    ints bits_ = (ints)(argument), k_ = (bits_ - 0x3f3504f3) >> 23;                         \
    floats f_ = (floats)(bits_ - (k_ << 23)) - 1.0f, z_ = f_ * f_;                          \
    floats n_ = __builtin_convertvector(k_, floats);                                        \
    floats p_ = f_ * 7.0376836292e-2f - 1.1514610310e-1f;                                   \
    p_ = p_ * f_ + 1.1676998740e-1f;                                                        \
    p_ = p_ * f_ - 1.2420140846e-1f;                                                        \
    p_ = p_ * f_ + 1.4249322787e-1f;                                                        \
    p_ = p_ * f_ - 1.6668057665e-1f;                                                        \
    p_ = p_ * f_ + 2.0000714765e-1f;                                                        \
    p_ = p_ * f_ - 2.4999993993e-1f;                                                        \
    p_ = p_ * f_ + 3.3333331174e-1f;                                                        \
    p_ = p_ * f_ * z_ + n_ * -2.12194440e-4f - z_ * 0.5f;                                   \
    result = n_ * 0.693359375f + (f_ + p_);                                                 \
  } while (0)

// Radius from one word, angle from another: the quarter turn comes from the upper bits, sine and cosine of what is left from polynomials (Cephes).
#define BOX_MULLER(first, second, radius_word, angle_word)                                              \
  do {                                                                                                  \
    floats u_ = __builtin_convertvector(radius_word, floats) * 0x1p-32f + 0x1p-33f, l_;                 \
    LOG_FLOATS(l_, u_);                                                                                 \
    l_ = FSELECT(l_ < 0.0f, l_, (floats){0});                                                           \
    floats r_ = __builtin_elementwise_sqrt(l_ * -2.0f);                                                 \
    words turned_ = (angle_word) + 0x20000000u, quarter_ = turned_ >> 30;                               \
    floats t_ = __builtin_convertvector((ints)((angle_word) - (quarter_ << 30)), floats) * 1.4629180792671596e-9f; \
    floats s_ = t_ * t_, sine_ = s_ * -1.9515295891e-4f + 8.3321608736e-3f;                             \
    sine_ = sine_ * s_ - 1.6666654611e-1f;                                                              \
    sine_ = sine_ * s_ * t_ + t_;                                                                       \
    floats cosine_ = s_ * 2.443315711809948e-5f - 1.388731625493765e-3f;                                \
    cosine_ = cosine_ * s_ + 4.166664568298827e-2f;                                                     \
    cosine_ = cosine_ * s_ * s_ - s_ * 0.5f + 1.0f;                                                     \
    ints odd_ = (ints)(quarter_ & 1) != 0;                                                              \
    floats c_ = FSELECT(odd_, sine_, cosine_), d_ = FSELECT(odd_, cosine_, sine_);                      \
    /* Negative are the cosine in quarters 1 and 2, the sine in quarters 2 and 3. */                    \
    c_ = (floats)((words)c_ ^ (((quarter_ + 1) & 2) << 30));                                            \
    d_ = (floats)((words)d_ ^ ((quarter_ & 2) << 30));                                                  \
    first = r_ * c_;                                                                                    \
    second = r_ * d_;                                                                                   \
  } while (0)

// Numbers 64·group … 64·group + 63.
INLINE void normal_group(floats out[4], uint64_t key, uint64_t stream, uint64_t group) {
  static const words lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  uint64_t block = group * FLOATS;
  words c0 = (words){0} + (uint32_t)block + lanes;  // a whole number of groups never carries
  words c1 = (words){0} + (uint32_t)(block >> 32);
  words c2 = (words){0} + (uint32_t)stream, c3 = (words){0} + (uint32_t)(stream >> 32);
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    words high0, low0, high2, low2;
    HIGH_AND_LOW(high0, low0, 0xD2511F53u, c0);
    HIGH_AND_LOW(high2, low2, 0xCD9E8D57u, c2);
    c0 = high2 ^ c1 ^ k0;
    c2 = high0 ^ c3 ^ k1;
    c1 = low2;
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  BOX_MULLER(out[0], out[1], c0, c1);
  BOX_MULLER(out[2], out[3], c2, c3);
}

// Runs VECTORS for sixteen elements from i on with their normal numbers e, and ELEMENT for those of the tail.
#define WITH_NORMALS(FIRST, COUNT, VECTORS, ELEMENT)                                        \
  do {                                                                                      \
    floats normal[4];                                                                       \
    size_t j = 0;                                                                           \
    for (; j + GROUP <= (COUNT); j += GROUP) {                                              \
      normal_group(normal, key, stream, ((FIRST) + j) / GROUP);                             \
      for (size_t q = 0; q < 4; q++) {                                                      \
        size_t i = j + q * FLOATS;                                                          \
        floats e = normal[q];                                                               \
        VECTORS                                                                             \
      }                                                                                     \
    }                                                                                       \
    if (j < (COUNT)) {                                                                      \
      normal_group(normal, key, stream, ((FIRST) + j) / GROUP);                             \
      for (size_t i = j; i < (COUNT); i++) {                                                \
        float e = normal[(i - j) / FLOATS][(i - j) % FLOATS];                               \
        ELEMENT                                                                             \
      }                                                                                     \
    }                                                                                       \
  } while (0)

CLONES void ckn_normals(float *out, uint64_t key, uint64_t stream, size_t count) {
  WITH_NORMALS(0, count, { *(floats *)(out + i) = e; }, { out[i] = e; });
}

// MARK: - exp

// exp of any floats: that of −|x|, inverted where x is positive.
#define EXP_ANY_FLOATS(result, argument)                                                    \
  do {                                                                                      \
    floats any_ = (argument), small_;                                                       \
    EXP_FLOATS(small_, (floats){0} - FABSOLUTE(any_));                                      \
    result = FSELECT(any_ > 0.0f, 1.0f / small_, small_);                                   \
  } while (0)

// The same bits for the elements of a tail.
INLINE float exp_element(float x) {
  floats v = (floats){0} + x, r;
  EXP_ANY_FLOATS(r, v);
  return r[0];
}

CLONES void ckn_variances(float *out, const float *rho, size_t count) {
  size_t j = 0;
  for (; j + FLOATS <= count; j += FLOATS) {
    floats e;
    EXP_ANY_FLOATS(e, *(const floats *)(rho + j) * 2.0f);
    *(floats *)(out + j) = e;
  }
  for (; j < count; j++) out[j] = exp_element(rho[j] * 2.0f);
}

CLONES void ckn_gaussian_draw(float *w, const float *mean, const float *rho, uint64_t key, uint64_t stream, size_t first, size_t count) {
  WITH_NORMALS(
      first, count,
      {
        floats s;
        EXP_ANY_FLOATS(s, *(const floats *)(rho + i));
        *(floats *)(w + i) = *(const floats *)(mean + i) + s * e;
      },
      { w[i] = mean[i] + exp_element(rho[i]) * e; });
}

CLONES void ckn_add_draw_gradient(float *mean_gradient, float *variance_gradient, const float *g, const float *rho, uint64_t key,
                                  uint64_t stream, size_t first, size_t count) {
  WITH_NORMALS(
      first, count,
      {
        floats s;
        floats gv = *(const floats *)(g + i);
        EXP_ANY_FLOATS(s, *(const floats *)(rho + i));
        *(floats *)(mean_gradient + i) = *(floats *)(mean_gradient + i) + gv;
        *(floats *)(variance_gradient + i) = *(floats *)(variance_gradient + i) + gv * e * 0.5f / s;
      },
      {
        mean_gradient[i] = mean_gradient[i] + g[i];
        variance_gradient[i] = variance_gradient[i] + g[i] * e * 0.5f / exp_element(rho[i]);
      });
}

// MARK: - Local reparametrisation

CLONES void ckn_add_noise(float *a, float *v, uint64_t key, uint64_t stream, size_t count) {
  WITH_NORMALS(
      0, count,
      {
        floats vv = *(floats *)(v + i);
        floats s = __builtin_elementwise_sqrt(vv);
        *(floats *)(a + i) = *(floats *)(a + i) + s * e;
        *(floats *)(v + i) = FSELECT(vv > 0.0f, e * 0.5f / s, (floats){0});
      },
      {
        float s = sqrtf(v[i]);
        a[i] = a[i] + s * e;
        v[i] = v[i] > 0 ? e * 0.5f / s : 0;
      });
}

CLONES void ckn_squares(float *out, const float *x, size_t count) {
  for (size_t j = 0; j < count; j++) out[j] = x[j] * x[j];
}

CLONES void ckn_multiply(float *out, const float *d, size_t count) {
  for (size_t j = 0; j < count; j++) out[j] *= d[j];
}

CLONES void ckn_add_doubled_products(float *dx, const float *x, const float *dy, size_t count) {
  for (size_t j = 0; j < count; j++) dx[j] += 2.0f * x[j] * dy[j];
}

CLONES void ckn_mask_forward(float *h, float slope, size_t count) {
  for (size_t j = 0; j < count; j++) h[j] = h[j] < 0 ? slope * h[j] : h[j];
}

// MARK: - The bound

INLINE double mean_field(float *gm, float *gv, const float *mean, const float *rho, float factor, double precision, size_t count) {
  float weight = (float)precision;
  doubles sums = {0};
  double sum = 0;
  for (size_t j = 0; j < count; j += FLOATS) {
    size_t length = count - j < FLOATS ? count - j : FLOATS;
    floats m = {0}, r = {0}, s;
    if (length == FLOATS)
      m = *(const floats *)(mean + j), r = *(const floats *)(rho + j);
    else
      memcpy(&m, mean + j, length * sizeof *mean), memcpy(&r, rho + j, length * sizeof *rho);
    EXP_ANY_FLOATS(s, r * 2.0f);
    if (length == FLOATS) {
      for (int upper = 0; upper < 2; upper++) {
        half_floats mh, sh, rh;
        memcpy(&mh, (const char *)&m + 32 * upper, 32);
        memcpy(&sh, (const char *)&s + 32 * upper, 32);
        memcpy(&rh, (const char *)&r + 32 * upper, 32);
        doubles md = __builtin_convertvector(mh, doubles), sd = __builtin_convertvector(sh, doubles);
        sums += 0.5 * precision * (sd + md * md) - __builtin_convertvector(rh, doubles);
      }
    } else {
      for (size_t l = 0; l < length; l++) sum += 0.5 * precision * ((double)s[l] + (double)m[l] * m[l]) - r[l];
    }
    if (!gm) continue;
    floats a = {0}, b = {0};
    memcpy(&a, gm + j, length * sizeof *gm);
    memcpy(&b, gv + j, length * sizeof *gv);
    a = weight * m - factor * a;
    b = weight * s - 1.0f - 2.0f * factor * b * s;
    memcpy(gm + j, &a, length * sizeof *gm);
    memcpy(gv + j, &b, length * sizeof *gv);
  }
  for (int l = 0; l < DOUBLES; l++) sum += sums[l];
  return sum;
}

CLONES double ckn_mean_field_gradient(float *gm, float *gv, const float *mean, const float *rho, float factor, double precision,
                                      size_t count) {
  return mean_field(gm, gv, mean, rho, factor, precision, count);
}

CLONES double ckn_mean_field_divergence(const float *mean, const float *rho, double precision, size_t count) {
  return mean_field(0, 0, mean, rho, 0, precision, count);
}
