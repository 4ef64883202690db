#ifndef CZLIB_SHIM_H
#define CZLIB_SHIM_H

#include <zlib.h>

// Swift does not import macros that call functions.

/// Prepares to inflate gzip data with the largest window; 16 asks for gzip's header and checksum, and for nothing else.
static inline int czlib_inflate_gzip(z_stream *stream) { return inflateInit2(stream, 16 + MAX_WBITS); }

/// Prepares to inflate deflate data without any header, as zip files hold them.
static inline int czlib_inflate_raw(z_stream *stream) { return inflateInit2(stream, -MAX_WBITS); }

#endif
