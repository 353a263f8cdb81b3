// The interpolation points are 0, +-5/8, +-3/2 and infinity: with the textbook's 0, +-1, +-2 the rounding error is twice as
// large. Vectors run over channels (the innermost axis); each of the 36 points takes one matrix product of libtorch's BLAS,
// over blocks of tiles small enough to stay in cache.
#include "blas.h"
#include "layout.h"
#include "winograd.h"

namespace detlab {

namespace {

constexpr int kOut = 4, kIn = 6, kPoints = kIn * kIn;
/** Tiles of a block: with fewer, the matrix products are slow; with more, they exceed the cache. */
constexpr int64_t kBlock = 112;
constexpr float kA = 0.625f, kB = 1.5f;
constexpr float kA2 = kA * kA, kB2 = kB * kB, kA3 = kA2 * kA, kB3 = kB2 * kB, kA2B2 = kA2 * kB2;
constexpr float kNormA = 1 / (2 * kA2 * (kA2 - kB2)), kNormB = 1 / (2 * kB2 * (kB2 - kA2));

#ifdef __AVX512F__
constexpr int kLanes = 16;
#else
constexpr int kLanes = 8;
#endif
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));

/** The first `count` channels at p; the others are zero. */
inline Lanes get(const float* p, int64_t count) {
  Lanes v{};
  if (count >= kLanes)
    std::memcpy(&v, p, sizeof v);
  else
    std::memcpy(&v, p, count * sizeof(float));
  return v;
}

inline void put(float* p, const Lanes& v, int64_t count) {
  if (count >= kLanes)
    std::memcpy(p, &v, sizeof v);
  else
    std::memcpy(p, &v, count * sizeof(float));
}

/** A one-dimensional transform of `from` values, `step` apart, to `to` values. */
struct InputTransform {
  static constexpr int from = kIn, to = kIn;
  static void run(const Lanes* d, Lanes* v, int step) {
    Lanes d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    Lanes evenA = d4 - kB2 * d2, oddA = kA * d3 - kA * kB2 * d1;
    Lanes evenB = d4 - kA2 * d2, oddB = kB * d3 - kB * kA2 * d1;
    v[0] = kA2B2 * d0 - (kA2 + kB2) * d2 + d4;
    v[step] = evenA + oddA;
    v[2 * step] = evenA - oddA;
    v[3 * step] = evenB + oddB;
    v[4 * step] = evenB - oddB;
    v[5 * step] = kA2B2 * d1 - (kA2 + kB2) * d3 + d5;
  }
};

struct OutputTransform {
  static constexpr int from = kIn, to = kOut;
  static void run(const Lanes* m, Lanes* y, int step) {
    Lanes sumA = m[step] + m[2 * step], differenceA = m[step] - m[2 * step];
    Lanes sumB = m[3 * step] + m[4 * step], differenceB = m[3 * step] - m[4 * step];
    Lanes first = m[0], last = m[5 * step];
    y[0] = first + sumA + sumB;
    y[step] = kA * differenceA + kB * differenceB;
    y[2 * step] = kA2 * sumA + kB2 * sumB;
    y[3 * step] = kA3 * differenceA + kB3 * differenceB + last;
  }
};

/** The transpose of OutputTransform: maps a gradient of outputs to the points. */
struct OutputGradientTransform {
  static constexpr int from = kOut, to = kIn;
  static void run(const Lanes* y, Lanes* m, int step) {
    Lanes y0 = y[0], y1 = y[step], y2 = y[2 * step], y3 = y[3 * step];
    Lanes evenA = y0 + kA2 * y2, oddA = kA * y1 + kA3 * y3, evenB = y0 + kB2 * y2, oddB = kB * y1 + kB3 * y3;
    m[0] = y0;
    m[step] = evenA + oddA;
    m[2 * step] = evenA - oddA;
    m[3 * step] = evenB + oddB;
    m[4 * step] = evenB - oddB;
    m[5 * step] = y3;
  }
};

struct FilterTransform {
  static constexpr int from = 3, to = kIn;
  static void run(const Lanes* g, Lanes* u, int step) {
    Lanes g0 = g[0], g1 = g[step], g2 = g[2 * step];
    Lanes evenA = kNormA * (g0 + kA2 * g2), oddA = kNormA * kA * g1;
    Lanes evenB = kNormB * (g0 + kB2 * g2), oddB = kNormB * kB * g1;
    u[0] = (1 / kA2B2) * g0;
    u[step] = evenA + oddA;
    u[2 * step] = evenA - oddA;
    u[3 * step] = evenB + oddB;
    u[4 * step] = evenB - oddB;
    u[5 * step] = g2;
  }
};

