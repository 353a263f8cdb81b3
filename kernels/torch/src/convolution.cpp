// Convolutions with TensorFlow.js's conventions: NHWC, HWIO, any padding (top, bottom, left, right).
#include "call.h"
#include "definitions.h"
#include "layout.h"
#include "precision.h"
#include "prepared_filters.h"

namespace detlab {

struct Geometry {
  Ints strides;     // height, width
  Ints pads;        // top, bottom, left, right
  Ints dilations;   // height, width
  bool symmetric() const { return pads[0] == pads[1] && pads[2] == pads[3] && pads[0] >= 0 && pads[2] >= 0; }
};

static Geometry geometryAt(Call& call, size_t k) { return {call.integers(k), call.integers(k + 1), call.integers(k + 2)}; }

/** x with asymmetric padding applied, and the symmetric padding that remains for the convolution itself. */
static std::pair<Tensor, Ints> padded(const Tensor& x, const Geometry& g) {
  if (g.symmetric()) return {x, {g.pads[0], g.pads[2]}};
  return {at::constant_pad_nd(x, {g.pads[2], g.pads[3], g.pads[0], g.pads[1]}), {0, 0}};
}

static Tensor convolve(const Tensor& x, const Tensor& filter, const Tensor& bias, const Geometry& g, int64_t groups) {
  auto type = computeType(x, filter);
  auto [input, padding] = padded(operand(x, type), g);
  std::optional<Tensor> offset;
  if (bias.defined()) offset = operand(bias, type);
  return at::conv2d(input, differentiableFilter(operand(filter, type)), offset, g.strides, padding, g.dilations, groups).to(type);
}

/** [h, w, in, multiplier] -> [in * multiplier, 1, h, w] */
static Tensor depthwiseFilter(const Tensor& filter) {
  return filter.permute({2, 3, 0, 1}).reshape({filter.size(2) * filter.size(3), 1, filter.size(0), filter.size(1)});
}

/** Gradient of a convolution with respect to its input, of size [height, width]; itself differentiable. */
static Tensor transposed(const Tensor& dy, const Tensor& filter, const Geometry& g, const Ints& size, int64_t groups) {
  auto type = computeType(dy, filter);
  Tensor all = at::conv_transpose2d(operand(dy, type), operand(filter, type), {}, g.strides, {0, 0}, {0, 0}, groups,
                                    g.dilations).to(type);
  int64_t top = g.pads[0], left = g.pads[2];
  return at::constant_pad_nd(all, {-left, size[1] + left - all.size(3), -top, size[0] + top - all.size(2)}, 0);
}

/** Gradient with respect to a filter of shape `shape` (OIHW). */
static Tensor filterGradient(const Tensor& dy, const Tensor& x, const Ints& shape, const Geometry& g, int64_t groups) {
  auto type = computeType(dy, x);
  auto [input, padding] = padded(operand(x, type), g);
  Tensor filter = differentiableFilter(at::empty(shape, input.options(), at::MemoryFormat::ChannelsLast));
  auto gradients = at::convolution_backward(operand(dy, type), input, filter, std::nullopt, g.strides, padding, g.dilations,
                                            false, {0, 0}, groups, {false, true, false});
  return std::get<1>(gradients).to(at::kFloat);
}

Tensor pullBack(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& dy) {
  at::AutoGradMode recording(true);
  Tensor leaf = x.detach().requires_grad_(true);
  Tensor y = f(leaf);
  return torch::autograd::grad({y}, {leaf}, {dy.detach().to(y.scalar_type())})[0].detach();
}

void defineConvolution() {
  // (x, filter, bias | -1, strides, pads, dilations)
  defineKernel("conv2d", [](Call& call) {
    Geometry g = geometryAt(call, 3);
    Tensor x = nchw(call.tensor(0)), filter = call.tensor(1);
    if (filter.size(2) == 0 || x.size(1) % filter.size(2) != 0)
      throw std::runtime_error("expected the channels of x (" + std::to_string(x.size(1)) +
                               ") to be a multiple of the filter's input channels (" + std::to_string(filter.size(2)) + ")");
    return nhwc(convolve(x, oihw(filter), call.optionalTensor(2), g, x.size(1) / filter.size(2)));
  });
  // (dy, filter, [height, width], strides, pads, dilations)
  defineKernel("conv2dInputGradient", [](Call& call) {
    return nhwc(transposed(nchw(call.tensor(0)), oihw(call.tensor(1)), geometryAt(call, 3), call.integers(2), 1));
  });
  // (x, dy, HWIO shape, strides, pads, dilations)
  defineKernel("conv2dFilterGradient", [](Call& call) {
    Ints s = call.integers(2);
    return hwio(filterGradient(nchw(call.tensor(1)), nchw(call.tensor(0)), {s[3], s[2], s[0], s[1]}, geometryAt(call, 3), 1));
  });
  defineKernel("depthwise", [](Call& call) {
    Tensor x = nchw(call.tensor(0));
    return nhwc(convolve(x, depthwiseFilter(call.tensor(1)), call.optionalTensor(2), geometryAt(call, 3), x.size(1)));
  });
  defineKernel("depthwiseInputGradient", [](Call& call) {
    Tensor filter = call.tensor(1);
    return nhwc(transposed(nchw(call.tensor(0)), depthwiseFilter(filter), geometryAt(call, 3), call.integers(2), filter.size(2)));
  });
  defineKernel("depthwiseFilterGradient", [](Call& call) {
    Ints s = call.integers(2);  // [h, w, in, multiplier]
    Tensor g = filterGradient(nchw(call.tensor(1)), nchw(call.tensor(0)), {s[2] * s[3], 1, s[0], s[1]}, geometryAt(call, 3), s[2]);
    return g.reshape({s[2], s[3], s[0], s[1]}).permute({2, 3, 0, 1});
  });
  // moves a variable's filter to channels_last memory (viewed as HWIO), once; without it convolutions are up to 30% slower
  defineFunction("prepareFilter", [](Call& call) {
    at::NoGradGuard guard;
    Tensor& filter = slotAt(call.integer(0));
    if (filter.requires_grad()) return jsBoolean(call.env, false);
    forgetPrepared(call.integer(0));
    if (filter.dim() == 4) filter = hwio(channelsLast(oihw(filter)));
    return jsBoolean(call.env, true);
  });
}

}  // namespace detlab
