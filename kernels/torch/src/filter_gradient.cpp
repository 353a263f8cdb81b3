// For one tap of the filter, the gradient is the product of the outputs' gradients, [O, outputs], with the pixels that the tap
// reads, [outputs, I]: a block of rows of outputs at a time, its pixels gathered in panels. All arithmetic is float32.
#include "filter_gradient.h"

#include "lanes.h"
#include "layout.h"
#include "precision.h"
#include "product.h"

namespace detlab {

namespace {

/** Outputs of a block: long enough sums that adding them to the total is cheap, and few enough to stay in cache. */
constexpr int64_t kBlockOutputs = 256;

struct Shape {
  int64_t height, width, channels, step;  // of the input; the distance between its pixels
  int64_t outHeight, outWidth, outChannels;
  at::IntArrayRef kernel, strides, padding, dilations;
};

/** Calls f(output, pixel or null outside of the image) for each output of `rows` rows from `firstRow`. */
template <typename T, typename F>
void forEachPixel(const T* x, const Shape& s, int64_t tap, int64_t firstRow, int64_t rows, F f) {
  int64_t down = tap / s.kernel[1] * s.dilations[0] - s.padding[0], across = tap % s.kernel[1] * s.dilations[1] - s.padding[1];
  for (int64_t r = 0; r < rows; r++) {
    int64_t row = firstRow + r, v = row % s.outHeight * s.strides[0] + down;
    for (int64_t column = 0; column < s.outWidth; column++) {
      int64_t u = column * s.strides[1] + across;
      bool inside = v >= 0 && v < s.height && u >= 0 && u < s.width;
      f(r * s.outWidth + column, inside ? x + ((row / s.outHeight * s.height + v) * s.width + u) * s.step : nullptr);
    }
  }
}

/** The pixels that a tap reads, zero outside of the image, in panels of channels. */
template <typename T>
void gather(const T* x, const Shape& s, int64_t tap, int64_t firstRow, int64_t rows, float* panels) {
  int64_t outputs = rows * s.outWidth;
  forEachPixel(x, s, tap, firstRow, rows, [&](int64_t output, const T* pixel) {
    for (int64_t c = 0; c < s.channels; c += kLanes)
      put(panels + (c / kPanel * outputs + output) * kPanel + c % kPanel, pixel ? get(pixel + c, s.channels - c) : Lanes{});
  });
}

/** Two vectors of bfloat16 numbers as pairs. */
inline LaneBits paired(const HalfLanes& first, const HalfLanes& second) {
  return __builtin_convertvector(first, LaneBits) | __builtin_convertvector(second, LaneBits) << 16;
}

/** The same in pairs of outputs; an odd last one is paired with zeros. */
void gather(const uint16_t* x, const Shape& s, int64_t tap, int64_t firstRow, int64_t rows, Pair* panels) {
  int64_t outputs = rows * s.outWidth, pairs = (outputs + 1) / 2;
  const uint16_t* first = nullptr;
  auto write = [&](int64_t pair, const uint16_t* a, const uint16_t* b) {
    for (int64_t c = 0; c < s.channels; c += kLanes) {
      auto half = [&](const uint16_t* pixel) { return pixel ? getRaw<HalfLanes>(pixel + c, s.channels - c) : HalfLanes{}; };
      LaneBits both = paired(half(a), half(b));
      std::memcpy(panels + (c / kPanel * pairs + pair) * kPanel + c % kPanel, &both, sizeof both);
    }
  };
  forEachPixel(x, s, tap, firstRow, rows, [&](int64_t output, const uint16_t* pixel) {
    if (output % 2 == 0)
      first = pixel;
    else
      write(output / 2, first, pixel);
  });
  if (outputs % 2) write(pairs - 1, first, nullptr);
}

/** The outputs' gradients, [outputs, O], as float32: where they are, or converted to `buffer`. */
const float* leftOperand(const float* dy, int64_t outputs, int64_t channels, float*) { return dy; }
const float* leftOperand(const uint16_t* dy, int64_t outputs, int64_t channels, float* buffer) {
  int64_t count = outputs * channels;
  for (int64_t k = 0; k < count; k += kLanes) put(buffer + k, get(dy + k, count - k), count - k);
  return buffer;
}
/** The same in pairs of outputs. */
const Pair* leftOperand(const uint16_t* dy, int64_t outputs, int64_t channels, Pair* buffer) {
  for (int64_t row = 0; row < outputs; row += 2)
    for (int64_t c = 0; c < channels; c += kLanes) {
      const uint16_t* from = dy + row * channels + c;
      HalfLanes second = row + 1 < outputs ? getRaw<HalfLanes>(from + channels, channels - c) : HalfLanes{};
      putRaw(buffer + row / 2 * channels + c, paired(getRaw<HalfLanes>(from, channels - c), second), channels - c);
    }
  return buffer;
}

/** Sums of each part, [parts, taps, O, I]; operands are float32 numbers or pairs of bfloat16 ones. */
template <typename Operand, typename T>
Tensor sumsOf(const Tensor& dy, const Tensor& x, const Shape& s) {
  int64_t taps = s.kernel[0] * s.kernel[1], size = s.outChannels * s.channels, rows = dy.size(0) * s.outHeight;
  int64_t blockRows = std::max<int64_t>(1, kBlockOutputs / s.outWidth), outputs = blockRows * s.outWidth;
  // every part has a separate sum: the order of additions does not depend on the threads' timing
  int64_t parts = std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), rows));
  auto options = x.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous);
  Tensor sums = at::zeros({parts, taps, size}, options);
  // zeros in the last panel's unused columns
  Tensor space = at::zeros({parts, outputs * (panelsOf(s.channels) * kPanel + s.outChannels) + 2 * kPanel}, options);
  const T *px = pointer<T>(x), *pdy = pointer<T>(dy);
  float* total = sums.data_ptr<float>();
  auto* workspace = reinterpret_cast<Operand*>(space.data_ptr<float>());
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++) {
      Operand *gradients = workspace + part * space.size(1), *panels = gradients + outputs * s.outChannels;
      int64_t last = rows * (part + 1) / parts;
      for (int64_t row = rows * part / parts; row < last; row += blockRows) {
        int64_t count = std::min(blockRows, last - row), depth = count * s.outWidth;
        const Operand* left = leftOperand(pdy + row * s.outWidth * s.outChannels, depth, s.outChannels, gradients);
        if (std::is_same_v<Operand, Pair>) depth = (depth + 1) / 2;
        for (int64_t tap = 0; tap < taps; tap++) {
          gather(px, s, tap, row, count, panels);
          product(s.outChannels, s.channels, depth, {left, 1, s.outChannels}, panels,
                  {total + (part * taps + tap) * size, s.channels, true});
        }
      }
    }
  });
  return sums;
}

}  // namespace

