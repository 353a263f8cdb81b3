// The filter gradient by Winograd's algorithm: for each of the 36 points, the product over tiles of the points of the outputs'
// gradients, [O, tiles], with those of the inputs, [tiles, I], and then the transform of the sums to the 3x3 filter.
#include "winograd.h"

#include "precision.h"
#include "winograd_tiles.h"

namespace detlab {

namespace {

/** With as few tiles, the sums of a block of the filter are transformed in cache and never written. */
constexpr int64_t kFusedTiles = 112;
constexpr int64_t kFusedRows = 84;

/** Numbers of a filter of which each thread has sums. */
constexpr int64_t kPartFilter = 128 * 128;
/** Floats of the points of a chunk of tiles of a larger one. */
constexpr int64_t kChunkFloats = 3 << 20;

/** A filter gradient: points of `tiles` tiles at a time, of gradients in rows and of inputs in panels. */
template <typename T>
struct GradientWork {
  Pixels<T> inputs, gradients;
  at::IntArrayRef padding;
  Tiling tiling;
  float *xs, *ys;
  int64_t tiles, xStride, yStride;
  float* result;

  int64_t outputs() const { return gradients.channels; }
  int64_t channels() const { return inputs.channels; }

  /** Makes the points of the tiles [first + begin, first + end) of the `count` from `first`, on the calling thread. */
  void makePointsHere(int64_t first, int64_t begin, int64_t end, int64_t count) const {
    toPoints<InputTransform>(inputs, tiling, padding, first + begin, end - begin, {true, channels(), count}, xs + begin * kPanel,
                             xStride);
    toPoints<OutputGradientTransform>(gradients, tiling, {0, 0}, first + begin, end - begin, {false, outputs(), count},
                                      ys + begin * outputs(), yStride);
  }

  /** Makes the points of the tiles [first, first + count). */
  void makePoints(int64_t first, int64_t count) const {
    const int64_t grain = std::max<int64_t>(1, 256 / (outputs() + channels()));
    at::parallel_for(0, count, grain, [&](int64_t begin, int64_t end) { makePointsHere(first, begin, end, count); });
  }

  /** Adds up, or begins, columns [column, column + columns) of the sums of rows from `row` over `count` tiles, at one point. */
  void multiply(int p, int64_t row, int64_t rows, int64_t column, int64_t columns, int64_t count, const Product& sums) const {
    product(rows, columns, count, {ys + p * yStride + row, 1, outputs()}, xs + p * xStride + column * count, sums);
  }

  /** Writes the gradients of `rows` rows from `row` and of kLanes columns, whose sums load(row, point) returns. */
  template <typename Load>
  void finish(int64_t row, int64_t column, Load load) const {
    transformSquare<FilterGradientTransform>([&](int down, int across) { return load(down * kIn + across); },
                                             [&](int down, int across, const Lanes& value) {
                                               put(result + (row * 9 + down * 3 + across) * channels() + column, value,
                                                   channels() - column);
                                             });
  }
};

/** Threads share blocks of the filter. */
template <typename T>
void finishInCache(const GradientWork<T>& w) {
  const int64_t count = w.tiles;
  w.makePoints(0, count);
  const int64_t panels = panelsOf(w.channels()), threads = at::get_num_threads();
  int64_t blocks = (w.outputs() + kFusedRows - 1) / kFusedRows;
  while (blocks * panels % threads != 0 && w.outputs() / (blocks + 1) >= 28) blocks++;
  const int64_t longest = (w.outputs() + blocks - 1) / blocks, stride = pointStride(longest * kPanel);
  const int64_t units = blocks * panels, workers = std::min(threads, units);
  Tensor space = floats({workers, kPoints * stride});
  at::parallel_for(0, workers, 1, [&](int64_t begin, int64_t end) {
    for (int64_t worker = begin; worker < end; worker++)
      for (int64_t unit = units * worker / workers; unit < units * (worker + 1) / workers; unit++) {
        float* sums = space.data_ptr<float>() + worker * kPoints * stride;
        const int64_t column = unit / blocks * kPanel, block = unit % blocks;
        const int64_t row = w.outputs() * block / blocks, rows = w.outputs() * (block + 1) / blocks - row;
        for (int p = 0; p < kPoints; p++) w.multiply(p, row, rows, column, kPanel, count, {sums + p * stride, kPanel, false});
        for (int64_t r = 0; r < rows; r++)
          for (int64_t c = column; c < std::min(w.channels(), column + kPanel); c += kLanes)
            w.finish(row + r, c, [&](int p) { return get(sums + p * stride + r * kPanel + c - column); });
      }
  });
}

/** The sums over all tiles of parts of them, [parts][36][O * I], as filter gradients. */
template <typename T>
void finishSums(const GradientWork<T>& w, const Tensor& sums, int64_t stride) {
  const int64_t channels = w.channels(), parts = sums.size(0);
  const float* from = sums.data_ptr<float>();
  at::parallel_for(0, w.outputs(), 8, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++)
      for (int64_t c = 0; c < channels; c += kLanes)
        w.finish(row, c, [&](int p) {
          Lanes sum{};
          for (int64_t part = 0; part < parts; part++)
            sum += get(from + (part * kPoints + p) * stride + row * channels + c, channels - c);
          return sum;
        });
  });
}

