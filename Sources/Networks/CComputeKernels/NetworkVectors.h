// What the loops of a network share: lanes, exponentials, bfloat16, and the clones for several instruction sets.
#pragma once
#include <math.h>
#include <string.h>

#include "include/NetworkLoops.h"

// The resolvers of clones run at load, before a thread sanitizer is ready.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NO_CLONES
#endif
#endif
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(NO_CLONES)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
#define INLINE __attribute__((always_inline)) static inline

enum { FLOATS = 16, DOUBLES = 8 };
typedef float floats __attribute__((vector_size(64), aligned(4)));
typedef int32_t ints __attribute__((vector_size(64), aligned(4)));
typedef double doubles __attribute__((vector_size(64), aligned(8)));
typedef int64_t longs __attribute__((vector_size(64), aligned(8)));
typedef uint16_t halves __attribute__((vector_size(32), aligned(2)));
typedef float half_floats __attribute__((vector_size(32), aligned(4)));

#define FSELECT(c, a, b) ((floats)(((ints)(c) & (ints)(a)) | (~(ints)(c) & (ints)(b))))
#define DSELECT(c, a, b) ((doubles)(((longs)(c) & (longs)(a)) | (~(longs)(c) & (longs)(b))))
#define ISELECT(c, a, b) (((c) & (a)) | (~(c) & (b)))
#define FABSOLUTE(a) ((floats)((ints)(a) & INT32_MAX))
#define DABSOLUTE(a) ((doubles)((longs)(a) & INT64_MAX))

INLINE float bfloat16_value(uint16_t h) {
  uint32_t u = (uint32_t)h << 16;
  float f;
  memcpy(&f, &u, 4);
  return f;
}

