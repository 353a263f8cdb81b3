#include "row_product.h"

#include "lanes.h"
#include "vectors.h"

namespace detlab {

namespace {

/** Rows whose sums are held in registers, two vectors each; the rest of the registers hold the operands. */
#ifdef __AVX512F__
constexpr int kSumRows = 14;
#else
constexpr int kSumRows = 6;
#endif

/** Bytes of rows that stay in the second-level cache while all panels pass, and tiles of rows, whose results do. */
constexpr int64_t kRowBytes = 256 << 10, kMaxTiles = 8;

/** Where the results of a tile go: its first row and column, and how many columns there are. */
template <typename Out>
struct RowTarget {
  const RowEpilogue<Out>& epilogue;
  Out* result;
  int64_t row, column, columns;
};

/** sums += rows of a segment times kVectors vectors of a panel. */
template <int kRows, int kVectors>
inline void accumulate(const RowSegment<float>& s, int64_t row, const float* panel, Lanes (&sums)[kRows][kVectors]) {
  const float* a = s.data + row * s.rowStep;
  const int64_t step = s.rowStep;
  for (int64_t k = 0; k < s.depth; k++, panel += kPanel) {
    Lanes b[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; v++) b[v] = get(panel + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r++) {
      float value = a[r * step + k];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; v++) sums[r][v] += value * b[v];
    }
  }
}

#ifdef __AVX512BF16__
template <int kRows, int kVectors>
inline void accumulate(const RowSegment<uint16_t>& s, int64_t row, const uint16_t* panel, Lanes (&sums)[kRows][kVectors]) {
  const uint16_t* a = s.data + row * s.rowStep;
  const int64_t step = s.rowStep;
  for (int64_t k = 0; k < s.depth; k += 2, panel += 2 * kPanel) {
    __m512bh b[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; v++) b[v] = (__m512bh)_mm512_loadu_si512(panel + v * 2 * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r++) {
      int32_t pair;
      std::memcpy(&pair, a + r * step + k, 4);
      __m512bh value = (__m512bh)_mm512_set1_epi32(pair);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; v++) sums[r][v] = (Lanes)_mm512_dpbf16_ps((__m512)sums[r][v], value, b[v]);
    }
  }
}
#else
template <int kRows, int kVectors>
inline void accumulate(const RowSegment<uint16_t>&, int64_t, const uint16_t*, Lanes (&)[kRows][kVectors]) {}
#endif

/** Writes a vector of sums of each row of a tile, `step` apart, of which `lanes` are columns, with the epilogue. */
template <bool kWhole, typename Out, typename F>
inline void finishVector(const RowTarget<Out>& t, int rows, int64_t column, int64_t lanes, const float* sums, int64_t step, F activate) {
  const RowEpilogue<Out>& e = t.epilogue;
  if constexpr (kWhole) lanes = kLanes;
  const Lanes bias = e.bias ? get(e.bias + column, lanes) : Lanes{};
  const Out* residual = e.residual ? e.residual + t.row * e.residualStep + column : nullptr;
  Out* result = t.result + t.row * t.columns + column;
  for (int64_t r = 0; r < rows; r++, result += t.columns) {
    int64_t row = t.row + r;
    Lanes value = get(sums + r * step) + bias;
    if (e.addend) value += get(e.addend + (row / (2 * e.width) * (e.width / 2) + row % e.width / 2) * t.columns + column, lanes);
    if (residual) value += get(residual + r * e.residualStep, lanes);
    put(result, activate(value), lanes);
  }
}

