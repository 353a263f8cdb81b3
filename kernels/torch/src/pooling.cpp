// Pooling, resizing and inference batch normalisation, NHWC, with TensorFlow.js's conventions.
#include "call.h"
#include "definitions.h"
#include "layout.h"
#include "precision.h"

namespace detlab {

struct Window {
  Ints size, strides, pads, dilations;  // pads: top, bottom, left, right; negative ones crop
  bool symmetric() const {
    return pads[0] == pads[1] && pads[2] == pads[3] && pads[0] >= 0 && pads[2] >= 0 && 2 * pads[0] <= size[0] &&
           2 * pads[2] <= size[1];
  }
  Ints torchPads() const { return {pads[2], pads[3], pads[0], pads[1]}; }
};

static Window poolAt(Call& call, size_t k) {
  return {call.integers(k), call.integers(k + 1), call.integers(k + 2), call.integers(k + 3)};
}

static Tensor maxPool(const Tensor& x, const Window& p) {
  Tensor image = nchw(x);
  if (p.symmetric()) return nhwc(at::max_pool2d(image, p.size, p.strides, {p.pads[0], p.pads[2]}, p.dilations));
  if (!image.is_floating_point()) image = image.to(at::kFloat);
  image = at::constant_pad_nd(image, p.torchPads(), -std::numeric_limits<double>::infinity());
  return nhwc(at::max_pool2d(image, p.size, p.strides, {0, 0}, p.dilations)).to(x.scalar_type());
}

/** Padding is excluded: the average is over the pixels inside the image. */
static Tensor averagePool(const Tensor& x, const Window& p) {
  Tensor image = nchw(x.is_floating_point() ? x : x.to(at::kFloat));
  if (p.dilations[0] != 1 || p.dilations[1] != 1) throw std::runtime_error("average pooling with dilation is not supported");
  if (p.symmetric()) return nhwc(at::avg_pool2d(image, p.size, p.strides, {p.pads[0], p.pads[2]}, false, false));
  Tensor ones = at::ones({1, 1, image.size(2), image.size(3)}, image.options());
  auto sum = [&](const Tensor& t) {
    return at::avg_pool2d(at::constant_pad_nd(t, p.torchPads()), p.size, p.strides, {0, 0}, false, true, 1);
  };
  return nhwc(at::div(sum(image), sum(ones)));
}

/** The source coordinate that each output pixel of an axis samples. */
static Tensor sourceCoordinates(int64_t in, int64_t out, bool alignCorners, bool halfPixel) {
  Tensor position = at::arange(out, options(at::kFloat));
  double scale = alignCorners && out > 1 ? double(in - 1) / double(out - 1) : double(in) / double(out);
  return halfPixel ? (position + 0.5) * scale - (0.5) : position * scale;
}

static Tensor resizeNearest(const Tensor& x, const Ints& size, bool alignCorners, bool halfPixel) {
  if (!alignCorners && !halfPixel && x.is_floating_point()) return nhwc(at::upsample_nearest2d(nchw(x), size));
  Tensor result = x;
  for (int64_t axis : {1, 2}) {
    int64_t in = x.size(axis);
    Tensor p = sourceCoordinates(in, size[axis - 1], alignCorners, false);
    if (halfPixel) p = (at::arange(size[axis - 1], options(at::kFloat)) + 0.5) * (double(in) / double(size[axis - 1]));
    // rounds to the nearest, ties up, when corners are aligned (Math.round), down otherwise
    p = (alignCorners ? at::floor(p + 0.5) : at::floor(p)).clamp(0, in - 1);
    result = result.index_select(axis, p.to(at::kLong));
  }
  return result;
}

static Tensor interpolateAxis(const Tensor& x, int64_t axis, int64_t out, bool alignCorners, bool halfPixel) {
  int64_t in = x.size(axis);
  Tensor p = sourceCoordinates(in, out, alignCorners, halfPixel).clamp(0, in - 1);
  Tensor low = p.floor(), high = (low + 1).clamp_max(in - 1);
  Ints shape(x.dim(), 1);
  shape[axis] = out;
  Tensor weight = (p - low).reshape(shape);
  Tensor a = x.index_select(axis, low.to(at::kLong)), b = x.index_select(axis, high.to(at::kLong));
  return a + (b - a) * weight;
}

static Tensor resizeBilinear(const Tensor& x0, const Ints& size, bool alignCorners, bool halfPixel) {
  Tensor x = x0.is_floating_point() ? x0 : x0.to(at::kFloat);
  if (alignCorners || halfPixel) return nhwc(at::upsample_bilinear2d(nchw(x), size, alignCorners));
  Tensor result = interpolateAxis(full(x), 1, size[0], false, false);
  return interpolateAxis(result, 2, size[1], false, false).to(x.scalar_type());
}

/** (x - mean) / sqrt(variance + epsilon) * scale + offset, as one multiply-add in float32 per value. */
static Tensor batchNorm(const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& offset,
                        const Tensor& scale, double epsilon) {
  Tensor factor = at::rsqrt(variance + epsilon);
  if (scale.defined()) factor = factor * scale;
  Tensor shift = at::neg(mean * factor);
  if (offset.defined()) shift = shift + offset;
  return isLow(x) ? at::addcmul(shift.to(x.scalar_type()), x, factor.to(x.scalar_type())) : at::addcmul(shift, x, factor);
}

void definePooling() {
  // (x, size, strides, pads, dilations)
  defineKernel("maxPool", [](Call& call) { return maxPool(call.tensor(0), poolAt(call, 1)); });
  defineKernel("averagePool", [](Call& call) { return averagePool(call.tensor(0), poolAt(call, 1)); });
  // (x, size, strides, pads, dilations, dy)
  defineKernel("maxPoolGradient", [](Call& call) {
    Window p = poolAt(call, 1);
    return pullBack([&](const Tensor& x) { return maxPool(x, p); }, call.tensor(0), call.tensor(5));
  });
  // (input shape, size, strides, pads, dilations, dy)
  defineKernel("averagePoolGradient", [](Call& call) {
    Window p = poolAt(call, 1);
    Tensor dy = call.tensor(5);
    Tensor x = at::zeros(call.integers(0), dy.options());
    return pullBack([&](const Tensor& t) { return averagePool(t, p); }, x, dy);
  });
  // (x, [height, width], alignCorners, halfPixelCenters)
  defineKernel("resizeNearest", [](Call& call) {
    return resizeNearest(call.tensor(0), call.integers(1), call.flag(2), call.flag(3));
  });
  defineKernel("resizeBilinear", [](Call& call) {
    return resizeBilinear(call.tensor(0), call.integers(1), call.flag(2), call.flag(3));
  });
  // (images, [height, width], alignCorners, halfPixelCenters, dy)
  defineKernel("resizeNearestGradient", [](Call& call) {
    auto size = call.integers(1);
    bool corners = call.flag(2), half = call.flag(3);
    return pullBack([&](const Tensor& x) { return resizeNearest(x, size, corners, half); }, call.tensor(0), call.tensor(4));
  });
  defineKernel("resizeBilinearGradient", [](Call& call) {
    auto size = call.integers(1);
    bool corners = call.flag(2), half = call.flag(3);
    return pullBack([&](const Tensor& x) { return resizeBilinear(x, size, corners, half); }, call.tensor(0), call.tensor(4));
  });
  // (x, mean, variance, offset | -1, scale | -1, epsilon)
  defineKernel("batchNorm", [](Call& call) {
    return batchNorm(call.tensor(0), call.tensor(1), call.tensor(2), call.optionalTensor(3), call.optionalTensor(4), call.number(5));
  });
}

}  // namespace detlab
