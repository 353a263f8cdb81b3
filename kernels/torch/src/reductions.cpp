// Reductions over axes, arg-reductions, scans, top-k, softmax and matrix products.
#include "call.h"
#include "definitions.h"
#include "matrix_product.h"
#include "precision.h"

namespace detlab {

// no axes mean all axes to libtorch, none to TensorFlow.js
static bool nothingToReduce(const Tensor& x, const Ints& axes) { return axes.empty() && x.dim() > 0; }

static Tensor countable(const Tensor& x) { return x.scalar_type() == at::kBool ? x.to(at::kInt) : x; }

/** Reduces one axis after another, last first, so that earlier axis numbers stay valid. */
template <typename Reduce>
static Tensor axisByAxis(Tensor x, Ints axes, bool keep, Reduce reduce) {
  std::sort(axes.rbegin(), axes.rend());
  for (int64_t axis : axes) x = reduce(x, axis, keep);
  return x;
}

// (x, axes, keepDims)
static void defineAxisReductions() {
  defineKernel("sum", [](Call& call) {
    Tensor x = countable(call.tensor(0));
    Ints axes = call.integers(1);
    if (nothingToReduce(x, axes)) return full(x);
    return at::sum(x, axes, call.flag(2), x.is_floating_point() ? at::kFloat : at::kInt);
  });
  defineKernel("mean", [](Call& call) {
    Tensor x = countable(call.tensor(0));
    Ints axes = call.integers(1);
    if (nothingToReduce(x, axes)) return x.to(at::kFloat);
    return at::mean(x, axes, call.flag(2), at::kFloat);
  });
  defineKernel("max", [](Call& call) {
    Tensor x = call.tensor(0);
    Ints axes = call.integers(1);
    return nothingToReduce(x, axes) ? x.clone() : at::amax(x, axes, call.flag(2));
  });
  defineKernel("min", [](Call& call) {
    Tensor x = call.tensor(0);
    Ints axes = call.integers(1);
    return nothingToReduce(x, axes) ? x.clone() : at::amin(x, axes, call.flag(2));
  });
  defineKernel("prod", [](Call& call) {
    Tensor x = full(countable(call.tensor(0)));
    auto type = x.scalar_type();
    return axisByAxis(x, call.integers(1), call.flag(2),
                      [type](const Tensor& t, int64_t axis, bool keep) { return at::prod(t, axis, keep, type); });
  });
  defineKernel("all", [](Call& call) {
    return axisByAxis(call.tensor(0), call.integers(1), call.flag(2),
                      [](const Tensor& t, int64_t axis, bool keep) { return at::all(t, axis, keep); });
  });
  defineKernel("any", [](Call& call) {
    return axisByAxis(call.tensor(0), call.integers(1), call.flag(2),
                      [](const Tensor& t, int64_t axis, bool keep) { return at::any(t, axis, keep); });
  });
}

// (x, axis, exclusive, reverse)
template <typename Accumulate>
static Tensor scan(Call& call, double start, Accumulate accumulate) {
  Tensor x = full(countable(call.tensor(0)));
  int64_t axis = call.integer(1);
  bool exclusive = call.flag(2), reverse = call.flag(3);
  if (x.numel() == 0) return x.clone();
  if (reverse) x = at::flip(x, {axis});
  Tensor result = accumulate(x, axis, x.scalar_type());
  if (exclusive) {
    Ints edge = x.sizes().vec();
    edge[axis] = 1;
    result = at::cat({at::full(edge, start, x.options()), result.narrow(axis, 0, x.size(axis) - 1)}, axis);
  }
  return reverse ? at::flip(result, {axis}) : result;
}

/**
 * The k largest of the last axis, best first; equal values in order of index (libtorch leaves ties undefined). Returns
 * [values, indices]; values are gathered, so they carry a gradient.
 */
static std::vector<Tensor> topK(const Tensor& x, int64_t k) {
  Tensor host = full(x.detach()).to(at::kCPU).contiguous();
  if (!host.is_floating_point()) host = host.to(at::kDouble);
  int64_t length = x.size(-1), rows = length ? host.numel() / length : 0;
  if (k > length)
    throw std::runtime_error("k = " + std::to_string(k) + " exceeds the size of the last axis, " + std::to_string(length));
  Ints shape = x.sizes().vec();
  shape.back() = k;
  Tensor indices = at::empty(shape, at::kInt);
  auto* out = indices.data_ptr<int32_t>();
  auto select = [&](const auto* values) {
    std::vector<int32_t> order(length);
    for (int64_t row = 0; row < rows; row++) {
      const auto* v = values + row * length;
      auto better = [v](int32_t a, int32_t b) {
        bool nanA = std::isnan(v[a]), nanB = std::isnan(v[b]);  // NaN ranks last
        if (nanA != nanB) return nanB;
        return v[a] > v[b] || ((v[a] == v[b] || nanA) && a < b);
      };
      for (int64_t i = 0; i < length; i++) order[i] = static_cast<int32_t>(i);
      if (k < length) std::nth_element(order.begin(), order.begin() + k, order.end(), better);
      std::sort(order.begin(), order.begin() + k, better);
      std::copy_n(order.begin(), k, out + row * k);
    }
  };
  if (host.scalar_type() == at::kDouble)
    select(host.data_ptr<double>());
  else
    select(host.data_ptr<float>());
  indices = indices.to(x.device());
  return {at::gather(x, -1, indices.to(at::kLong)), indices};
}

/** The first largest along an axis. NaN is chosen only where nothing else is; libtorch's argmax takes it for the largest. */
static Tensor argMax(const Tensor& x, int64_t axis) {
  Tensor found = at::argmax(x, axis, true);
  if (x.is_floating_point() && at::isnan(at::gather(x, axis, found)).any().item<bool>())
    found = topK(x.movedim(axis, -1), 1)[1].movedim(-1, axis);
  return found.squeeze(axis).to(at::kInt);
}

static void defineArgReductions() {
  defineKernel("argMax", [](Call& call) { return argMax(countable(call.tensor(0)).detach(), call.integer(1)); });
  defineKernel("argMin", [](Call& call) { return argMax(at::neg(countable(call.tensor(0)).detach()), call.integer(1)); });
}

static Tensor activate(const Tensor& x, const std::string& name, double alpha, const Tensor& prelu) {
  if (name == "linear" || name.empty()) return x;
  if (name == "relu") return at::relu(x);
  if (name == "relu6") return at::hardtanh(x, 0, 6);
  if (name == "sigmoid") return at::sigmoid(x);
  if (name == "elu") return at::elu(x);
  if (name == "leakyrelu") return at::leaky_relu(x, alpha);
  if (name == "prelu") return at::where(at::gt(x, 0), x, at::mul(x, prelu.to(x.scalar_type())));
  throw std::runtime_error("activation = \"" + name + "\": expected linear, relu, relu6, sigmoid, elu, leakyrelu or prelu");
}

void defineReductions() {
  defineAxisReductions();
  defineArgReductions();
  defineKernel("cumsum", [](Call& call) {
    return scan(call, 0, [](const Tensor& x, int64_t axis, at::ScalarType t) { return at::cumsum(x, axis, t); });
  });
  defineKernel("cumprod", [](Call& call) {
    return scan(call, 1, [](const Tensor& x, int64_t axis, at::ScalarType t) { return at::cumprod(x, axis, t); });
  });
  defineFunction("topK", [](Call& call) { return jsSlots(call.env, topK(call.tensor(0), call.integer(1))); });
  defineKernel("softmax", [](Call& call) { return at::softmax(call.tensor(0), call.integer(1), at::kFloat); });
  defineKernel("logSoftmax", [](Call& call) { return at::log_softmax(call.tensor(0), call.integer(1), at::kFloat); });
  // (a, b, transposeA, transposeB, bias | -1, activation, alpha, prelu | -1)
  defineKernel("matmul", [](Call& call) {
    Tensor a = call.tensor(0), b = call.tensor(1), bias = call.optionalTensor(4), prelu = call.optionalTensor(7);
    auto type = computeType(a, b);
    a = operand(a, type);
    b = operand(b, type);
    if (bias.defined()) bias = operand(bias, type);
    if (call.flag(2)) a = a.transpose(-1, -2);
    if (call.flag(3)) b = b.transpose(-1, -2);
    bool matrices = a.dim() == 3 && b.dim() == 3 && a.size(0) == 1 && b.size(0) == 1;
    Tensor product, left = matrices ? a.squeeze(0) : a, right = matrices ? b.squeeze(0) : b;
    if (matrixProductFits(left, right)) {
      product = matrixProduct(left, right);
      if (matrices) product = product.unsqueeze(0);
      if (bias.defined()) product = at::add(product, bias);
    } else if (matrices && bias.defined() && bias.dim() == 1)
      product = at::addmm(bias, a.squeeze(0), b.squeeze(0)).unsqueeze(0);
    else if (a.dim() == 2 && b.dim() == 2 && bias.defined() && bias.dim() == 1)
      product = at::addmm(bias, a, b);
    else {
      product = at::matmul(a, b);
      if (bias.defined()) product = at::add(product, bias);
    }
    return activate(product.to(type), call.text(5), call.number(6), prelu);
  });
  defineKernel("einsum", [](Call& call) {
    auto operands = call.tensors(1);
    auto type = operands[0].scalar_type();
    for (auto& t : operands) type = computeType(operands[0], t);
    for (auto& t : operands) t = operand(t, type);
    return at::einsum(call.text(0), operands).to(type);
  });
  // (x, activation, alpha, prelu | -1)
  defineKernel("activate", [](Call& call) {
    return activate(call.tensor(0), call.text(1), call.number(2), call.optionalTensor(3));
  });
}

}  // namespace detlab
