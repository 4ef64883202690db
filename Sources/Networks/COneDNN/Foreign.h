// What versions 2 and 3 of oneDNN's binary interface have in common, in declarations of our own, so that nothing needs to
// be installed when the package is built and one program serves both. What differs is in Version2.c and Version3.c;
// HeaderCheck.c compares all of it with the installed header, where there is one.
#pragma once
#include "COneDNN.h"

typedef struct onednn_engine *onednn_engine;
typedef struct onednn_stream *onednn_stream;
typedef struct onednn_memory *onednn_memory;
typedef struct onednn_primitive *onednn_primitive;
typedef struct onednn_primitive_descriptor *onednn_primitive_descriptor;
typedef struct onednn_attributes *onednn_attributes;
typedef struct onednn_post_ops *onednn_post_ops;
/// How an array lies in memory. Version 2 has a structure here, version 3 something opaque; both are handed on by a
/// pointer, so that whatever only reads one is called alike.
typedef const struct onednn_description *onednn_description;

enum { ONEDNN_DIMENSIONS = 12 };
typedef int64_t onednn_sizes[ONEDNN_DIMENSIONS];

typedef struct {
  int major, minor, patch;
  const char *hash;
  unsigned processor_runtime, accelerator_runtime;
} onednn_version;

typedef struct {
  int argument;
  onednn_memory memory;
} onednn_argument;

// What shares out the work of a call (`processor_runtime`).
enum { ONEDNN_RUNTIME_SEQUENTIAL = 1, ONEDNN_RUNTIME_OPENMP = 2 };

// Enumerations, which are passed as `int`: the values that both versions number alike.
enum { ONEDNN_PROCESSOR = 1 };
enum { ONEDNN_STREAM_DEFAULT = 1 };
enum { ONEDNN_SCRATCHPAD_USER = 1 };
enum { ONEDNN_TYPE_OF_DESTINATION = 0, ONEDNN_BFLOAT16 = 2, ONEDNN_FLOAT32 = 3 };
enum { ONEDNN_ORDER_ANY = 1 };
enum { ONEDNN_FORWARD_TRAINING = 64 };
enum {
  ONEDNN_CONVOLUTION_DIRECT = 1,
  ONEDNN_POOLING_MAXIMUM = 0x1ff,
  ONEDNN_POOLING_AVERAGE_WITH_PADDING = 0x2ff,
  ONEDNN_POOLING_AVERAGE = 0x3ff,
  ONEDNN_BINARY_ADD = 0x1fff0
};
enum {
  ONEDNN_QUERY_IMPLEMENTATION = 8,
  ONEDNN_QUERY_SOURCE = 129,
  ONEDNN_QUERY_SOURCE_GRADIENT,
  ONEDNN_QUERY_WEIGHTS,
  ONEDNN_QUERY_WEIGHT_GRADIENT,
  ONEDNN_QUERY_DESTINATION,
  ONEDNN_QUERY_DESTINATION_GRADIENT,
  ONEDNN_QUERY_WORKSPACE,
  ONEDNN_QUERY_SCRATCHPAD,
  ONEDNN_QUERY_ARGUMENT = 255
};
enum {
  ONEDNN_ARGUMENT_SOURCE = 1,
  ONEDNN_ARGUMENT_SECOND_SOURCE = 2,
  ONEDNN_ARGUMENT_DESTINATION = 17,
  ONEDNN_ARGUMENT_WEIGHTS = 33,
  ONEDNN_ARGUMENT_BIAS = 41,
  ONEDNN_ARGUMENT_WORKSPACE = 64,
  ONEDNN_ARGUMENT_SCRATCHPAD = 80,
  ONEDNN_ARGUMENT_SOURCE_GRADIENT = 129,
  ONEDNN_ARGUMENT_DESTINATION_GRADIENT = 145,
  ONEDNN_ARGUMENT_WEIGHT_GRADIENT = 161,
  ONEDNN_ARGUMENT_BIAS_GRADIENT = 169
};
enum {
  ONEDNN_ISA_SSE41 = 0x1,
  ONEDNN_ISA_AVX2 = 0x7,
  ONEDNN_ISA_AVX512 = 0x27,
  ONEDNN_ISA_AVX512_BFLOAT16 = 0xe7
};

/// The functions that both versions declare alike: result, name behind `dnnl_`, parameters.
#define ONEDNN_FUNCTIONS(X)                                                                                            \
  X(const onednn_version *, version, (void))                                                                           \
  X(const char *, status2str, (int status))                                                                            \
  X(int, get_effective_cpu_isa, (void))                                                                                \
  X(int, engine_create, (onednn_engine *, int kind, size_t index))                                                     \
  X(int, stream_create, (onednn_stream *, onednn_engine, unsigned flags))                                              \
  X(int, stream_destroy, (onednn_stream))                                                                              \
  X(int, stream_wait, (onednn_stream))                                                                                 \
  X(int, memory_create, (onednn_memory *, onednn_description, onednn_engine, void *buffer))                            \
  X(int, memory_destroy, (onednn_memory))                                                                              \
  X(size_t, memory_desc_get_size, (onednn_description))                                                                \
  X(int, memory_desc_equal, (onednn_description, onednn_description))                                                  \
  X(int, primitive_create, (onednn_primitive *, onednn_primitive_descriptor))                                          \
  X(int, primitive_destroy, (onednn_primitive))                                                                        \
  X(int, primitive_execute, (onednn_primitive, onednn_stream, int count, const onednn_argument *))                     \
  X(int, primitive_desc_destroy, (onednn_primitive_descriptor))                                                        \
  X(int, primitive_desc_query, (onednn_primitive_descriptor, int what, int index, void *result))                       \
  X(onednn_description, primitive_desc_query_md, (onednn_primitive_descriptor, int what, int index))                   \
  X(int, primitive_attr_create, (onednn_attributes *))                                                                 \
  X(int, primitive_attr_destroy, (onednn_attributes))                                                                  \
  X(int, primitive_attr_set_scratchpad_mode, (onednn_attributes, int mode))                                            \
  X(int, primitive_attr_set_post_ops, (onednn_attributes, onednn_post_ops))                                            \
  X(int, post_ops_create, (onednn_post_ops *))                                                                         \
  X(int, post_ops_destroy, (onednn_post_ops))                                                                          \
  X(int, post_ops_append_binary, (onednn_post_ops, int algorithm, onednn_description))                                 \
  X(int, reorder_primitive_desc_create,                                                                                \
    (onednn_primitive_descriptor *, onednn_description from, onednn_engine, onednn_description to, onednn_engine,      \
     onednn_attributes))

/// A table of such functions as a structure, and its filling from an opened library: false, with the name, when one is
/// missing.
#define ONEDNN_FIELD(result, name, parameters) result(*name) parameters;
#define ONEDNN_LOOK_UP(result, function, parameters)                                                                   \
  if (!(table->function = (result(*) parameters)dlsym(handle, "dnnl_" #function))) {                                   \
    *missing = "dnnl_" #function;                                                                                      \
    return false;                                                                                                      \
  }
