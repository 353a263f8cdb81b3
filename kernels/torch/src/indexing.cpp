// Gather, scatter and segment kernels.
#include "call.h"
#include "definitions.h"
#include "precision.h"

namespace detlab {

static int64_t product(at::IntArrayRef sizes, size_t from, size_t to) {
  int64_t total = 1;
  for (size_t i = from; i < to; i++) total *= sizes[i];
  return total;
}

[[noreturn]] static void refuseIndex(int64_t index, int64_t axis, int64_t size) {
  throw std::runtime_error("index " + std::to_string(index) + " is outside axis " + std::to_string(axis) + " of size " +
                           std::to_string(size));
}

/** Throws for an index that is not in 0 .. size - 1. */
static void checkRange(const Tensor& indices, int64_t axis, int64_t size) {
  if (indices.numel() == 0) return;
  int64_t low = indices.min().item<int64_t>(), high = indices.max().item<int64_t>();
  if (low < 0 || high >= size) refuseIndex(low < 0 ? low : high, axis, size);
}

/** Rows of an axis; libtorch checks the indices on a CPU, and its error does not name them. `named` is the axis in errors. */
static Tensor selectRows(const Tensor& x, int64_t axis, const Tensor& indices, int64_t named) {
  try {
    return at::index_select(x, axis, indices);
  } catch (const c10::Error&) {
    checkRange(indices, named, x.size(axis));
    throw;
  }
}

/** Row numbers in `shape` flattened over its first `indices.size(-1)` axes; throws when one is out of range. */
static Tensor linearIndex(const Tensor& indices, at::IntArrayRef shape) {
  int64_t depth = indices.size(-1);
  if (depth > static_cast<int64_t>(shape.size()))
    throw std::runtime_error("index depth " + std::to_string(depth) + " exceeds rank " + std::to_string(shape.size()));
  Tensor flat = indices.reshape({-1, depth}).to(at::kLong);
  Tensor linear = at::zeros({flat.size(0)}, flat.options());
  for (int64_t axis = 0; axis < depth; axis++) {
    Tensor column = flat.select(1, axis);
    checkRange(column, axis, shape[axis]);
    linear = linear * shape[axis] + column;
  }
  return linear;
}

// (x, indices, axis, batchDims)
static Tensor gather(const Tensor& x, const Tensor& indices, int64_t axis, int64_t batchDims) {
  auto xs = x.sizes();
  Ints shape(xs.begin(), xs.begin() + axis);
  for (int64_t d = batchDims; d < indices.dim(); d++) shape.push_back(indices.size(d));
  shape.insert(shape.end(), xs.begin() + axis + 1, xs.end());
  Tensor flat = indices.to(at::kLong);
  if (batchDims == 0) return selectRows(x, axis, flat.reshape({-1}), axis).reshape(shape);
  int64_t batches = product(xs, 0, batchDims);
  Ints inner(xs.begin() + batchDims, xs.end());
  inner.insert(inner.begin(), batches);
  Tensor rows = x.reshape(inner);
  flat = flat.reshape({batches, -1});
  std::vector<Tensor> parts;
  for (int64_t b = 0; b < batches; b++)
    parts.push_back(selectRows(rows.select(0, b), axis - batchDims, flat.select(0, b), axis));
  return at::stack(parts).reshape(shape);
}

void defineIndexing() {
  defineKernel("gather", [](Call& call) {
    return gather(call.tensor(0), call.tensor(1), call.integer(2), call.integer(3));
  });
  defineKernel("gatherNd", [](Call& call) {
    Tensor x = call.tensor(0), indices = call.tensor(1);
    size_t depth = indices.size(-1);
    Tensor linear = linearIndex(indices, x.sizes());
    Ints flat(x.sizes().begin() + depth, x.sizes().end()), shape(indices.sizes().begin(), indices.sizes().end() - 1);
    shape.insert(shape.end(), flat.begin(), flat.end());
    flat.insert(flat.begin(), product(x.sizes(), 0, depth));
    return at::index_select(x.reshape(flat), 0, linear).reshape(shape);
  });
  // (indices, updates, shape, base | -1, default, add): scatters into `base` or a tensor of `default`
  defineKernel("scatter", [](Call& call) {
    Tensor indices = call.tensor(0), updates = call.tensor(1), base = call.optionalTensor(3);
    Ints shape = call.integers(2);
    if (!base.defined()) base = at::full(shape, call.number(4), updates.options());
    if (indices.numel() == 0) return base.clone();
    size_t depth = indices.size(-1);
    Tensor linear = linearIndex(indices, shape);
    Ints rows(shape.begin() + depth, shape.end());
    rows.insert(rows.begin(), linear.size(0));
    Tensor source = updates.dim() == 0 ? updates.expand(rows) : updates.reshape(rows);
    rows[0] = product(shape, 0, depth);
    Tensor target = base.reshape(rows);
    bool bools = source.scalar_type() == at::kBool;
    if (bools) source = source.to(at::kInt), target = target.to(at::kInt);
    Tensor result = call.flag(5) ? at::index_add(target, 0, linear, source.to(target.scalar_type()))
                                 : at::index_put(target, {linear}, source.to(target.scalar_type()));
    result = result.reshape(shape);
    return bools ? result.to(at::kBool) : result;
  });
  // (x, segmentIds, count): rows with a negative id are skipped, one of `count` or more is an error
  defineKernel("segmentSum", [](Call& call) {
    Tensor x = full(call.tensor(0)), ids = call.tensor(1).reshape({-1}).to(at::kLong);
    int64_t count = call.integer(2);
    Ints shape(x.sizes().begin() + call.tensor(1).dim(), x.sizes().end());
    Ints rows = shape, result = shape;
    rows.insert(rows.begin(), ids.numel());
    result.insert(result.begin(), count + 1);  // the last row collects the skipped ones
    if (ids.device().is_cpu() && ids.numel() > 0 && ids.max().item<int64_t>() >= count)
      refuseIndex(ids.max().item<int64_t>(), 0, count);
    Tensor target = at::where(at::lt(ids, 0), at::full_like(ids, count), ids);
    Tensor sums = at::index_add(at::zeros(result, x.options()), 0, target, x.reshape(rows));
    return sums.narrow(0, 0, count);
  });
  // (indices, depth, on, off, type)
  defineKernel("oneHot", [](Call& call) {
    Tensor indices = call.tensor(0).to(at::kLong).unsqueeze(-1);
    auto opts = options(scalarType(call.integer(4)));
    Tensor equal = at::eq(indices, at::arange(call.integer(1), options(at::kLong)));
    return at::where(equal, at::full({}, call.number(2), opts), at::full({}, call.number(3), opts));
  });
}

}  // namespace detlab
