// A small face of oneDNN that does not depend on its version. Neither its header nor its library is needed to build it:
// the library is opened by `cdnn_open` (Library.c). Before that every function below answers CDNN_UNAVAILABLE.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { CDNN_FLOAT32 = 0, CDNN_BFLOAT16 = 1 } cdnn_type;
/// With a parameter: the slope of CDNN_LEAKY_RELU, the upper bound of CDNN_CLIPPED (whose lower bound is 0).
typedef enum {
  CDNN_IDENTITY = 0,
  CDNN_RELU,
  CDNN_LEAKY_RELU,
  CDNN_CLIPPED,
  CDNN_TANH,
  CDNN_SIGMOID
} cdnn_activation;

/// Position of a buffer in `cdnn_run`. Backward primitives put the gradient that comes in where the forward one has its
/// source, and the gradient that goes out where it has its destination; the comment at each `_create` says which is
/// which.
typedef enum {
  CDNN_SOURCE = 0,
  CDNN_WEIGHTS,
  CDNN_BIAS,
  CDNN_DESTINATION,
  CDNN_WORKSPACE,
  CDNN_RESIDUAL,  // added to the result; lies like the destination
  CDNN_SLOTS
} cdnn_slot;

/// Status of every function that returns `int`: 0 is success, positive numbers are oneDNN's own (`cdnn_status_text`).
enum { CDNN_SUCCESS = 0, CDNN_UNAVAILABLE = -1, CDNN_NO_MEMORY = -2 };

typedef struct cdnn_primitive cdnn_primitive;  // compiled and immutable: may run on many threads at once
typedef struct cdnn_worker cdnn_worker;        // stream and scratchpad: one thread at a time
typedef struct cdnn_layout cdnn_layout;        // how an array of given dimensions lies in memory

// MARK: - The library

/// Opens the library with this path, or with this name where the loader looks, for everything below, unless one is open.
/// On failure writes what is wrong with it, as the end of a sentence that begins with its name. One thread at a time.
bool cdnn_open(const char *name, char *reason, size_t capacity);
/// Whether that would succeed, up to the engine; nothing is kept.
bool cdnn_probe(const char *name, char *reason, size_t capacity);
void cdnn_version(int *major, int *minor, int *patch);
/// "AVX-512", "AVX2", …: the instruction set that oneDNN's generated code uses.
const char *cdnn_instruction_set(void);
/// bfloat16 products run on the processor's own instructions rather than through a (slower than float32) emulation.
bool cdnn_has_native_bfloat16(void);
/// Limits oneDNN's OpenMP runtime to one thread for products called from this thread; returns the limit in force.
int cdnn_one_thread(void);
const char *cdnn_status_text(int status);

// MARK: - Layouts

/// C order.
int cdnn_layout_create_plain(cdnn_layout **out, int dimensions, const int64_t *sizes, cdnn_type type);
/// The layout that `primitive` wants in `slot`.
int cdnn_layout_create_of(cdnn_layout **out, const cdnn_primitive *primitive, cdnn_slot slot);
void cdnn_layout_destroy(cdnn_layout *);
size_t cdnn_layout_bytes(const cdnn_layout *);
bool cdnn_layout_equal(const cdnn_layout *, const cdnn_layout *);
/// The first dimension is outermost and not part of a block, so that its elements are contiguous pieces of equal size.
bool cdnn_layout_rows_are_contiguous(const cdnn_layout *);
/// How the channels of images (batch, channels, height, width) lie: element (channel c, position s) of an image is
/// number ((c / b) · positions + s) · b + c % b, where b is 1 in C order, 8 or 16 in oneDNN's blocks, and the number of
/// channels where they are innermost. -1 when they lie in no such way.
int64_t cdnn_layout_channel_block(const cdnn_layout *);
/// The number of channels for which there is room.
int64_t cdnn_layout_padded_channels(const cdnn_layout *);

// MARK: - Primitives

