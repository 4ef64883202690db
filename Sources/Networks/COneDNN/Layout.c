// How arrays lie in memory, and copies from one layout to another.
#include "Primitive.h"

#include <stdlib.h>

static int layout_create(cdnn_layout **out, cdnn_layout **made) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  return (*made = calloc(1, sizeof **made)) ? CDNN_SUCCESS : CDNN_NO_MEMORY;
}

int cdnn_layout_create_plain(cdnn_layout **out, int dimensions, const int64_t *sizes, cdnn_type type) {
  cdnn_layout *made = NULL;
  int status = layout_create(out, &made);
  if (!status) {
    status = cdnn_current->describe(&made->description, dimensions, sizes, cdnn_data_type(type), CDNN_ORDER_C);
  }
  if (status) free(made);
  else *out = made;
  return status;
}

int cdnn_layout_create_of(cdnn_layout **out, const cdnn_primitive *primitive, cdnn_slot slot) {
  cdnn_layout *made = NULL;
  int status = layout_create(out, &made);
  if (!status) status = cdnn_current->copy(&made->description, primitive->layout[slot]);
  if (status) free(made);
  else *out = made;
  return status;
}

void cdnn_layout_destroy(cdnn_layout *layout) {
  if (!layout) return;
  cdnn_current->release(layout->description);
  free(layout);
}

size_t cdnn_layout_bytes(const cdnn_layout *layout) {
  return cdnn_library.memory_desc_get_size(layout->description);
}

bool cdnn_layout_equal(const cdnn_layout *a, const cdnn_layout *b) {
  return cdnn_library.memory_desc_equal(a->description, b->description);
}

bool cdnn_layout_rows_are_contiguous(const cdnn_layout *layout) {
  const cdnn_geometry g = cdnn_current->geometry(layout->description);
  for (int i = 0; i < g.blocks; i++) {
    if (g.block_dimensions[i] == 0) return false;
  }
  for (int i = 1; i < g.dimensions; i++) {
    // With one row the first stride says nothing: any value is right.
    if (g.sizes[0] > 1 && g.strides[i] > g.strides[0]) return false;
  }
  return true;
}

/// Whether images lie as `cdnn_layout_channel_block` says, for this block.
static bool has_channel_block(const cdnn_geometry *g, int64_t block) {
  if (block < 1 || g->padded_sizes[1] % block) return false;
  const int64_t height = g->sizes[2], width = g->sizes[3];
  const int64_t expected[] = {g->padded_sizes[1] * height * width, height * width * block, width * block, block};
  // How many steps each direction has; of a single one the stride says nothing.
  const int64_t steps[] = {g->sizes[0], g->padded_sizes[1] / block, height, width};
  for (int i = 0; i < 4; i++) {
    if (steps[i] > 1 && g->strides[i] != expected[i]) return false;
  }
  return true;
}

int64_t cdnn_layout_channel_block(const cdnn_layout *layout) {
  const cdnn_geometry g = cdnn_current->geometry(layout->description);
  if (g.dimensions != 4 || g.blocks > 1) return -1;
  for (int i = 0; i < 4; i++) {
    if (i != 1 && g.padded_sizes[i] != g.sizes[i]) return -1;
  }
  if (g.blocks == 1) {
    return g.block_dimensions[0] == 1 && has_channel_block(&g, g.block_sizes[0]) ? g.block_sizes[0] : -1;
  }
  if (has_channel_block(&g, 1)) return 1;
  const bool innermost = g.strides[1] == 1 && has_channel_block(&g, g.padded_sizes[1]);
  return innermost ? g.padded_sizes[1] : -1;
}

int64_t cdnn_layout_padded_channels(const cdnn_layout *layout) {
  const cdnn_geometry g = cdnn_current->geometry(layout->description);
  return g.dimensions > 1 ? g.padded_sizes[1] : 0;
}

static int reorder_create(cdnn_primitive **out, onednn_description from, onednn_description to, bool adding) {
  onednn_attributes attributes = NULL;
  onednn_primitive_descriptor descriptor = NULL;
  int status = cdnn_attributes_create(&attributes, CDNN_IDENTITY, 0, adding, NULL);
  if (!status) {
    status = cdnn_library.reorder_primitive_desc_create(&descriptor, from, cdnn_engine, to, cdnn_engine, attributes);
  }
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {ONEDNN_ARGUMENT_SOURCE, ONEDNN_QUERY_SOURCE, 0}, {0}, {0}, {ONEDNN_ARGUMENT_DESTINATION, ONEDNN_QUERY_DESTINATION, 0}, {0},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  return status;
}

int cdnn_reorder_create(cdnn_primitive **out, const cdnn_layout *from, const cdnn_layout *to) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  return reorder_create(out, from->description, to->description, false);
}

/// The float32 array in C order with the dimensions of what `primitive` keeps in `slot`.
static int plain_like(onednn_description *out, const cdnn_primitive *primitive, cdnn_slot slot, bool transposed) {
  const cdnn_geometry g = cdnn_current->geometry(primitive->layout[slot]);
  const cdnn_order order = transposed && g.dimensions == 2 ? CDNN_ORDER_TRANSPOSED : CDNN_ORDER_C;
  return cdnn_current->describe(out, g.dimensions, g.sizes, ONEDNN_FLOAT32, order);
}

int cdnn_pack_create(cdnn_primitive **out, const cdnn_primitive *primitive, cdnn_slot slot, bool transposed) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  onednn_description array = NULL;
  status = plain_like(&array, primitive, slot, transposed);
  if (!status) status = reorder_create(out, array, primitive->layout[slot], false);
  cdnn_current->release(array);
  return status;
}

int cdnn_unpack_adding_create(cdnn_primitive **out, const cdnn_primitive *primitive, cdnn_slot slot) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  onednn_description array = NULL;
  status = plain_like(&array, primitive, slot, false);
  if (!status) status = reorder_create(out, primitive->layout[slot], array, true);
  cdnn_current->release(array);
  return status;
}
