// Records what the engine does while a profile is taken: calls from JavaScript, ATen operators, backward nodes.
#pragma once

#include <cstdint>

namespace detlab {

/** Records a call from JavaScript for as long as it exists, and the backward nodes that it makes. */
class ProfiledCall {
 public:
  explicit ProfiledCall(const char* name);
  ~ProfiledCall();
  ProfiledCall(const ProfiledCall&) = delete;
  ProfiledCall& operator=(const ProfiledCall&) = delete;

 private:
  const char* name_;
  int64_t start_ = -1;
  uint64_t firstNode_ = 0;
};

}  // namespace detlab
