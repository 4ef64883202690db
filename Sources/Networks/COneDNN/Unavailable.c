// The same functions for a build without oneDNN's header: each answers that it is not there.
#include "Library.h"

#ifndef CDNN_HAS_HEADER
#include <stdio.h>

bool cdnn_available(void) { return false; }
const char *cdnn_unavailable_reason(void) {
  return "the package was built without oneDNN's header: install libdnnl-dev (apt) or onednn (brew) and rebuild";
}
bool cdnn_probe(const char *path, char *reason, size_t capacity) {
  (void)path;
  snprintf(reason, capacity, "%s", cdnn_unavailable_reason());
  return false;
}
void cdnn_version(int *major, int *minor, int *patch) { *major = *minor = *patch = 0; }
const char *cdnn_instruction_set(void) { return "generic"; }
bool cdnn_has_native_bfloat16(void) { return false; }
int cdnn_one_thread(void) { return 0; }
const char *cdnn_status_text(int status) {
  (void)status;
  return cdnn_unavailable_reason();
}

#define UNAVAILABLE(name, handle, ...)                                                                                 \
  int name(handle **out, ##__VA_ARGS__) {                                                                              \
    *out = NULL;                                                                                                       \
    return CDNN_UNAVAILABLE;                                                                                           \
  }
#pragma clang diagnostic ignored "-Wunused-parameter"
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
UNAVAILABLE(cdnn_layout_create_plain, cdnn_layout, int dimensions, const int64_t *sizes, cdnn_type type)
UNAVAILABLE(cdnn_layout_create_of, cdnn_layout, const cdnn_primitive *primitive, cdnn_slot slot)
UNAVAILABLE(cdnn_product_create, cdnn_primitive, const cdnn_product *c)
UNAVAILABLE(cdnn_convolution_forward_create, cdnn_primitive, const cdnn_convolution *c)
UNAVAILABLE(
    cdnn_convolution_to_input_create, cdnn_primitive, const cdnn_convolution *c, const cdnn_primitive *forward)
UNAVAILABLE(
    cdnn_convolution_to_weights_create, cdnn_primitive, const cdnn_convolution *c, const cdnn_primitive *forward)
UNAVAILABLE(cdnn_pooling_forward_create, cdnn_primitive, const cdnn_pooling *c, const cdnn_layout *source)
UNAVAILABLE(cdnn_pooling_backward_create, cdnn_primitive, const cdnn_pooling *c, const cdnn_primitive *forward)
UNAVAILABLE(cdnn_activation_create, cdnn_primitive, cdnn_activation a, float parameter, const cdnn_layout *layout)
UNAVAILABLE(cdnn_addition_create, cdnn_primitive, cdnn_activation a, float parameter, const cdnn_layout *layout)
UNAVAILABLE(cdnn_reorder_create, cdnn_primitive, const cdnn_layout *from, const cdnn_layout *to)
UNAVAILABLE(cdnn_pack_create, cdnn_primitive, const cdnn_primitive *primitive, cdnn_slot slot, bool transposed)
UNAVAILABLE(cdnn_unpack_adding_create, cdnn_primitive, const cdnn_primitive *primitive, cdnn_slot slot)
UNAVAILABLE(cdnn_worker_create, cdnn_worker)

void cdnn_layout_destroy(cdnn_layout *layout) { (void)layout; }
size_t cdnn_layout_bytes(const cdnn_layout *layout) { return 0; }
bool cdnn_layout_equal(const cdnn_layout *a, const cdnn_layout *b) { return a == b; }
bool cdnn_layout_rows_are_contiguous(const cdnn_layout *layout) { return false; }
int64_t cdnn_layout_channel_block(const cdnn_layout *layout) { return -1; }
int64_t cdnn_layout_padded_channels(const cdnn_layout *layout) { return 0; }
void cdnn_primitive_destroy(cdnn_primitive *primitive) {}
size_t cdnn_primitive_bytes(const cdnn_primitive *primitive, cdnn_slot slot) { return 0; }
const char *cdnn_primitive_implementation(const cdnn_primitive *primitive) { return ""; }
void cdnn_worker_destroy(cdnn_worker *worker) {}
int cdnn_run(
    cdnn_worker *worker, const cdnn_primitive *primitive, const void *source, const void *weights, const void *bias,
    void *destination, void *workspace, const void *residual) {
  return CDNN_UNAVAILABLE;
}
#endif
