// Activations element by element, over any layout, in place if wished.
#include "Primitive.h"

int cdnn_activation_create(
    cdnn_primitive **out, cdnn_activation activation, float parameter, const cdnn_layout *layout) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  onednn_attributes attributes = NULL;
  onednn_primitive_descriptor descriptor = NULL;
  const int algorithm = cdnn_algorithm(activation);
  const float alpha = cdnn_alpha(activation, parameter), beta = cdnn_beta(activation, parameter);
  status = cdnn_attributes_create(&attributes, CDNN_IDENTITY, 0, false, NULL);
  if (!status) status = cdnn_current->activation(&descriptor, algorithm, alpha, beta, layout->description, attributes);
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {ONEDNN_ARGUMENT_SOURCE, ONEDNN_QUERY_SOURCE, 0}, {0}, {0}, {ONEDNN_ARGUMENT_DESTINATION, ONEDNN_QUERY_DESTINATION, 0}, {0},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  return status;
}
