// The addition of a residual after a convolution that cannot do it on the way, with the activation that follows.
#include "Primitive.h"

int cdnn_addition_create(cdnn_primitive **out, cdnn_activation activation, float parameter, const cdnn_layout *layout) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  onednn_attributes attributes = NULL;
  onednn_primitive_descriptor descriptor = NULL;
  status = cdnn_attributes_create(&attributes, activation, parameter, false, NULL);
  if (!status) status = cdnn_current->addition(&descriptor, layout->description, attributes);
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {ONEDNN_ARGUMENT_SOURCE, ONEDNN_QUERY_SOURCE, 0},
      {0},
      {0},
      {ONEDNN_ARGUMENT_DESTINATION, ONEDNN_QUERY_DESTINATION, 0},
      {0},
      {ONEDNN_ARGUMENT_SECOND_SOURCE, ONEDNN_QUERY_SOURCE, 1},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  return status;
}