/** Threads share the points of each chunk of tiles, and then the points' products. */
template <typename T>
void addChunks(const GradientWork<T>& w) {
  const int64_t outputs = w.outputs(), channels = w.channels(), stride = pointStride(outputs * channels);
  const int64_t chunks = (w.tiling.tiles + w.tiles - 1) / w.tiles, threads = at::get_num_threads();
  const int64_t splits = std::clamp<int64_t>(threads / 4, 1, std::max<int64_t>(1, outputs / 28));
  Tensor sums = floats({1, kPoints * stride});
  float* total = sums.data_ptr<float>();
  for (int64_t chunk = 0; chunk < chunks; chunk++) {
    const int64_t first = w.tiling.tiles * chunk / chunks, count = w.tiling.tiles * (chunk + 1) / chunks - first;
    w.makePoints(first, count);
    at::parallel_for(0, kPoints * splits, 1, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; unit++) {
        const int64_t p = unit / splits, split = unit % splits;
        const int64_t row = outputs * split / splits, rows = outputs * (split + 1) / splits - row;
        w.multiply(int(p), row, rows, 0, channels, count, {total + p * stride + row * channels, channels, chunk > 0});
      }
    });
  }
  finishSums(w, sums, stride);
}

/** Threads share the tiles: each has sums, and points of a block of tiles that stay in its cache. */
template <typename T>
void addParts(const GradientWork<T>& w) {
  const int64_t outputs = w.outputs(), channels = w.channels(), stride = pointStride(outputs * channels), parts = w.tiling.parts;
  Tensor sums = floats({parts, kPoints * stride});
  std::vector<char> begun(parts, 0);
  w.tiling.forEachBlock([&](int64_t part, int64_t first, int64_t count) {
    GradientWork<T> mine = w;
    mine.xs += part * kPoints * (w.xStride + w.yStride);
    mine.ys += part * kPoints * (w.xStride + w.yStride);
    mine.makePointsHere(first, 0, count, count);
    for (int p = 0; p < kPoints; p++)
      mine.multiply(p, 0, outputs, 0, channels, count,
                    {sums.data_ptr<float>() + (part * kPoints + p) * stride, channels, begun[part] != 0});
    begun[part] = 1;
  });
  finishSums(w, sums, stride);
}

}  // namespace

Tensor winogradFilterGradient(const Tensor& gradient, const Tensor& input, at::IntArrayRef padding) {
  Tensor dy = withPixels(gradient), x = withPixels(input);
  const int64_t outputs = dy.size(1), channels = x.size(1);
  Tensor result = at::empty({outputs, channels, 3, 3}, x.options().dtype(at::kFloat), at::MemoryFormat::ChannelsLast);
  Tiling tiling(x.size(0), dy.size(2), dy.size(3), outputs + channels, at::get_num_threads());
  const bool fused = tiling.tiles <= kFusedTiles, byParts = !fused && outputs * channels <= kPartFilter;
  int64_t tiles = byParts ? tiling.block : tiling.tiles;
  if (!fused && !byParts) {
    int64_t fitting = std::max(kFusedTiles, kChunkFloats / (kPoints * (outputs + channels))), chunks = (tiles + fitting - 1) / fitting;
    tiles = (tiles + chunks - 1) / chunks;
  }
  const int64_t xStride = pointStride(PointOrder{true, channels, tiles}.size()), yStride = pointStride(tiles * outputs);
  Tensor points = floats({byParts ? tiling.parts : 1, kPoints * (xStride + yStride)});
  float* xs = points.data_ptr<float>();
  withLane(x, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    GradientWork<T> work{Pixels<T>(x), Pixels<T>(dy), padding, tiling, xs, xs + kPoints * xStride, tiles, xStride, yStride,
                         result.data_ptr<float>()};
    fused ? finishInCache(work) : byParts ? addParts(work) : addChunks(work);
  });
  return result;
}

}  // namespace detlab
