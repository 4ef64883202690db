// The structures of version 2, which hands arrays over as what they are.
#pragma once
#include "Foreign.h"

/// `dnnl_memory_desc_t`.
typedef struct {
  int dimensions;
  onednn_sizes sizes;
  int type;
  onednn_sizes padded_sizes, padded_offsets;
  int64_t offset;
  int format;
  struct {
    onednn_sizes strides;
    int blocks;
    onednn_sizes block_sizes, block_dimensions;
  } blocking;
  unsigned char extra[80];
} onednn_description_2;

/// Room for any of the descriptions of an operation that are used here; each begins with its kind, and nothing else of
/// it matters to us. The largest, of a convolution, has 5,976 bytes.
typedef struct {
  _Alignas(16) unsigned char bytes[8192];
} onednn_operation_2;

enum {
  ONEDNN_2_A = 2,  // then ab, abc, abcd
  ONEDNN_2_ABCDE = 7,
  ONEDNN_2_BA = 22,
  ONEDNN_2_RELU = 0x1f,
  ONEDNN_2_TANH = 0x2f,
  ONEDNN_2_SIGMOID = 0xaf,
  ONEDNN_2_CLIPPED = 0xff,
  ONEDNN_2_FIRST_POST_OP = 0x4000,
  ONEDNN_2_AMX = 0x3e7
};
