// Products of rows of pixels with a packed filter, for convolutions that are such products: float32, or bfloat16 in pairs
// where the processor multiplies those (AVX512), summed in float32. The epilogue is applied while a tile of results is in
// registers; the sums over several maps make concatenation unnecessary.
#pragma once

#include "activation.h"
#include "product.h"
#include "slots.h"

namespace detlab {

/** Rows of `depth` numbers, `rowStep` apart, times the rows of the filter from `first`. */
template <typename T>
struct RowSegment {
  const T* data;
  int64_t rowStep, depth, first;
};

/** result = act(sum over segments + bias + addend + residual). */
template <typename T>
struct RowEpilogue {
  const float* bias = nullptr;
  const T* residual = nullptr;  // as the result, rows `residualStep` apart
  int64_t residualStep = 0;
  /** Rows of `columns` float32 numbers, each added to a square of 2 x 2 pixels of maps of `width`. */
  const float* addend = nullptr;
  int64_t width = 0;
  Activation activation = Activation::none;
};

/** Whether rows of this type are multiplied as they are: bfloat16 needs an even depth. */
bool rowProductFits(at::ScalarType type, int64_t depth);

/** Numbers of a packed filter of `columns` output channels. */
int64_t packedRowFilterSize(int64_t columns, int64_t depth);

/**
 * Filters [O, I], multiplied by `scale` [O] if there is one and rounded to T, in panels of kPanel columns: [panel][depth][kPanel],
 * of bfloat16 [panel][depth / 2][kPanel][2]. Columns are output channels and depth is input channels; `flipped`, the reverse.
 */
template <typename T>
void packRowFilter(const float* filter, const float* scale, int64_t outputs, int64_t inputs, bool flipped, T* panels);

/** The columns of one panel of `packRowFilter`, from `column`, on the calling thread. */
template <typename T>
void packRowPanel(const float* filter, const float* scale, int64_t outputs, int64_t inputs, bool flipped, int64_t column, T* panel);

/**
 * The rows [begin, end) of the result, whose rows are `columns` long, from segments and a packed filter of `depth`. On the
 * calling thread.
 */
template <typename T, typename Out>
void rowProduct(const std::vector<RowSegment<T>>& segments, int64_t begin, int64_t end, int64_t columns, const T* panels,
                int64_t depth, const RowEpilogue<Out>& epilogue, Out* result);

/** The same for the columns of one panel, from `column`, whose filter is at `panel`; blocks fit in cache by themselves. */
template <typename T, typename Out>
void rowPanelProduct(const std::vector<RowSegment<T>>& segments, int64_t begin, int64_t end, int64_t column, int64_t columns,
                     const T* panel, const RowEpilogue<Out>& epilogue, Out* result);

}  // namespace detlab
