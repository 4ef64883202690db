#ifndef CHDF5_SHIM_H
#define CHDF5_SHIM_H

// One API from version 1.10 (Debian) to 1.14 (Homebrew).
#define H5_USE_110_API 1
#include <hdf5.h>
#include <hdf5_hl.h>

// Swift does not import macros that call functions, nor macros that rename functions between versions of the library.
#define CHDF5_ID(name) \
  static inline hid_t c##name(void) { return name; }
#define CHDF5_FLAG(name) \
  static inline unsigned c##name(void) { return name; }

CHDF5_FLAG(H5F_ACC_RDONLY)
CHDF5_FLAG(H5F_ACC_EXCL)

CHDF5_ID(H5T_IEEE_F32LE)
CHDF5_ID(H5T_IEEE_F32BE)
CHDF5_ID(H5T_IEEE_F64LE)
CHDF5_ID(H5T_STD_I8LE)
CHDF5_ID(H5T_STD_I16LE)
CHDF5_ID(H5T_STD_I32LE)
CHDF5_ID(H5T_STD_I64LE)
CHDF5_ID(H5T_STD_U8LE)
CHDF5_ID(H5T_STD_U16LE)
CHDF5_ID(H5T_STD_U32LE)
CHDF5_ID(H5T_STD_U64LE)
CHDF5_ID(H5T_C_S1)
CHDF5_ID(H5P_FILE_ACCESS)
CHDF5_ID(H5P_DATASET_CREATE)

static inline size_t cH5T_VARIABLE(void) { return H5T_VARIABLE; }

/// Kind of the link `name` in `group` (an `H5L_type_t`), negative on failure.
static inline int chdf5_link_kind(hid_t group, const char *name) {
  H5L_info_t info;
  return H5Lget_info(group, name, &info, H5P_DEFAULT) < 0 ? -1 : (int)info.type;
}

/// Number of attributes of an open object, negative on failure.
static inline long long chdf5_attribute_count(hid_t object) {
  H5O_info_t info;
  return H5Oget_info(object, &info) < 0 ? -1 : (long long)info.num_attrs;
}

#endif
