// Bands of output rows are distributed over threads. Each copies the rows of pixels that it reads between zeros, which stand for
// the padding, and takes one panel of output channels after the other over them.
#include "direct_convolution.h"

#include "lanes.h"
#include "layout.h"
#include "precision.h"
#include "row_product.h"

namespace detlab {

namespace {

/** Bytes of the copied rows of a band: with a panel of the filter, most of a second-level cache. */
constexpr int64_t kBandBytes = 256 << 10;

constexpr int64_t kMinOutputs = 8;

/** Packing takes a share of 10 / outputs of a product. */
constexpr int64_t kPackedOutputs = 160;

/** Channels of a copied pixel: bfloat16 is multiplied in pairs. */
int64_t copiedChannels(at::ScalarType type, int64_t channels) { return type == at::kBFloat16 ? channels + channels % 2 : channels; }

/** Height (axis 0) or width of the result. */
int64_t outputSize(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding, int axis) {
  return (x.size(2 + axis) + 2 * padding[axis] - filter[2 + axis]) / strides[axis] + 1;
}

/** A convolution of images to maps of [outHeight, outWidth]. */
template <typename T>
struct DirectWork {
  const T* images;
  int64_t height, width, step, channels, copied;
  int64_t kernelHeight, kernelWidth;
  at::IntArrayRef strides, padding;
  int64_t outHeight, outWidth, outChannels;
  const T* panels;                // or null: packed from
  const float *filter, *factors;  // rows of the filter, and what multiplies them
  RowEpilogue<T> epilogue;
  T* result;

  int64_t depth() const { return kernelHeight * kernelWidth * copied; }
  /** Numbers of a copied row of pixels. */
  int64_t rowSize() const { return ((outWidth - 1) * strides[1] + kernelWidth) * copied; }
  /** Copied rows of pixels under `rows` rows of outputs. */
  int64_t rowsUnder(int64_t rows) const { return (rows - 1) * strides[0] + kernelHeight; }
};

/** Copies the pixels of row `v` of an image, from column -padding, zero outside of the image. */
template <typename T>
void copyRow(const DirectWork<T>& w, const T* image, int64_t v, T* to) {
  const int64_t size = w.rowSize(), pixels = size / w.copied;
  const int64_t first = std::min(w.padding[1], pixels), last = std::max(first, std::min(pixels, w.width + w.padding[1]));
  if (v < 0 || v >= w.height) {
    std::fill(to, to + size, T());
    return;
  }
  std::fill(to, to + first * w.copied, T());
  std::fill(to + last * w.copied, to + size, T());
  const T* from = image + (v * w.width + first - w.padding[1]) * w.step;
  if (w.step == w.copied && w.copied == w.channels) {
    std::memcpy(to + first * w.copied, from, (last - first) * w.copied * sizeof(T));
    return;
  }
  int64_t u = first;
  if (sizeof(T) == 2 && w.channels == 3)  // of images: four numbers at once, the fourth, of the next pixel, cleared
    for (; u < last - 1; u++, from += w.step) {
      uint64_t pixel;
      std::memcpy(&pixel, from, sizeof pixel);
      pixel &= (uint64_t(1) << 48) - 1;
      std::memcpy(to + u * 4, &pixel, sizeof pixel);
    }
  for (; u < last; u++, from += w.step) {
    T* pixel = to + u * w.copied;
    for (int64_t c = 0; c < w.channels; c++) pixel[c] = from[c];
    for (int64_t c = w.channels; c < w.copied; c++) pixel[c] = T();
  }
}

/** The output rows [begin, end) of an image. */
template <typename T>
void convolveBand(const DirectWork<T>& w, int64_t image, int64_t begin, int64_t end, T* rows, T* panel) {
  const int64_t size = w.rowSize(), across = w.kernelWidth * w.copied;
  for (int64_t r = 0; r < w.rowsUnder(end - begin); r++)
    copyRow(w, w.images + image * w.height * w.width * w.step, begin * w.strides[0] + r - w.padding[0], rows + r * size);
  std::vector<RowSegment<T>> segments(w.kernelHeight);
  for (int64_t column = 0; column < w.outChannels; column += kPanel) {
    if (!w.panels) packRowPanel(w.filter, w.factors, w.outChannels, w.depth(), false, column, panel);
    const T* taps = w.panels ? w.panels + column * w.depth() : panel;
    for (int64_t row = begin; row < end; row++) {
      for (int64_t k = 0; k < w.kernelHeight; k++)
        segments[k] = {rows + ((row - begin) * w.strides[0] + k) * size, w.strides[1] * w.copied, across, k * across};
      const int64_t first = (image * w.outHeight + row) * w.outWidth * w.outChannels;
      RowEpilogue<T> epilogue = w.epilogue;
      if (epilogue.residual) epilogue.residual += first;
      rowPanelProduct(segments, 0, w.outWidth, column, w.outChannels, taps, epilogue, w.result + first);
    }
  }
}

template <typename T>
void convolve(const DirectWork<T>& w, int64_t images) {
  const int64_t threads = at::get_num_threads(), bytes = w.rowSize() * w.strides[0] * int64_t(sizeof(T));
  // a band that packs the filter is longer, so that it packs less often
  int64_t bands = std::max<int64_t>(1, w.outHeight * bytes / (w.panels ? kBandBytes : 3 * kBandBytes));
  while (bands < w.outHeight && images * bands % threads != 0) bands++;
  bands = std::min(bands, w.outHeight);
  const int64_t longest = (w.outHeight + bands - 1) / bands;
  at::parallel_for(0, images * bands, 1, [&](int64_t begin, int64_t end) {
    const int64_t size = w.rowsUnder(longest) * w.rowSize(), panel = w.panels ? 0 : packedRowFilterSize(kPanel, w.depth());
    Tensor space = at::empty({(size + panel) * int64_t(sizeof(T))}, at::TensorOptions(at::kByte));
    T* rows = static_cast<T*>(space.data_ptr());
    for (int64_t unit = begin; unit < end; unit++) {
      int64_t band = unit % bands;
      convolveBand(w, unit / bands, w.outHeight * band / bands, w.outHeight * (band + 1) / bands, rows, rows + size);
    }
  });
}

}  // namespace

bool directFits(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding, at::IntArrayRef dilations,
                int64_t groups) {
  if (groups != 1 || dilations[0] != 1 || dilations[1] != 1 || strides[0] < 1 || strides[1] < 1) return false;
  if (filter[2] * filter[3] == 1 || filter[0] < 1 || !hasLanes(x) || productType(x.scalar_type()) != x.scalar_type()) return false;
  // rows of outputs are tiles and are what threads share
  if (x.size(0) * outputSize(x, filter, strides, padding, 0) < kMinOutputs || outputSize(x, filter, strides, padding, 1) < kMinOutputs)
    return false;
  return rowProductFits(x.scalar_type(), copiedChannels(x.scalar_type(), x.size(1)));
}

/** A filter OIHW as rows of float32 numbers [O, height * width * I]. */
static Tensor filterRows(const Tensor& filter, at::ScalarType type) {
  const int64_t channels = copiedChannels(type, filter.size(1));
  Tensor values = full(filter);
  if (channels != filter.size(1)) values = at::constant_pad_nd(values, {0, 0, 0, 0, 0, channels - filter.size(1)});
  return values.permute({0, 2, 3, 1}).contiguous();
}

Tensor directFilter(const Tensor& filter, const Tensor& scale, at::ScalarType type) {
  Tensor rows = filterRows(filter, type), factors = scale.defined() ? full(scale).contiguous() : scale;
  const int64_t outputs = filter.size(0), depth = rows.numel() / outputs;
  Tensor packed = at::empty({packedRowFilterSize(outputs, depth)}, at::TensorOptions(type));
  withLane(packed, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    packRowFilter(rows.data_ptr<float>(), pointer<float>(factors), outputs, depth, false, pointer<T>(packed));
  });
  return packed;
}

