#include "allocator.h"

#include <malloc.h>
#include <sys/mman.h>

#include <set>

namespace detlab {

namespace {

constexpr size_t kHeader = 64;            // before the data, which so stays 64-byte aligned
constexpr size_t kPooledFrom = 16 << 10;  // smaller blocks are left to malloc
constexpr size_t kMinRest = 16 << 10;     // a smaller rest stays with the block
constexpr size_t kPage = 4 << 10, kHugePage = 2 << 20;
// Address space that is mapped at once, or, where the system refuses that, for want of room elsewhere; only touched pages take
// memory. In one chunk all free neighbours can be joined.
constexpr size_t kChunks[] = {size_t(64) << 30, size_t(1) << 30, 0};

/** A block of a chunk; its neighbours are found by its size and by theirs. */
struct Block {
  size_t size;         // with this header; 0 marks the end of a chunk
  size_t sizeBefore;   // of the block before it in the chunk; 0 for the first
  size_t resident;     // while free: the bytes that take memory, at most
  bool free, pooled;
};
static_assert(sizeof(Block) <= kHeader);

char* bytesOf(Block* block) { return reinterpret_cast<char*>(block); }
Block* blockAt(char* address) { return reinterpret_cast<Block*>(address); }
Block* after(Block* block) { return blockAt(bytesOf(block) + block->size); }
Block* before(Block* block) { return block->sizeBefore ? blockAt(bytesOf(block) - block->sizeBefore) : nullptr; }

struct Pool {
  std::mutex mutex;
  std::set<std::pair<size_t, Block*>> unused;  // free blocks, by size and address
  size_t inUse = 0, peak = 0, cached = 0, limit = 0, memoryLimit = 0;
};
Pool& pool = *new Pool;

void offer(Block* block) {
  block->free = true;
  pool.cached += block->resident;
  pool.unused.insert({block->size, block});
}

void withdraw(Block* block) {
  block->free = false;
  pool.cached -= block->resident;
  pool.unused.erase({block->size, block});
}

/** The first free block of a chunk covers all of it but the end mark. */
bool isWholeChunk(Block* block) { return block->sizeBefore == 0 && after(block)->size == 0; }

/** Gives the memory of a free block back to the system, and with it the chunk, if nothing else is in it. */
void surrender(Block* block) {
  withdraw(block);
  if (isWholeChunk(block)) {
    munmap(block, block->size + kHeader);
    return;
  }
  auto begin = (reinterpret_cast<uintptr_t>(block) + kHeader + kPage - 1) / kPage * kPage;
  auto end = (reinterpret_cast<uintptr_t>(block) + block->size) / kPage * kPage;
  if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  block->resident = 0;
  offer(block);
}

void releaseLocked(size_t target) {
  std::vector<Block*> blocks;
  for (auto at = pool.unused.rbegin(); at != pool.unused.rend(); ++at)
    if (at->second->resident > 0) blocks.push_back(at->second);
  for (Block* block : blocks) {
    if (pool.cached <= target) return;
    surrender(block);
  }
}

/** A chunk of `chunk` bytes or more, with room for `size`, as one free block; null if the system refuses it. */
Block* newChunk(size_t size, size_t chunk) {
  size_t whole = (std::max(size + kHeader, chunk) + kHugePage - 1) / kHugePage * kHugePage;
  size_t length = whole + kHugePage;
  void* start = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  auto address = reinterpret_cast<uintptr_t>(start);
  uintptr_t aligned = (address + kHugePage - 1) / kHugePage * kHugePage;
  if (aligned > address) munmap(start, aligned - address);
  size_t tail = address + length - (aligned + whole);
  if (tail > 0) munmap(reinterpret_cast<void*>(aligned + whole), tail);
  madvise(reinterpret_cast<void*>(aligned), whole, MADV_HUGEPAGE);
  Block* block = blockAt(reinterpret_cast<char*>(aligned));
  *block = {whole - kHeader, 0, 0, true, true};
  *after(block) = {0, block->size, 0, false, true};
  offer(block);
  return block;
}

/** Takes the smallest free block that fits, and gives back what it has too much. */
Block* takeLocked(size_t size) {
  auto fitting = pool.unused.lower_bound({size, nullptr});
  Block* block = fitting != pool.unused.end() ? fitting->second : nullptr;
  for (size_t chunk : kChunks)
    if (!block) block = newChunk(size, chunk);
  if (!block) return nullptr;
  withdraw(block);
  if (block->size - size < kMinRest) return block;
  Block* rest = blockAt(bytesOf(block) + size);
  *rest = {block->size - size, size, block->resident > size ? block->resident - size : 0, true, true};
  after(rest)->sizeBefore = rest->size;
  block->size = size;
  offer(rest);
  return block;
}

/** Returns a block to the free ones, joined with free neighbours. */
void giveBackLocked(Block* block) {
  block->resident = block->size;
  Block* next = after(block);
  if (next->free) {
    withdraw(next);
    block->size += next->size;
    block->resident += next->resident;
  }
  Block* previous = before(block);
  if (previous && previous->free) {
    withdraw(previous);
    previous->size += block->size;
    previous->resident += block->resident;
    block = previous;
  }
  after(block)->sizeBefore = block->size;
  offer(block);
}

// of one thread: a sample that another one decodes goes on
thread_local const std::atomic<int32_t>* urgency = nullptr;

/** What may be kept for reuse. */
size_t cacheLimit() {
  if (pool.memoryLimit == 0) return pool.limit;
  return std::min(pool.limit, pool.memoryLimit > pool.inUse ? pool.memoryLimit - pool.inUse : 0);
}

void release(void* data) {
  if (!data) return;
  Block* block = blockAt(static_cast<char*>(data) - kHeader);
  std::lock_guard<std::mutex> lock(pool.mutex);
  pool.inUse -= block->size;
  if (!block->pooled) {
    std::free(block);
    return;
  }
  giveBackLocked(block);
  if (pool.cached > cacheLimit()) releaseLocked(cacheLimit());
}

void ignore(void*) {}

/** @throws std::bad_alloc */
Block* obtainLocked(size_t size, bool pooled) {
  auto obtain = [&]() -> Block* {
    if (pooled) return takeLocked(size);
    void* base = nullptr;
    if (posix_memalign(&base, kHeader, size) != 0) return nullptr;
    return &(*static_cast<Block*>(base) = {size, 0, 0, false, false});
  };
  Block* block = obtain();
  if (!block) {
    releaseLocked(0);
    block = obtain();
  }
  if (!block) throw std::bad_alloc();
  return block;
}

struct CachingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, nullptr, &ignore, at::Device(at::kCPU)};
    if (urgency && urgency->load(std::memory_order_relaxed) != 0) throw std::runtime_error("stopped by the user");
    if (bytes > SIZE_MAX / 2) throw std::bad_alloc();
    size_t size = (bytes + kHeader + kHeader - 1) / kHeader * kHeader;
    std::lock_guard<std::mutex> lock(pool.mutex);
    Block* block = obtainLocked(size, size >= kPooledFrom);
    pool.inUse += block->size;
    pool.peak = std::max(pool.peak, pool.inUse);
    if (pool.memoryLimit != 0 && pool.cached > cacheLimit()) releaseLocked(cacheLimit());
    void* data = bytesOf(block) + kHeader;
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

bool isUrgent() { return urgency && urgency->load(std::memory_order_relaxed) != 0; }

AllocatorState allocatorState() {
  std::lock_guard<std::mutex> lock(pool.mutex);
  return {pool.inUse, pool.peak, pool.cached};
}

void setMemoryLimit(size_t bytes) {
  std::lock_guard<std::mutex> lock(pool.mutex);
  pool.memoryLimit = bytes;
  if (pool.cached > cacheLimit()) releaseLocked(cacheLimit());
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
