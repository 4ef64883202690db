// Matrix products: forward with bias and activation, to the input, and to the weights (source transposed,
// accumulating).
#include "Primitive.h"

#ifdef CDNN_HAS_HEADER
int cdnn_product_create(cdnn_primitive **out, const cdnn_product *c) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  owned_description source = {0}, weights = {0}, bias = {0}, destination = {0};
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  const int64_t source_sizes[] = {c->m, c->k}, weight_sizes[] = {c->k, c->n}, bias_sizes[] = {1, c->n};
  const int64_t destination_sizes[] = {c->m, c->n};
  const dnnl_data_type_t operands = cdnn_data_type(c->operands);
  status = cdnn_description_create(&source, 2, source_sizes, operands, c->source_transposed ? dnnl_ba : dnnl_ab);
  if (!status) {
    dnnl_format_tag_t tag = c->packed_weights ? dnnl_format_tag_any : dnnl_ab;
    status = cdnn_description_create(&weights, 2, weight_sizes, operands, tag);
  }
  if (!status && c->bias) status = cdnn_description_create(&bias, 2, bias_sizes, dnnl_f32, dnnl_ab);
  if (!status) {
    status = cdnn_description_create(&destination, 2, destination_sizes, cdnn_data_type(c->destination), dnnl_ab);
  }
  if (!status) status = cdnn_attributes_create(&attributes, c->activation, c->parameter, c->accumulate, NULL);
#if DNNL_VERSION_MAJOR >= 3
  if (!status) {
    status = cdnn_library.matmul_primitive_desc_create(
        &descriptor, cdnn_engine, source, weights, c->bias ? bias : NULL, destination, attributes);
  }
#else
  dnnl_matmul_desc_t operation;
  if (!status) {
    status = cdnn_library.matmul_desc_init(&operation, &source, &weights, c->bias ? &bias : NULL, &destination);
  }
  if (!status) status = cdnn_library.primitive_desc_create(&descriptor, &operation, attributes, cdnn_engine, NULL);
#endif
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {DNNL_ARG_SRC, dnnl_query_src_md, 0},
      {DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0},
      {c->bias ? DNNL_ARG_BIAS : 0, dnnl_query_weights_md, 1},
      {DNNL_ARG_DST, dnnl_query_dst_md, 0},
      {0},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  cdnn_description_destroy(&source);
  cdnn_description_destroy(&weights);
  cdnn_description_destroy(&bias);
  cdnn_description_destroy(&destination);
  return status;
}
#endif
