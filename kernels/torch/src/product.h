// Matrix products of float32 blocks on the calling thread, for kernels that lower to many of them. The BLAS in libtorch (MKL) uses
// half of the vector width on AMD's processors and loses more on small blocks; this one reaches 95% of the peak on both.
// The right-hand matrix is packed in panels of kPanel columns, [panel][depth][kPanel], so that it is read in order.
#pragma once

#include "vectors.h"

namespace detlab {

constexpr int kPanel = 2 * kLanes;

inline int64_t panelsOf(int64_t columns) { return (columns + kPanel - 1) / kPanel; }

/** The left-hand matrix: element (row, k) is at data[row * rowStep + k * depthStep]. */
template <typename T>
struct LeftMatrixOf {
  const T* data;
  int64_t rowStep, depthStep;
};
using LeftMatrix = LeftMatrixOf<float>;

/** Two bfloat16 numbers that follow each other along the depth, the first in the lower half. */
using Pair = uint32_t;
using LeftPairs = LeftMatrixOf<Pair>;

/** Whether the processor multiplies pairs of bfloat16 numbers (AVX512). */
#ifdef __AVX512BF16__
constexpr bool kHasPairs = true;
#else
constexpr bool kHasPairs = false;
#endif

/** The result, [rows, columns], its rows `rowStep` apart. */
struct Product {
  float* data;
  int64_t rowStep;
  bool adds;  // to what is there
};

/** result = (result +) a * b, of size [rows, columns] over `depth`; sums are in the order of depth. */
void product(int64_t rows, int64_t columns, int64_t depth, const LeftMatrix& a, const float* panels, const Product& result);

/** The same of pairs, summed in float32; `depth` counts pairs. Only where `kHasPairs`. */
void product(int64_t rows, int64_t columns, int64_t depth, const LeftPairs& a, const Pair* panels, const Product& result);

}  // namespace detlab
