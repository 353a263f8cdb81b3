// Vectors run over channels (the innermost axis); each of the 36 points takes one matrix product, over blocks of tiles small
// enough to stay in cache. All arithmetic is float32; images may be bfloat16.
#include "winograd.h"

#include "lanes.h"
#include "layout.h"
#include "precision.h"
#include "product.h"
#include "vectors.h"
#include "winograd_transforms.h"

namespace detlab {

namespace {

/** Floats of a block's points, before the products and after those of one panel: most of a second-level cache. */
constexpr int64_t kBlockFloats = 3 << 16;
constexpr int64_t kMinBlock = 28, kMaxBlock = 112;
/** With as few tiles, threads share the filter instead, which is read only once: panels, each in chunks of input channels. */
constexpr int64_t kFewTiles = 56, kChunkDepth = 64;

// What decides between the algorithms, in multiply-adds at the processor's full rate, measured on AMD's Zen 5 (AVX512):
/** The share of the full rate that oneDNN's direct convolution reaches, in float32 and in bfloat16 (of the rate of float32). */
constexpr double kDirectRate = 0.85, kLowRate = 1.8;
/** Of a tile's transforms, per channel read or written, and of the filter's, per point. */
constexpr double kTileCost = 500, kFilterCost = 20;

/** DETLAB_WINOGRAD=0 uses oneDNN's convolutions everywhere. */
bool disabled() {
  static const char* setting = std::getenv("DETLAB_WINOGRAD");
  static bool off = setting && std::string(setting) == "0";
  return off;
}

/** The division of images of [height, width] into tiles, processed in blocks, distributed over threads. */
struct Tiling {
  int64_t height, width, rows, columns, tiles, block, parts;

  /** `channels`: those of a tile's points before and after the products. */
  Tiling(int64_t images, int64_t h, int64_t w, int64_t channels, int64_t threads) : height(h), width(w) {
    rows = (h + kOut - 1) / kOut;
    columns = (w + kOut - 1) / kOut;
    tiles = images * rows * columns;
    int64_t fitting = std::min(kMaxBlock, std::max(kMinBlock, kBlockFloats / (kPoints * channels)));
    parts = std::max<int64_t>(1, std::min<int64_t>(threads, tiles));
    int64_t share = (tiles + parts - 1) / parts, blocks = (share + fitting - 1) / fitting;
    block = (share + blocks - 1) / blocks;
  }

  /** Calls f(first tile, tiles) for each block of a part. */
  template <typename F>
  void forEachBlockOf(int64_t part, F f) const {
    for (int64_t t = tiles * part / parts, last = tiles * (part + 1) / parts; t < last; t += block) f(t, std::min(block, last - t));
  }

  /** Calls f(part, first tile, tiles) for each block; parts run in parallel. */
  template <typename F>
  void forEachBlock(F f) const {
    at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t part = begin; part < end; part++)
        forEachBlockOf(part, [&](int64_t first, int64_t count) { f(part, first, count); });
    });
  }

  int64_t image(int64_t t) const { return t / (rows * columns); }
  int64_t top(int64_t t) const { return t / columns % rows * kOut; }
  int64_t left(int64_t t) const { return t % columns * kOut; }
};

/** Distance between the points of a block: an odd number of cache lines, or all 36 would map to the same cache set. */
int64_t pointStride(int64_t floats) { return ((floats + 15) / 16 | 1) * 16; }

/** The same between the points of a panel of a filter of this depth. */
int64_t panelStride(int64_t depth) { return pointStride(depth * kPanel); }

/** NHWC memory of an image batch; pixels are `step` apart. */
template <typename T>
struct Pixels {
  const T* data;
  int64_t height, width, channels, step;
  explicit Pixels(const Tensor& x)
      : data(pointer<T>(x)), height(x.size(2)), width(x.size(3)), channels(x.size(1)), step(pixelStep(x)) {}
};

/** Images whose pixels are equally far apart: slices of channels are read where they are. */
Tensor withPixels(const Tensor& x) { return pixelStep(x) > 0 ? x : channelsLast(x); }

