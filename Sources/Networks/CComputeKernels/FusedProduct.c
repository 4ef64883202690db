// The product in single and in double precision.
//
// Every step is one fused multiplication and addition, which the standard defines to the last bit: the tiles differ in
// size between instruction sets, never in what they compute. Where the processor has no such instruction the C library
// computes it, with the same bits and slowly.
#include "FusedProduct.h"

#pragma STDC FP_CONTRACT OFF
#include <stdint.h>
#include <string.h>

// Steps of the summation between two additions to the result: a panel of b is 32 KiB and stays in the first-level cache.
enum { DEPTH = 256 };
enum { MOST_ROWS = 8 };

#define PASTE_(a, b) a##_##b
#define PASTE(a, b) PASTE_(a, b)
#define NAMED(name) PASTE(name, SUFFIX)

#define T double
#define SUFFIX f64
#define LANES 8
#include "FusedKernels.h"
#undef T
#undef SUFFIX
#undef LANES

#define T float
#define SUFFIX f32
#define LANES 16
#include "FusedKernels.h"
