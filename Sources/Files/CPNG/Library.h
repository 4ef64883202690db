#ifndef CPNG_LIBRARY_H
#define CPNG_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

// The functions of libpng that are called. A structure of the library is never looked into.
typedef void png_state;
typedef void png_facts;
typedef void (*png_message)(png_state *, const char *);

typedef struct {
  png_state *(*create_read_struct)(const char *version, void *context, png_message error, png_message warning);
  png_facts *(*create_info_struct)(const png_state *);
  void (*destroy_read_struct)(png_state **, png_facts **, png_facts **);
  void *(*get_error_ptr)(const png_state *);
  void (*set_read_fn)(png_state *, void *context, void (*read)(png_state *, uint8_t *, size_t));
  void *(*get_io_ptr)(const png_state *);
  void (*error)(const png_state *, const char *);
  void (*set_user_limits)(png_state *, uint32_t width, uint32_t height);
  void (*set_chunk_malloc_max)(png_state *, size_t);
  void (*set_crc_action)(png_state *, int critical, int ancillary);
  void (*read_info)(png_state *, png_facts *);
  uint32_t (*get_IHDR)(
      const png_state *, const png_facts *, uint32_t *width, uint32_t *height, int *depth, int *color, int *interlace,
      int *compression, int *filter);
  void (*set_expand)(png_state *);
  int (*set_interlace_handling)(png_state *);
  void (*read_update_info)(png_state *, png_facts *);
  size_t (*get_rowbytes)(const png_state *, const png_facts *);
  uint8_t (*get_channels)(const png_state *, const png_facts *);
  void (*read_image)(png_state *, uint8_t **rows);
  void (*read_end)(png_state *, png_facts *);
} cpng_functions;

/// Valid once cpng_available() has returned true.
extern cpng_functions cpng_library;

#endif
