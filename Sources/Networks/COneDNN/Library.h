// The library that was opened: the functions through which every call of oneDNN goes.
#pragma once
#include "Versions.h"

typedef struct {
  ONEDNN_FUNCTIONS(ONEDNN_FIELD)
  void (*omp_set_num_threads)(int);  // of the OpenMP runtime that the library brought; NULL where it runs sequentially
  int (*omp_get_max_threads)(void);
} cdnn_functions;

extern cdnn_functions cdnn_library;
extern const cdnn_version_table *cdnn_current;  // what is particular to its version
extern onednn_engine cdnn_engine;

/// Opens the library on first use and limits OpenMP on this thread. Must precede every creation and every run: the
/// width of a primitive is fixed when it is made, and the limit is a property of the calling thread.
int cdnn_prepare(void);