// Round to nearest, ties to even; NaN stays NaN.
INLINE uint16_t bfloat16_round(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  return (u & 0x7fffffff) > 0x7f800000 ? (uint16_t)(u >> 16 | 0x40) : (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

#define LOAD_HALVES(p) ((floats)(__builtin_convertvector(*(const halves *)(p), ints) << 16))
#define STORE_HALVES(p, value)                                                                                              \
  do {                                                                                                                      \
    ints bits_ = (ints)(value), nan_ = (bits_ & INT32_MAX) > 0x7f800000;                                                    \
    ints rounded_ = bits_ + 0x7fff + ((bits_ >> 16) & 1);                                                                   \
    ints chosen_ = (nan_ & (bits_ | 0x400000)) | (~nan_ & rounded_);                                                        \
    *(halves *)(p) = __builtin_convertvector((chosen_ >> 16) & 0xffff, halves);                                             \
  } while (0)

// 2^e for −1022 ≤ e ≤ 1023, zero below.
INLINE double power_of_two(int64_t e) {
  if (e < -1022) return 0;
  if (e > 1023) return INFINITY;
  uint64_t bits = (uint64_t)(e + 1023) << 52;
  double d;
  memcpy(&d, &bits, 8);
  return d;
}

INLINE float power_of_two_f(int64_t e) { return e < -126 ? 0 : e > 127 ? INFINITY : (float)power_of_two(e); }

// exp of eight doubles ≤ 0 (or −∞): 2^k · e^r with |r| ≤ ln2/2, r reduced in two parts, e^r by its Taylor polynomial of degree 13: relative error below 3·10⁻¹⁶.
// Results below 2^-1022 become 0.
#define EXP_DOUBLES(result, argument)                                                                                       \
  do {                                                                                                                      \
    doubles x_ = (argument);                                                                                                \
    x_ = DSELECT(x_ < -745.0, (doubles){0} - 745.0, x_);                                                                    \
    doubles magic_ = (doubles){0} + 0x1.8p52, kd_ = x_ * 1.4426950408889634 + magic_;                                       \
    longs k_ = (longs)kd_ - (longs)magic_;                                                                                  \
    doubles n_ = kd_ - magic_, r_ = (x_ - n_ * 0x1.62e42fee00000p-1) - n_ * 0x1.a39ef35793c76p-33;                          \
    doubles p_ = (doubles){0} + 1.6059043836821613e-10;                                                                     \
    p_ = p_ * r_ + 2.08767569878681e-09;                                                                                    \
    p_ = p_ * r_ + 2.505210838544172e-08;                                                                                   \
    p_ = p_ * r_ + 2.755731922398589e-07;                                                                                   \
    p_ = p_ * r_ + 2.7557319223985893e-06;                                                                                  \
    p_ = p_ * r_ + 2.48015873015873e-05;                                                                                    \
    p_ = p_ * r_ + 1.984126984126984e-04;                                                                                   \
    p_ = p_ * r_ + 1.388888888888889e-03;                                                                                   \
    p_ = p_ * r_ + 8.333333333333333e-03;                                                                                   \
    p_ = p_ * r_ + 4.1666666666666664e-02;                                                                                  \
    p_ = p_ * r_ + 0.16666666666666666;                                                                                     \
    p_ = p_ * r_ + 0.5;                                                                                                     \
    p_ = p_ * r_ * r_ + r_ + 1.0;                                                                                           \
    longs tiny_ = k_ < -1022;                                                                                               \
    doubles scale_ = (doubles)((k_ + 1023) << 52);                                                                          \
    result = DSELECT(tiny_, (doubles){0}, p_ * scale_);                                                                     \
  } while (0)

// log of eight doubles ≥ 0 (fdlibm's): x = 2^k · (1 + f) with 1 + f in [√½, √2), within one ulp. Of zero −∞; infinity and NaN stay; denormals do not occur here.
#define LOG_DOUBLES(result, argument)                                                                                       \
  do {                                                                                                                      \
    doubles y_ = (argument);                                                                                                \
    longs bits_ = (longs)y_, k_ = (bits_ - 0x3fe6a09e667f3bcd) >> 52;                                                       \
    doubles f_ = (doubles)(bits_ - (k_ << 52)) - 1.0, n_ = __builtin_convertvector(k_, doubles);                            \
    doubles s_ = f_ / (f_ + 2.0), z_ = s_ * s_, half_ = 0.5 * f_ * f_;                                                      \
    doubles p_ = (doubles){0} + 1.479819860511658591e-01;                                                                   \
    p_ = p_ * z_ + 1.531383769920937332e-01;                                                                                \
    p_ = p_ * z_ + 1.818357216161805012e-01;                                                                                \
    p_ = p_ * z_ + 2.222219843214978396e-01;                                                                                \
    p_ = p_ * z_ + 2.857142874366239149e-01;                                                                                \
    p_ = p_ * z_ + 3.999999999940941908e-01;                                                                                \
    p_ = p_ * z_ + 6.666666666666735130e-01;                                                                                \
    p_ = p_ * z_;                                                                                                           \
    doubles l_ = n_ * 6.93147180369123816490e-01 - ((half_ - (s_ * (half_ + p_) + n_ * 1.90821492927058770002e-10)) - f_);  \
    l_ = DSELECT(y_ == 0.0, (doubles){0} - INFINITY, l_);                                                                   \
    result = DSELECT(y_ < INFINITY, l_, y_); /* NaN and infinity */                                                         \
  } while (0)

// log(1 + x) of eight doubles in [0, 1]: what 1 + x rounds away is put back.
#define LOG1P_DOUBLES(result, argument)                                                                                     \
  do {                                                                                                                      \
    doubles v_ = (argument), w_ = v_ + 1.0, log_;                                                                           \
    LOG_DOUBLES(log_, w_);                                                                                                  \
    result = log_ + (v_ - (w_ - 1.0)) / w_;                                                                                 \
  } while (0)

// Splits 2^t for t ≤ 0 into fraction · 2^whole with fraction in [0.7, 1.42]: floats. Whole is rounded, so that the fraction's logarithm is at most ln2/2 and degree 6 leaves a relative error below
// 2·10⁻⁷.
#define EXP2_PARTS(fraction, whole, argument)                                                                               \
  do {                                                                                                                      \
    floats t_ = (argument);                                                                                                 \
    t_ = FSELECT(t_ < -1e6f, (floats){0} - 1e6f, t_);                                                                       \
    ints i_ = __builtin_convertvector(t_ - 0.5f, ints); /* t ≤ 0: towards zero is up */                                     \
    floats f_ = (t_ - __builtin_convertvector(i_, floats)) * 0.69314718056f;                                                \
    floats q_ = (floats){0} + 1.3888889e-3f;                                                                                \
    q_ = q_ * f_ + 8.3333333e-3f;                                                                                           \
    q_ = q_ * f_ + 4.1666668e-2f;                                                                                           \
    q_ = q_ * f_ + 0.16666667f;                                                                                             \
    q_ = q_ * f_ + 0.5f;                                                                                                    \
    q_ = q_ * f_ + 1.0f;                                                                                                    \
    q_ = q_ * f_ + 1.0f;                                                                                                    \
    fraction = q_;                                                                                                          \
    whole = i_;                                                                                                             \
  } while (0)

// exp of sixteen floats ≤ 0, within 1.2 ulp: as EXP_DOUBLES, with a polynomial of degree 6, denormal results included. NaN gives 0.
#define EXP_FLOATS(result, argument)                                                                                        \
  do {                                                                                                                      \
    floats x_ = (argument);                                                                                                 \
    x_ = FSELECT(x_ > -105.0f, x_, (floats){0} - 105.0f);                                                                   \
    floats magic_ = (floats){0} + 0x1.8p23f, kf_ = x_ * 1.44269504f + magic_;                                               \
    ints k_ = (ints)kf_ - (ints)magic_;                                                                                     \
    floats n_ = kf_ - magic_, r_ = (x_ - n_ * 0x1.63p-1f) - n_ * -2.12194440e-4f;                                           \
    floats p_ = (floats){0} + 1.9875691e-4f;                                                                                \
    p_ = p_ * r_ + 1.3981999e-3f;                                                                                           \
    p_ = p_ * r_ + 8.3334519e-3f;                                                                                           \
    p_ = p_ * r_ + 4.1665796e-2f;                                                                                           \
    p_ = p_ * r_ + 1.6666666e-1f;                                                                                           \
    p_ = p_ * r_ + 0.5f;                                                                                                    \
    p_ = p_ * (r_ * r_) + r_ + 1.0f;                                                                                        \
    ints half_ = k_ >> 1; /* 2^k can be denormal: in two factors */                                                         \
    result = p_ * (floats)((half_ + 127) << 23) * (floats)((k_ - half_ + 127) << 23);                                       \
  } while (0)
