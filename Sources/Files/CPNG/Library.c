// Finding and opening libpng at run time. Linking it would make the package impossible to build without it.
#define _GNU_SOURCE
#include "Library.h"

#include "CPNG.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

cpng_functions cpng_library;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded;
static char reason[256];

// Version 1.6 under the names that all its releases have.
static const char *const names[] = {
#if defined(__APPLE__)
    "libpng16.16.dylib",
    "/opt/homebrew/lib/libpng16.16.dylib",
    "/usr/local/lib/libpng16.16.dylib",
#else
    "libpng16.so.16",
#endif
};

#define CPNG_FUNCTIONS(X)                                                                                              \
  X(create_read_struct)                                                                                                \
  X(create_info_struct)                                                                                                \
  X(destroy_read_struct)                                                                                               \
  X(get_error_ptr)                                                                                                     \
  X(set_read_fn)                                                                                                       \
  X(get_io_ptr)                                                                                                        \
  X(error)                                                                                                             \
  X(set_user_limits)                                                                                                   \
  X(set_chunk_malloc_max)                                                                                              \
  X(set_crc_action)                                                                                                    \
  X(read_info)                                                                                                         \
  X(get_IHDR)                                                                                                          \
  X(set_expand)                                                                                                        \
  X(set_interlace_handling)                                                                                            \
  X(read_update_info)                                                                                                  \
  X(get_rowbytes)                                                                                                      \
  X(get_channels)                                                                                                      \
  X(read_image)                                                                                                        \
  X(read_end)

static void start(void) {
  void *handle = NULL;
  const char *name = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !handle; i++) {
    name = names[i];
    handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  if (!handle) {
    snprintf(reason, sizeof reason, "the library %s was not found", names[0]);
    return;
  }
#define CPNG_LOOK_UP(function)                                                                                         \
  if (!(cpng_library.function = (__typeof__(cpng_library.function))dlsym(handle, "png_" #function))) {                 \
    snprintf(reason, sizeof reason, "%s lacks the function png_%s", name, #function);                                  \
    dlclose(handle);                                                                                                   \
    return;                                                                                                            \
  }
  CPNG_FUNCTIONS(CPNG_LOOK_UP)
#undef CPNG_LOOK_UP
  loaded = true;
}

bool cpng_available(void) {
  pthread_once(&once, start);
  return loaded;
}

const char *cpng_unavailable_reason(void) { return cpng_available() ? "" : reason; }
