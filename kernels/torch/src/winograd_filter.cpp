#include "winograd_filter.h"

#include "precision.h"

namespace detlab {

namespace {

/** Taps of kLanes output channels, in each a vector of input channels, or the reverse. */
using Taps = Lanes[9][kLanes];

/** Reads the taps of columns from `column` and of rows from `first`, each tap's vectors running over columns. */
template <typename T>
void readTaps(const FilterSource<T>& f, int64_t column, int64_t first, Taps& taps) {
  const int64_t k = f.flipped ? first : column, c = f.flipped ? column : first;
  for (int tap = 0; tap < 9; tap++) {
    const T* from = f.data + (k * 9 + (f.flipped ? 8 - tap : tap)) * f.inputs + c;
    for (int64_t row = 0; row < kLanes; row++)
      taps[tap][row] = k + row < f.outputs && c < f.inputs
                           ? get(from + row * 9 * f.inputs, f.inputs - c) * (f.factor ? f.factor[k + row] : 1.0f)
                           : Lanes{};
    if (!f.flipped) transpose(taps[tap]);
  }
}

/** The points of one row of kLanes columns, whose taps load(tap) returns. */
template <typename Load>
inline void rowPoints(Load load, float* to, int64_t stride) {
  transformSquare<FilterTransform>([&](int row, int column) { return load(row * 3 + column); },
                                   [&](int row, int column, const Lanes& value) { put(to + (row * kIn + column) * stride, value); });
}

}  // namespace

template <typename T>
void panelPoints(const FilterSource<T>& f, int64_t panel, int64_t first, int64_t depth, float* to, int64_t stride) {
  if (f.packed) {
    const T* from = f.data + (panel * f.inputs + first) * 9 * kPanel;
    for (int64_t k = 0; k < depth; k++, from += 9 * kPanel)
      for (int64_t c = 0; c < kPanel; c += kLanes)
        rowPoints([&](int tap) { return get(from + tap * kPanel + c); }, to + k * kPanel + c, stride);
    return;
  }
  Taps taps;
  for (int64_t c = 0; c < kPanel; c += kLanes)
    for (int64_t base = 0; base < depth; base += kLanes) {
      readTaps(f, panel * kPanel + c, first + base, taps);
      for (int64_t row = 0; row < std::min<int64_t>(kLanes, depth - base); row++)
        rowPoints([&](int tap) { return taps[tap][row]; }, to + (base + row) * kPanel + c, stride);
    }
}

template <typename T>
Tensor allPoints(const FilterSource<T>& filter) {
  const int64_t depth = filter.depth(), stride = panelStride(depth), panels = panelsOf(filter.columns());
  Tensor result = at::empty({panels, kPoints, stride}, at::TensorOptions(at::kFloat));
  float* to = result.data_ptr<float>();
  at::parallel_for(0, panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; panel++)
      panelPoints(filter, panel, 0, depth, to + panel * kPoints * stride, stride);
  });
  return result;
}

Tensor packedTaps(const Tensor& filter, const Tensor& scale, at::ScalarType type) {
  const int64_t outputs = filter.size(0), inputs = filter.size(1), panels = panelsOf(outputs);
  Tensor dense = channelsLast(full(filter)), factors = scale.defined() ? full(scale).contiguous() : scale;
  FilterSource<float> source{dense.data_ptr<float>(), pointer<float>(factors), outputs, inputs, false, false};
  Tensor result = at::empty({panels, inputs, 9, kPanel}, at::TensorOptions(type));
  withLane(result, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    T* to = pointer<T>(result);
    at::parallel_for(0, panels, 1, [&](int64_t begin, int64_t end) {
      Taps taps;
      for (int64_t column = begin * kPanel; column < end * kPanel; column += kLanes)
        for (int64_t k = 0; k < inputs; k += kLanes) {
          readTaps(source, column, k, taps);
          T* at = to + (column / kPanel * inputs + k) * 9 * kPanel + column % kPanel;
          for (int64_t row = 0; row < std::min<int64_t>(kLanes, inputs - k); row++)
            for (int tap = 0; tap < 9; tap++) put(at + (row * 9 + tap) * kPanel, taps[tap][row]);
        }
    });
  });
  return result;
}

template void panelPoints(const FilterSource<float>&, int64_t, int64_t, int64_t, float*, int64_t);
template void panelPoints(const FilterSource<uint16_t>&, int64_t, int64_t, int64_t, float*, int64_t);
template Tensor allPoints(const FilterSource<float>&);
template Tensor allPoints(const FilterSource<uint16_t>&);

}  // namespace detlab