/** Where channel c of a block's tiles begins: rows of all channels, or panels of kPanel for the right side of a product. */
struct PointOrder {
  bool panels;
  int64_t channels, count;
  int64_t at(int64_t tile, int64_t c) const {
    return panels ? (c / kPanel * count + tile) * kPanel + c % kPanel : tile * channels + c;
  }
  /** Floats of a point's tiles. */
  int64_t size() const { return count * (panels ? panelsOf(channels) * kPanel : channels); }
};

/** Where a tile begins in an image, and the image. */
template <typename T>
struct Corner {
  const T* image;
  int64_t top, left;
  bool inside;  // so are all pixels of the tile
};

/** The points of kLanes channels of a tile, or of the last `lanes` channels. */
template <typename Transform, bool kWhole, typename T>
inline void tilePoints(const Pixels<T>& x, const Corner<T>& corner, int64_t c, int64_t lanes, float* to, int64_t stride) {
  constexpr int n = Transform::from;
  Lanes square[kPoints];
  const T* first = corner.image + (corner.top * x.width + corner.left) * x.step + c;
  for (int row = 0; row < n; row++)
    for (int column = 0; column < n; column++) {
      const T* pixel = first + (row * x.width + column) * x.step;
      int64_t v = corner.top + row, u = corner.left + column;
      if constexpr (kWhole)
        square[row * kIn + column] = get(pixel);
      else if (corner.inside || (v >= 0 && v < x.height && u >= 0 && u < x.width))
        square[row * kIn + column] = get(pixel, lanes);
      else
        square[row * kIn + column] = Lanes{};
    }
  transformSquare<Transform>(square);
  for (int p = 0; p < kPoints; p++) put(to + p * stride, square[p], kWhole ? kLanes : lanes);
}

/** Reads `Transform::from` squared pixels of each tile, from (top - padding, left - padding), and writes their points. */
template <typename Transform, typename T>
void toPoints(const Pixels<T>& x, const Tiling& tiling, at::IntArrayRef padding, int64_t first, const PointOrder& order,
              float* points, int64_t stride) {
  constexpr int n = Transform::from;
  for (int64_t t = 0; t < order.count; t++) {
    int64_t top = tiling.top(first + t) - padding[0], left = tiling.left(first + t) - padding[1];
    bool inside = top >= 0 && left >= 0 && top + n <= x.height && left + n <= x.width;
    Corner<T> corner{x.data + tiling.image(first + t) * x.height * x.width * x.step, top, left, inside};
    for (int64_t c = 0; c < x.channels; c += kLanes) {
      float* to = points + order.at(t, c);
      if (inside && x.channels - c >= kLanes)
        tilePoints<Transform, true>(x, corner, c, kLanes, to, stride);
      else
        tilePoints<Transform, false>(x, corner, c, x.channels - c, to, stride);
    }
  }
}

template <typename T>
struct Epilogue {
  const float* bias;
  const T* residual;
  Activation activation;
};

inline Lanes activate(Lanes v, Activation activation) {
  if (activation == Activation::relu) return v < 0 ? Lanes{} : v;  // NaN stays NaN
  return activation == Activation::silu ? silu(v) : v;
}

/** Writes the outputs of kLanes channels of a tile, or of the last `lanes` channels, from its points. */
template <bool kWhole, typename T>
inline void tileOutputs(const float* points, int64_t stride, int64_t corner, int64_t width, int64_t channels, int rows,
                        int columns, int64_t lanes, const Epilogue<T>& e, int64_t c, T* y) {
  if constexpr (kWhole) lanes = kLanes, rows = columns = kOut;
  Lanes square[kPoints];
  for (int p = 0; p < kPoints; p++) square[p] = get(points + p * stride, lanes);
  transformSquare<OutputTransform>(square);
  Lanes bias = e.bias ? get(e.bias + c, lanes) : Lanes{};
  for (int row = 0; row < rows; row++)
    for (int column = 0; column < columns; column++) {
      int64_t at = (corner + row * width + column) * channels + c;
      Lanes value = square[row * kIn + column] + bias;
      if (e.residual) value += get(e.residual + at, lanes);
      put(y + at, activate(value, e.activation), lanes);
    }
}