/** The transpose of FilterTransform. */
struct FilterGradientTransform {
  static constexpr int from = kIn, to = 3;
  static void run(const Lanes* u, Lanes* g, int step) {
    Lanes sumA = kNormA * (u[step] + u[2 * step]), differenceA = kNormA * (u[step] - u[2 * step]);
    Lanes sumB = kNormB * (u[3 * step] + u[4 * step]), differenceB = kNormB * (u[3 * step] - u[4 * step]);
    Lanes first = (1 / kA2B2) * u[0], last = u[5 * step];
    g[0] = first + sumA + sumB;
    g[step] = kA * differenceA + kB * differenceB;
    g[2 * step] = kA2 * sumA + kB2 * sumB + last;
  }
};

/** Both axes of a square held in rows of kIn, in place. */
template <typename Transform>
inline void transformSquare(Lanes* square) {
  for (int row = 0; row < Transform::from; row++) Transform::run(square + row * kIn, square + row * kIn, 1);
  for (int column = 0; column < Transform::to; column++) Transform::run(square + column, square + column, kIn);
}

/** DETLAB_WINOGRAD=0 uses oneDNN's convolutions everywhere. */
bool disabled() {
  static const char* setting = std::getenv("DETLAB_WINOGRAD");
  static bool off = setting && std::string(setting) == "0";
  return off;
}

/** The division of images of [height, width] into tiles, processed in blocks, distributed over threads. */
struct Tiling {
  int64_t height, width, rows, columns, tiles, block, parts;

  Tiling(int64_t images, int64_t h, int64_t w) : height(h), width(w) {
    rows = (h + kOut - 1) / kOut;
    columns = (w + kOut - 1) / kOut;
    tiles = images * rows * columns;
    // one part per thread even for little work: outside a parallel loop the BLAS would start threads 36 times
    parts = std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), tiles));
    int64_t share = (tiles + parts - 1) / parts, blocks = (share + kBlock - 1) / kBlock;
    block = (share + blocks - 1) / blocks;
  }

  /** Calls f(part, first tile, tiles) for each block; parts run in parallel. */
  template <typename F>
  void forEachBlock(F f) const {
    at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t part = begin; part < end; part++)
        for (int64_t t = tiles * part / parts, last = tiles * (part + 1) / parts; t < last; t += block)
          f(part, t, std::min(block, last - t));
    });
  }

  int64_t image(int64_t t) const { return t / (rows * columns); }
  int64_t top(int64_t t) const { return t / columns % rows * kOut; }
  int64_t left(int64_t t) const { return t % columns * kOut; }
};

/** Distance between the points of a block: an odd number of cache lines, or all 36 would map to the same cache set. */
int64_t pointStride(int64_t tiles, int64_t channels) { return ((tiles * channels + 15) / 16 | 1) * 16; }

/** NHWC memory of an image batch. */
struct Pixels {
  const float* data;
  int64_t height, width, channels;
  explicit Pixels(const Tensor& x) : data(x.data_ptr<float>()), height(x.size(2)), width(x.size(3)), channels(x.size(1)) {}
};

/** Reads `Transform::from` squared pixels of each tile, from (top - padding, left - padding), and writes their points. */
template <typename Transform>
void toPoints(const Pixels& x, const Tiling& tiling, at::IntArrayRef padding, int64_t first, int64_t count, float* points,
              int64_t stride) {
  constexpr int n = Transform::from;
  for (int64_t t = 0; t < count; t++) {
    int64_t top = tiling.top(first + t) - padding[0], left = tiling.left(first + t) - padding[1];
    const float* image = x.data + tiling.image(first + t) * x.height * x.width * x.channels;
    bool inside = top >= 0 && left >= 0 && top + n <= x.height && left + n <= x.width;
    for (int64_t c = 0; c < x.channels; c += kLanes) {
      int64_t lanes = x.channels - c;
      Lanes square[kPoints];
      for (int row = 0; row < n; row++)
        for (int column = 0; column < n; column++) {
          int64_t v = top + row, u = left + column;
          bool valid = inside || (v >= 0 && v < x.height && u >= 0 && u < x.width);
          square[row * kIn + column] = valid ? get(image + (v * x.width + u) * x.channels + c, lanes) : Lanes{};
        }
      transformSquare<Transform>(square);
      for (int p = 0; p < kPoints; p++) put(points + p * stride + t * x.channels + c, square[p], lanes);
    }
  }
}

struct Epilogue {
  const float *bias, *residual;
  Activation activation;
};

