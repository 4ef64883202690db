// oneDNN 2: descriptions are structures, and a primitive is described in two steps, the operation and then its code.
#include "Version2.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "Library.h"

typedef const onednn_description_2 *read_2;

#define FUNCTIONS(X)                                                                                                   \
  X(int, memory_desc_init_by_tag, (onednn_description_2 *, int dimensions, const int64_t *sizes, int type, int tag))   \
  X(int, post_ops_append_sum, (onednn_post_ops, float scale))                                                          \
  X(int, post_ops_append_eltwise, (onednn_post_ops, float scale, int algorithm, float alpha, float beta))              \
  X(int, primitive_desc_create,                                                                                        \
    (onednn_primitive_descriptor *, const onednn_operation_2 *, onednn_attributes, onednn_engine,                      \
     onednn_primitive_descriptor forward))                                                                             \
  X(int, matmul_desc_init, (onednn_operation_2 *, read_2 source, read_2 weights, read_2 bias, read_2 destination))     \
  X(int, dilated_convolution_forward_desc_init,                                                                        \
    (onednn_operation_2 *, int kind, int algorithm, read_2 images, read_2 weights, read_2 bias, read_2 output,         \
     const int64_t *strides, const int64_t *dilations, const int64_t *before, const int64_t *after))                   \
  X(int, dilated_convolution_backward_data_desc_init,                                                                  \
    (onednn_operation_2 *, int algorithm, read_2 images, read_2 weights, read_2 output, const int64_t *strides,        \
     const int64_t *dilations, const int64_t *before, const int64_t *after))                                           \
  X(int, dilated_convolution_backward_weights_desc_init,                                                               \
    (onednn_operation_2 *, int algorithm, read_2 images, read_2 weights, read_2 bias, read_2 output,                   \
     const int64_t *strides, const int64_t *dilations, const int64_t *before, const int64_t *after))                   \
  X(int, pooling_v2_forward_desc_init,                                                                                 \
    (onednn_operation_2 *, int kind, int algorithm, read_2 input, read_2 output, const int64_t *strides,               \
     const int64_t *sizes, const int64_t *dilations, const int64_t *before, const int64_t *after))                     \
  X(int, pooling_v2_backward_desc_init,                                                                                \
    (onednn_operation_2 *, int algorithm, read_2 input, read_2 output, const int64_t *strides, const int64_t *sizes,   \
     const int64_t *dilations, const int64_t *before, const int64_t *after))                                           \
  X(int, eltwise_forward_desc_init,                                                                                    \
    (onednn_operation_2 *, int kind, int algorithm, read_2 layout, float alpha, float beta))                           \
  X(int, binary_desc_init, (onednn_operation_2 *, int algorithm, read_2 first, read_2 second, read_2 result))

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

static read_2 read(onednn_description d) { return (read_2)d; }

static int describe(onednn_description *out, int dimensions, const int64_t *sizes, int type, cdnn_order order) {
  onednn_sizes copied = {0};
  for (int i = 0; i < dimensions; i++) copied[i] = sizes[i];
  onednn_description_2 *made = malloc(sizeof *made);
  if (!made) return CDNN_NO_MEMORY;
  // Between four and five dimensions stands another order of four.
  const int plain = dimensions < 5 ? ONEDNN_2_A + dimensions - 1 : ONEDNN_2_ABCDE + dimensions - 5;
  const int tag = order == CDNN_ORDER_ANY ? ONEDNN_ORDER_ANY : order == CDNN_ORDER_TRANSPOSED ? ONEDNN_2_BA : plain;
  const int status = used.memory_desc_init_by_tag(made, dimensions, copied, type, tag);
  if (status) free(made);
  else *out = (onednn_description)made;
  return status;
}

static int copy(onednn_description *out, onednn_description d) {
  onednn_description_2 *made = malloc(sizeof *made);
  if (!made) return CDNN_NO_MEMORY;
  *made = *read(d);
  *out = (onednn_description)made;
  return CDNN_SUCCESS;
}

static void release(onednn_description d) { free((void *)d); }

static cdnn_geometry geometry(onednn_description d) {
  cdnn_geometry g = {.dimensions = read(d)->dimensions, .blocks = read(d)->blocking.blocks};
  memcpy(g.sizes, read(d)->sizes, sizeof g.sizes);
  memcpy(g.padded_sizes, read(d)->padded_sizes, sizeof g.padded_sizes);
  memcpy(g.strides, read(d)->blocking.strides, sizeof g.strides);
  memcpy(g.block_dimensions, read(d)->blocking.block_dimensions, sizeof g.block_dimensions);
  memcpy(g.block_sizes, read(d)->blocking.block_sizes, sizeof g.block_sizes);
  return g;
}