/** Writes the outputs of a block of tiles, channels [column, column + kPanel). */
template <typename T>
void fromPoints(const float* points, int64_t stride, const Tiling& tiling, int64_t channels, int64_t column, int64_t first,
                int64_t count, const Epilogue<T>& e, T* y) {
  for (int64_t t = 0; t < count; t++) {
    int64_t top = tiling.top(first + t), left = tiling.left(first + t);
    int64_t corner = (tiling.image(first + t) * tiling.height + top) * tiling.width + left;
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

/** A filter O, 3, 3, I, of which `factor` multiplies output channels; `flipped` rotates it and exchanges O and I. */
struct FilterSource {
  const float* data;
  const float* factor;
  int64_t outputs, inputs;
  bool flipped;
  int64_t depth() const { return flipped ? outputs : inputs; }
  int64_t columns() const { return flipped ? inputs : outputs; }
};

/** Writes the points of columns [column, column + kLanes) and of `depth` rows from `first`; points are `stride` apart. */
void filterPoints(const FilterSource& f, int64_t column, int64_t first, int64_t depth, float* to, int64_t stride) {
  const int64_t o = f.flipped ? first : column, i = f.flipped ? column : first;
  for (int64_t base = 0; base < depth; base += kLanes) {
    const int64_t k = f.flipped ? o + base : o, c = f.flipped ? i : i + base;
    Lanes taps[9][kLanes];  // of kLanes output channels, in each a vector of input channels, or the reverse
    for (int tap = 0; tap < 9; tap++) {
      const float* from = f.data + (k * 9 + (f.flipped ? 8 - tap : tap)) * f.inputs + c;
      for (int64_t row = 0; row < kLanes; row++)
        taps[tap][row] = k + row < f.outputs && c < f.inputs
                             ? get(from + row * 9 * f.inputs, f.inputs - c) * (f.factor ? f.factor[k + row] : 1.0f)
                             : Lanes{};
      if (!f.flipped) transpose(taps[tap]);
    }
    for (int64_t row = 0; row < std::min<int64_t>(kLanes, depth - base); row++) {
      Lanes square[kPoints];
      for (int tap = 0; tap < 9; tap++) square[tap / 3 * kIn + tap % 3] = taps[tap][row];
      transformSquare<FilterTransform>(square);
      for (int p = 0; p < kPoints; p++) put(to + p * stride + (base + row) * kPanel, square[p]);
    }
  }
}

/** The points of all panels of a filter, [panels, 36, depth, kPanel] with a gap after each point. */
Tensor allPoints(const FilterSource& f, const at::TensorOptions& options) {
  const int64_t depth = f.depth(), stride = panelStride(depth), panels = panelsOf(f.columns());
  Tensor result = at::empty({panels, kPoints, stride}, options);
  float* to = result.data_ptr<float>();
  at::parallel_for(0, panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin * kPanel; c < end * kPanel; c += kLanes)
      filterPoints(f, c, 0, depth, to + c / kPanel * kPoints * stride + c % kPanel, stride);
  });
  return result;
}

Tensor emptyImages(int64_t n, int64_t channels, int64_t height, int64_t width, const Tensor& like) {
  return at::empty({n, channels, height, width}, like.options(), at::MemoryFormat::ChannelsLast);
}

