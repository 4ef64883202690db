#include "CTensorLoops.h"

// Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011), Philox 4x32 with ten rounds.
void ctl_philox_block(uint64_t key, uint64_t stream, uint64_t block, uint32_t out[4]) {
  uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
    uint32_t n0 = (uint32_t)(b >> 32) ^ c1 ^ k0, n2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)b;
    c3 = (uint32_t)a;
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

void ctl_philox_uniform(uint64_t key, uint64_t stream, uint64_t first, double *out, size_t n) {
  uint32_t words[4];
  uint64_t block = UINT64_MAX;
  for (size_t i = 0; i < n; i++) {
    uint64_t pair = first + i;  // two words a number
    if (pair / 2 != block) {
      block = pair / 2;
      ctl_philox_block(key, stream, block, words);
    }
    uint64_t bits = (uint64_t)words[2 * (pair % 2)] << 32 | words[2 * (pair % 2) + 1];
    out[i] = ((double)(bits >> 12) + 0.5) * 0x1p-52;
  }
}
