// Waits for work of libtorch's c10d that end in time, so that Stop is seen.
#pragma once

#include <torch/csrc/distributed/c10d/Work.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "allocator.h"

namespace detlab {

/** Whether work has ended, after so many milliseconds at most. Throws what it failed with. */
inline bool endsWithin(c10d::Work& work, int limit) {
  if (limit <= 0 && !work.isCompleted()) return false;
  try {
    work.wait(std::chrono::milliseconds(std::max(limit, 1)));
    return true;
  } catch (...) {
    // that the wait was too short is an exception too, and the work may have ended since
    if (!work.isCompleted()) return false;
    if (work.isSuccess()) return true;
    if (work.exception()) std::rethrow_exception(work.exception());
    throw;
  }
}

/** Waits to the end; throws when Stop has become urgent. */
inline void finishWork(c10d::Work& work) {
  constexpr int kLook = 50;
  while (!endsWithin(work, kLook))
    if (isUrgent()) throw std::runtime_error("Stopped by the user");
}

/** `endsWithin` for NCCL, which takes a wait that is too short for a failure: its connections are then of no more use. */
inline bool isCompletedWithin(c10d::Work& work, int limit) {
  constexpr auto kPause = std::chrono::microseconds(200);
  auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit);
  while (!work.isCompleted()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kPause);
  }
  if (work.exception()) std::rethrow_exception(work.exception());
  work.wait();
  return true;
}

}  // namespace detlab
