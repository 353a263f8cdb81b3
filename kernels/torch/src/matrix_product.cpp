// Blocks of depth are packed: the right-hand side in panels, the left-hand side with its rows side by side, so that both are read
// in order whatever the strides. Each thread has a share of the rows or columns of the result.
#include "matrix_product.h"

#include "product.h"

namespace detlab {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/** Sizes of a block, of which the packed right-hand side takes half of a second-level cache. */
constexpr int64_t kBlockDepth = 256, kBlockColumns = 512, kBlockRows = 112;

/** A matrix whose element (row, column) is at data[row * rowStep + column * columnStep]; one of the steps is 1. */
struct Matrix {
  const float* data;
  int64_t rowStep, columnStep;
  const float* at(int64_t row, int64_t column) const { return data + row * rowStep + column * columnStep; }
};

/** kLanes rows and columns of m from (row, column), those past `rows` and `columns` zero: a vector for each row. */
inline void readSquare(const Matrix& m, int64_t row, int64_t column, int64_t rows, int64_t columns, Lanes* square) {
  bool dense = m.columnStep == 1;  // else columns are dense, and are read as the rows of the transposed square
  int64_t lines = dense ? rows : columns, lanes = dense ? columns : rows;
  for (int64_t k = 0; k < kLanes; k++)
    square[k] = k < lines && lanes > 0 ? get(dense ? m.at(row + k, column) : m.at(row, column + k), lanes) : Lanes{};
  if (!dense) transpose(square);
}

/** Rows [first, first + depth) of b, columns [column, column + columns), in panels. */
void packPanels(const Matrix& b, int64_t first, int64_t depth, int64_t column, int64_t columns, float* panels) {
  for (int64_t c = 0; c < panelsOf(columns) * kPanel; c += kLanes)
    for (int64_t k = 0; k < depth; k += kLanes) {
      Lanes square[kLanes];
      readSquare(b, first + k, column + c, depth - k, columns - c, square);
      for (int64_t row = 0; row < std::min<int64_t>(kLanes, depth - k); row++)
        put(panels + (c / kPanel * depth + k + row) * kPanel + c % kPanel, square[row]);
    }
}

/** Rows [row, row + rows) of a over [first, first + depth), transposed: [depth, kBlockRows]. */
void packRows(const Matrix& a, int64_t row, int64_t rows, int64_t first, int64_t depth, float* packed) {
  const Matrix transposed{a.data, a.columnStep, a.rowStep};
  for (int64_t r = 0; r < rows; r += kLanes)
    for (int64_t k = 0; k < depth; k += kLanes) {
      Lanes square[kLanes];
      readSquare(transposed, first + k, row + r, depth - k, rows - r, square);
      for (int64_t line = 0; line < std::min<int64_t>(kLanes, depth - k); line++)
        put(packed + (k + line) * kBlockRows + r, square[line]);
    }
}

struct Range {
  int64_t begin, end;
};

/** The rows and columns of the result that one thread computes. */
void multiplyShare(const Matrix& a, const Matrix& b, int64_t depth, Range rows, Range columns, float* result, int64_t rowStep) {
  std::vector<float> panels(kBlockDepth * kBlockColumns), packed(kBlockDepth * kBlockRows);
  for (int64_t column = columns.begin; column < columns.end; column += kBlockColumns)
    for (int64_t k = 0; k < depth; k += kBlockDepth) {
      int64_t width = std::min(kBlockColumns, columns.end - column), length = std::min(kBlockDepth, depth - k);
      packPanels(b, k, length, column, width, panels.data());
      for (int64_t row = rows.begin; row < rows.end; row += kBlockRows) {
        int64_t count = std::min(kBlockRows, rows.end - row);
        packRows(a, row, count, k, length, packed.data());
        product(count, width, length, {packed.data(), 1, kBlockRows}, panels.data(),
                {result + row * rowStep + column, rowStep, k > 0});
      }
    }
}

bool hasUnitStep(const Tensor& m) { return m.stride(0) == 1 || m.stride(1) == 1; }

Tensor multiplied(Tensor a, Tensor b) {
  if (!hasUnitStep(a)) a = a.contiguous();
  if (!hasUnitStep(b)) b = b.contiguous();
  const int64_t rows = a.size(0), depth = a.size(1), columns = b.size(1);
  Tensor result = at::empty({rows, columns}, a.options());
  Matrix left{a.data_ptr<float>(), a.stride(0), a.stride(1)}, right{b.data_ptr<float>(), b.stride(0), b.stride(1)};
  float* out = result.data_ptr<float>();
  const bool byRows = rows >= columns;
  const int64_t unit = byRows ? kBlockRows / 8 : kPanel, units = ((byRows ? rows : columns) + unit - 1) / unit;
  const int64_t parts = std::min<int64_t>(at::get_num_threads(), units);
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++) {
      Range share{units * part / parts * unit, std::min(units * (part + 1) / parts * unit, byRows ? rows : columns)};
      multiplyShare(left, right, depth, byRows ? share : Range{0, rows}, byRows ? Range{0, columns} : share, out, columns);
    }
  });
  return result;
}

struct MatrixProductFunction : torch::autograd::Function<MatrixProductFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& a, const Tensor& b) {
    context->save_for_backward({a, b});
    return multiplied(a.detach(), b.detach());
  }
  static variable_list backward(AutogradContext* context, variable_list outputs) {
    auto saved = context->get_saved_variables();
    const Tensor &a = saved[0], &b = saved[1], &dy = outputs[0];
    if (!dy.defined()) return {Tensor(), Tensor()};
    auto times = [](const Tensor& x, const Tensor& y) { return matrixProductFits(x, y) ? matrixProduct(x, y) : at::mm(x, y); };
    return {a.requires_grad() ? times(dy, b.t()) : Tensor(), b.requires_grad() ? times(a.t(), dy) : Tensor()};
  }
};

}  // namespace

bool matrixProductFits(const Tensor& a, const Tensor& b) {
  auto fits = [](const Tensor& m) { return m.dim() == 2 && m.is_cpu() && m.scalar_type() == at::kFloat; };
  if (!fits(a) || !fits(b) || a.size(1) != b.size(0)) return false;
  bool narrow = a.size(0) < 16 || a.size(1) < 16 || b.size(1) < 16;
  return !narrow && double(a.size(0)) * double(a.size(1)) * double(b.size(1)) >= 1 << 22;
}

Tensor matrixProduct(const Tensor& a, const Tensor& b) {
  bool recorded = at::GradMode::is_enabled() && (a.requires_grad() || b.requires_grad());
  return recorded ? MatrixProductFunction::apply(a, b) : multiplied(a, b);
}

}  // namespace detlab
