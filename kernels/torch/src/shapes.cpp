// Kernels that create, reshape, slice and concatenate tensors.
#include "call.h"
#include "concat.h"
#include "definitions.h"
#include "precision.h"

namespace detlab {

/** All operands in one type: their common one, or float32 if low and full precision are mixed. */
static std::vector<Tensor> sameType(std::vector<Tensor> tensors) {
  bool mixed = false;
  for (auto& t : tensors) mixed |= t.scalar_type() != tensors[0].scalar_type();
  if (mixed)
    for (auto& t : tensors) t = full(t);
  return tensors;
}

// (x, begin, sizes, strides); a negative stride runs backwards from `begin`
static Tensor strided(Tensor x, const Ints& begin, const Ints& sizes, const Ints& strides) {
  for (int64_t axis = 0; axis < x.dim(); axis++) {
    int64_t from = begin[axis], n = sizes[axis], step = strides[axis];
    if (n == 0) {
      x = x.narrow(axis, 0, 0);
    } else if (step > 0) {
      x = x.slice(axis, from, from + (n - 1) * step + 1, step);
    } else {
      x = at::flip(x.slice(axis, from + (n - 1) * step, from + 1, -step), {axis});
    }
  }
  return x;
}

/** Mirror padding, axis by axis; `offset` 1 excludes the edge (reflect), 0 repeats it (symmetric). */
static Tensor mirrored(Tensor x, const Ints& before, const Ints& after, int64_t offset) {
  for (int64_t axis = 0; axis < x.dim(); axis++) {
    int64_t n = x.size(axis);
    if (before[axis] == 0 && after[axis] == 0) continue;
    std::vector<int64_t> index;
    for (int64_t i = -before[axis]; i < n + after[axis]; i++) {
      int64_t j = i < 0 ? -i - 1 + offset : i >= n ? 2 * n - 1 - i - offset : i;
      if (j < 0 || j >= n)
        throw std::runtime_error("the padding of axis " + std::to_string(axis) + " is too large for its size, " + std::to_string(n));
      index.push_back(j);
    }
    x = x.index_select(axis, at::tensor(index, at::kLong).to(x.device()));
  }
  return x;
}

static void defineCreation() {
  // (shape, value, type)
  defineKernel("fill", [](Call& call) {
    return at::full(call.integers(0), call.number(1), options(scalarType(call.integer(2))));
  });
  // (typed array, shape, type)
  defineKernel("fromData", [](Call& call) {
    napi_typedarray_type type;
    size_t length, offset;
    void* bytes;
    napi_value buffer;
    if (napi_get_typedarray_info(call.env, call.raw(0), &type, &length, &bytes, &buffer, &offset) != napi_ok)
      throw std::runtime_error("expected the values as a typed array");
    auto expected = scalarType(call.integer(2));
    auto received = type == napi_float32_array ? at::kFloat : type == napi_int32_array ? at::kInt : at::kBool;
    if (expected != received)
      throw std::runtime_error(std::string("expected values of type ") + c10::toString(expected) + ", received " +
                               c10::toString(received));
    Tensor tensor = at::empty(call.integers(1), at::TensorOptions().dtype(expected));
    if (static_cast<size_t>(tensor.numel()) != length)
      throw std::runtime_error("expected " + std::to_string(tensor.numel()) + " values, received " + std::to_string(length));
    if (length) std::memcpy(tensor.data_ptr(), bytes, tensor.nbytes());
    return device().is_cpu() ? tensor : tensor.to(device());
  });
  // slot -> a new Float32Array, Int32Array or Uint8Array
  defineFunction("toData", [](Call& call) {
    Tensor tensor = full(call.tensor(0).detach()).to(at::kCPU).contiguous();
    void* bytes;
    napi_value buffer, result;
    if (napi_create_arraybuffer(call.env, tensor.nbytes(), &bytes, &buffer) != napi_ok) throw std::bad_alloc();
    if (tensor.nbytes()) std::memcpy(bytes, tensor.data_ptr(), tensor.nbytes());
    auto type = tensor.scalar_type() == at::kFloat ? napi_float32_array
                : tensor.scalar_type() == at::kInt ? napi_int32_array
                                                   : napi_uint8_array;
    napi_create_typedarray(call.env, type, tensor.numel(), buffer, 0, &result);
    return result;
  });
  defineKernel("copy", [](Call& call) { return call.tensor(0).detach().clone(); });
}

void defineShapes() {
  defineCreation();
  defineKernel("reshape", [](Call& call) { return call.tensor(0).reshape(call.integers(1)); });
  defineKernel("transpose", [](Call& call) { return call.tensor(0).permute(call.integers(1)); });
  defineKernel("tile", [](Call& call) { return call.tensor(0).repeat(call.integers(1)); });
  defineKernel("expand", [](Call& call) { return call.tensor(0).expand(call.integers(1)); });
  defineKernel("flip", [](Call& call) { return at::flip(call.tensor(0), call.integers(1)); });
  // (x, begin, sizes)
  defineKernel("slice", [](Call& call) {
    Tensor x = call.tensor(0);
    Ints begin = call.integers(1), sizes = call.integers(2);
    for (int64_t axis = 0; axis < x.dim(); axis++)
      if (sizes[axis] != x.size(axis)) x = x.narrow(axis, begin[axis], sizes[axis]);
    return x;
  });
  defineKernel("stridedSlice", [](Call& call) {
    return strided(call.tensor(0), call.integers(1), call.integers(2), call.integers(3));
  });
  defineKernel("concat", [](Call& call) { return concatenated(sameType(call.tensors(0)), call.integer(1)); });
  defineKernel("pack", [](Call& call) { return at::stack(sameType(call.tensors(0)), call.integer(1)); });
  defineFunction("unpack", [](Call& call) {
    return jsSlots(call.env, at::unbind(call.tensor(0), call.integer(1)));
  });
  // (x, sizes, axis)
  defineFunction("split", [](Call& call) {
    return jsSlots(call.env, at::split_with_sizes(call.tensor(0), call.integers(1), call.integer(2)));
  });
  // (x, [last axis before, after, ..., first axis before, after], value)
  defineKernel("pad", [](Call& call) {
    return at::constant_pad_nd(call.tensor(0), call.integers(1), call.number(2));
  });
  defineKernel("mirrorPad", [](Call& call) {
    return mirrored(call.tensor(0), call.integers(1), call.integers(2), call.integer(3));
  });
  // (x, block size): NHWC
  defineKernel("depthToSpace", [](Call& call) {
    Tensor x = call.tensor(0);
    int64_t b = call.integer(1), n = x.size(0), h = x.size(1), w = x.size(2), c = x.size(3) / (b * b);
    return x.reshape({n, h, w, b, b, c}).permute({0, 1, 3, 2, 4, 5}).reshape({n, h * b, w * b, c});
  });
}

}  // namespace detlab
