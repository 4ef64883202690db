// The life of a primitive: attributes, creation, the slots' layouts, and running with a worker's stream and scratchpad.
#include "Primitive.h"

#include <stdatomic.h>
#include <stdlib.h>

// oneDNN wants a memory object around every buffer, and making four or five of them takes longer than a small product.
// A worker keeps those that it has made, each in the place that its buffer and its primitive's slot give it; another one
// takes that place over. They hold no data: a buffer that is gone leaves an object that nobody asks for.
enum { KEPT_BITS = 14, KEPT_MEMORIES = 1 << KEPT_BITS };

typedef struct {
  uint64_t primitive;
  int slot;
  const void *buffer;
  onednn_memory memory;
} kept_memory;

struct cdnn_worker {
  onednn_stream stream;
  void *scratchpad;
  size_t scratchpad_bytes;
  kept_memory kept[KEPT_MEMORIES];
};

int cdnn_algorithm(cdnn_activation activation) {
  switch (activation) {
  case CDNN_TANH: return cdnn_current->tanh;
  case CDNN_SIGMOID: return cdnn_current->sigmoid;
  case CDNN_CLIPPED: return cdnn_current->clipped;
  default: return cdnn_current->relu;
  }
}

int cdnn_attributes_create(
    onednn_attributes *out, cdnn_activation activation, float parameter, bool accumulate, onednn_description residual) {
  int status = cdnn_library.primitive_attr_create(out);
  if (!status) status = cdnn_library.primitive_attr_set_scratchpad_mode(*out, ONEDNN_SCRATCHPAD_USER);
  if (status || (activation == CDNN_IDENTITY && !accumulate && !residual)) return status;
  onednn_post_ops after = NULL;
  if ((status = cdnn_library.post_ops_create(&after))) return status;
  const float alpha = cdnn_alpha(activation, parameter), beta = cdnn_beta(activation, parameter);
  if (accumulate) status = cdnn_current->append_sum(after);
  if (!status && residual) status = cdnn_library.post_ops_append_binary(after, ONEDNN_BINARY_ADD, residual);
  if (!status && activation) {
    status = cdnn_current->append_activation(after, cdnn_algorithm(activation), alpha, beta);
  }
  if (!status) status = cdnn_library.primitive_attr_set_post_ops(*out, after);
  cdnn_library.post_ops_destroy(after);
  return status;
}

int cdnn_primitive_finish(
    cdnn_primitive **out, int status, onednn_primitive_descriptor descriptor, const cdnn_slot_meaning meanings[CDNN_SLOTS]) {
  *out = NULL;
  static _Atomic uint64_t made = 0;
  cdnn_primitive *p = NULL;
  if (!status && !(p = calloc(1, sizeof *p))) status = CDNN_NO_MEMORY;
  if (status) {
    if (descriptor) cdnn_library.primitive_desc_destroy(descriptor);
    return status;
  }
  p->descriptor = descriptor;
  p->number = atomic_fetch_add(&made, 1) + 1;
  for (int i = 0; i < CDNN_SLOTS; i++) {
    if (!meanings[i].argument) continue;
    p->layout[i] = cdnn_library.primitive_desc_query_md(descriptor, meanings[i].query, meanings[i].index);
    // A primitive without a workspace (or bias) answers with an empty description.
    if (p->layout[i] && cdnn_library.memory_desc_get_size(p->layout[i])) p->argument[i] = meanings[i].argument;
  }
  p->scratchpad = cdnn_library.primitive_desc_query_md(descriptor, ONEDNN_QUERY_SCRATCHPAD, 0);
  p->scratchpad_bytes = p->scratchpad ? cdnn_library.memory_desc_get_size(p->scratchpad) : 0;
  if ((status = cdnn_library.primitive_create(&p->primitive, descriptor))) {
    cdnn_primitive_destroy(p);
    return status;
  }
  *out = p;
  return CDNN_SUCCESS;
}

void cdnn_primitive_destroy(cdnn_primitive *p) {
  if (!p) return;
  if (p->primitive) cdnn_library.primitive_destroy(p->primitive);
  if (p->descriptor) cdnn_library.primitive_desc_destroy(p->descriptor);
  free(p);
}

size_t cdnn_primitive_bytes(const cdnn_primitive *p, cdnn_slot slot) {
  return p->argument[slot] ? cdnn_library.memory_desc_get_size(p->layout[slot]) : 0;
}

