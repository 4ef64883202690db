// How arrays lie in memory, and copies from one layout to another.
#include "Primitive.h"

#ifdef CDNN_HAS_HEADER
#include <stdlib.h>
#include <string.h>

/// The tag of C order.
static dnnl_format_tag_t plain(int dimensions) {
  static const dnnl_format_tag_t tags[] = {dnnl_format_tag_undef, dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde};
  return dimensions < (int)(sizeof tags / sizeof *tags) ? tags[dimensions] : dnnl_format_tag_undef;
}

typedef struct {
  int dimensions, blocks;
  dnnl_dims_t sizes, padded_sizes, strides, block_dimensions, block_sizes;
} geometry;

static geometry geometry_of(description d) {
  geometry g = {0};
#if DNNL_VERSION_MAJOR >= 3
  const dnnl_dims_t *sizes = NULL, *padded = NULL, *strides = NULL, *inner = NULL, *inner_sizes = NULL;
  int32_t dimensions = 0, blocks = 0;
  cdnn_library.memory_desc_query(d, dnnl_query_ndims_s32, &dimensions);
  cdnn_library.memory_desc_query(d, dnnl_query_dims, &sizes);
  cdnn_library.memory_desc_query(d, dnnl_query_padded_dims, &padded);
  cdnn_library.memory_desc_query(d, dnnl_query_strides, &strides);
  cdnn_library.memory_desc_query(d, dnnl_query_inner_nblks_s32, &blocks);
  cdnn_library.memory_desc_query(d, dnnl_query_inner_idxs, &inner);
  cdnn_library.memory_desc_query(d, dnnl_query_inner_blks, &inner_sizes);
  g.dimensions = dimensions;
  g.blocks = blocks;
  if (sizes) memcpy(g.sizes, *sizes, sizeof g.sizes);
  if (padded) memcpy(g.padded_sizes, *padded, sizeof g.padded_sizes);
  if (strides) memcpy(g.strides, *strides, sizeof g.strides);
  if (inner) memcpy(g.block_dimensions, *inner, sizeof g.block_dimensions);
  if (inner_sizes) memcpy(g.block_sizes, *inner_sizes, sizeof g.block_sizes);
#else
  g.dimensions = d->ndims;
  g.blocks = d->format_desc.blocking.inner_nblks;
  memcpy(g.sizes, d->dims, sizeof g.sizes);
  memcpy(g.padded_sizes, d->padded_dims, sizeof g.padded_sizes);
  memcpy(g.strides, d->format_desc.blocking.strides, sizeof g.strides);
  memcpy(g.block_dimensions, d->format_desc.blocking.inner_idxs, sizeof g.block_dimensions);
  memcpy(g.block_sizes, d->format_desc.blocking.inner_blks, sizeof g.block_sizes);
#endif
  return g;
}

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
    status = cdnn_description_create(&made->description, dimensions, sizes, cdnn_data_type(type), plain(dimensions));
  }
  if (status) free(made);
  else *out = made;
  return status;
}

int cdnn_layout_create_of(cdnn_layout **out, const cdnn_primitive *primitive, cdnn_slot slot) {
  cdnn_layout *made = NULL;
  int status = layout_create(out, &made);
  if (!status) status = cdnn_description_copy(&made->description, primitive->layout[slot]);
  if (status) free(made);
  else *out = made;
  return status;
}

void cdnn_layout_destroy(cdnn_layout *layout) {
  if (!layout) return;
  cdnn_description_destroy(&layout->description);
  free(layout);
}

size_t cdnn_layout_bytes(const cdnn_layout *layout) {
  return cdnn_library.memory_desc_get_size(CDNN_DESCRIBE(layout->description));
}

bool cdnn_layout_equal(const cdnn_layout *a, const cdnn_layout *b) {
  return cdnn_library.memory_desc_equal(CDNN_DESCRIBE(a->description), CDNN_DESCRIBE(b->description));
}

bool cdnn_layout_rows_are_contiguous(const cdnn_layout *layout) {
  geometry g = geometry_of(CDNN_DESCRIBE(layout->description));
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
static bool has_channel_block(const geometry *g, int64_t block) {
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
  const geometry g = geometry_of(CDNN_DESCRIBE(layout->description));
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
  const geometry g = geometry_of(CDNN_DESCRIBE(layout->description));
  return g.dimensions > 1 ? g.padded_sizes[1] : 0;
}

static int reorder_create(cdnn_primitive **out, description from, description to, bool adding) {
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  int status = cdnn_attributes_create(&attributes, CDNN_IDENTITY, 0, adding, NULL);
  if (!status) {
    status = cdnn_library.reorder_primitive_desc_create(&descriptor, from, cdnn_engine, to, cdnn_engine, attributes);
  }
  const cdnn_slot_meaning meanings[CDNN_SLOTS] = {
      {DNNL_ARG_FROM, dnnl_query_src_md, 0}, {0}, {0}, {DNNL_ARG_TO, dnnl_query_dst_md, 0}, {0},
  };
  status = cdnn_primitive_finish(out, status, descriptor, meanings);
  if (attributes) cdnn_library.primitive_attr_destroy(attributes);
  return status;
}

int cdnn_reorder_create(cdnn_primitive **out, const cdnn_layout *from, const cdnn_layout *to) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  return reorder_create(out, CDNN_DESCRIBE(from->description), CDNN_DESCRIBE(to->description), false);
}

/// The float32 array in C order with the dimensions of what `primitive` keeps in `slot`.
static int plain_like(owned_description *out, const cdnn_primitive *primitive, cdnn_slot slot, bool transposed) {
  geometry g = geometry_of(primitive->layout[slot]);
  dnnl_format_tag_t tag = transposed && g.dimensions == 2 ? dnnl_ba : plain(g.dimensions);
  return cdnn_description_create(out, g.dimensions, g.sizes, dnnl_f32, tag);
}

int cdnn_pack_create(cdnn_primitive **out, const cdnn_primitive *primitive, cdnn_slot slot, bool transposed) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  owned_description array = {0};
  status = plain_like(&array, primitive, slot, transposed);
  if (!status) status = reorder_create(out, CDNN_DESCRIBE(array), primitive->layout[slot], false);
  cdnn_description_destroy(&array);
  return status;
}

int cdnn_unpack_adding_create(cdnn_primitive **out, const cdnn_primitive *primitive, cdnn_slot slot) {
  *out = NULL;
  int status = cdnn_prepare();
  if (status) return status;
  owned_description array = {0};
  status = plain_like(&array, primitive, slot, false);
  if (!status) status = reorder_create(out, primitive->layout[slot], CDNN_DESCRIBE(array), true);
  cdnn_description_destroy(&array);
  return status;
}
#endif
