#include "resident_memory.h"

#include <ATen/Parallel.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace detlab {

namespace {

constexpr uintptr_t kSystemPage = 4 << 10;
constexpr int kMallocMapsFrom = 256 << 10;  // bytes; malloc would raise the limit to 32 MB by itself

/** Drops the pages of libtorch's read-only segments, which are unchanged copies of the file. */
int dropReadOnly(dl_phdr_info* library, size_t, void*) {
  if (!std::strstr(library->dlpi_name, "libtorch_cpu.so")) return 0;
  for (int i = 0; i < library->dlpi_phnum; i++) {
    auto& segment = library->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W)) continue;
    uintptr_t begin = (library->dlpi_addr + segment.p_vaddr + kSystemPage - 1) / kSystemPage * kSystemPage;
    uintptr_t end = (library->dlpi_addr + segment.p_vaddr + segment.p_memsz) / kSystemPage * kSystemPage;
    if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 1;
}

}  // namespace

void trimAfterStart() {
  static bool done = false;
  if (done) return;
  done = true;
  dl_iterate_phdr(dropReadOnly, nullptr);
  mallopt(M_MMAP_THRESHOLD, kMallocMapsFrom);
  // V8's threads would each keep freed memory in an arena of theirs
  mallopt(M_ARENA_MAX, std::max(2, at::get_num_threads()));
  malloc_trim(0);
}

}  // namespace detlab
