#ifndef CPNG_H
#define CPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// PNG images through libpng, which is opened at run time: nothing is linked that may be missing, and no header is needed
// to build. The few functions that are called have had the same form in all of libpng 1.6.

/// What an image is before and after it was decoded.
typedef struct {
  uint32_t width;
  uint32_t height;
  /// 1 for grey, 3 for colour. Whether pixels are transparent is known when they are decoded.
  uint32_t channels;
} cpng_size;

/// Whether libpng is there.
bool cpng_available(void);

/// Why it is not, a clause; empty where it is.
const char *cpng_unavailable_reason(void);

/// Reads how large an image is. Returns false, and the reason in `why`, for what cannot be decoded.
bool cpng_read_size(const uint8_t *bytes, size_t count, cpng_size *size, char *why, size_t capacity);

/// Decodes an image of this size into `channels` planes of `height` rows of `width` bytes each: levels from 0 to 255 as
/// they are stored. No gamma and no profile of colours is applied, as Pillow and torchvision do not.
///
/// Returns false, and the reason in `why`, for an image of another size, one that is damaged, has transparent pixels, or
/// more than 8 bits for each level.
bool cpng_decode(
    const uint8_t *bytes, size_t count, const cpng_size *size, uint8_t *planes, char *why, size_t capacity);

#endif