/// destination = activation(source (m, k) · weights (k, n) + bias (n)) (+ destination when `accumulate`)
typedef struct {
  int64_t m, k, n;
  cdnn_type operands, destination;
  bool source_transposed;  // the source lies in memory as (k, m)
  bool packed_weights;     // in oneDNN's own layout (`cdnn_pack_create`), else in C order
  bool bias, accumulate;
  cdnn_activation activation;
  float parameter;
} cdnn_product;
int cdnn_product_create(cdnn_primitive **out, const cdnn_product *);

/// How windows go over images, vertically and horizontally.
typedef struct {
  int64_t size[2], stride[2];
  int64_t dilation[2];  // distance of a window's elements: 1 where they are neighbours
  int64_t before[2], after[2];  // padding: (top, left), (bottom, right)
} cdnn_windows;

/// Images (batch, channels, height, width), weights (filters, channels / groups, height, width) of the windows' size.
typedef struct {
  int64_t batch, channels, height, width, filters, groups;
  cdnn_windows windows;
  cdnn_type type;
  cdnn_activation activation;
  float parameter;
  bool plain_source;   // images in C order, else as oneDNN likes them
  bool adds_residual;  // between the bias and the activation
} cdnn_convolution;
int cdnn_convolution_forward_create(cdnn_primitive **out, const cdnn_convolution *);
/// source = gradient of the output, destination = gradient of the images.
int cdnn_convolution_to_input_create(cdnn_primitive **out, const cdnn_convolution *, const cdnn_primitive *forward);
/// source = images, destination = gradient of the output (read); weights and bias receive float32 gradients.
int cdnn_convolution_to_weights_create(cdnn_primitive **out, const cdnn_convolution *, const cdnn_primitive *forward);

/// Padding never is a maximum; an average leaves it out, or counts it as zeros.
typedef enum { CDNN_MAXIMUM = 0, CDNN_AVERAGE, CDNN_AVERAGE_WITH_PADDING } cdnn_pooling_kind;

/// One number for each window of (batch, channels, height, width).
typedef struct {
  cdnn_pooling_kind kind;
  int64_t batch, channels, height, width;
  cdnn_windows windows;
  cdnn_type type;
} cdnn_pooling;
int cdnn_pooling_forward_create(cdnn_primitive **out, const cdnn_pooling *, const cdnn_layout *source);
/// source = gradient of the output, destination = gradient of the input.
int cdnn_pooling_backward_create(cdnn_primitive **out, const cdnn_pooling *, const cdnn_primitive *forward);

int cdnn_activation_create(cdnn_primitive **out, cdnn_activation, float parameter, const cdnn_layout *);
/// destination = activation(source + residual), all of which lie alike; the destination may be the source.
int cdnn_addition_create(cdnn_primitive **out, cdnn_activation, float parameter, const cdnn_layout *);
/// Copies, converts and permutes between two layouts of the same dimensions.
int cdnn_reorder_create(cdnn_primitive **out, const cdnn_layout *from, const cdnn_layout *to);
/// Packs float32 weights in C order (`transposed`: of the transposed matrix) into the layout that `primitive` wants in
/// `slot`.
int cdnn_pack_create(cdnn_primitive **out, const cdnn_primitive *primitive, cdnn_slot slot, bool transposed);
/// Adds what lies in that layout to a float32 array in C order.
int cdnn_unpack_adding_create(cdnn_primitive **out, const cdnn_primitive *primitive, cdnn_slot slot);

void cdnn_primitive_destroy(cdnn_primitive *);
size_t cdnn_primitive_bytes(const cdnn_primitive *, cdnn_slot);
const char *cdnn_primitive_implementation(const cdnn_primitive *);

// MARK: - Running

int cdnn_worker_create(cdnn_worker **out);
void cdnn_worker_destroy(cdnn_worker *);
/// Runs to completion on the calling thread.
int cdnn_run(
    cdnn_worker *, const cdnn_primitive *, const void *source, const void *weights, const void *bias, void *destination,
    void *workspace, const void *residual);

#ifdef __cplusplus
}
#endif
