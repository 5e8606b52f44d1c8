#include "base/idle_memory.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace edge {

void release_idle_memory() {
  ::malloc_trim(0);
  std::FILE* maps = std::fopen("/proc/self/maps", "re");
  if (maps == nullptr) return;
  char line[512];
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    std::uint64_t from = 0, to = 0;
    char mode[5] = "";
    // proc(5): "from-to perms offset dev inode path"; without a path it is no file.
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, mode) != 3) continue;
    if (std::strcmp(mode, "r-xp") != 0 || std::strchr(line, '/') == nullptr) continue;
    ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
  }
  std::fclose(maps);
}

}  // namespace edge
