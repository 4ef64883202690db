// The portable kernels: PortableKernels.h in float and in double, over the product of FusedProduct.c.
#include "FusedProduct.h"
#include "Portable.h"

#pragma STDC FP_CONTRACT OFF
#include <math.h>
#include <string.h>

// One clone for each generation of vectors; the processor's is chosen when the program starts (by glibc's loader, hence
// the first condition; the thread sanitizer, not yet set up by then, crashes in the choice, hence the second). Where
// operations are not fused they all give the same bits.
#if defined(__x86_64__) && defined(__GLIBC__) && !__has_feature(thread_sanitizer)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

size_t portable_positions(const portable_axis *a) {
  return (a->length + a->before + a->after - a->dilation * (a->window - 1) - 1) / a->stride + 1;
}

size_t portable_convolution_scratch(const portable_convolution *c) {
  const size_t taps = c->vertical.window * c->horizontal.window;
  return c->channels / c->groups * taps * portable_positions(&c->vertical) * portable_positions(&c->horizontal);
}

/// The windows `first ..< end` whose element `tap` is in the image; there, that of window `first` is number `at`.
typedef struct {
  size_t first, end, at;
} tap_range;

static tap_range range_of_tap(const portable_axis *a, size_t tap) {
  const size_t positions = portable_positions(a), offset = tap * a->dilation, limit = a->length + a->before;
  tap_range r;
  r.first = offset >= a->before ? 0 : (a->before - offset + a->stride - 1) / a->stride;
  r.end = offset >= limit ? 0 : (limit - offset - 1) / a->stride + 1;
  if (r.end > positions) r.end = positions;
  if (r.first > r.end) r.first = r.end;
  r.at = r.first < r.end ? r.first * a->stride + offset - a->before : 0;
  return r;
}

/// The part of the image, `first ..< end`, that window number `position` of a pooling covers.
typedef struct {
  size_t first, end;
} covered;

static covered covered_by(const portable_axis *a, size_t position) {
  const size_t begin = position * a->stride, end = begin + a->window;
  return (covered){
      begin > a->before ? begin - a->before : 0,
      end - a->before < a->length ? end - a->before : a->length,
  };
}

#define PASTE_(a, b) a##_##b
#define PASTE(a, b) PASTE_(a, b)
#define NAMED(name) PASTE(name, SUFFIX)

#define T float
#define SUFFIX f32
#define TANH tanhf
#define EXP expf
#include "PortableKernels.h"
#undef T
#undef SUFFIX
#undef TANH
#undef EXP

#define T double
#define SUFFIX f64
#define TANH tanh
#define EXP exp
#include "PortableKernels.h"

// MARK: - Conversions

CLONES void portable_widen(double *restrict out, const float *restrict in, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = in[i];
}

CLONES void portable_narrow(float *restrict out, const double *restrict in, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = (float)in[i];
}

CLONES void portable_add_f32(float *restrict out, const float *restrict in, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] += in[i];
}

CLONES void portable_add_narrowed(float *restrict out, const double *restrict in, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = (float)(out[i] + in[i]);
}

CLONES void portable_to_bfloat16(uint16_t *restrict out, const float *restrict in, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, in + i, sizeof bits);
    const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    // Rounding a NaN up could carry into the exponent and the sign; setting its quiet bit keeps it one.
    const uint32_t nan = bits >> 16 | 0x40;
    out[i] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? nan : rounded);
  }
}