bool rowsFilterGradientFits(const Tensor& x, at::IntArrayRef strides, int64_t groups) {
  bool narrow = x.size(1) < 16;  // too small for an efficient product
  bool typed = x.scalar_type() == at::kFloat || (kHasPairs && x.scalar_type() == at::kBFloat16);
  return x.is_cpu() && typed && groups == 1 && (strides[0] > 1 || strides[1] > 1) && !narrow;
}

Tensor rowsFilterGradient(const Tensor& gradient, const Tensor& input, at::IntArrayRef kernel, at::IntArrayRef strides,
                          at::IntArrayRef padding, at::IntArrayRef dilations) {
  Tensor dy = channelsLast(gradient), x = pixelStep(input) > 0 ? input : channelsLast(input), sums;
  Shape s{x.size(2), x.size(3), x.size(1), pixelStep(x), dy.size(2), dy.size(3), dy.size(1), kernel, strides, padding, dilations};
  if (x.scalar_type() == at::kFloat)
    sums = sumsOf<float, float>(dy, x, s);
  else if (kHasPairs)
    sums = sumsOf<Pair, uint16_t>(dy, x, s);
  else
    sums = sumsOf<float, uint16_t>(dy, x, s);
  Tensor sum = sums.size(0) == 1 ? sums[0] : sums.sum(0);
  // [taps, O, I] -> OIHW
  return channelsLast(sum.view({kernel[0], kernel[1], dy.size(1), x.size(1)}).permute({2, 3, 0, 1}));
}

}  // namespace detlab