inline Lanes activate(Lanes v, Activation activation) {
  if (activation == Activation::relu) return v < 0 ? Lanes{} : v;  // NaN stays NaN
  if (activation != Activation::silu) return v;
  float values[kLanes];
  std::memcpy(values, &v, sizeof v);
  for (int k = 0; k < kLanes; k++) values[k] *= sigmoid(values[k]);
  std::memcpy(&v, values, sizeof v);
  return v;
}

/** Writes the outputs of a block of tiles. */
void fromPoints(const float* points, int64_t stride, const Tiling& tiling, int64_t channels, int64_t first, int64_t count,
                const Epilogue& e, float* y) {
  for (int64_t t = 0; t < count; t++) {
    int64_t top = tiling.top(first + t), left = tiling.left(first + t);
    int64_t corner = (tiling.image(first + t) * tiling.height + top) * tiling.width + left;
    int rows = std::min<int64_t>(kOut, tiling.height - top), columns = std::min<int64_t>(kOut, tiling.width - left);
    for (int64_t c = 0; c < channels; c += kLanes) {
      int64_t lanes = channels - c;
      Lanes square[kPoints];
      for (int p = 0; p < kPoints; p++) square[p] = get(points + p * stride + t * channels + c, lanes);
      transformSquare<OutputTransform>(square);
      Lanes bias = e.bias ? get(e.bias + c, lanes) : Lanes{};
      for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++) {
          int64_t at = (corner + row * tiling.width + column) * channels + c;
          Lanes value = square[row * kIn + column] + bias;
          if (e.residual) value += get(e.residual + at, lanes);
          put(y + at, activate(value, e.activation), lanes);
        }
    }
  }
}

Tensor emptyImages(int64_t n, int64_t channels, int64_t height, int64_t width, const Tensor& like) {
  return at::empty({n, channels, height, width}, like.options(), at::MemoryFormat::ChannelsLast);
}

/** conv(x) with the points of a filter [36, O, I]; `backwards`: from O channels to I. */
Tensor convolve(const Tensor& x, const Tensor& filter, bool backwards, int64_t height, int64_t width,
                at::IntArrayRef padding, const Tensor& bias, const Tensor& residual, Activation activation) {
  const int o = filter.size(1), i = filter.size(2);
  const int from = backwards ? o : i, to = backwards ? i : o;
  Pixels pixels(x);
  Tiling tiling(x.size(0), height, width);
  Tensor y = emptyImages(x.size(0), to, height, width, x);
  int64_t stride = pointStride(tiling.block, from), outStride = pointStride(tiling.block, to);
  Tensor space = at::empty({tiling.parts, (stride + outStride) * kPoints}, x.options());
  Epilogue epilogue{bias.defined() ? bias.data_ptr<float>() : nullptr,
                    residual.defined() ? residual.data_ptr<float>() : nullptr, activation};
  const float *weights = filter.data_ptr<float>(), one = 1, zero = 0;
  float *workspace = space.data_ptr<float>(), *out = y.data_ptr<float>();
  tiling.forEachBlock([&](int64_t part, int64_t first, int64_t count) {
    float *points = workspace + part * space.size(1), *products = points + kPoints * stride;
    toPoints<InputTransform>(pixels, tiling, padding, first, count, points, stride);
    int n = count;
    for (int p = 0; p < kPoints; p++)
      sgemm()(backwards ? "N" : "T", "N", &to, &n, &from, &one, weights + p * int64_t(o) * i, &i, points + p * stride,
              &from, &zero, products + p * outStride, &to);
    fromPoints(products, outStride, tiling, to, first, count, epilogue, out);
  });
  return y;
}

}  // namespace

bool winogradFits(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding,
                  at::IntArrayRef dilations, int64_t groups, WinogradPass pass) {
  auto all = [](at::IntArrayRef values, int64_t low, int64_t high) {
    return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v >= low && v <= high; });
  };
  if (!x.is_cpu() || x.scalar_type() != at::kFloat || groups != 1) return false;
  if (filter[2] != 3 || filter[3] != 3 || !all(strides, 1, 1) || !all(dilations, 1, 1) || !all(padding, 0, 2))
    return false;
  int64_t height = x.size(2) + 2 * padding[0] - 2, width = x.size(3) + 2 * padding[1] - 2;
  if (height < 1 || width < 1 || x.size(0) < 1 || !sgemm() || disabled()) return false;
  int64_t tiles = x.size(0) * ((height + kOut - 1) / kOut) * ((width + kOut - 1) / kOut);
  bool large = filter[0] * filter[1] > 1 << 17;  // the transformed filter exceeds the cache
  int64_t channels = std::min(filter[0], filter[1]);
  // with fewer tiles the gain is small, and a direct sum has the smaller rounding error
  if (tiles < 96) return false;
  switch (pass) {
    case WinogradPass::filterGradient: return channels >= 32;
    default: return channels >= 48 && (!large || tiles >= 128);
  }
}

