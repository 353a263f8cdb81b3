// Vectors run over channels (the innermost axis); each of the 36 points takes one matrix product, over blocks of tiles small
// enough to stay in cache. All arithmetic is float32; images and filters may be bfloat16.
#include "winograd.h"

#include <numeric>

#include "precision.h"
#include "winograd_filter.h"
#include "winograd_tiles.h"

namespace detlab {

namespace {

/**
 * With as few tiles, threads share the panels of the filter, and the points of each, in chunks of input channels, are made by the
 * thread that uses them and never leave its cache.
 */
constexpr int64_t kFewTiles = 56;
constexpr int64_t kChunkDepth = 64;

/** Tiles before its turn that the memory of a tile's outputs is fetched. */
constexpr int64_t kAhead = 2;

// What decides between the algorithms, in multiply-adds at the processor's full rate, measured on AMD's Zen 5 (AVX512):
/** The share of the full rate that oneDNN's direct convolution reaches, in float32 and in bfloat16 (of the rate of float32). */
constexpr double kDirectRate = 0.85, kLowRate = 1.8;
/** Of a tile's transforms, per channel read or written, of the filter's, per point, and of the sums of its gradient. */
constexpr double kTileCost = 500, kFilterCost = 20, kSumCost = 100;

/** DETLAB_WINOGRAD=0 uses oneDNN's convolutions everywhere. */
bool disabled() {
  static const char* setting = std::getenv("DETLAB_WINOGRAD");
  static bool off = setting && std::string(setting) == "0";
  return off;
}

template <typename T>
struct Epilogue {
  const float* bias;
  const T* residual;
  Activation activation;
};

template <typename T>
inline Lanes activate(Lanes v, Activation activation) {
  if (activation == Activation::relu) return v < 0 ? Lanes{} : v;  // NaN stays NaN
  return activation == Activation::silu ? siluFor<T>(v) : v;
}

/** Writes the outputs of kLanes channels of a tile, or of the last `lanes` channels, from its points. */
template <bool kWhole, typename T>
inline void tileOutputs(const float* points, int64_t stride, int64_t corner, int64_t width, int64_t channels, int rows,
                        int columns, int64_t lanes, const Epilogue<T>& e, int64_t c, T* y) {
  if constexpr (kWhole) lanes = kLanes, rows = columns = kOut;
  Lanes bias = e.bias ? get(e.bias + c, lanes) : Lanes{};
  auto load = [&](int row, int column) { return get(points + (row * kIn + column) * stride, lanes); };
  transformSquare<OutputTransform>(load, [&](int row, int column, Lanes value) {
    if (!kWhole && (row >= rows || column >= columns)) return;
    int64_t at = (corner + row * width + column) * channels + c;
    value += bias;
    if (e.residual) value += get(e.residual + at, lanes);
    put(y + at, activate<T>(value, e.activation), lanes);
  });
}

/** Writes the outputs of a block of tiles, channels [column, column + kPanel). */
template <typename T>
void fromPoints(const float* points, int64_t stride, const Tiling& tiling, int64_t channels, int64_t column, int64_t first,
                int64_t count, const Epilogue<T>& e, T* y) {
  for (int64_t t = 0; t < count; t++) {
    if (t + kAhead < count) {
      T* next = y + tiling.corner(first + t + kAhead) * channels + column;
      for (int row = 0; row < kOut; row++)
        for (int c = 0; c < kOut; c++) __builtin_prefetch(next + (row * tiling.width + c) * channels, 1);
    }
    int64_t top = tiling.top(first + t), left = tiling.left(first + t), corner = tiling.corner(first + t);
    int rows = std::min<int64_t>(kOut, tiling.height - top), columns = std::min<int64_t>(kOut, tiling.width - left);
    for (int64_t c = column; c < std::min(channels, column + kPanel); c += kLanes) {
      const float* from = points + t * kPanel + c - column;
      if (rows == kOut && columns == kOut && channels - c >= kLanes)
        tileOutputs<true>(from, stride, corner, tiling.width, channels, kOut, kOut, kLanes, e, c, y);
      else
        tileOutputs<false>(from, stride, corner, tiling.width, channels, rows, columns, channels - c, e, c, y);
    }
  }
}

/** A convolution, its images and its result. */
template <typename T>
struct Work {
  Pixels<T> pixels;
  FilterSource<T> filter;
  Tiling tiling;
  at::IntArrayRef padding;
  Epilogue<T> epilogue;
  T* result;