const char *cdnn_primitive_implementation(const cdnn_primitive *p) {
  const char *name = "";
  cdnn_library.primitive_desc_query(p->descriptor, ONEDNN_QUERY_IMPLEMENTATION, 0, &name);
  return name;
}

int cdnn_worker_create(cdnn_worker **out) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  cdnn_worker *w = calloc(1, sizeof *w);
  if (!w) return CDNN_NO_MEMORY;
  if ((status = cdnn_library.stream_create(&w->stream, cdnn_engine, ONEDNN_STREAM_DEFAULT))) {
    free(w);
    return status;
  }
  *out = w;
  return CDNN_SUCCESS;
}

void cdnn_worker_destroy(cdnn_worker *w) {
  if (!w) return;
  for (int i = 0; i < KEPT_MEMORIES; i++) {
    if (w->kept[i].memory) cdnn_library.memory_destroy(w->kept[i].memory);
  }
  cdnn_library.stream_destroy(w->stream);
  free(w->scratchpad);
  free(w);
}

static int reserve_scratchpad(cdnn_worker *w, size_t bytes) {
  if (bytes <= w->scratchpad_bytes) return CDNN_SUCCESS;
  free(w->scratchpad);
  w->scratchpad_bytes = 0;
  w->scratchpad = NULL;
  size_t rounded = (bytes + 4095) & ~(size_t)4095;
  if (posix_memalign(&w->scratchpad, 4096, rounded)) return CDNN_NO_MEMORY;
  w->scratchpad_bytes = rounded;
  return CDNN_SUCCESS;
}

/// The memory object of one of the worker's primitives around a buffer, in the first place that is not among the `count`
/// that this run has taken.
static int memory_around(
    cdnn_worker *w, const cdnn_primitive *p, int slot, onednn_description layout, void *buffer, kept_memory *taken[], int count) {
  const uint64_t name = (p->number << 3) + (uint64_t)slot;
  const uint64_t mixed = (name * 0x9e3779b97f4a7c15 ^ (uint64_t)(uintptr_t)buffer >> 6) * 0xbf58476d1ce4e5b9;
  kept_memory *place = &w->kept[mixed >> (64 - KEPT_BITS)];
  for (int i = 0; i < count; i++) {
    if (taken[i] != place) continue;
    place = place == w->kept + KEPT_MEMORIES - 1 ? w->kept : place + 1;
    i = -1;
  }
  taken[count] = place;
  if (place->primitive == p->number && place->slot == slot && place->buffer == buffer) return CDNN_SUCCESS;
  if (place->memory) cdnn_library.memory_destroy(place->memory);
  *place = (kept_memory){0};
  const int status = cdnn_library.memory_create(&place->memory, layout, cdnn_engine, buffer);
  if (status) {
    place->memory = NULL;
    return status;
  }
  place->primitive = p->number;
  place->slot = slot;
  place->buffer = buffer;
  return CDNN_SUCCESS;
}

int cdnn_run(
    cdnn_worker *w, const cdnn_primitive *p, const void *source, const void *weights, const void *bias,
    void *destination, void *workspace, const void *residual) {
  int status = cdnn_prepare();
  if (!status) status = reserve_scratchpad(w, p->scratchpad_bytes);
  if (status) return status;
  void *buffers[CDNN_SLOTS] = {
      (void *)source, (void *)weights, (void *)bias, destination, workspace, (void *)residual};
  onednn_argument arguments[CDNN_SLOTS + 1];
  kept_memory *taken[CDNN_SLOTS + 1];
  int count = 0;
  for (int i = 0; i <= CDNN_SLOTS && !status; i++) {
    const bool is_scratchpad = i == CDNN_SLOTS;
    const int argument = !is_scratchpad ? p->argument[i] : p->scratchpad_bytes ? ONEDNN_ARGUMENT_SCRATCHPAD : 0;
    if (!argument) continue;
    status = memory_around(
        w, p, i, is_scratchpad ? p->scratchpad : p->layout[i], is_scratchpad ? w->scratchpad : buffers[i], taken, count);
    if (!status) arguments[count] = (onednn_argument){argument, taken[count]->memory};
    if (!status) count++;
  }
  if (!status) status = cdnn_library.primitive_execute(p->primitive, w->stream, count, arguments);
  if (!status) status = cdnn_library.stream_wait(w->stream);
  return status;
}
