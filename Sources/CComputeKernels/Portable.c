// The portable kernels: PortableProduct.h and PortableKernels.h in float and in double.
#include "Portable.h"

#pragma STDC FP_CONTRACT OFF
#include <math.h>
#include <string.h>

// One clone for each generation of vectors; the processor's is chosen when the program starts (by glibc's loader, hence
// the first condition; the thread sanitizer, not yet set up by then, crashes in the choice, hence the second). Without
// fused operations they all give the same bits.
#if defined(__x86_64__) && defined(__GLIBC__) && !__has_feature(thread_sanitizer)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

// Steps of the summation between two additions to the result: a panel of b is 32 KiB and stays in the first-level
// cache.
enum { DEPTH = 256 };

size_t portable_convolution_scratch(const portable_convolution *c) {
  return c->channels * c->kernel * c->kernel * (c->height - c->kernel + 1) * (c->width - c->kernel + 1);
}

#define T float
#define SUFFIX f32
#define VECTOR_LENGTH 16
#define TANH tanhf
#define EXP expf
#include "PortableProduct.h"
#include "PortableKernels.h"
#undef T
#undef SUFFIX
#undef VECTOR_LENGTH
#undef TANH
#undef EXP
#undef PASTE_
#undef PASTE
#undef NAMED

#define T double
#define SUFFIX f64
#define VECTOR_LENGTH 8
#define TANH tanh
#define EXP exp
#include "PortableProduct.h"
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