  int64_t from() const { return filter.depth(); }
  int64_t panels() const { return panelsOf(filter.columns()); }
  void writePanel(const float* products, int64_t stride, int64_t panel, int64_t first, int64_t count) const {
    fromPoints<T>(products, stride, tiling, filter.columns(), panel * kPanel, first, count, epilogue, result);
  }
};

/** Threads share the tiles; the points of the whole filter are made before. */
template <typename T>
void convolveByTiles(const Work<T>& w) {
  const Tiling& tiling = w.tiling;
  const int64_t from = w.from(), stride = pointStride(tiling.block * from), outStride = pointStride(tiling.block * kPanel);
  const int64_t filterStride = panelStride(from);
  Tensor points = allPoints(w.filter), space = floats({tiling.parts, (stride + outStride) * kPoints});
  const float* right = points.data_ptr<float>();
  float* workspace = space.data_ptr<float>();
  tiling.forEachBlock([&](int64_t part, int64_t first, int64_t count) {
    float *left = workspace + part * space.size(1), *products = left + kPoints * stride;
    toPoints<InputTransform>(w.pixels, tiling, w.padding, first, count, {false, from, count}, left, stride);
    for (int64_t panel = 0; panel < w.panels(); panel++) {
      for (int p = 0; p < kPoints; p++)
        product(count, kPanel, from, {left + p * stride, from, 1}, right + (panel * kPoints + p) * filterStride,
                {products + p * outStride, kPanel, false});
      w.writePanel(products, outStride, panel, first, count);
    }
  });
}

/** Threads share the panels, and the tiles only where there are fewer panels than threads or a remainder. */
template <typename T>
void convolveByPanels(const Work<T>& w) {
  const int64_t from = w.from(), tiles = w.tiling.tiles, panels = w.panels(), threads = at::get_num_threads();
  const int64_t splits = std::max<int64_t>(1, std::min(threads / std::gcd(panels, threads), tiles / kMinBlock));
  const int64_t units = panels * splits, workers = std::min(threads, units), chunk = std::min(from, kChunkDepth);
  const int64_t leftStride = pointStride(tiles * from), filterStride = panelStride(chunk);
  const int64_t outStride = pointStride((tiles + splits - 1) / splits * kPanel);
  Tensor points = floats({kPoints, leftStride}), space = floats({workers, (filterStride + outStride) * kPoints});
  float *left = points.data_ptr<float>(), *workspace = space.data_ptr<float>();
  at::parallel_for(0, tiles, std::max<int64_t>(1, 64 / panelsOf(from)), [&](int64_t begin, int64_t end) {
    toPoints<InputTransform>(w.pixels, w.tiling, w.padding, begin, end - begin, {false, from, tiles}, left + begin * from, leftStride);
  });
  auto run = [&](int64_t unit, float* right, float* products) {
    const int64_t panel = unit / splits, split = unit % splits;
    const int64_t first = tiles * split / splits, count = tiles * (split + 1) / splits - first;
    for (int64_t k = 0; k < from; k += chunk) {
      const int64_t depth = std::min(chunk, from - k);
      panelPoints(w.filter, panel, k, depth, right, filterStride);
      for (int p = 0; p < kPoints; p++)
        product(count, kPanel, depth, {left + p * leftStride + first * from + k, from, 1}, right + p * filterStride,
                {products + p * outStride, kPanel, k > 0});
    }
    w.writePanel(products, outStride, panel, first, count);
  };
  at::parallel_for(0, workers, 1, [&](int64_t begin, int64_t end) {
    for (int64_t worker = begin; worker < end; worker++) {
      float* right = workspace + worker * space.size(1);
      for (int64_t unit = units * worker / workers; unit < units * (worker + 1) / workers; unit++)
        run(unit, right, right + kPoints * filterStride);
    }
  });
}

/** act(conv(x, filter) + bias + residual) of size [height, width]. */
template <typename T>
Tensor convolve(const Tensor& x, const FilterSource<T>& filter, int64_t height, int64_t width, at::IntArrayRef padding,
                const Tensor& bias, const Tensor& residual, Activation activation) {
  Tensor y = at::empty({x.size(0), filter.columns(), height, width}, x.options(), at::MemoryFormat::ChannelsLast);
  Tiling tiling(x.size(0), height, width, filter.depth() + kPanel, at::get_num_threads());
  Work<T> work{Pixels<T>(x), filter, tiling, padding, {pointer<float>(bias), pointer<T>(residual), activation}, pointer<T>(y)};
  if (tiling.tiles <= kFewTiles)
    convolveByPanels(work);
  else
    convolveByTiles(work);
  return y;
}

/** A filter OIHW, times `scale`, in the type of the images. */
Tensor convolveAny(const Tensor& x, const Tensor& filter, const Tensor& scale, bool flipped, int64_t height, int64_t width,
                   at::IntArrayRef padding, const Tensor& bias, const Tensor& residual, Activation activation) {
  Tensor dense = channelsLast(filter.to(x.scalar_type())), factors = scale.defined() ? scale.contiguous() : scale, y;
  withLane(x, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    FilterSource<T> source{pointer<T>(dense), pointer<float>(factors), filter.size(0), filter.size(1), flipped, false};
    y = convolve<T>(x, source, height, width, padding, bias, residual, activation);
  });
  return y;
}

}  // namespace

