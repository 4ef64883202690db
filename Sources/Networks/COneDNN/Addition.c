// The addition of a residual after a convolution that cannot do it on the way, with the activation that follows.
#include "Primitive.h"

#ifdef CDNN_HAS_HEADER
int cdnn_addition_create(cdnn_primitive **out, cdnn_activation activation, float parameter, const cdnn_layout *layout) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  description d = CDNN_DESCRIBE(layout->description);
  status = cdnn_attributes_create(&attributes, activation, parameter, false, NULL);
#if DNNL_VERSION_MAJOR >= 3
  if (!status) {
    status = cdnn_library.binary_primitive_desc_create(
        &descriptor, cdnn_engine, dnnl_binary_add, d, d, d, attributes);
  }
#else
  dnnl_binary_desc_t operation;
  if (!status) status = cdnn_library.binary_desc_init(&operation, dnnl_binary_add, d, d, d);
  if (!status) status = cdnn_library.primitive_desc_create(&descriptor, &operation, attributes, cdnn_engine, NULL);
#endif
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {DNNL_ARG_SRC_0, dnnl_query_src_md, 0},
      {0},
      {0},
      {DNNL_ARG_DST, dnnl_query_dst_md, 0},
      {0},
      {DNNL_ARG_SRC_1, dnnl_query_src_md, 1},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  return status;
}
#endif
