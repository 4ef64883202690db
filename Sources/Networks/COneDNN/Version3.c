// oneDNN 3: descriptions are opaque, and a primitive is described in one step.
#include "Version3.h"

#include <dlfcn.h>
#include <string.h>

#include "Library.h"

#define FUNCTIONS(X)                                                                                                   \
  X(int, memory_desc_create_with_tag,                                                                                  \
    (onednn_description *, int dimensions, const int64_t *sizes, int type, int tag))                                   \
  X(int, memory_desc_clone, (onednn_description *, onednn_description))                                                \
  X(int, memory_desc_destroy, (onednn_description))                                                                    \
  X(int, memory_desc_query, (onednn_description, int what, void *result))                                              \
  X(int, post_ops_append_sum, (onednn_post_ops, float scale, int32_t zero_point, int type))                            \
  X(int, post_ops_append_eltwise, (onednn_post_ops, int algorithm, float alpha, float beta))                           \
  X(int, matmul_primitive_desc_create,                                                                                 \
    (onednn_primitive_descriptor *, onednn_engine, onednn_description source, onednn_description weights,              \
     onednn_description bias, onednn_description destination, onednn_attributes))                                      \
  X(int, convolution_forward_primitive_desc_create,                                                                    \
    (onednn_primitive_descriptor *, onednn_engine, int kind, int algorithm, onednn_description images,                 \
     onednn_description weights, onednn_description bias, onednn_description output, const int64_t *strides,           \
     const int64_t *dilations, const int64_t *before, const int64_t *after, onednn_attributes))                        \
  X(int, convolution_backward_data_primitive_desc_create,                                                              \
    (onednn_primitive_descriptor *, onednn_engine, int algorithm, onednn_description images,                           \
     onednn_description weights, onednn_description output, const int64_t *strides, const int64_t *dilations,          \
     const int64_t *before, const int64_t *after, onednn_primitive_descriptor forward, onednn_attributes))             \
  X(int, convolution_backward_weights_primitive_desc_create,                                                           \
    (onednn_primitive_descriptor *, onednn_engine, int algorithm, onednn_description images,                           \
     onednn_description weights, onednn_description bias, onednn_description output, const int64_t *strides,           \
     const int64_t *dilations, const int64_t *before, const int64_t *after, onednn_primitive_descriptor forward,       \
     onednn_attributes))                                                                                               \
  X(int, pooling_forward_primitive_desc_create,                                                                        \
    (onednn_primitive_descriptor *, onednn_engine, int kind, int algorithm, onednn_description input,                  \
     onednn_description output, const int64_t *strides, const int64_t *sizes, const int64_t *dilations,                \
     const int64_t *before, const int64_t *after, onednn_attributes))                                                  \
  X(int, pooling_backward_primitive_desc_create,                                                                       \
    (onednn_primitive_descriptor *, onednn_engine, int algorithm, onednn_description input, onednn_description output, \
     const int64_t *strides, const int64_t *sizes, const int64_t *dilations, const int64_t *before,                    \
     const int64_t *after, onednn_primitive_descriptor forward, onednn_attributes))                                    \
  X(int, eltwise_forward_primitive_desc_create,                                                                        \
    (onednn_primitive_descriptor *, onednn_engine, int kind, int algorithm, onednn_description source,                 \
     onednn_description destination, float alpha, float beta, onednn_attributes))                                      \
  X(int, binary_primitive_desc_create,                                                                                 \
    (onednn_primitive_descriptor *, onednn_engine, int algorithm, onednn_description first, onednn_description second, \
     onednn_description result, onednn_attributes))

typedef struct {
  FUNCTIONS(ONEDNN_FIELD)
} functions;
static functions used;

static bool fill(functions *table, void *handle, const char **missing) {
  FUNCTIONS(ONEDNN_LOOK_UP)
  return true;
}

static bool look_up(void *handle, bool keep, const char **missing) {
  functions found;
  if (!fill(&found, handle, missing)) return false;
  if (keep) used = found;
  return true;
}

static int describe(onednn_description *out, int dimensions, const int64_t *sizes, int type, cdnn_order order) {
  onednn_sizes copied = {0};
  for (int i = 0; i < dimensions; i++) copied[i] = sizes[i];
  const int plain = ONEDNN_3_A + dimensions - 1;
  const int tag = order == CDNN_ORDER_ANY ? ONEDNN_ORDER_ANY : order == CDNN_ORDER_TRANSPOSED ? ONEDNN_3_BA : plain;
  return used.memory_desc_create_with_tag(out, dimensions, copied, type, tag);
}

static int copy(onednn_description *out, onednn_description d) { return used.memory_desc_clone(out, d); }

static void release(onednn_description d) {
  if (d) used.memory_desc_destroy(d);
}

