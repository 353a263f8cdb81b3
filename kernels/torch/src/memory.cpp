// Slots, memory counters, threads and the start of the engine.
#include "allocator.h"
#include "call.h"
#include "definitions.h"
#include "precision.h"
#include "resident_memory.h"

#ifdef DETLAB_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#endif

namespace detlab {

static AllocatorState memoryState() {
#ifdef DETLAB_CUDA
  if (device().is_cuda()) {
    auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device().index());
    auto bytes = stats.allocated_bytes[0], reserved = stats.reserved_bytes[0];
    return {size_t(bytes.current), size_t(bytes.peak), size_t(reserved.current - bytes.current)};
  }
#endif
  return allocatorState();
}

void defineMemory() {
  defineFunction("free", [](Call& call) -> napi_value {
    freeSlot(call.integer(0));
    return nullptr;
  });
  defineFunction("liveSlots", [](Call& call) { return jsInteger(call.env, liveSlots()); });
  defineFunction("setShapeArray", [](Call& call) -> napi_value {
    size_t length;
    void* data;
    napi_get_typedarray_info(call.env, call.raw(0), nullptr, &length, &data, nullptr, nullptr);
    napi_ref reference;  // kept for the lifetime of the process
    napi_create_reference(call.env, call.raw(0), 1, &reference);
    setShapeArray(static_cast<int32_t*>(data), length);
    return nullptr;
  });
  // (an Int32Array in shared memory, or null)
  defineFunction("watchUrgency", [](Call& call) -> napi_value {
    static napi_ref watched = nullptr;
    bool isArray = false;
    napi_is_typedarray(call.env, call.raw(0), &isArray);
    void* data = nullptr;
    if (isArray) napi_get_typedarray_info(call.env, call.raw(0), nullptr, nullptr, &data, nullptr, nullptr);
    watchUrgency(static_cast<const std::atomic<int32_t>*>(data));
    if (watched) napi_delete_reference(call.env, watched);
    watched = nullptr;
    if (isArray) napi_create_reference(call.env, call.raw(0), 1, &watched);
    return nullptr;
  });
  // (device, threads, cacheLimit in bytes)
  defineFunction("start", [](Call& call) -> napi_value {
    at::Device requested(call.text(0));
    if (requested.is_cuda()) {
#ifdef DETLAB_CUDA
      if (!at::globalContext().hasCUDA()) throw std::runtime_error("libtorch finds no CUDA device");
      if (!requested.has_index()) requested = at::Device(at::kCUDA, 0);
#else
      throw std::runtime_error("this engine was built against a CPU-only torch; install a CUDA build of torch in .venv and run "
                               "\"npm run setup\"");
#endif
    } else if (!requested.is_cpu()) {
      throw std::runtime_error("unknown device \"" + call.text(0) + "\"; use \"cpu\" or \"cuda:0\"");
    }
    device() = requested;
    at::set_num_threads(static_cast<int>(call.integer(1)));
    if (requested.is_cpu()) {
      installAllocator(static_cast<size_t>(call.number(2)));
      trimAfterStart();
    }
    return nullptr;
  });
  // -> [in use, peak, cached]
  defineFunction("memoryState", [](Call& call) {
    AllocatorState state = memoryState();
    napi_value result;
    napi_create_array_with_length(call.env, 3, &result);
    napi_set_element(call.env, result, 0, jsNumber(call.env, double(state.inUse)));
    napi_set_element(call.env, result, 1, jsNumber(call.env, double(state.peak)));
    napi_set_element(call.env, result, 2, jsNumber(call.env, double(state.cached)));
    return result;
  });
  defineFunction("resetPeak", [](Call&) -> napi_value {
#ifdef DETLAB_CUDA
    if (device().is_cuda()) {
      c10::cuda::CUDACachingAllocator::resetPeakStats(device().index());
      return nullptr;
    }
#endif
    resetAllocatorPeak();
    return nullptr;
  });
  // (bytes; 0: no limit)
  defineFunction("memoryLimit", [](Call& call) -> napi_value {
    setMemoryLimit(static_cast<size_t>(call.number(0)));
    return nullptr;
  });
  defineFunction("releaseCache", [](Call&) -> napi_value {
#ifdef DETLAB_CUDA
    if (device().is_cuda()) c10::cuda::CUDACachingAllocator::emptyCache();
#endif
    releaseCache();
    return nullptr;
  });
}

}  // namespace detlab