/** A 3x3 convolution for which both algorithms exist: its tiles and the multiply-adds of the direct one, per pair of channels. */
struct Candidate {
  double tiles = 0, direct = 0, channels = 0, pairs = 0;
};

/** Without tiles, if Winograd's algorithm does not compute the convolution. */
static Candidate candidate(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding,
                           at::IntArrayRef dilations, int64_t groups) {
  auto all = [](at::IntArrayRef values, int64_t low, int64_t high) {
    return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v >= low && v <= high; });
  };
  if (!hasLanes(x) || productType(x.scalar_type()) != x.scalar_type() || groups != 1) return {};
  if (filter[2] != 3 || filter[3] != 3 || !all(strides, 1, 1) || !all(dilations, 1, 1) || !all(padding, 0, 2)) return {};
  int64_t height = x.size(2) + 2 * padding[0] - 2, width = x.size(3) + 2 * padding[1] - 2;
  if (height < 1 || width < 1 || x.size(0) < 1 || disabled()) return {};
  double tiles = double(x.size(0) * ((height + kOut - 1) / kOut) * ((width + kOut - 1) / kOut));
  // with fewer tiles the gain is small, and a direct sum has the smaller rounding error
  if (tiles < 24) return {};
  double direct = double(x.size(0) * height * width) * 9 / (isLow(x) ? kLowRate : kDirectRate);
  return {tiles, direct, double(filter[0] + filter[1]), double(filter[0]) * double(filter[1])};
}

bool winogradFits(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding,
                  at::IntArrayRef dilations, int64_t groups) {
  Candidate c = candidate(x, filter, strides, padding, dilations, groups);
  // up to kFewTiles the filter's points stay in the cache, but those of 512 x 512 channels (38 MB) would be written and read again
  // for the few tiles between
  if (c.tiles == 0 || (c.tiles > kFewTiles && c.tiles < 96)) return false;
  return c.tiles * (kPoints * c.pairs + kTileCost * c.channels) + kPoints * kFilterCost * c.pairs < c.direct * c.pairs;
}

bool winogradGradientFits(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding,
                          at::IntArrayRef dilations, int64_t groups) {
  Candidate c = candidate(x, filter, strides, padding, dilations, groups);
  return c.tiles * (kPoints * c.pairs + kTileCost * c.channels) + kSumCost * c.pairs < c.direct * c.pairs;
}

static Tensor wide(const Tensor& vector) { return vector.defined() ? vector.to(at::kFloat).contiguous() : vector; }

Tensor winogradForward(const Tensor& x, const Tensor& filter, const Tensor& scale, at::IntArrayRef padding, const Tensor& bias,
                       const Tensor& residual, Activation activation) {
  int64_t height = x.size(2) + 2 * padding[0] - 2, width = x.size(3) + 2 * padding[1] - 2;
  return convolveAny(withPixels(x), filter, scale, false, height, width, padding, wide(bias),
                     residual.defined() ? channelsLast(residual) : residual, activation);
}

Tensor winogradPackedForward(const Tensor& x, const Tensor& taps, int64_t channels, at::IntArrayRef padding, const Tensor& bias,
                             const Tensor& residual, Activation activation) {
  int64_t height = x.size(2) + 2 * padding[0] - 2, width = x.size(3) + 2 * padding[1] - 2;
  Tensor images = withPixels(x), offset = wide(bias), other = residual.defined() ? channelsLast(residual) : residual, y;
  withLane(x, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    FilterSource<T> source{pointer<T>(taps), nullptr, channels, x.size(1), false, true};
    y = convolve<T>(images, source, height, width, padding, offset, other, activation);
  });
  return y;
}

Tensor winogradInputGradient(const Tensor& dy, const Tensor& filter, at::IntArrayRef size, at::IntArrayRef padding) {
  return convolveAny(withPixels(dy), filter, Tensor(), true, size[0], size[1], {2 - padding[0], 2 - padding[1]}, Tensor(), Tensor(),
                     Activation::none);
}

}  // namespace detlab
