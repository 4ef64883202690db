#include "CPNG.h"
#include "Library.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Longest side of an image, and the most bytes that one may become.
#define LONGEST_SIDE (1u << 15)
#define MOST_BYTES ((size_t)1 << 28)

typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t position;
  jmp_buf end;
  char *why;
  size_t capacity;
  png_state *state;
  png_facts *facts;
  uint8_t *pixels;
  uint8_t **rows;
} reading;

// libpng wants its errors to leave it, not to return.
static void fail(png_state *state, const char *message) {
  reading *r = cpng_library.get_error_ptr(state);
  snprintf(r->why, r->capacity, "is damaged: libpng says \"%s\"", message);
  longjmp(r->end, 1);
}

static void ignore(png_state *state, const char *message) {
  (void)state;
  (void)message;
}

static void take(png_state *state, uint8_t *target, size_t count) {
  reading *r = cpng_library.get_io_ptr(state);
  if (count > r->count - r->position) cpng_library.error(state, "the file ends too early");
  memcpy(target, r->bytes + r->position, count);
  r->position += count;
}

static bool refuse(reading *r, const char *why) {
  snprintf(r->why, r->capacity, "%s", why);
  return false;
}

/// Reads everything before the pixels.
static bool begin(reading *r, cpng_size *size) {
  r->state = cpng_library.create_read_struct("1.6.0", r, fail, ignore);
  if (!r->state) return refuse(r, "cannot be read: libpng is not of version 1.6");
  r->facts = cpng_library.create_info_struct(r->state);
  if (!r->facts) return refuse(r, "cannot be read: there is no memory");
  cpng_library.set_user_limits(r->state, LONGEST_SIDE, LONGEST_SIDE);
  cpng_library.set_chunk_malloc_max(r->state, 1 << 23);
  // A checksum that is wrong is damage, also of what lies beside the pixels: transparency does.
  cpng_library.set_crc_action(r->state, 1, 1);
  cpng_library.set_read_fn(r->state, r, take);
  cpng_library.read_info(r->state, r->facts);
  int depth, color, interlace, compression, filter;
  cpng_library.get_IHDR(
      r->state, r->facts, &size->width, &size->height, &depth, &color, &interlace, &compression, &filter);
  if (depth > 8) {
    return refuse(r, "has 16 bits for each level, of which half would be lost: store it with 8");
  }
  // Bits of the type of colour: 1 palette, 2 colour, 4 alpha.
  size->channels = color & 2 ? 3 : 1;
  if ((size_t)size->width * size->height > MOST_BYTES / 4) return refuse(r, "is too large: it has more than 64 M pixels");
  return true;
}

/// Reads the pixels, all levels as bytes, and puts them into planes.
static bool finish(reading *r, const cpng_size *size, uint8_t *planes) {
  // Palettes become colours, fewer than 8 bits become 8, transparency becomes alpha.
  cpng_library.set_expand(r->state);
  cpng_library.set_interlace_handling(r->state);
  cpng_library.read_update_info(r->state, r->facts);
  const size_t stored = cpng_library.get_channels(r->state, r->facts);
  const size_t row = cpng_library.get_rowbytes(r->state, r->facts);
  const size_t width = size->width, height = size->height, channels = size->channels;
  if ((stored != channels && stored != channels + 1) || row != stored * width) {
    return refuse(r, "is of a kind that libpng does not turn into levels");
  }
  r->pixels = malloc(row * height);
  r->rows = malloc(height * sizeof *r->rows);
  if (!r->pixels || !r->rows) return refuse(r, "cannot be read: there is no memory");
  for (size_t y = 0; y < height; y++) r->rows[y] = r->pixels + y * row;
  cpng_library.read_image(r->state, r->rows);
  cpng_library.read_end(r->state, NULL);
  for (size_t pixel = 0; pixel < width * height; pixel++) {
    const uint8_t *levels = r->pixels + pixel * stored;
    if (stored > channels && levels[channels] != 255) {
      return refuse(r, "has transparent pixels, and nothing says what is behind them: store it without");
    }
    for (size_t c = 0; c < channels; c++) planes[c * width * height + pixel] = levels[c];
  }
  return true;
}

static bool run(reading *r, cpng_size *size, const cpng_size *wanted, uint8_t *planes) {
  if (!cpng_available()) return refuse(r, cpng_unavailable_reason());
  if (setjmp(r->end)) return false;
  if (!begin(r, size)) return false;
  if (!wanted) return true;
  if (size->width != wanted->width || size->height != wanted->height || size->channels != wanted->channels) {
    return refuse(r, "changed while it was read");
  }
  return finish(r, wanted, planes);
}

static bool read_image(
    const uint8_t *bytes, size_t count, cpng_size *size, const cpng_size *wanted, uint8_t *planes, char *why,
    size_t capacity) {
  // On the heap: what longjmp leaves behind must not lie in registers.
  reading *r = calloc(1, sizeof *r);
  if (!r) {
    snprintf(why, capacity, "cannot be read: there is no memory");
    return false;
  }
  r->bytes = bytes;
  r->count = count;
  r->why = why;
  r->capacity = capacity;
  const bool done = run(r, size, wanted, planes);
  if (r->state) cpng_library.destroy_read_struct(&r->state, r->facts ? &r->facts : NULL, NULL);
  free(r->pixels);
  free(r->rows);
  free(r);
  return done;
}

bool cpng_read_size(const uint8_t *bytes, size_t count, cpng_size *size, char *why, size_t capacity) {
  return read_image(bytes, count, size, NULL, NULL, why, capacity);
}

bool cpng_decode(
    const uint8_t *bytes, size_t count, const cpng_size *size, uint8_t *planes, char *why, size_t capacity) {
  cpng_size found;
  return read_image(bytes, count, &found, size, planes, why, capacity);
}