/** conv(x) with a filter. With few tiles, each panel's points are made by the thread that uses them, and stay in its cache. */
template <typename T>
Tensor convolve(const Tensor& x, const FilterSource& filter, int64_t height, int64_t width, at::IntArrayRef padding,
                const Tensor& bias, const Tensor& residual, Activation activation) {
  const int64_t from = filter.depth(), to = filter.columns(), panels = panelsOf(to), threads = at::get_num_threads();
  auto options = x.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous);
  Pixels<T> pixels(x);
  Tiling tiling(x.size(0), height, width, from + kPanel, threads);
  const bool byPanels = tiling.tiles <= kFewTiles;
  if (byPanels) tiling = Tiling(x.size(0), height, width, from + kPanel, 1);
  const int64_t shares = byPanels ? std::min(threads, panels) : 1, chunk = byPanels ? std::min(from, kChunkDepth) : from;
  Tensor y = emptyImages(x.size(0), to, height, width, x), points;
  if (!byPanels) points = allPoints(filter, options);
  const int64_t stride = pointStride(tiling.block * from), outStride = pointStride(tiling.block * kPanel);
  const int64_t filterStride = panelStride(chunk), made = byPanels ? filterStride : 0;
  Tensor space = at::empty({tiling.parts * shares, (stride + outStride + made) * kPoints}, options);
  Epilogue<T> epilogue{pointer<float>(bias), pointer<T>(residual), activation};
  float* workspace = space.data_ptr<float>();
  T* out = pointer<T>(y);
  auto run = [&](int64_t unit) {
    int64_t part = unit / shares, share = unit % shares;
    float *left = workspace + unit * space.size(1), *products = left + kPoints * stride, *buffer = products + kPoints * outStride;
    tiling.forEachBlockOf(part, [&](int64_t first, int64_t count) {
      toPoints<InputTransform>(pixels, tiling, padding, first, {false, from, count}, left, stride);
      for (int64_t panel = panels * share / shares; panel < panels * (share + 1) / shares; panel++) {
        for (int64_t k = 0; k < from; k += chunk) {
          const int64_t depth = std::min(chunk, from - k);
          for (int64_t c = 0; byPanels && c < kPanel; c += kLanes)
            filterPoints(filter, panel * kPanel + c, k, depth, buffer + c, filterStride);
          const float* right = byPanels ? buffer : points.template data_ptr<float>() + panel * kPoints * filterStride;
          for (int p = 0; p < kPoints; p++)
            product(count, kPanel, depth, {left + p * stride + k, from, 1}, right + p * filterStride,
                    {products + p * outStride, kPanel, k > 0});
        }
        fromPoints<T>(products, outStride, tiling, to, panel * kPanel, first, count, epilogue, out);
      }
    });
  };
  at::parallel_for(0, tiling.parts * shares, 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) run(unit);
  });
  return y;
}

/** The filter OIHW as float32, times `scale`. */
Tensor convolveAny(const Tensor& x, const Tensor& filter, const Tensor& scale, bool flipped, int64_t height, int64_t width,
                   at::IntArrayRef padding, const Tensor& bias, const Tensor& residual, Activation activation) {
  Tensor dense = channelsLast(full(filter)), factors = scale.defined() ? scale.contiguous() : scale, y;
  FilterSource source{dense.data_ptr<float>(), pointer<float>(factors), filter.size(0), filter.size(1), flipped};
  withLane(x, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    y = convolve<T>(x, source, height, width, padding, bias, residual, activation);
  });
  return y;
}

}  // namespace

bool winogradFits(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding,
                  at::IntArrayRef dilations, int64_t groups) {
  auto all = [](at::IntArrayRef values, int64_t low, int64_t high) {
    return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v >= low && v <= high; });
  };
  if (!hasLanes(x) || productType(x.scalar_type()) != x.scalar_type() || groups != 1) return false;
  if (filter[2] != 3 || filter[3] != 3 || !all(strides, 1, 1) || !all(dilations, 1, 1) || !all(padding, 0, 2))
    return false;
  int64_t height = x.size(2) + 2 * padding[0] - 2, width = x.size(3) + 2 * padding[1] - 2;
  if (height < 1 || width < 1 || x.size(0) < 1 || disabled()) return false;
  double tiles = double(x.size(0) * ((height + kOut - 1) / kOut) * ((width + kOut - 1) / kOut));
  // with fewer tiles the gain is small, and a direct sum has the smaller rounding error; up to kFewTiles the filter's points stay
  // in the cache, but those of 512 x 512 channels (38 MB) would be written and read again for the few tiles between
  if (tiles < 24 || (tiles > kFewTiles && tiles < 96)) return false;
  double channels = double(filter[0] + filter[1]), products = double(filter[0]) * double(filter[1]);
  double direct = double(x.size(0) * height * width) * 9 * products / (isLow(x) ? kLowRate : kDirectRate);
  return tiles * (kPoints * products + kTileCost * channels) + kPoints * kFilterCost * products < direct;
}

