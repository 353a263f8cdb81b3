#include "max_pool.h"

#include "lanes.h"
#include "layout.h"
#include "vectors.h"

namespace detlab {

namespace {

/** The larger of two, or NaN where either is. */
inline Lanes larger(const Lanes& a, const Lanes& b) { return a > b || a != a ? a : b; }

/** A range of the pixels of an axis. */
struct Span {
  int64_t begin, end;
  Span(int64_t output, int64_t stride, int64_t padding, int64_t size, int64_t length)
      : begin(std::max<int64_t>(0, output * stride - padding)), end(std::min(length, output * stride - padding + size)) {}
};

/** The maxima of kVectors vectors of channels, or of the last `lanes` channels, in a window of pixels. */
template <int kVectors, typename T>
inline void windowMaxima(const T* image, int64_t width, int64_t channels, const Span& down, const Span& across, int64_t lanes, T* to) {
  Lanes maxima[kVectors];
  for (Lanes& maximum : maxima) maximum = Lanes{} - std::numeric_limits<float>::infinity();
  for (int64_t v = down.begin; v < down.end; v++)
    for (int64_t u = across.begin; u < across.end; u++) {
      const T* pixel = image + (v * width + u) * channels;
#pragma GCC unroll 4
      for (int k = 0; k < kVectors; k++)
        maxima[k] = larger(kVectors > 1 ? get(pixel + k * kLanes) : get(pixel, lanes), maxima[k]);
    }
  for (int k = 0; k < kVectors; k++) put(to + k * kLanes, maxima[k], kVectors > 1 ? kLanes : lanes);
}

}  // namespace

Tensor maxPooled(const Tensor& input, at::IntArrayRef size, at::IntArrayRef strides, at::IntArrayRef padding, int64_t outHeight,
                 int64_t outWidth) {
  Tensor x = channelsLast(input);
  const int64_t channels = x.size(1), height = x.size(2), width = x.size(3), rows = x.size(0) * outHeight;
  Tensor y = at::empty({x.size(0), channels, outHeight, outWidth}, x.options(), at::MemoryFormat::ChannelsLast);
  withLane(x, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    const T* from = pointer<T>(x);
    T* to = pointer<T>(y);
    const int64_t work = std::max<int64_t>(1, outWidth * channels * size[0] * size[1]);
    at::parallel_for(0, rows, std::max<int64_t>(1, (1 << 16) / work), [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; row++)
        for (int64_t column = 0; column < outWidth; column++) {
          const Span down(row % outHeight, strides[0], padding[0], size[0], height);
          const Span across(column, strides[1], padding[1], size[1], width);
          const T* image = from + row / outHeight * height * width * channels;
          T* result = to + (row * outWidth + column) * channels;
          int64_t c = 0;
          for (; c + 4 * kLanes <= channels; c += 4 * kLanes)
            windowMaxima<4>(image + c, width, channels, down, across, kLanes, result + c);
          for (; c < channels; c += kLanes)
            windowMaxima<1>(image + c, width, channels, down, across, channels - c, result + c);
        }
    });
  });
  return y;
}

}  // namespace detlab
