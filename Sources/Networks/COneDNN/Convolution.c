// Convolutions: forward, to the input, to the weights.
#include "Primitive.h"
#include "Windows.h"

#ifdef CDNN_HAS_HEADER
typedef struct {
  owned_description images, weights, bias, output;
  cdnn_window_arrays windows;
  dnnl_primitive_attr_t attributes;
  dnnl_primitive_desc_t descriptor;
} parts;

/// `weights` are float32 where they receive a gradient, whatever the operands are. `fuse`: with all that follows the
/// sum.
static int parts_create(parts *p, const cdnn_convolution *c, dnnl_data_type_t weights, bool fuse) {
  *p = (parts){.windows = cdnn_arrays_of(&c->windows)};
  int status = cdnn_prepare();
  if (status) return status;
  const cdnn_windows *w = &c->windows;
  const int64_t images[] = {c->batch, c->channels, c->height, c->width}, bias[] = {c->filters};
  // The same array in C order with and without the dimension of the groups, which selects code for several of them.
  const int64_t filters[] = {c->groups, c->filters / c->groups, c->channels / c->groups, w->size[0], w->size[1]};
  const int grouped = c->groups > 1;
  const int64_t output[] = {
      c->batch, c->filters, cdnn_positions(w, 0, c->height), cdnn_positions(w, 1, c->width)};
  const dnnl_data_type_t type = cdnn_data_type(c->type);
  status = cdnn_description_create(&p->images, 4, images, type, c->plain_source ? dnnl_nchw : dnnl_format_tag_any);
  if (!status) {
    status = cdnn_description_create(&p->weights, 4 + grouped, filters + !grouped, weights, dnnl_format_tag_any);
  }
  if (!status) status = cdnn_description_create(&p->bias, 1, bias, dnnl_f32, dnnl_a);
  if (!status) status = cdnn_description_create(&p->output, 4, output, type, dnnl_format_tag_any);
  if (!status) {
    // The residual's layout is left open like the destination's, and becomes the same.
    description residual = fuse && c->adds_residual ? CDNN_DESCRIBE(p->output) : NULL;
    const cdnn_activation activation = fuse ? c->activation : CDNN_IDENTITY;
    status = cdnn_attributes_create(&p->attributes, activation, c->parameter, false, residual);
  }
  return status;
}

static int parts_finish(cdnn_primitive **out, int status, parts *p, const cdnn_slot_meaning meanings[CDNN_SLOTS]) {
  if (status == CDNN_UNAVAILABLE) return status;
  status = cdnn_primitive_finish(out, status, p->descriptor, meanings);
  if (p->attributes) cdnn_library.primitive_attr_destroy(p->attributes);
  cdnn_description_destroy(&p->images);
  cdnn_description_destroy(&p->weights);
  cdnn_description_destroy(&p->bias);
  cdnn_description_destroy(&p->output);
  return status;
}

int cdnn_convolution_forward_create(cdnn_primitive **out, const cdnn_convolution *c) {
  *out = NULL;
  parts p;
  int status = parts_create(&p, c, cdnn_data_type(c->type), true);
  const cdnn_window_arrays *w = &p.windows;
#if DNNL_VERSION_MAJOR >= 3
  if (!status) {
    status = cdnn_library.convolution_forward_primitive_desc_create(
        &p.descriptor, cdnn_engine, dnnl_forward_training, dnnl_convolution_direct, p.images, p.weights, p.bias,
        p.output, w->stride, w->dilation, w->before, w->after, p.attributes);
  }
#else
  dnnl_convolution_desc_t operation;
  if (!status) {
    status = cdnn_library.dilated_convolution_forward_desc_init(
        &operation, dnnl_forward_training, dnnl_convolution_direct, &p.images, &p.weights, &p.bias, &p.output,
        w->stride, w->dilation, w->before, w->after);
  }
  if (!status) status = cdnn_library.primitive_desc_create(&p.descriptor, &operation, p.attributes, cdnn_engine, NULL);
#endif
  const int residual = DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1;
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {DNNL_ARG_SRC, dnnl_query_src_md, 0},
      {DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0},
      {DNNL_ARG_BIAS, dnnl_query_weights_md, 1},
      {DNNL_ARG_DST, dnnl_query_dst_md, 0},
      {0},
      {c->adds_residual ? residual : 0, dnnl_query_exec_arg_md, residual},
  };
  return parts_finish(out, status, &p, meanings);
}

int cdnn_convolution_to_input_create(cdnn_primitive **out, const cdnn_convolution *c, const cdnn_primitive *forward) {
  *out = NULL;
  parts p;
  int status = parts_create(&p, c, cdnn_data_type(c->type), false);
  const cdnn_window_arrays *w = &p.windows;
#if DNNL_VERSION_MAJOR >= 3
  if (!status) {
    status = cdnn_library.convolution_backward_data_primitive_desc_create(
        &p.descriptor, cdnn_engine, dnnl_convolution_direct, p.images, p.weights, p.output, w->stride, w->dilation,
        w->before, w->after, forward->descriptor, p.attributes);
  }
#else
  dnnl_convolution_desc_t operation;
  if (!status) {
    status = cdnn_library.dilated_convolution_backward_data_desc_init(
        &operation, dnnl_convolution_direct, &p.images, &p.weights, &p.output, w->stride, w->dilation, w->before,
        w->after);
  }
  if (!status) {
    status = cdnn_library.primitive_desc_create(
        &p.descriptor, &operation, p.attributes, cdnn_engine, forward->descriptor);
  }
#endif
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0},
      {DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0},
      {0},
      {DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, 0},
      {0},
  };
  return parts_finish(out, status, &p, meanings);
}

int cdnn_convolution_to_weights_create(cdnn_primitive **out, const cdnn_convolution *c, const cdnn_primitive *forward) {
  *out = NULL;
  parts p;
  int status = parts_create(&p, c, dnnl_f32, false);
  const cdnn_window_arrays *w = &p.windows;
#if DNNL_VERSION_MAJOR >= 3
  if (!status) {
    status = cdnn_library.convolution_backward_weights_primitive_desc_create(
        &p.descriptor, cdnn_engine, dnnl_convolution_direct, p.images, p.weights, p.bias, p.output, w->stride,
        w->dilation, w->before, w->after, forward->descriptor, p.attributes);
  }
#else
  dnnl_convolution_desc_t operation;
  if (!status) {
    status = cdnn_library.dilated_convolution_backward_weights_desc_init(
        &operation, dnnl_convolution_direct, &p.images, &p.weights, &p.bias, &p.output, w->stride, w->dilation,
        w->before, w->after);
  }
  if (!status) {
    status = cdnn_library.primitive_desc_create(
        &p.descriptor, &operation, p.attributes, cdnn_engine, forward->descriptor);
  }
#endif
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {DNNL_ARG_SRC, dnnl_query_src_md, 0},
      {DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md, 0},
      {DNNL_ARG_DIFF_BIAS, dnnl_query_diff_weights_md, 1},
      {DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0},
      {0},
  };
  return parts_finish(out, status, &p, meanings);
}
#endif
