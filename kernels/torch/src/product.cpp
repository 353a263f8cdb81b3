#include "product.h"

#include <algorithm>

namespace detlab {

namespace {

/** Rows whose sums are held in registers, two vectors each; the rest of the registers hold the operands. */
#ifdef __AVX512F__
constexpr int kTileRows = 14;
#else
constexpr int kTileRows = 6;
#endif

inline Lanes operandAt(const float* p) { return get(p); }
inline Lanes multiplyAdd(const Lanes& sum, float value, const Lanes& b) { return sum + value * b; }

inline LaneBits operandAt(const Pair* p) { return getRaw<LaneBits>(p, kLanes); }
inline Lanes multiplyAdd(const Lanes& sum, Pair value, const LaneBits& b) {
#ifdef __AVX512BF16__
  return (Lanes)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(int(value)), (__m512bh)b);
#else
  return sum;
#endif
}

template <int kRows, typename T>
void tile(int64_t columns, int64_t depth, const LeftMatrixOf<T>& a, const T* panel, const Product& result) {
  Lanes left[kRows], right[kRows];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) left[r] = right[r] = Lanes{};
  for (int64_t k = 0; k < depth; k++) {
    auto b0 = operandAt(panel + k * kPanel), b1 = operandAt(panel + k * kPanel + kLanes);
    const T* column = a.data + k * a.depthStep;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r++) {
      T value = column[r * a.rowStep];
      left[r] = multiplyAdd(left[r], value, b0);
      right[r] = multiplyAdd(right[r], value, b1);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
    float* out = result.data + r * result.rowStep;
    if (columns >= kPanel) {
      put(out, result.adds ? left[r] + get(out) : left[r]);
      put(out + kLanes, result.adds ? right[r] + get(out + kLanes) : right[r]);
      continue;
    }
    float values[kPanel];
    put(values, left[r]);
    put(values + kLanes, right[r]);
    for (int64_t c = 0; c < columns; c++) out[c] = result.adds ? out[c] + values[c] : values[c];
  }
}

template <int kRows, typename T>
void tileOf(int64_t rows, int64_t columns, int64_t depth, const LeftMatrixOf<T>& a, const T* panel, const Product& result) {
  if (rows == kRows) return tile<kRows>(columns, depth, a, panel, result);
  if constexpr (kRows > 1) tileOf<kRows - 1>(rows, columns, depth, a, panel, result);
}

template <typename T>
void productOf(int64_t rows, int64_t columns, int64_t depth, const LeftMatrixOf<T>& a, const T* panels, const Product& result) {
  int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  for (int64_t column = 0; column < columns; column += kPanel)
    for (int64_t t = 0; t < tiles; t++) {
      int64_t first = rows * t / tiles, count = rows * (t + 1) / tiles - first;
      tileOf<kTileRows, T>(count, columns - column, depth, {a.data + first * a.rowStep, a.rowStep, a.depthStep},
                           panels + column * depth,
                           {result.data + first * result.rowStep + column, result.rowStep, result.adds});
    }
}

}  // namespace

void product(int64_t rows, int64_t columns, int64_t depth, const LeftMatrix& a, const float* panels, const Product& result) {
  productOf(rows, columns, depth, a, panels, result);
}

void product(int64_t rows, int64_t columns, int64_t depth, const LeftPairs& a, const Pair* panels, const Product& result) {
  productOf(rows, columns, depth, a, panels, result);
}

}  // namespace detlab
