// What a plugin was compiled with must be what this program reads.
#include "include/robustness_plugin.h"

#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof(robustness_option) == 48, "another layout needs another ROBUSTNESS_PLUGIN_ABI");
_Static_assert(sizeof(robustness_attack) == 56, "another layout needs another ROBUSTNESS_PLUGIN_ABI");
_Static_assert(sizeof(robustness_plugin) == 24, "another layout needs another ROBUSTNESS_PLUGIN_ABI");
#endif
