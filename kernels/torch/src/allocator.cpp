#include "allocator.h"

#include <malloc.h>
#include <sys/mman.h>

namespace detlab {

namespace {

constexpr size_t kHeader = 64;             // before the data: the block's size; keeps the data 64-byte aligned
constexpr size_t kCachedFrom = 1u << 20;   // smaller blocks are left to malloc
constexpr size_t kHugePage = 2u << 20;
constexpr size_t kHugeFrom = 4u << 20;

struct Pool {
  std::mutex mutex;
  std::map<size_t, std::vector<void*>> blocks;  // by size
  size_t inUse = 0, peak = 0, cached = 0, limit = 0;
  size_t highWater = 0;  // most bytes ever in use at once; unlike `peak` never reset
};
Pool& pool = *new Pool;

// 16 size classes per power of two: at most 6% is wasted, and images of similar size share blocks
size_t classOf(size_t bytes) {
  bytes += kHeader;
  if (bytes < kCachedFrom) return bytes;
  size_t step = kCachedFrom / 16;
  while (step * 32 <= bytes) step *= 2;
  return (bytes + step - 1) / step * step;  // a multiple of 64 KiB
}

void releaseLocked(size_t target) {
  // largest first: fewest calls, and the blocks most likely to be stale after a change of image size
  while (pool.cached > target && !pool.blocks.empty()) {
    auto last = std::prev(pool.blocks.end());
    munmap(last->second.back(), last->first);
    last->second.pop_back();
    pool.cached -= last->first;
    if (last->second.empty()) pool.blocks.erase(last);
  }
}

// Mapped directly: malloc's adaptive threshold drifts until it no longer returns large blocks to the system.
void* mapped(size_t size) {
  bool huge = size >= kHugeFrom;
  size_t length = huge ? size + kHugePage : size;
  void* start = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  if (!huge) return start;
  auto address = reinterpret_cast<uintptr_t>(start);
  uintptr_t aligned = (address + kHugePage - 1) / kHugePage * kHugePage;
  if (aligned > address) munmap(start, aligned - address);
  size_t tail = address + length - (aligned + size);
  if (tail > 0) munmap(reinterpret_cast<void*>(aligned + size), tail);
  madvise(reinterpret_cast<void*>(aligned), size, MADV_HUGEPAGE);
  return reinterpret_cast<void*>(aligned);
}

void* fresh(size_t size) {
  bool large = size >= kCachedFrom;
  auto obtain = [&]() -> void* {
    if (large) return mapped(size);
    void* base = nullptr;
    return posix_memalign(&base, kHeader, size) == 0 ? base : nullptr;
  };
  void* base = obtain();
  if (!base) {
    releaseLocked(0);
    base = obtain();
  }
  if (!base) throw std::bad_alloc();
  return base;
}

// of one thread: a sample that another one decodes goes on
thread_local const std::atomic<int32_t>* urgency = nullptr;

void release(void* data) {
  if (!data) return;
  void* base = static_cast<char*>(data) - kHeader;
  size_t size = *static_cast<size_t*>(base);
  std::lock_guard<std::mutex> lock(pool.mutex);
  pool.inUse -= size;
  if (size < kCachedFrom) {
    std::free(base);
    return;
  }
  if (size > pool.limit) {
    munmap(base, size);
    return;
  }
  pool.blocks[size].push_back(base);
  pool.cached += size;
  if (pool.cached > pool.limit) releaseLocked(pool.limit);
}

void ignore(void*) {}

struct CachingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, nullptr, &ignore, at::Device(at::kCPU)};
    if (urgency && urgency->load(std::memory_order_relaxed) != 0) throw std::runtime_error("stopped by the user");
    size_t size = classOf(bytes);
    std::lock_guard<std::mutex> lock(pool.mutex);
    void* base = nullptr;
    if (size >= kCachedFrom) {
      auto fitting = pool.blocks.lower_bound(size);
      if (fitting != pool.blocks.end() && fitting->first <= size + size / 8) {
        size = fitting->first;
        base = fitting->second.back();
        fitting->second.pop_back();
        if (fitting->second.empty()) pool.blocks.erase(fitting);
        pool.cached -= size;
      } else if (pool.cached > 0 && pool.inUse + pool.cached + size > pool.highWater + pool.highWater / 16) {
        // would exceed the high-water mark: release cached blocks before mapping more
        releaseLocked(pool.cached > size ? pool.cached - size : 0);
      }
    }
    if (!base) base = fresh(size);
    pool.inUse += size;
    pool.peak = std::max(pool.peak, pool.inUse);
    pool.highWater = std::max(pool.highWater, pool.peak);
    *static_cast<size_t*>(base) = size;
    void* data = static_cast<char*>(base) + kHeader;
    return {data, data, &release, at::Device(at::kCPU)};
  }
  void copy_data(void* destination, const void* source, size_t bytes) const override {
    std::memcpy(destination, source, bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
};

}  // namespace

void installAllocator(size_t cacheLimit) {
  pool.limit = cacheLimit;
  static CachingAllocator* allocator = new CachingAllocator;
  c10::SetCPUAllocator(allocator, 100);
}

void watchUrgency(const std::atomic<int32_t>* value) { urgency = value; }

AllocatorState allocatorState() {
  std::lock_guard<std::mutex> lock(pool.mutex);
  return {pool.inUse, pool.peak, pool.cached};
}

void resetAllocatorPeak() {
  std::lock_guard<std::mutex> lock(pool.mutex);
  pool.peak = pool.inUse;
}

void releaseCache() {
  std::lock_guard<std::mutex> lock(pool.mutex);
  releaseLocked(0);
  malloc_trim(0);
}

}  // namespace detlab
