// Maxima and averages over windows. The workspace remembers which element was the maximum.
#include "Primitive.h"
#include "Windows.h"

#ifdef CDNN_HAS_HEADER
static dnnl_alg_kind_t algorithm_of(cdnn_pooling_kind kind) {
  switch (kind) {
  case CDNN_AVERAGE: return dnnl_pooling_avg_exclude_padding;
  case CDNN_AVERAGE_WITH_PADDING: return dnnl_pooling_avg_include_padding;
  default: return dnnl_pooling_max;
  }
}

int cdnn_pooling_forward_create(cdnn_primitive **out, const cdnn_pooling *c, const cdnn_layout *source) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  owned_description output = {0};
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  const int64_t sizes[] = {
      c->batch, c->channels, cdnn_positions(&c->windows, 0, c->height), cdnn_positions(&c->windows, 1, c->width)};
  const cdnn_window_arrays w = cdnn_arrays_of(&c->windows);
  const dnnl_alg_kind_t algorithm = algorithm_of(c->kind);
  status = cdnn_description_create(&output, 4, sizes, cdnn_data_type(c->type), dnnl_format_tag_any);
  if (!status) status = cdnn_attributes_create(&attributes, CDNN_IDENTITY, 0, false, NULL);
#if DNNL_VERSION_MAJOR >= 3
  if (!status) {
    status = cdnn_library.pooling_forward_primitive_desc_create(
        &descriptor, cdnn_engine, dnnl_forward_training, algorithm, source->description, output, w.stride, w.size,
        w.dilation, w.before, w.after, attributes);
  }
#else
  dnnl_pooling_v2_desc_t operation;
  if (!status) {
    status = cdnn_library.pooling_v2_forward_desc_init(
        &operation, dnnl_forward_training, algorithm, &source->description, &output, w.stride, w.size, w.dilation,
        w.before, w.after);
  }
  if (!status) status = cdnn_library.primitive_desc_create(&descriptor, &operation, attributes, cdnn_engine, NULL);
#endif
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {DNNL_ARG_SRC, dnnl_query_src_md, 0},
      {0},
      {0},
      {DNNL_ARG_DST, dnnl_query_dst_md, 0},
      {DNNL_ARG_WORKSPACE, dnnl_query_workspace_md, 0},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  cdnn_description_destroy(&output);
  return status;
}

int cdnn_pooling_backward_create(cdnn_primitive **out, const cdnn_pooling *c, const cdnn_primitive *forward) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  const cdnn_window_arrays w = cdnn_arrays_of(&c->windows);
  const dnnl_alg_kind_t algorithm = algorithm_of(c->kind);
  description input = forward->layout[CDNN_SOURCE], output = forward->layout[CDNN_DESTINATION];
  status = cdnn_attributes_create(&attributes, CDNN_IDENTITY, 0, false, NULL);
#if DNNL_VERSION_MAJOR >= 3
  if (!status) {
    status = cdnn_library.pooling_backward_primitive_desc_create(
        &descriptor, cdnn_engine, algorithm, input, output, w.stride, w.size, w.dilation, w.before, w.after,
        forward->descriptor, attributes);
  }
#else
  dnnl_pooling_v2_desc_t operation;
  if (!status) {
    status = cdnn_library.pooling_v2_backward_desc_init(
        &operation, algorithm, input, output, w.stride, w.size, w.dilation, w.before, w.after);
  }
  if (!status) {
    status = cdnn_library.primitive_desc_create(&descriptor, &operation, attributes, cdnn_engine, forward->descriptor);
  }
#endif
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0},
      {0},
      {0},
      {DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, 0},
      {DNNL_ARG_WORKSPACE, dnnl_query_workspace_md, 0},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  return status;
}
#endif