static int append_sum(onednn_post_ops after) { return used.post_ops_append_sum(after, 1); }

static int append_activation(onednn_post_ops after, int algorithm, float alpha, float beta) {
  return used.post_ops_append_eltwise(after, 1, algorithm, alpha, beta);
}

/// The second step.
static int finish(
    onednn_primitive_descriptor *out, int status, const onednn_operation_2 *operation,
    onednn_primitive_descriptor forward, onednn_attributes attributes) {
  return status ? status : used.primitive_desc_create(out, operation, attributes, cdnn_engine, forward);
}

static int product(
    onednn_primitive_descriptor *out, onednn_description source, onednn_description weights, onednn_description bias,
    onednn_description destination, onednn_attributes attributes) {
  onednn_operation_2 o;
  const int status = used.matmul_desc_init(&o, read(source), read(weights), read(bias), read(destination));
  return finish(out, status, &o, NULL, attributes);
}

static int convolution(
    onednn_primitive_descriptor *out, cdnn_pass pass, onednn_description images, onednn_description weights,
    onednn_description bias, onednn_description output, const cdnn_window_arrays *w,
    onednn_primitive_descriptor forward, onednn_attributes attributes) {
  onednn_operation_2 o;
  int status = 0;
  switch (pass) {
  case CDNN_FORWARD:
    status = used.dilated_convolution_forward_desc_init(
        &o, ONEDNN_FORWARD_TRAINING, ONEDNN_CONVOLUTION_DIRECT, read(images), read(weights), read(bias), read(output),
        w->stride, w->dilation, w->before, w->after);
    break;
  case CDNN_TO_INPUT:
    status = used.dilated_convolution_backward_data_desc_init(
        &o, ONEDNN_CONVOLUTION_DIRECT, read(images), read(weights), read(output), w->stride, w->dilation, w->before,
        w->after);
    break;
  case CDNN_TO_WEIGHTS:
    status = used.dilated_convolution_backward_weights_desc_init(
        &o, ONEDNN_CONVOLUTION_DIRECT, read(images), read(weights), read(bias), read(output), w->stride, w->dilation,
        w->before, w->after);
    break;
  }
  return finish(out, status, &o, forward, attributes);
}

static int pooling(
    onednn_primitive_descriptor *out, int algorithm, onednn_description input, onednn_description output,
    const cdnn_window_arrays *w, onednn_primitive_descriptor forward, onednn_attributes attributes) {
  onednn_operation_2 o;
  const int status =
      forward ? used.pooling_v2_backward_desc_init(
                    &o, algorithm, read(input), read(output), w->stride, w->size, w->dilation, w->before, w->after)
              : used.pooling_v2_forward_desc_init(
                    &o, ONEDNN_FORWARD_TRAINING, algorithm, read(input), read(output), w->stride, w->size, w->dilation,
                    w->before, w->after);
  return finish(out, status, &o, forward, attributes);
}

static int activation(
    onednn_primitive_descriptor *out, int algorithm, float alpha, float beta, onednn_description d,
    onednn_attributes attributes) {
  onednn_operation_2 o;
  const int status = used.eltwise_forward_desc_init(&o, ONEDNN_FORWARD_TRAINING, algorithm, read(d), alpha, beta);
  return finish(out, status, &o, NULL, attributes);
}

static int addition(onednn_primitive_descriptor *out, onednn_description d, onednn_attributes attributes) {
  onednn_operation_2 o;
  const int status = used.binary_desc_init(&o, ONEDNN_BINARY_ADD, read(d), read(d), read(d));
  return finish(out, status, &o, NULL, attributes);
}

const cdnn_version_table cdnn_version_2 = {
    .major = 2,
    .oldest_minor = 6,
    .look_up = look_up,
    .relu = ONEDNN_2_RELU,
    .tanh = ONEDNN_2_TANH,
    .sigmoid = ONEDNN_2_SIGMOID,
    .clipped = ONEDNN_2_CLIPPED,
    .first_post_op = ONEDNN_2_FIRST_POST_OP,
    .amx = ONEDNN_2_AMX,
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
