// Opening oneDNN at run time. Linking it would make the package impossible to build without it.
#include "Library.h"

#include <dlfcn.h>
#include <stdio.h>

cdnn_functions cdnn_library;
const cdnn_version_table *cdnn_current;
onednn_engine cdnn_engine;

static bool fill(cdnn_functions *table, void *handle, const char **missing) {
  ONEDNN_FUNCTIONS(ONEDNN_LOOK_UP)
  return true;
}

/// The words for what shares out the work of a call.
static const char *runtime_name(unsigned runtime) {
  switch (runtime) {
  case 4: return "TBB";
  case 8: return "a thread pool of its caller";
  case 512: return "SYCL";
  default: return "threads that cannot be limited";
  }
}

/// Uses an opened library if it can be used, or only answers whether it could; otherwise writes the reason, which
/// continues its name.
static bool use(void *handle, bool keep, char *why, size_t capacity) {
  const onednn_version *(*version)(void) = (const onednn_version *(*)(void))dlsym(handle, "dnnl_version");
  if (!version) {
    snprintf(why, capacity, "is not oneDNN (it has no dnnl_version)");
    return false;
  }
  const onednn_version *v = version();
  const cdnn_version_table *known = v->major == 2 ? &cdnn_version_2 : v->major == 3 ? &cdnn_version_3 : NULL;
  if (!known || v->minor < known->oldest_minor) {
    snprintf(
        why, capacity, "is oneDNN %d.%d.%d, and known here are 2.x from 2.%d and 3.x from 3.%d", v->major, v->minor,
        v->patch, cdnn_version_2.oldest_minor, cdnn_version_3.oldest_minor);
    return false;
  }
  cdnn_functions table;
  const char *missing = NULL;
  if (!fill(&table, handle, &missing) || !known->look_up(handle, false, &missing)) {
    snprintf(why, capacity, "is oneDNN %d.%d.%d without the function %s", v->major, v->minor, v->patch, missing);
    return false;
  }
  // On this handle: the library is opened with RTLD_LOCAL, so RTLD_DEFAULT would find nothing, and the limit would be
  // lost.
  table.omp_set_num_threads = (void (*)(int))dlsym(handle, "omp_set_num_threads");
  table.omp_get_max_threads = (int (*)(void))dlsym(handle, "omp_get_max_threads");
  // Units of work are shared out above. A library that shares out every call once more, on threads that nobody can
  // limit, takes other threads' processors, and its bits may depend on how many there are.
  const bool is_parallel = v->processor_runtime != ONEDNN_RUNTIME_SEQUENTIAL;
  if (is_parallel && (v->processor_runtime != ONEDNN_RUNTIME_OPENMP || !table.omp_set_num_threads)) {
    snprintf(
        why, capacity, "is oneDNN %d.%d.%d built for %s, which takes threads of its own; one built for OpenMP is needed",
        v->major, v->minor, v->patch,
        v->processor_runtime == ONEDNN_RUNTIME_OPENMP ? "an OpenMP that is hidden in it"
                                                      : runtime_name(v->processor_runtime));
    return false;
  }
  if (!keep) return true;
  cdnn_library = table;
  cdnn_current = known;
  return known->look_up(handle, true, &missing);
}

static bool open_library(const char *name, bool keep, char *why, size_t capacity) {
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *fault = dlerror();
    snprintf(why, capacity, "cannot be opened: %s", fault ? fault : "the loader does not say why");
    return false;
  }
  const bool usable = use(handle, keep, why, capacity);
  if (!usable || !keep) dlclose(handle);
  return usable;
}

bool cdnn_probe(const char *name, char *why, size_t capacity) { return open_library(name, false, why, capacity); }

bool cdnn_open(const char *name, char *why, size_t capacity) {
  if (cdnn_engine) return true;
  if (!open_library(name, true, why, capacity)) return false;
  const int status = cdnn_library.engine_create(&cdnn_engine, ONEDNN_PROCESSOR, 0);
  if (!status) return true;
  snprintf(why, capacity, "has no engine for this processor (%s)", cdnn_library.status2str(status));
  cdnn_engine = NULL;
  return false;
}

static _Thread_local bool limited;

int cdnn_prepare(void) {
  if (limited) return CDNN_SUCCESS;
  if (!cdnn_engine) return CDNN_UNAVAILABLE;
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
  if (!cdnn_engine) return;
  const onednn_version *v = cdnn_library.version();
  *major = v->major;
  *minor = v->minor;
  *patch = v->patch;
}

static bool has(int instructions) {
  return cdnn_engine && (cdnn_library.get_effective_cpu_isa() & instructions) == instructions;
}

const char *cdnn_instruction_set(void) {
  if (cdnn_engine && has(cdnn_current->amx)) return "AVX-512 with AMX";
  if (has(ONEDNN_ISA_AVX512)) return "AVX-512";
  if (has(ONEDNN_ISA_AVX2)) return "AVX2";
  if (has(ONEDNN_ISA_SSE41)) return "SSE4.1";
  return "generic";
}

bool cdnn_has_native_bfloat16(void) { return has(ONEDNN_ISA_AVX512_BFLOAT16); }

const char *cdnn_status_text(int status) {
  if (status == CDNN_NO_MEMORY) return "out of memory";
  return cdnn_engine && status != CDNN_UNAVAILABLE ? cdnn_library.status2str(status) : "no library was opened";
}
