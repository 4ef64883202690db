// What versions 2 and 3 of oneDNN do differently, behind one table each.
#pragma once
#include "Foreign.h"
#include "Windows.h"

/// How the dimensions of an array follow each other: as the primitive likes it, in C order, or in C order of the
/// transposed matrix.
typedef enum { CDNN_ORDER_ANY, CDNN_ORDER_C, CDNN_ORDER_TRANSPOSED } cdnn_order;

/// Which of the three convolutions.
typedef enum { CDNN_FORWARD, CDNN_TO_INPUT, CDNN_TO_WEIGHTS } cdnn_pass;

/// An array's dimensions, and how they lie in blocks.
typedef struct {
  int dimensions, blocks;
  onednn_sizes sizes, padded_sizes, strides, block_dimensions, block_sizes;
} cdnn_geometry;

typedef struct {
  int major, oldest_minor;
  /// Looks for this version's functions, and uses them from now on if `keep`.
  bool (*look_up)(void *handle, bool keep, const char **missing);

  // Values that the versions number differently.
  int relu, tanh, sigmoid, clipped;  // algorithms
  int first_post_op;                 // in an argument
  int amx;                           // instruction set

  int (*describe)(onednn_description *out, int dimensions, const int64_t *sizes, int type, cdnn_order);
  int (*copy)(onednn_description *out, onednn_description);
  void (*release)(onednn_description);  // of one that `describe` or `copy` made, or NULL
  cdnn_geometry (*geometry)(onednn_description);

  int (*append_sum)(onednn_post_ops);
  int (*append_activation)(onednn_post_ops, int algorithm, float alpha, float beta);

  // Descriptors of primitives. `forward` is the one that belongs to a backward one.
  int (*product)(
      onednn_primitive_descriptor *out, onednn_description source, onednn_description weights, onednn_description bias,
      onednn_description destination, onednn_attributes);
  int (*convolution)(
      onednn_primitive_descriptor *out, cdnn_pass, onednn_description images, onednn_description weights,
      onednn_description bias, onednn_description output, const cdnn_window_arrays *, onednn_primitive_descriptor forward,
      onednn_attributes);
  /// Backward if there is a `forward`.
  int (*pooling)(
      onednn_primitive_descriptor *out, int algorithm, onednn_description input, onednn_description output,
      const cdnn_window_arrays *, onednn_primitive_descriptor forward, onednn_attributes);
  int (*activation)(
      onednn_primitive_descriptor *out, int algorithm, float alpha, float beta, onednn_description, onednn_attributes);
  int (*addition)(onednn_primitive_descriptor *out, onednn_description, onednn_attributes);
} cdnn_version_table;

extern const cdnn_version_table cdnn_version_2, cdnn_version_3;
