// Stands before the allocator of the C library in the program of the tests, and counts what one thread asks of it.
#include "CAllocationCounter.h"

#include <stddef.h>
#include <stdlib.h>  // also says whether this is glibc

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(SANITIZED)
#include <errno.h>

// What glibc calls its own, for those who put theirs in front.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static __thread long count;
static __thread bool isCounting;

void *malloc(size_t size) {
  count += isCounting;
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count += isCounting;
  return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
  count += isCounting;
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  count += isCounting;
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
  if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *memory = memalign(alignment, size);
  if (!memory) return ENOMEM;
  *result = memory;
  return 0;
}

bool allocation_counting_works(void) { return true; }

void allocation_counting_begin(void) {
  count = 0;
  isCounting = true;
}

long allocation_counting_end(void) {
  isCounting = false;
  return count;
}
#else
bool allocation_counting_works(void) { return false; }
void allocation_counting_begin(void) {}
long allocation_counting_end(void) { return 0; }
#endif
