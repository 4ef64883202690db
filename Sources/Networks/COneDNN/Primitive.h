// What the two API versions of oneDNN have in common, and the parts that every primitive shares.
#pragma once
#include "Library.h"

#ifdef CDNN_HAS_HEADER
#pragma STDC FP_CONTRACT OFF

// 2.x describes an array by a value, 3.x by an opaque pointer that must be destroyed. With `description` the calls that
// only read one are written alike.
#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t description;
#define CDNN_DESCRIBE(d) (d)
#else
typedef const dnnl_memory_desc_t *description;
#define CDNN_DESCRIBE(d) (&(d))
#endif
typedef dnnl_memory_desc_t owned_description;

struct cdnn_layout {
  owned_description description;
};

struct cdnn_primitive {
  uint64_t number;  // its own, never given again
  dnnl_primitive_t primitive;
  dnnl_primitive_desc_t descriptor;
  int argument[CDNN_SLOTS];  // DNNL_ARG_…; 0 = the primitive has no such buffer
  description layout[CDNN_SLOTS];
  description scratchpad;
  size_t scratchpad_bytes;
};

/// What a primitive keeps in a slot: which argument it is, and how its descriptor is asked for the layout.
typedef struct {
  int argument;
  dnnl_query_t query;
  int index;
} cdnn_slot_meaning;

static inline dnnl_data_type_t cdnn_data_type(cdnn_type t) { return t == CDNN_BFLOAT16 ? dnnl_bf16 : dnnl_f32; }
dnnl_alg_kind_t cdnn_algorithm(cdnn_activation activation);
/// The two numbers of the algorithms that have some.
static inline float cdnn_alpha(cdnn_activation a, float parameter) { return a == CDNN_LEAKY_RELU ? parameter : 0; }
static inline float cdnn_beta(cdnn_activation a, float parameter) { return a == CDNN_CLIPPED ? parameter : 0; }

int cdnn_description_create(
    owned_description *out, int dimensions, const int64_t *sizes, dnnl_data_type_t type, dnnl_format_tag_t tag);
int cdnn_description_copy(owned_description *out, description);
void cdnn_description_destroy(owned_description *);

/// Attributes with the scratchpad in the worker's hands (a primitive that runs on two threads at once crashes
/// otherwise), then "add to what is there", or an array that lies like `residual` unless it is null, then the
/// activation.
int cdnn_attributes_create(
    dnnl_primitive_attr_t *out, cdnn_activation activation, float parameter, bool accumulate, description residual);

/// Takes over `descriptor`, also when `status` or the creation is a failure.
int cdnn_primitive_finish(
    cdnn_primitive **out, int status, dnnl_primitive_desc_t descriptor, const cdnn_slot_meaning meanings[CDNN_SLOTS]);
#endif