static void copy_sizes(onednn_sizes out, onednn_description d, int what) {
  const onednn_sizes *found = NULL;
  if (!used.memory_desc_query(d, what, &found) && found) memcpy(out, *found, sizeof *found);
}

static cdnn_geometry geometry(onednn_description d) {
  cdnn_geometry g = {0};
  int32_t dimensions = 0, blocks = 0;
  used.memory_desc_query(d, ONEDNN_3_QUERY_DIMENSIONS, &dimensions);
  used.memory_desc_query(d, ONEDNN_3_QUERY_BLOCKS, &blocks);
  g.dimensions = dimensions;
  g.blocks = blocks;
  copy_sizes(g.sizes, d, ONEDNN_3_QUERY_SIZES);
  copy_sizes(g.padded_sizes, d, ONEDNN_3_QUERY_PADDED_SIZES);
  copy_sizes(g.strides, d, ONEDNN_3_QUERY_STRIDES);
  copy_sizes(g.block_dimensions, d, ONEDNN_3_QUERY_BLOCK_DIMENSIONS);
  copy_sizes(g.block_sizes, d, ONEDNN_3_QUERY_BLOCK_SIZES);
  return g;
}

static int append_sum(onednn_post_ops after) {
  return used.post_ops_append_sum(after, 1, 0, ONEDNN_TYPE_OF_DESTINATION);
}

static int append_activation(onednn_post_ops after, int algorithm, float alpha, float beta) {
  return used.post_ops_append_eltwise(after, algorithm, alpha, beta);
}

static int product(
    onednn_primitive_descriptor *out, onednn_description source, onednn_description weights, onednn_description bias,
    onednn_description destination, onednn_attributes attributes) {
  return used.matmul_primitive_desc_create(out, cdnn_engine, source, weights, bias, destination, attributes);
}

static int convolution(
    onednn_primitive_descriptor *out, cdnn_pass pass, onednn_description images, onednn_description weights,
    onednn_description bias, onednn_description output, const cdnn_window_arrays *w,
    onednn_primitive_descriptor forward, onednn_attributes attributes) {
  switch (pass) {
  case CDNN_FORWARD:
    return used.convolution_forward_primitive_desc_create(
        out, cdnn_engine, ONEDNN_FORWARD_TRAINING, ONEDNN_CONVOLUTION_DIRECT, images, weights, bias, output, w->stride,
        w->dilation, w->before, w->after, attributes);
  case CDNN_TO_INPUT:
    return used.convolution_backward_data_primitive_desc_create(
        out, cdnn_engine, ONEDNN_CONVOLUTION_DIRECT, images, weights, output, w->stride, w->dilation, w->before,
        w->after, forward, attributes);
  case CDNN_TO_WEIGHTS:
    return used.convolution_backward_weights_primitive_desc_create(
        out, cdnn_engine, ONEDNN_CONVOLUTION_DIRECT, images, weights, bias, output, w->stride, w->dilation, w->before,
        w->after, forward, attributes);
  }
}

static int pooling(
    onednn_primitive_descriptor *out, int algorithm, onednn_description input, onednn_description output,
    const cdnn_window_arrays *w, onednn_primitive_descriptor forward, onednn_attributes attributes) {
  if (forward) {
    return used.pooling_backward_primitive_desc_create(
        out, cdnn_engine, algorithm, input, output, w->stride, w->size, w->dilation, w->before, w->after, forward,
        attributes);
  }
  return used.pooling_forward_primitive_desc_create(
      out, cdnn_engine, ONEDNN_FORWARD_TRAINING, algorithm, input, output, w->stride, w->size, w->dilation, w->before,
      w->after, attributes);
}

static int activation(
    onednn_primitive_descriptor *out, int algorithm, float alpha, float beta, onednn_description d,
    onednn_attributes attributes) {
  return used.eltwise_forward_primitive_desc_create(
      out, cdnn_engine, ONEDNN_FORWARD_TRAINING, algorithm, d, d, alpha, beta, attributes);
}

static int addition(onednn_primitive_descriptor *out, onednn_description d, onednn_attributes attributes) {
  return used.binary_primitive_desc_create(out, cdnn_engine, ONEDNN_BINARY_ADD, d, d, d, attributes);
}

const cdnn_version_table cdnn_version_3 = {
    .major = 3,
    .oldest_minor = 0,
    .look_up = look_up,
    .relu = ONEDNN_3_RELU,
    .tanh = ONEDNN_3_TANH,
    .sigmoid = ONEDNN_3_SIGMOID,
    .clipped = ONEDNN_3_CLIPPED,
    .first_post_op = ONEDNN_3_FIRST_POST_OP,
    .amx = ONEDNN_3_AMX,
    .describe = describe,
    .copy = copy,
    .release = release,
    .geometry = geometry,
    .append_sum = append_sum,
    .append_activation = append_activation,
    .product = product,
    .convolution = convolution,
    .pooling = pooling,
    .activation = activation,
    .addition = addition,
};
