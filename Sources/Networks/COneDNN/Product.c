// Matrix products: forward with bias and activation, to the input, and to the weights (source transposed,
// accumulating).
#include "Primitive.h"

int cdnn_product_create(cdnn_primitive **out, const cdnn_product *c) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  onednn_description source = NULL, weights = NULL, bias = NULL, destination = NULL;
  onednn_attributes attributes = NULL;
  onednn_primitive_descriptor descriptor = NULL;
  const int64_t source_sizes[] = {c->m, c->k}, weight_sizes[] = {c->k, c->n}, bias_sizes[] = {1, c->n};
  const int64_t destination_sizes[] = {c->m, c->n};
  const int operands = cdnn_data_type(c->operands);
  const cdnn_order source_order = c->source_transposed ? CDNN_ORDER_TRANSPOSED : CDNN_ORDER_C;
  status = cdnn_current->describe(&source, 2, source_sizes, operands, source_order);
  if (!status) {
    const cdnn_order order = c->packed_weights ? CDNN_ORDER_ANY : CDNN_ORDER_C;
    status = cdnn_current->describe(&weights, 2, weight_sizes, operands, order);
  }
  if (!status && c->bias) status = cdnn_current->describe(&bias, 2, bias_sizes, ONEDNN_FLOAT32, CDNN_ORDER_C);
  if (!status) {
    status = cdnn_current->describe(&destination, 2, destination_sizes, cdnn_data_type(c->destination), CDNN_ORDER_C);
  }
  if (!status) status = cdnn_attributes_create(&attributes, c->activation, c->parameter, c->accumulate, NULL);
  if (!status) status = cdnn_current->product(&descriptor, source, weights, bias, destination, attributes);
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {ONEDNN_ARGUMENT_SOURCE, ONEDNN_QUERY_SOURCE, 0},
      {ONEDNN_ARGUMENT_WEIGHTS, ONEDNN_QUERY_WEIGHTS, 0},
      {c->bias ? ONEDNN_ARGUMENT_BIAS : 0, ONEDNN_QUERY_WEIGHTS, 1},
      {ONEDNN_ARGUMENT_DESTINATION, ONEDNN_QUERY_DESTINATION, 0},
      {0},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  cdnn_current->release(source);
  cdnn_current->release(weights);
  cdnn_current->release(bias);
  cdnn_current->release(destination);
  return status;
}
