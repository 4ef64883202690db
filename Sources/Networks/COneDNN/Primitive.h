// The parts that every primitive shares.
#pragma once
#include "Library.h"

struct cdnn_layout {
  onednn_description description;  // its own
};

struct cdnn_primitive {
  uint64_t number;  // its own, never given again
  onednn_primitive primitive;
  onednn_primitive_descriptor descriptor;
  int argument[CDNN_SLOTS];  // ONEDNN_ARGUMENT_…; 0 = the primitive has no such buffer
  onednn_description layout[CDNN_SLOTS];
  onednn_description scratchpad;
  size_t scratchpad_bytes;
};

/// What a primitive keeps in a slot: which argument it is, and how its descriptor is asked for the layout.
typedef struct {
  int argument, query, index;
} cdnn_slot_meaning;

static inline int cdnn_data_type(cdnn_type t) { return t == CDNN_BFLOAT16 ? ONEDNN_BFLOAT16 : ONEDNN_FLOAT32; }
int cdnn_algorithm(cdnn_activation activation);
/// The two numbers of the algorithms that have some.
static inline float cdnn_alpha(cdnn_activation a, float parameter) { return a == CDNN_LEAKY_RELU ? parameter : 0; }
static inline float cdnn_beta(cdnn_activation a, float parameter) { return a == CDNN_CLIPPED ? parameter : 0; }

/// Attributes with the scratchpad in the worker's hands (a primitive that runs on two threads at once crashes
/// otherwise), then "add to what is there", or an array that lies like `residual` unless it is null, then the
/// activation.
int cdnn_attributes_create(
    onednn_attributes *out, cdnn_activation activation, float parameter, bool accumulate, onednn_description residual);

/// Takes over `descriptor`, also when `status` or the creation is a failure.
int cdnn_primitive_finish(
    cdnn_primitive **out, int status, onednn_primitive_descriptor descriptor,
    const cdnn_slot_meaning meanings[CDNN_SLOTS]);
