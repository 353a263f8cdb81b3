#include "relu_gradient.h"

#include "lanes.h"

namespace detlab {

Tensor reluGradient(const Tensor& dy, const Tensor& y, bool inPlace) {
  bool sameMemory = dy.strides() == y.strides() && dy.is_non_overlapping_and_dense();
  if (!hasLanes(dy) || dy.scalar_type() != y.scalar_type() || !sameMemory) return at::threshold_backward(dy, y, 0);
  Tensor result = inPlace ? dy : at::empty_like(dy);
  withLane(dy, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    T* out = pointer<T>(result);
    const T *gradient = pointer<T>(dy), *activation = pointer<T>(y);
    at::parallel_for(0, dy.numel(), 65536, [&](int64_t begin, int64_t end) {
#pragma GCC ivdep
      for (int64_t i = begin; i < end; i++) {
        T g = gradient[i];
        out[i] = load(activation[i]) > 0 ? g : T(0);
      }
    });
  });
  return result;
}

}  // namespace detlab
