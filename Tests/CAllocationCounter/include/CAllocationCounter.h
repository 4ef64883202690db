#ifndef C_ALLOCATION_COUNTER_H
#define C_ALLOCATION_COUNTER_H

#include <stdbool.h>

// Whether allocations are counted at all: with glibc, and without a sanitizer, which has an allocator of its own.
bool allocation_counting_works(void);

// Counts the allocations of this thread from here on.
void allocation_counting_begin(void);

// How many there were since, of this thread.
long allocation_counting_end(void);

#endif
