// Maxima and averages over windows. The workspace remembers which element was the maximum.
#include "Primitive.h"
#include "Windows.h"

static int algorithm_of(cdnn_pooling_kind kind) {
  switch (kind) {
  case CDNN_AVERAGE: return ONEDNN_POOLING_AVERAGE;
  case CDNN_AVERAGE_WITH_PADDING: return ONEDNN_POOLING_AVERAGE_WITH_PADDING;
  default: return ONEDNN_POOLING_MAXIMUM;
  }
}

int cdnn_pooling_forward_create(cdnn_primitive **out, const cdnn_pooling *c, const cdnn_layout *source) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  onednn_description output = NULL;
  onednn_attributes attributes = NULL;
  onednn_primitive_descriptor descriptor = NULL;
  const int64_t sizes[] = {
      c->batch, c->channels, cdnn_positions(&c->windows, 0, c->height), cdnn_positions(&c->windows, 1, c->width)};
  const cdnn_window_arrays w = cdnn_arrays_of(&c->windows);
  const int algorithm = algorithm_of(c->kind);
  status = cdnn_current->describe(&output, 4, sizes, cdnn_data_type(c->type), CDNN_ORDER_ANY);
  if (!status) status = cdnn_attributes_create(&attributes, CDNN_IDENTITY, 0, false, NULL);
  if (!status) {
    status = cdnn_current->pooling(&descriptor, algorithm, source->description, output, &w, NULL, attributes);
  }
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {ONEDNN_ARGUMENT_SOURCE, ONEDNN_QUERY_SOURCE, 0},
      {0},
      {0},
      {ONEDNN_ARGUMENT_DESTINATION, ONEDNN_QUERY_DESTINATION, 0},
      {ONEDNN_ARGUMENT_WORKSPACE, ONEDNN_QUERY_WORKSPACE, 0},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  cdnn_current->release(output);
  return status;
}

int cdnn_pooling_backward_create(cdnn_primitive **out, const cdnn_pooling *c, const cdnn_primitive *forward) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  onednn_attributes attributes = NULL;
  onednn_primitive_descriptor descriptor = NULL;
  const cdnn_window_arrays w = cdnn_arrays_of(&c->windows);
  const int algorithm = algorithm_of(c->kind);
  const onednn_description input = forward->layout[CDNN_SOURCE], output = forward->layout[CDNN_DESTINATION];
  status = cdnn_attributes_create(&attributes, CDNN_IDENTITY, 0, false, NULL);
  if (!status) {
    status = cdnn_current->pooling(&descriptor, algorithm, input, output, &w, forward->descriptor, attributes);
  }
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {ONEDNN_ARGUMENT_DESTINATION_GRADIENT, ONEDNN_QUERY_DESTINATION_GRADIENT, 0},
      {0},
      {0},
      {ONEDNN_ARGUMENT_SOURCE_GRADIENT, ONEDNN_QUERY_SOURCE_GRADIENT, 0},
      {ONEDNN_ARGUMENT_WORKSPACE, ONEDNN_QUERY_WORKSPACE, 0},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  return status;
}
