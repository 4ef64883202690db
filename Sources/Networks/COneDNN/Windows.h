// Windows over images as oneDNN wants them.
#pragma once
#include "Foreign.h"

typedef struct {
  onednn_sizes size, stride, dilation, before, after;
} cdnn_window_arrays;

/// oneDNN counts the elements that a dilation leaves out: 0 where they are neighbours.
static inline cdnn_window_arrays cdnn_arrays_of(const cdnn_windows *w) {
  return (cdnn_window_arrays){
      .size = {w->size[0], w->size[1]},
      .stride = {w->stride[0], w->stride[1]},
      .dilation = {w->dilation[0] - 1, w->dilation[1] - 1},
      .before = {w->before[0], w->before[1]},
      .after = {w->after[0], w->after[1]},
  };
}

/// How many windows lie in a direction over `length` elements.
static inline int64_t cdnn_positions(const cdnn_windows *w, int direction, int64_t length) {
  const int64_t window = w->dilation[direction] * (w->size[direction] - 1) + 1;
  return (length + w->before[direction] + w->after[direction] - window) / w->stride[direction] + 1;
}
