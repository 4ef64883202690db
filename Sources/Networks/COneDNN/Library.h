// The opened library: one table of function pointers through which every call of oneDNN goes.
#pragma once
#include "COneDNN.h"

// COMPUTE_KERNELS_HIDE_ONEDNN builds as if the header were not installed, so that this case can be tested anywhere.
#if !defined(COMPUTE_KERNELS_HIDE_ONEDNN) && __has_include(<oneapi/dnnl/dnnl.h>)
#define CDNN_HAS_HEADER 1
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

#define CDNN_FUNCTIONS_OF_ALL_VERSIONS(X)                                                                              \
  X(version) X(status2str) X(get_effective_cpu_isa) X(engine_create) X(engine_destroy) X(stream_create)               \
  X(stream_destroy) X(stream_wait) X(memory_create) X(memory_destroy) X(memory_desc_get_size) X(memory_desc_equal)    \
  X(primitive_create) X(primitive_destroy) X(primitive_execute) X(primitive_desc_destroy) X(primitive_desc_query)     \
  X(primitive_desc_query_md) X(primitive_attr_create) X(primitive_attr_destroy)                                       \
  X(primitive_attr_set_scratchpad_mode) X(primitive_attr_set_post_ops) X(post_ops_create) X(post_ops_destroy)         \
  X(post_ops_append_sum) X(post_ops_append_eltwise) X(post_ops_append_binary) X(reorder_primitive_desc_create)

#if DNNL_VERSION_MAJOR >= 3
#define CDNN_FUNCTIONS_OF_THIS_VERSION(X)                                                                              \
  X(memory_desc_create_with_tag) X(memory_desc_clone) X(memory_desc_destroy) X(memory_desc_query)                     \
  X(matmul_primitive_desc_create) X(convolution_forward_primitive_desc_create)                                        \
  X(convolution_backward_data_primitive_desc_create) X(convolution_backward_weights_primitive_desc_create)            \
  X(pooling_forward_primitive_desc_create) X(pooling_backward_primitive_desc_create)                                  \
  X(eltwise_forward_primitive_desc_create) X(binary_primitive_desc_create)
#else
#define CDNN_FUNCTIONS_OF_THIS_VERSION(X)                                                                              \
  X(memory_desc_init_by_tag) X(primitive_desc_create) X(matmul_desc_init) X(dilated_convolution_forward_desc_init)    \
  X(dilated_convolution_backward_data_desc_init) X(dilated_convolution_backward_weights_desc_init)                    \
  X(pooling_v2_forward_desc_init) X(pooling_v2_backward_desc_init) X(eltwise_forward_desc_init)                       \
  X(binary_desc_init)
#endif

#define CDNN_FUNCTIONS(X) CDNN_FUNCTIONS_OF_ALL_VERSIONS(X) CDNN_FUNCTIONS_OF_THIS_VERSION(X)

typedef struct {
#define CDNN_FIELD(name) __typeof__(&dnnl_##name) name;
  CDNN_FUNCTIONS(CDNN_FIELD)
#undef CDNN_FIELD
  void (*omp_set_num_threads)(int);  // of whichever OpenMP runtime the library brought; NULL if none (TBB, sequential)
  int (*omp_get_max_threads)(void);
} cdnn_functions;

extern cdnn_functions cdnn_library;
extern dnnl_engine_t cdnn_engine;

/// Opens the library on first use and limits OpenMP on this thread. Must precede every creation and every run: the
/// width of a primitive is fixed when it is made, and the limit is a property of the calling thread.
int cdnn_prepare(void);
#endif
