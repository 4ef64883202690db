// Maximum over windows. The workspace remembers which element won.
#include "Primitive.h"

#ifdef CDNN_HAS_HEADER
static const dnnl_dims_t zeros = {0, 0};

int cdnn_max_pool_forward_create(cdnn_primitive **out, const cdnn_max_pool *c, const cdnn_layout *source) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  owned_description output = {0};
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  const int64_t height = (c->height - c->kernel) / c->stride + 1, width = (c->width - c->kernel) / c->stride + 1;
  const int64_t sizes[] = {c->batch, c->channels, height, width};
  const dnnl_dims_t kernel = {c->kernel, c->kernel}, strides = {c->stride, c->stride};
  status = cdnn_description_create(&output, 4, sizes, cdnn_data_type(c->type), dnnl_format_tag_any);
  if (!status) status = cdnn_attributes_create(&attributes, CDNN_IDENTITY, 0, false);
#if DNNL_VERSION_MAJOR >= 3
  if (!status) {
    status = cdnn_library.pooling_forward_primitive_desc_create(
        &descriptor, cdnn_engine, dnnl_forward_training, dnnl_pooling_max, source->description, output, strides, kernel,
        zeros, zeros, zeros, attributes);
  }
#else
  dnnl_pooling_v2_desc_t operation;
  if (!status) {
    status = cdnn_library.pooling_v2_forward_desc_init(
        &operation, dnnl_forward_training, dnnl_pooling_max, &source->description, &output, strides, kernel, zeros,
        zeros, zeros);
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

int cdnn_max_pool_backward_create(cdnn_primitive **out, const cdnn_max_pool *c, const cdnn_primitive *forward) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  const dnnl_dims_t kernel = {c->kernel, c->kernel}, strides = {c->stride, c->stride};
  description input = forward->layout[CDNN_SOURCE], output = forward->layout[CDNN_DESTINATION];
  status = cdnn_attributes_create(&attributes, CDNN_IDENTITY, 0, false);
#if DNNL_VERSION_MAJOR >= 3
  if (!status) {
    status = cdnn_library.pooling_backward_primitive_desc_create(
        &descriptor, cdnn_engine, dnnl_pooling_max, input, output, strides, kernel, zeros, zeros, zeros,
        forward->descriptor, attributes);
  }
#else
  dnnl_pooling_v2_desc_t operation;
  if (!status) {
    status = cdnn_library.pooling_v2_backward_desc_init(
        &operation, dnnl_pooling_max, input, output, strides, kernel, zeros, zeros, zeros);
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