Tensor winogradFilter(const Tensor& filter, bool flipped, const Tensor& scale) {
  Tensor dense = channelsLast(filter);  // O, 3, 3, I
  Tensor factors = scale.defined() ? scale.contiguous() : scale;
  const float* factor = factors.defined() ? factors.data_ptr<float>() : nullptr;
  int64_t o = filter.size(0), i = filter.size(1);
  Tensor result = at::empty({kPoints, o, i}, filter.options().memory_format(at::MemoryFormat::Contiguous));
  const float* from = dense.data_ptr<float>();
  float* to = result.data_ptr<float>();
  at::parallel_for(0, o, 8, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++) {
      const float by = factor ? factor[k] : 1;
      for (int64_t c = 0; c < i; c += kLanes) {
        Lanes square[kPoints];
        for (int tap = 0; tap < 9; tap++)
          square[tap / 3 * kIn + tap % 3] = get(from + (k * 9 + (flipped ? 8 - tap : tap)) * i + c, i - c) * by;
        transformSquare<FilterTransform>(square);
        for (int p = 0; p < kPoints; p++) put(to + (p * o + k) * i + c, square[p], i - c);
      }
    }
  });
  return result;
}

Tensor winogradForward(const Tensor& x, const Tensor& transformed, at::IntArrayRef padding, const Tensor& bias,
                       const Tensor& residual, Activation activation) {
  int64_t height = x.size(2) + 2 * padding[0] - 2, width = x.size(3) + 2 * padding[1] - 2;
  return convolve(channelsLast(x), transformed, false, height, width, padding,
                  bias.defined() ? bias.contiguous() : bias, residual.defined() ? channelsLast(residual) : residual,
                  activation);
}

Tensor winogradInputGradient(const Tensor& dy, const Tensor& transformed, at::IntArrayRef size, at::IntArrayRef padding) {
  return convolve(channelsLast(dy), transformed, true, size[0], size[1], {2 - padding[0], 2 - padding[1]}, Tensor(),
                  Tensor(), Activation::none);
}

Tensor winogradFilterGradient(const Tensor& gradient, const Tensor& input, at::IntArrayRef padding) {
  Tensor dy = channelsLast(gradient), x = channelsLast(input);
  const int o = dy.size(1), i = x.size(1);
  Tiling tiling(x.size(0), dy.size(2), dy.size(3));
  int64_t xStride = pointStride(tiling.block, i), yStride = pointStride(tiling.block, o), size = int64_t(o) * i;
  Tensor space = at::empty({tiling.parts, (xStride + yStride) * kPoints}, x.options().memory_format(at::MemoryFormat::Contiguous));
  Tensor sums = at::empty({tiling.parts, kPoints, size}, space.options());
  float *workspace = space.data_ptr<float>(), *total = sums.data_ptr<float>();
  std::vector<char> begun(tiling.parts, 0);
  Pixels pixels(x), gradients(dy);
  tiling.forEachBlock([&](int64_t part, int64_t first, int64_t count) {
    float *xs = workspace + part * space.size(1), *ys = xs + kPoints * xStride;
    toPoints<InputTransform>(pixels, tiling, padding, first, count, xs, xStride);
    toPoints<OutputGradientTransform>(gradients, tiling, {0, 0}, first, count, ys, yStride);
    const float one = 1, before = begun[part] ? 1 : 0;
    begun[part] = 1;
    int n = count;
    for (int p = 0; p < kPoints; p++)
      sgemm()("N", "T", &i, &o, &n, &one, xs + p * xStride, &i, ys + p * yStride, &o, &before,
              total + (part * kPoints + p) * size, &i);
  });
  Tensor result = emptyImages(o, i, 3, 3, x);
  float* out = result.data_ptr<float>();
  at::parallel_for(0, o, 8, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++)
      for (int64_t c = 0; c < i; c += kLanes) {
        Lanes square[kPoints] = {};
        for (int64_t part = 0; part < tiling.parts; part++)
          for (int p = 0; p < kPoints; p++) square[p] += get(total + (part * kPoints + p) * size + k * i + c, i - c);
        transformSquare<FilterGradientTransform>(square);
        for (int tap = 0; tap < 9; tap++) put(out + (k * 9 + tap) * i + c, square[tap / 3 * kIn + tap % 3], i - c);
      }
  });
  return result;
}

}  // namespace detlab
