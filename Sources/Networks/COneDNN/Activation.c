// Activations element by element, over any layout, in place if wished.
#include "Primitive.h"

#ifdef CDNN_HAS_HEADER
int cdnn_activation_create(
    cdnn_primitive **out, cdnn_activation activation, float parameter, const cdnn_layout *layout) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  const dnnl_alg_kind_t algorithm = cdnn_algorithm(activation);
  const float alpha = cdnn_alpha(activation, parameter), beta = cdnn_beta(activation, parameter);
  description d = CDNN_DESCRIBE(layout->description);
  status = cdnn_attributes_create(&attributes, CDNN_IDENTITY, 0, false, NULL);
#if DNNL_VERSION_MAJOR >= 3
  if (!status) {
    status = cdnn_library.eltwise_forward_primitive_desc_create(
        &descriptor, cdnn_engine, dnnl_forward_training, algorithm, d, d, alpha, beta, attributes);
  }
#else
  dnnl_eltwise_desc_t operation;
  if (!status) {
    status = cdnn_library.eltwise_forward_desc_init(&operation, dnnl_forward_training, algorithm, d, alpha, beta);
  }
  if (!status) status = cdnn_library.primitive_desc_create(&descriptor, &operation, attributes, cdnn_engine, NULL);
#endif
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {DNNL_ARG_SRC, dnnl_query_src_md, 0}, {0}, {0}, {DNNL_ARG_DST, dnnl_query_dst_md, 0}, {0},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  return status;
}
#endif
