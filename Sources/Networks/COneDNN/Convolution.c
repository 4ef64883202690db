// Convolutions: forward, to the input, to the weights.
#include "Primitive.h"
#include "Windows.h"

typedef struct {
  onednn_description images, weights, bias, output;
  cdnn_window_arrays windows;
  onednn_attributes attributes;
  onednn_primitive_descriptor descriptor;
} parts;

/// `weights` are float32 where they receive a gradient, whatever the operands are. `fuse`: with all that follows the
/// sum.
static int parts_create(parts *p, const cdnn_convolution *c, int weights, bool fuse) {
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
  const int type = cdnn_data_type(c->type);
  status = cdnn_current->describe(&p->images, 4, images, type, c->plain_source ? CDNN_ORDER_C : CDNN_ORDER_ANY);
  if (!status) {
    status = cdnn_current->describe(&p->weights, 4 + grouped, filters + !grouped, weights, CDNN_ORDER_ANY);
  }
  if (!status) status = cdnn_current->describe(&p->bias, 1, bias, ONEDNN_FLOAT32, CDNN_ORDER_C);
  if (!status) status = cdnn_current->describe(&p->output, 4, output, type, CDNN_ORDER_ANY);
  if (!status) {
    // The residual's layout is left open like the destination's, and becomes the same.
    onednn_description residual = fuse && c->adds_residual ? p->output : NULL;
    const cdnn_activation activation = fuse ? c->activation : CDNN_IDENTITY;
    status = cdnn_attributes_create(&p->attributes, activation, c->parameter, false, residual);
  }
  return status;
}

static int parts_finish(cdnn_primitive **out, int status, parts *p, const cdnn_slot_meaning meanings[CDNN_SLOTS]) {
  if (status == CDNN_UNAVAILABLE) return status;
  status = cdnn_primitive_finish(out, status, p->descriptor, meanings);
  if (p->attributes) cdnn_library.primitive_attr_destroy(p->attributes);
  cdnn_current->release(p->images);
  cdnn_current->release(p->weights);
  cdnn_current->release(p->bias);
  cdnn_current->release(p->output);
  return status;
}

int cdnn_convolution_forward_create(cdnn_primitive **out, const cdnn_convolution *c) {
  *out = NULL;
  parts p;
  int status = parts_create(&p, c, cdnn_data_type(c->type), true);
  if (!status) {
    status = cdnn_current->convolution(
        &p.descriptor, CDNN_FORWARD, p.images, p.weights, p.bias, p.output, &p.windows, NULL, p.attributes);
  }
  const int residual = status == CDNN_UNAVAILABLE ? 0 : cdnn_current->first_post_op | ONEDNN_ARGUMENT_SECOND_SOURCE;
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {ONEDNN_ARGUMENT_SOURCE, ONEDNN_QUERY_SOURCE, 0},
      {ONEDNN_ARGUMENT_WEIGHTS, ONEDNN_QUERY_WEIGHTS, 0},
      {ONEDNN_ARGUMENT_BIAS, ONEDNN_QUERY_WEIGHTS, 1},
      {ONEDNN_ARGUMENT_DESTINATION, ONEDNN_QUERY_DESTINATION, 0},
      {0},
      {c->adds_residual ? residual : 0, ONEDNN_QUERY_ARGUMENT, residual},
  };
  return parts_finish(out, status, &p, meanings);
}

int cdnn_convolution_to_input_create(cdnn_primitive **out, const cdnn_convolution *c, const cdnn_primitive *forward) {
  *out = NULL;
  parts p;
  int status = parts_create(&p, c, cdnn_data_type(c->type), false);
  if (!status) {
    status = cdnn_current->convolution(
        &p.descriptor, CDNN_TO_INPUT, p.images, p.weights, p.bias, p.output, &p.windows, forward->descriptor, p.attributes);
  }
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {ONEDNN_ARGUMENT_DESTINATION_GRADIENT, ONEDNN_QUERY_DESTINATION_GRADIENT, 0},
      {ONEDNN_ARGUMENT_WEIGHTS, ONEDNN_QUERY_WEIGHTS, 0},
      {0},
      {ONEDNN_ARGUMENT_SOURCE_GRADIENT, ONEDNN_QUERY_SOURCE_GRADIENT, 0},
      {0},
  };
  return parts_finish(out, status, &p, meanings);
}

int cdnn_convolution_to_weights_create(cdnn_primitive **out, const cdnn_convolution *c, const cdnn_primitive *forward) {
  *out = NULL;
  parts p;
  int status = parts_create(&p, c, ONEDNN_FLOAT32, false);
  if (!status) {
    status = cdnn_current->convolution(
        &p.descriptor, CDNN_TO_WEIGHTS, p.images, p.weights, p.bias, p.output, &p.windows, forward->descriptor, p.attributes);
  }
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {ONEDNN_ARGUMENT_SOURCE, ONEDNN_QUERY_SOURCE, 0},
      {ONEDNN_ARGUMENT_WEIGHT_GRADIENT, ONEDNN_QUERY_WEIGHT_GRADIENT, 0},
      {ONEDNN_ARGUMENT_BIAS_GRADIENT, ONEDNN_QUERY_WEIGHT_GRADIENT, 1},
      {ONEDNN_ARGUMENT_DESTINATION_GRADIENT, ONEDNN_QUERY_DESTINATION_GRADIENT, 0},
      {0},
  };
  return parts_finish(out, status, &p, meanings);
}