bool directPanelsFit(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides) {
  // outputs of each thread, which packs every panel, without the padding
  const int64_t outputs = x.size(0) * (x.size(2) / strides[0]) * (x.size(3) / strides[1]) / at::get_num_threads();
  return x.scalar_type() == at::kFloat && outputs >= kPackedOutputs;
}

Tensor directForward(const Tensor& x, const Tensor& packed, const Tensor& filter, const Tensor& scale, at::IntArrayRef size,
                     at::IntArrayRef strides, at::IntArrayRef padding, const Tensor& bias, const Tensor& residual,
                     Activation activation) {
  const int64_t outHeight = outputSize(x, size, strides, padding, 0), outWidth = outputSize(x, size, strides, padding, 1);
  Tensor images = pixelStep(x) > 0 ? x : channelsLast(x), offset = bias.defined() ? full(bias).contiguous() : bias;
  Tensor other = residual.defined() ? channelsLast(residual) : residual;
  Tensor taps, factors = scale.defined() ? full(scale).contiguous() : scale;
  if (!packed.defined()) taps = filterRows(filter, x.scalar_type());
  Tensor y = at::empty({x.size(0), size[0], outHeight, outWidth}, x.options(), at::MemoryFormat::ChannelsLast);
  withLane(x, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    RowEpilogue<T> epilogue;
    epilogue.bias = pointer<float>(offset);
    epilogue.residual = pointer<T>(other);
    epilogue.residualStep = size[0];
    epilogue.activation = activation;
    const int64_t copied = copiedChannels(x.scalar_type(), x.size(1));
    DirectWork<T> work{pointer<T>(images), x.size(2), x.size(3), pixelStep(images), x.size(1), copied, size[2], size[3], strides, padding,
                       outHeight, outWidth, size[0], pointer<T>(packed), pointer<float>(taps), pointer<float>(factors), epilogue,
                       pointer<T>(y)};
    convolve(work, x.size(0));
  });
  return y;
}

}  // namespace detlab
