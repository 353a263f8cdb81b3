// Images as tiles of 4 x 4 outputs, and the points of tiles for the products of Winograd's algorithm.
#pragma once

#include <algorithm>

#include "lanes.h"
#include "layout.h"
#include "product.h"
#include "winograd_transforms.h"

namespace detlab {

/** Floats of a block's points, before the products and after those of one panel: most of a second-level cache. */
constexpr int64_t kBlockFloats = 3 << 16;
constexpr int64_t kMinBlock = 28, kMaxBlock = 112;

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
  /** Its first output pixel, counted over all images. */
  int64_t corner(int64_t t) const { return (image(t) * height + top(t)) * width + left(t); }
};

/** Distance between the points of a block: an odd number of cache lines, or all 36 would map to the same cache set. */
inline int64_t pointStride(int64_t floats) { return ((floats + 15) / 16 | 1) * 16; }

/** Memory for points and sums. */
inline Tensor floats(std::initializer_list<int64_t> sizes) { return at::empty(at::IntArrayRef(sizes), at::TensorOptions(at::kFloat)); }

/** NHWC memory of an image batch; pixels are `step` apart. */
template <typename T>
struct Pixels {
  const T* data;
  int64_t height, width, channels, step;
  explicit Pixels(const Tensor& x)
      : data(pointer<T>(x)), height(x.size(2)), width(x.size(3)), channels(x.size(1)), step(pixelStep(x)) {}
};

/** Images whose pixels are equally far apart: slices of channels are read where they are. */
inline Tensor withPixels(const Tensor& x) { return pixelStep(x) > 0 ? x : channelsLast(x); }

/** Where channel c of `count` tiles begins: rows of all channels, or panels of kPanel for the right side of a product. */
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
  const T* first = corner.image + (corner.top * x.width + corner.left) * x.step + c;
  auto load = [&](int row, int column) {
    const T* pixel = first + (row * x.width + column) * x.step;
    if constexpr (kWhole) return get(pixel);
    int64_t v = corner.top + row, u = corner.left + column;
    bool inside = corner.inside || (v >= 0 && v < x.height && u >= 0 && u < x.width);
    return inside ? get(pixel, lanes) : Lanes{};
  };
  transformSquare<Transform>(load, [&](int row, int column, const Lanes& value) {
    put(to + (row * kIn + column) * stride, value, kWhole ? kLanes : lanes);
  });
}

/**
 * Reads `Transform::from` squared pixels of the tiles [first, first + tiles), from (top - padding, left - padding), and writes
 * their points in an order, of which they may be a part.
 */
template <typename Transform, typename T>
void toPoints(const Pixels<T>& x, const Tiling& tiling, at::IntArrayRef padding, int64_t first, int64_t tiles,
              const PointOrder& order, float* points, int64_t stride) {
  constexpr int n = Transform::from;
  for (int64_t t = 0; t < tiles; t++) {
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

}  // namespace detlab
