// Finding and opening oneDNN at run time. Linking it would make the package impossible to build without it.
#define _GNU_SOURCE
#include "Library.h"

#include <stdio.h>
#include <string.h>

#ifdef CDNN_HAS_HEADER
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#define STRING_(x) #x
#define STRING(x) STRING_(x)
#define MAJOR STRING(DNNL_VERSION_MAJOR)

cdnn_functions cdnn_library;
dnnl_engine_t cdnn_engine;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded;
static char reason[512];

/// The header's own major version: 2.x passes descriptors by value, so another version would read garbage.
static const char *const names[] = {
#if defined(__APPLE__)
    "libdnnl." MAJOR ".dylib",
    "/opt/homebrew/lib/libdnnl." MAJOR ".dylib",
    "/usr/local/lib/libdnnl." MAJOR ".dylib",
#else
    "libdnnl.so." MAJOR,
#endif
};

/// Fills `table` from an opened library; on failure writes the reason and returns false.
static bool fill(cdnn_functions *table, void *handle, const char *name, char *why, size_t capacity) {
  __typeof__(&dnnl_version) version = (__typeof__(&dnnl_version))dlsym(handle, "dnnl_version");
  if (!version) {
    snprintf(why, capacity, "%s is not oneDNN (it has no dnnl_version)", name);
    return false;
  }
  const dnnl_version_t *v = version();
  if (v->major != DNNL_VERSION_MAJOR || v->minor < DNNL_VERSION_MINOR) {
    snprintf(
        why, capacity, "%s is oneDNN %d.%d.%d, but the package was built with the header of %d.%d.%d: rebuild it", name,
        v->major, v->minor, v->patch, DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR, DNNL_VERSION_PATCH);
    return false;
  }
#define CDNN_LOOK_UP(function)                                                                                         \
  if (!(table->function = (__typeof__(&dnnl_##function))dlsym(handle, "dnnl_" #function))) {                           \
    snprintf(why, capacity, "%s lacks the function dnnl_%s", name, #function);                                         \
    return false;                                                                                                      \
  }
  CDNN_FUNCTIONS(CDNN_LOOK_UP)
#undef CDNN_LOOK_UP
  // On this handle: the library is opened with RTLD_LOCAL, so RTLD_DEFAULT would find nothing, and the limit would be
  // lost.
  table->omp_set_num_threads = (void (*)(int))dlsym(handle, "omp_set_num_threads");
  table->omp_get_max_threads = (int (*)(void))dlsym(handle, "omp_get_max_threads");
  return true;
}

static void start(void) {
  void *handle = NULL;
  const char *name = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !handle; i++) {
    name = names[i];
    handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  if (!handle) {
    snprintf(
        reason, sizeof reason,
        "the library %s was not found (its header was there when the package was built): install libdnnl (apt) or "
        "onednn (brew), or put its folder into the loader's search path",
        names[0]);
    return;
  }
  if (!fill(&cdnn_library, handle, name, reason, sizeof reason)) {
    dlclose(handle);
    return;
  }
  int status = cdnn_library.engine_create(&cdnn_engine, dnnl_cpu, 0);
  if (status) {
    const char *text = cdnn_library.status2str((dnnl_status_t)status);
    snprintf(reason, sizeof reason, "oneDNN has no CPU engine here (%s)", text);
    return;
  }
  loaded = true;
}

bool cdnn_available(void) {
  pthread_once(&once, start);
  return loaded;
}

const char *cdnn_unavailable_reason(void) { return cdnn_available() ? "" : reason; }

bool cdnn_probe(const char *path, char *why, size_t capacity) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    snprintf(why, capacity, "the library %s was not found", path);
    return false;
  }
  cdnn_functions table;
  bool usable = fill(&table, handle, path, why, capacity);
  if (usable && capacity) why[0] = 0;
  dlclose(handle);
  return usable;
}

static _Thread_local bool limited;

int cdnn_prepare(void) {
  if (limited) return CDNN_SUCCESS;
  if (!cdnn_available()) return CDNN_UNAVAILABLE;
  if (cdnn_library.omp_set_num_threads) cdnn_library.omp_set_num_threads(1);
  limited = true;
  return CDNN_SUCCESS;
}

int cdnn_one_thread(void) {
  if (cdnn_prepare()) return 0;
  return cdnn_library.omp_get_max_threads ? cdnn_library.omp_get_max_threads() : 1;
}

void cdnn_version(int *major, int *minor, int *patch) {
  *major = *minor = *patch = 0;
  if (!cdnn_available()) return;
  const dnnl_version_t *v = cdnn_library.version();
  *major = v->major;
  *minor = v->minor;
  *patch = v->patch;
}

static bool has(int instructions) {
  return cdnn_available() && ((int)cdnn_library.get_effective_cpu_isa() & instructions) == instructions;
}

const char *cdnn_instruction_set(void) {
  if (has(dnnl_cpu_isa_avx512_core_amx)) return "AVX-512 with AMX";
  if (has(dnnl_cpu_isa_avx512_core)) return "AVX-512";
  if (has(dnnl_cpu_isa_avx2)) return "AVX2";
  if (has(dnnl_cpu_isa_sse41)) return "SSE4.1";
  return "generic";
}

bool cdnn_has_native_bfloat16(void) { return has(dnnl_cpu_isa_avx512_core_bf16); }

const char *cdnn_status_text(int status) {
  if (status == CDNN_UNAVAILABLE) return cdnn_unavailable_reason();
  if (status == CDNN_NO_MEMORY) return "out of memory";
  return cdnn_available() ? cdnn_library.status2str((dnnl_status_t)status) : reason;
}
#endif
