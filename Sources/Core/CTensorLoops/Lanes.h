// Vectors of eight numbers, whatever the processor's are, so that sums have one order everywhere.
#pragma once
#include <stdint.h>

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

enum { LANES = 8 };
typedef double lanes __attribute__((vector_size(64), aligned(8)));
typedef int64_t mask_lanes __attribute__((vector_size(64), aligned(8)));
#define AT(p, i) (*(lanes *)((p) + (i)))
#define GET(p, i) (*(const lanes *)((p) + (i)))
#define SPLAT(a) ((lanes){0} + (a))
// Lane-wise choice: c is all ones or all zeros.
#define SELECT(c, a, b) ((lanes)(((mask_lanes)(c) & (mask_lanes)(a)) | (~(mask_lanes)(c) & (mask_lanes)(b))))
#define MAXIMUM(a, b) SELECT((a) > (b), a, b)
#define MINIMUM(a, b) SELECT((a) < (b), a, b)
#define ABSOLUTE(a) ((lanes)((mask_lanes)(a) & INT64_MAX))

// Sum of the lanes in one fixed order.
#define SUM(v) (((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])))