/** Writes the rows of sums of a tile, `vectors` each, with the epilogue. */
template <typename Out>
void finish(const RowTarget<Out>& t, int rows, int vectors, const float* sums) {
  auto write = [&](auto activate) {
    for (int v = 0; v < vectors; v++) {
      int64_t column = t.column + v * kLanes, lanes = t.columns - column;
      if (lanes >= kLanes)
        finishVector<true>(t, rows, column, lanes, sums + v * kLanes, vectors * kLanes, activate);
      else
        finishVector<false>(t, rows, column, lanes, sums + v * kLanes, vectors * kLanes, activate);
    }
  };
  if (t.epilogue.activation == Activation::silu)
    write([](Lanes x) { return siluFor<Out>(x); });
  else if (t.epilogue.activation == Activation::relu)
    write([](Lanes x) { return x < 0 ? Lanes{} : x; });  // NaN stays NaN
  else
    write([](Lanes x) { return x; });
}

/** Fetches the lines of a tile's results and residuals while its products are computed. GCC drops calls of what only fetches. */
template <int kRows, typename Out>
[[gnu::always_inline]] inline void prefetchRows(const RowTarget<Out>& t) {
  constexpr int64_t line = 64 / sizeof(Out);
  const Out *result = t.result + t.row * t.columns + t.column;
  const Out* residual = t.epilogue.residual ? t.epilogue.residual + t.row * t.epilogue.residualStep + t.column : nullptr;
  for (int r = 0; r < kRows; r++)
    for (int64_t c = 0; c < kPanel; c += line) __builtin_prefetch(result + r * t.columns + c, 1);
  for (int r = 0; residual && r < kRows; r++)
    for (int64_t c = 0; c < kPanel; c += line) __builtin_prefetch(residual + r * t.epilogue.residualStep + c);
}

template <int kRows, int kVectors, typename T, typename Out>
void rowTile(const std::vector<RowSegment<T>>& segments, const T* panel, const RowTarget<Out>& target) {
  prefetchRows<kRows>(target);
  Lanes sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; v++) sums[r][v] = Lanes{};
  for (const RowSegment<T>& segment : segments)
    accumulate<kRows, kVectors>(segment, target.row, panel + segment.first * kPanel, sums);
  alignas(64) float values[kRows * kVectors * kLanes];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; v++) put(values + (r * kVectors + v) * kLanes, sums[r][v]);
  finish(target, kRows, kVectors, values);
}

template <int kRows, typename T, typename Out>
void rowTileOf(int64_t rows, const std::vector<RowSegment<T>>& segments, const T* panel, const RowTarget<Out>& target) {
  if (rows == kRows) {
    if (target.columns - target.column > kLanes)
      rowTile<kRows, 2>(segments, panel, target);
    else
      rowTile<kRows, 1>(segments, panel, target);
  } else if constexpr (kRows > 1) {
    rowTileOf<kRows - 1>(rows, segments, panel, target);
  }
}

}  // namespace

bool rowProductFits(at::ScalarType type, int64_t depth) {
#ifdef __AVX512BF16__
  if (type == at::kBFloat16) return depth % 2 == 0;
#endif
  return type == at::kFloat;
}

int64_t packedRowFilterSize(int64_t columns, int64_t depth) { return panelsOf(columns) * kPanel * depth; }

static void putDepths(const Lanes* rows, int64_t count, float* panel) {
  for (int64_t k = 0; k < count; k++) put(panel + k * kPanel, rows[k]);
}

static void putDepths(const Lanes* rows, int64_t count, uint16_t* panel) {
  for (int64_t k = 0; k < count; k += 2) {
    LaneBits pairs = roundedToLow(rows[k]) | roundedToLow(rows[k + 1]) << 16;
    std::memcpy(panel + k * kPanel, &pairs, sizeof pairs);
  }
}