static Tensor wide(const Tensor& vector) { return vector.defined() ? vector.to(at::kFloat).contiguous() : vector; }

Tensor winogradForward(const Tensor& x, const Tensor& filter, const Tensor& scale, at::IntArrayRef padding, const Tensor& bias,
                       const Tensor& residual, Activation activation) {
  int64_t height = x.size(2) + 2 * padding[0] - 2, width = x.size(3) + 2 * padding[1] - 2;
  return convolveAny(withPixels(x), filter, scale, false, height, width, padding, wide(bias),
                     residual.defined() ? channelsLast(residual) : residual, activation);
}

Tensor winogradInputGradient(const Tensor& dy, const Tensor& filter, at::IntArrayRef size, at::IntArrayRef padding) {
  return convolveAny(withPixels(dy), filter, Tensor(), true, size[0], size[1], {2 - padding[0], 2 - padding[1]}, Tensor(), Tensor(),
                     Activation::none);
}

/** The sums over tiles of products of points, for each thread: [parts, 36, O, I]. */
template <typename T>
static Tensor gradientPoints(const Tensor& dy, const Tensor& x, at::IntArrayRef padding) {
  const int64_t o = dy.size(1), i = x.size(1), size = o * i;
  Tiling tiling(x.size(0), dy.size(2), dy.size(3), o + i, at::get_num_threads());
  int64_t xStride = pointStride(PointOrder{true, i, tiling.block}.size()), yStride = pointStride(tiling.block * o);
  auto options = x.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous);
  Tensor space = at::empty({tiling.parts, (xStride + yStride) * kPoints}, options);
  Tensor sums = at::empty({tiling.parts, kPoints, size}, options);
  float *workspace = space.data_ptr<float>(), *total = sums.data_ptr<float>();
  std::vector<char> begun(tiling.parts, 0);
  Pixels<T> pixels(x), gradients(dy);
  tiling.forEachBlock([&](int64_t part, int64_t first, int64_t count) {
    float *xs = workspace + part * space.size(1), *ys = xs + kPoints * xStride;
    toPoints<InputTransform>(pixels, tiling, padding, first, {true, i, count}, xs, xStride);
    toPoints<OutputGradientTransform>(gradients, tiling, {0, 0}, first, {false, o, count}, ys, yStride);
    bool adds = begun[part] != 0;
    begun[part] = 1;
    for (int p = 0; p < kPoints; p++)
      product(o, i, count, {ys + p * yStride, 1, o}, xs + p * xStride, {total + (part * kPoints + p) * size, i, adds});
  });
  return sums;
}

Tensor winogradFilterGradient(const Tensor& gradient, const Tensor& input, at::IntArrayRef padding) {
  Tensor dy = withPixels(gradient), x = withPixels(input), sums;
  withLane(x, [&](auto* lane) { sums = gradientPoints<std::remove_pointer_t<decltype(lane)>>(dy, x, padding); });
  const int64_t o = dy.size(1), i = x.size(1), size = o * i, parts = sums.size(0);
  const float* total = sums.data_ptr<float>();
  Tensor result = at::empty({o, i, 3, 3}, sums.options(), at::MemoryFormat::ChannelsLast);
  float* out = result.data_ptr<float>();
  at::parallel_for(0, o, 8, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++)
      for (int64_t c = 0; c < i; c += kLanes) {
        Lanes square[kPoints] = {};
        for (int64_t part = 0; part < parts; part++)
          for (int p = 0; p < kPoints; p++) square[p] += get(total + (part * kPoints + p) * size + k * i + c, i - c);
        transformSquare<FilterGradientTransform>(square);
        for (int tap = 0; tap < 9; tap++) put(out + (k * 9 + tap) * i + c, square[tap / 3 * kIn + tap % 3], i - c);
      }
  });
  return result;
}

}  // namespace detlab