template <typename T>
void packRowPanel(const float* filter, const float* scale, int64_t outputs, int64_t inputs, bool flipped, int64_t column, T* panel) {
  const int64_t depth = flipped ? outputs : inputs;
  constexpr int64_t step = sizeof(T) == 2 ? 2 : 1;  // numbers of a column that are side by side
  for (int64_t c = 0; c < kPanel; c += kLanes)
    for (int64_t k = 0; k < depth; k += kLanes) {
      Lanes square[kLanes] = {};
      int64_t o = flipped ? k : column + c, i = flipped ? column + c : k;
      for (int64_t r = 0; r < std::min<int64_t>(kLanes, outputs - o) && i < inputs; r++)
        square[r] = get(filter + (o + r) * inputs + i, inputs - i) * (scale ? scale[o + r] : 1.0f);
      if (!flipped) transpose(square);
      putDepths(square, std::min<int64_t>(kLanes, depth - k), panel + k * kPanel + c * step);
    }
}

template <typename T>
void packRowFilter(const float* filter, const float* scale, int64_t outputs, int64_t inputs, bool flipped, T* panels) {
  const int64_t columns = flipped ? inputs : outputs, depth = flipped ? outputs : inputs;
  at::parallel_for(0, panelsOf(columns), std::max<int64_t>(1, (1 << 14) / (depth * kPanel)), [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; panel++)
      packRowPanel(filter, scale, outputs, inputs, flipped, panel * kPanel, panels + panel * depth * kPanel);
  });
}

template <typename T, typename Out>
void rowPanelProduct(const std::vector<RowSegment<T>>& segments, int64_t begin, int64_t end, int64_t column, int64_t columns,
                     const T* panel, const RowEpilogue<Out>& epilogue, Out* result) {
  int64_t tiles = (end - begin + kSumRows - 1) / kSumRows;
  for (int64_t t = 0; t < tiles; t++) {
    int64_t row = begin + (end - begin) * t / tiles, count = begin + (end - begin) * (t + 1) / tiles - row;
    rowTileOf<kSumRows>(count, segments, panel, RowTarget<Out>{epilogue, result, row, column, columns});
  }
}

template <typename T, typename Out>
void rowProduct(const std::vector<RowSegment<T>>& segments, int64_t begin, int64_t end, int64_t columns, const T* panels,
                int64_t depth, const RowEpilogue<Out>& epilogue, Out* result) {
  const int64_t tiles = kRowBytes / (depth * int64_t(sizeof(T)) * kSumRows);
  const int64_t fitting = std::clamp<int64_t>(tiles, 1, kMaxTiles) * kSumRows;
  const int64_t blocks = (end - begin + fitting - 1) / fitting;
  for (int64_t block = 0; block < blocks; block++) {
    int64_t first = begin + (end - begin) * block / blocks, last = begin + (end - begin) * (block + 1) / blocks;
    for (int64_t column = 0; column < columns; column += kPanel)
      rowPanelProduct(segments, first, last, column, columns, panels + column * depth, epilogue, result);
  }
}

template void packRowPanel(const float*, const float*, int64_t, int64_t, bool, int64_t, float*);
template void packRowFilter(const float*, const float*, int64_t, int64_t, bool, float*);
template void packRowFilter(const float*, const float*, int64_t, int64_t, bool, uint16_t*);
template void rowProduct(const std::vector<RowSegment<float>>&, int64_t, int64_t, int64_t, const float*, int64_t,
                         const RowEpilogue<float>&, float*);
template void rowProduct(const std::vector<RowSegment<uint16_t>>&, int64_t, int64_t, int64_t, const uint16_t*, int64_t,
                         const RowEpilogue<uint16_t>&, uint16_t*);
template void rowProduct(const std::vector<RowSegment<uint16_t>>&, int64_t, int64_t, int64_t, const uint16_t*, int64_t,
                         const RowEpilogue<float>&, float*);
template void rowPanelProduct(const std::vector<RowSegment<float>>&, int64_t, int64_t, int64_t, int64_t, const float*,
                              const RowEpilogue<float>&, float*);
template void rowPanelProduct(const std::vector<RowSegment<uint16_t>>&, int64_t, int64_t, int64_t, int64_t, const uint16_t*,
                              const RowEpilogue<uint16_t>&, uint16_t*);

}  // namespace detlab
