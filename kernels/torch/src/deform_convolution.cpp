// DetDeformConv2D: deformable convolution (Dai et al., 2017) and, with a mask, its modulated form (Zhu et al., 2019).
// Samples are gathered to columns [pixels, taps, channels], a chunk of pixels at a time, and multiplied with the filter;
// the backward pass gathers them again instead of keeping them. Other devices compose the same from ATen operations.
#include "autograd.h"
#include "bilinear.h"
#include "call.h"
#include "definitions.h"
#include "layout.h"
#include "precision.h"

namespace detlab {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct DeformOptions {
  Ints strides, padding, dilations;
  int64_t groups, deformGroups;
};

/** Sizes of one call; x is [N, H, W, C], the result [N, outH, outW, O], the filter kh x kw taps. */
struct DeformSizes {
  int64_t N, H, W, C, O, kh, kw, outH, outW, groups, parts;
  int64_t taps() const { return kh * kw; }
  int64_t pixels() const { return N * outH * outW; }
  /** Pixels of a chunk: its columns take about 16 MB. */
  int64_t chunk() const { return std::max<int64_t>(64, (int64_t(1) << 22) / std::max<int64_t>(1, taps() * C)); }
};

static DeformSizes sizesOf(const Tensor& x, const Tensor& filter, const DeformOptions& o) {
  DeformSizes s{x.size(0), x.size(1), x.size(2), x.size(3), filter.size(3), filter.size(0), filter.size(1)};
  int64_t kernel[2] = {s.kh, s.kw}, in[2] = {s.H, s.W}, out[2];
  for (int axis = 0; axis < 2; axis++)
    out[axis] = (in[axis] + 2 * o.padding[axis] - o.dilations[axis] * (kernel[axis] - 1) - 1) / o.strides[axis] + 1;
  s.outH = out[0], s.outW = out[1], s.groups = o.groups, s.parts = o.deformGroups;
  return s;
}

/** Visits (pixel, tap, part, sample) of a range of pixels; offset is [pixels, parts, taps, 2]. */
template <typename F>
static void visitTaps(const DeformSizes& s, const DeformOptions& o, const float* offset, int64_t begin, int64_t end, F f) {
  for (int64_t p = begin; p < end; p++) {
    int64_t column = p % s.outW, row = p / s.outW % s.outH;
    float top = float(row * o.strides[0] - o.padding[0]), left = float(column * o.strides[1] - o.padding[1]);
    for (int64_t part = 0; part < s.parts; part++)
      for (int64_t tap = 0; tap < s.taps(); tap++) {
        const float* shift = offset + ((p * s.parts + part) * s.taps() + tap) * 2;
        float y = top + float(tap / s.kw * o.dilations[0]) + shift[0];
        float x = left + float(tap % s.kw * o.dilations[1]) + shift[1];
        f(p, tap, part, bilinearTap(y, x, s.H, s.W));
      }
  }
}

static float maskAt(const float* mask, const DeformSizes& s, int64_t p, int64_t part, int64_t tap) {
  return mask ? mask[(p * s.parts + part) * s.taps() + tap] : 1.0f;
}

/** Columns [count, taps, C] of the pixels from `first` on. */
static Tensor gatherColumns(const Tensor& x, const Tensor& offset, const Tensor& mask, const DeformSizes& s,
                            const DeformOptions& o, int64_t first, int64_t count) {
  Tensor columns = at::empty({count, s.taps(), s.C}, x.options());
  const float *shifts = pointer<float>(offset), *factors = pointer<float>(mask);
  int64_t width = s.C / s.parts, plane = s.H * s.W * s.C;
  withLane(x, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    const T* source = pointer<T>(x);
    T* target = pointer<T>(columns);
    at::parallel_for(first, first + count, 8, [&](int64_t begin, int64_t end) {
      visitTaps(s, o, shifts, begin, end, [&](int64_t p, int64_t tap, int64_t part, const BilinearTap& sample) {
        T* out = target + ((p - first) * s.taps() + tap) * s.C + part * width;
        float factor = maskAt(factors, s, p, part, tap);
        if (sample.inside)
          sampleChannels(out, source + p / (s.outH * s.outW) * plane + part * width, sample, s.C, width, factor, false);
        else
          std::memset(out, 0, width * sizeof(T));
      });
    });
  });
  return columns;
}

/** [count, taps, C] as [groups, count, taps * C / groups]. */
static Tensor grouped(const Tensor& columns, const DeformSizes& s) {
  if (s.groups == 1) return columns.reshape({1, columns.size(0), s.taps() * s.C});
  return columns.reshape({columns.size(0), s.taps(), s.groups, s.C / s.groups})
      .permute({2, 0, 1, 3})
      .reshape({s.groups, columns.size(0), s.taps() * s.C / s.groups});
}

/** The filter HWIO as [groups, taps * C / groups, O / groups]. */
static Tensor filterMatrix(const Tensor& filter, const DeformSizes& s) {
  return filter.reshape({s.taps() * s.C / s.groups, s.groups, s.O / s.groups}).permute({1, 0, 2});
}

static Tensor convolved(const Tensor& columns, const Tensor& matrix, const DeformSizes& s) {
  auto type = columns.scalar_type();
  return at::bmm(operand(grouped(columns, s), type), operand(matrix, type)).permute({1, 0, 2}).reshape({-1, s.O}).to(type);
}

static Tensor forwardDeformed(const Tensor& x, const Tensor& offset, const Tensor& mask, const Tensor& filter,
                              const DeformSizes& s, const DeformOptions& o) {
  Tensor matrix = filterMatrix(filter, s);
  Tensor y = at::empty({s.pixels(), s.O}, x.options());
  for (int64_t first = 0; first < s.pixels(); first += s.chunk()) {
    int64_t count = std::min(s.chunk(), s.pixels() - first);
    y.narrow(0, first, count).copy_(convolved(gatherColumns(x, offset, mask, s, o, first, count), matrix, s));
  }
  return y.reshape({s.N, s.outH, s.outW, s.O});
}

struct DeformGradients {
  Tensor x, offset, mask;
};

/** Gradients of one chunk of pixels from those of its columns. */
static void scatterColumns(const Tensor& dColumns, const Tensor& x, const Tensor& offset, const Tensor& mask,
                           const DeformSizes& s, const DeformOptions& o, int64_t first, DeformGradients& out) {
  int64_t count = dColumns.size(0), width = s.C / s.parts, plane = s.H * s.W * s.C, area = s.outH * s.outW;
  const float *shifts = pointer<float>(offset), *factors = pointer<float>(mask);
  float *dOffset = pointer<float>(out.offset), *dMask = pointer<float>(out.mask), *dx = pointer<float>(out.x);
  withLane(x, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    const T *source = pointer<T>(x), *gradient = pointer<T>(dColumns);
    const auto gradientAt = [&](int64_t p, int64_t tap, int64_t part) {
      return gradient + ((p - first) * s.taps() + tap) * s.C + part * width;
    };
    if (dOffset || dMask)
      at::parallel_for(first, first + count, 8, [&](int64_t begin, int64_t end) {
        visitTaps(s, o, shifts, begin, end, [&](int64_t p, int64_t tap, int64_t part, const BilinearTap& sample) {
          if (!sample.inside) return;
          float sums[4];
          cornerProducts(sums, gradientAt(p, tap, part), source + p / area * plane + part * width, sample, s.C, width);
          int64_t at = (p * s.parts + part) * s.taps() + tap;
          float factor = maskAt(factors, s, p, part, tap);
          if (dOffset) {
            dOffset[2 * at] = factor * dot4(sums, sample.byY);
            dOffset[2 * at + 1] = factor * dot4(sums, sample.byX);
          }
          if (dMask) dMask[at] = dot4(sums, sample.weight);
        });
      });
    if (!dx) return;
    // parallel over channels, not pixels: each value is summed in one order for any number of threads
    constexpr int64_t kSlice = 32;
    int64_t slices = (width + kSlice - 1) / kSlice;
    at::parallel_for(0, slices, 1, [&](int64_t begin, int64_t end) {
      int64_t from = begin * kSlice, n = std::min(width, end * kSlice) - from;
      visitTaps(s, o, shifts, first, first + count, [&](int64_t p, int64_t tap, int64_t part, const BilinearTap& sample) {
        if (!sample.inside) return;
        scatterChannels(dx + p / area * plane + part * width + from, gradientAt(p, tap, part) + from, sample, s.C, n,
                        maskAt(factors, s, p, part, tap));
      });
    });
  });
}

struct DeformFunction : torch::autograd::Function<DeformFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& offset,
                        const std::optional<Tensor>& maybeMask, const Tensor& filter, const DeformOptions& o) {
    Tensor mask = maybeMask.value_or(Tensor());
    context->save_for_backward({x, offset, mask, filter});
    auto& saved = context->saved_data;
    saved["strides"] = o.strides;
    saved["padding"] = o.padding;
    saved["dilations"] = o.dilations;
    saved["groups"] = Ints{o.groups, o.deformGroups};
    saved["needs"] = Ints{x.requires_grad(), offset.requires_grad(), mask.defined() && mask.requires_grad(),
                          filter.requires_grad()};
    Tensor factors = mask.defined() ? mask.detach() : mask;
    return forwardDeformed(x.detach(), offset.detach(), factors, filter.detach(), sizesOf(x, filter, o), o);
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    refuseSecondOrder("DetDeformConv2D inside an inner gradient");
    variable_list gradients(5);
    if (!outputs[0].defined()) return gradients;
    auto& saved = context->saved_data;
    auto tensors = context->get_saved_variables();
    const Tensor &x = tensors[0], &offset = tensors[1], &mask = tensors[2], &filter = tensors[3];
    Ints needs = saved["needs"].toIntVector(), groups = saved["groups"].toIntVector();
    DeformOptions o{saved["strides"].toIntVector(), saved["padding"].toIntVector(), saved["dilations"].toIntVector(),
                    groups[0], groups[1]};
    DeformSizes s = sizesOf(x, filter, o);
    auto type = x.scalar_type();
    Tensor dy = operand(outputs[0], type).contiguous().reshape({s.pixels(), s.groups, s.O / s.groups});
    Tensor transposed = operand(filterMatrix(filter, s), type).transpose(1, 2);
    DeformGradients sums;
    if (needs[0]) sums.x = at::zeros(x.sizes(), at::kFloat);
    if (needs[1]) sums.offset = at::zeros(offset.sizes(), at::kFloat);
    if (needs[2]) sums.mask = at::zeros(mask.sizes(), at::kFloat);
    Tensor dMatrix;
    for (int64_t first = 0; first < s.pixels(); first += s.chunk()) {
      int64_t count = std::min(s.chunk(), s.pixels() - first);
      Tensor part = dy.narrow(0, first, count).permute({1, 0, 2});  // [groups, count, O / groups]
      if (needs[3]) {
        Tensor columns = grouped(gatherColumns(x, offset, mask, s, o, first, count), s);
        Tensor product = full(at::bmm(operand(columns, type).transpose(1, 2), part));
        dMatrix = dMatrix.defined() ? dMatrix.add_(product) : product;
      }
      if (!needs[0] && !needs[1] && !needs[2]) continue;
      Tensor dColumns = at::bmm(part, transposed).to(type);  // [groups, count, taps * C / groups]
      if (s.groups > 1)
        dColumns = dColumns.reshape({s.groups, count, s.taps(), s.C / s.groups}).permute({1, 2, 0, 3});
      scatterColumns(dColumns.reshape({count, s.taps(), s.C}).contiguous(), x, offset, mask, s, o, first, sums);
    }
    if (needs[0]) gradients[0] = sums.x.to(x.scalar_type());
    gradients[1] = sums.offset;
    gradients[2] = sums.mask;
    if (needs[3])
      gradients[3] = dMatrix.defined() ? dMatrix.permute({1, 0, 2}).reshape(filter.sizes()) : at::zeros_like(filter);
    return gradients;
  }
};

/**
 * The same as a composition of ATen operations, for other devices and second derivatives: grid_sampler reads one point for
 * every tap and deform group.
 */
static Tensor composedDeformed(const Tensor& x, const Tensor& offset, const Tensor& mask, const Tensor& filter,
                               const DeformSizes& s, const DeformOptions& o) {
  auto arithmeticSequence = [&](int64_t count, int64_t step, int64_t start) {
    return at::arange(count, offset.options()) * double(step) + double(start);
  };
  Tensor ys = arithmeticSequence(s.outH, o.strides[0], -o.padding[0]).reshape({s.outH, 1, 1, 1}) +
              arithmeticSequence(s.kh, o.dilations[0], 0).reshape({1, 1, s.kh, 1});
  Tensor xs = arithmeticSequence(s.outW, o.strides[1], -o.padding[1]).reshape({1, s.outW, 1, 1}) +
              arithmeticSequence(s.kw, o.dilations[1], 0).reshape({1, 1, 1, s.kw});
  Ints shape{s.outH, s.outW, s.kh, s.kw};
  Tensor base = at::stack({ys.expand(shape), xs.expand(shape)}, -1).reshape({1, s.outH * s.outW, 1, s.taps(), 2});
  Tensor positions = base + offset.reshape({s.N, s.outH * s.outW, s.parts, s.taps(), 2});
  Tensor grid = samplerGrid(positions, s.H, s.W).permute({0, 2, 1, 3, 4});
  grid = grid.reshape({s.N * s.parts, s.outH * s.outW, s.taps(), 2});
  int64_t width = s.C / s.parts;
  Tensor maps = full(x).reshape({s.N, s.H, s.W, s.parts, width}).permute({0, 3, 4, 1, 2});
  Tensor sampled = at::grid_sampler(maps.reshape({s.N * s.parts, width, s.H, s.W}), grid, 0, 0, false);
  sampled = sampled.reshape({s.N, s.parts, width, s.outH * s.outW, s.taps()}).permute({0, 3, 4, 1, 2});
  if (mask.defined())
    sampled = sampled * mask.reshape({s.N, s.outH * s.outW, s.parts, s.taps(), 1}).permute({0, 1, 3, 2, 4});
  Tensor columns = sampled.reshape({s.pixels(), s.taps(), s.C}).to(filter.scalar_type());
  return convolved(columns, filterMatrix(filter, s), s).reshape({s.N, s.outH, s.outW, s.O});
}

static void check(const Tensor& x, const Tensor& offset, const Tensor& mask, const Tensor& filter, const DeformOptions& o) {
  if (x.dim() != 4 || filter.dim() != 4 || offset.dim() != 4)
    throw std::runtime_error("x, offset and filter must have four dimensions");
  if (o.groups < 1 || x.size(3) != filter.size(2) * o.groups || filter.size(3) % o.groups != 0)
    throw std::runtime_error("groups = " + std::to_string(o.groups) + ": expected groups * " + std::to_string(filter.size(2)) +
                             " = " + std::to_string(x.size(3)) + " channels of x, and a divisor of the " +
                             std::to_string(filter.size(3)) + " output channels");
  if (o.deformGroups < 1 || x.size(3) % o.deformGroups != 0)
    throw std::runtime_error("deformGroups = " + std::to_string(o.deformGroups) + ": expected a divisor of the " +
                             std::to_string(x.size(3)) + " channels of x");
  DeformSizes s = sizesOf(x, filter, o);
  if (s.outH < 1 || s.outW < 1) throw std::runtime_error("the input is smaller than the filter");
  Ints expected{s.N, s.outH, s.outW, 2 * s.parts * s.taps()};
  if (offset.sizes() != at::IntArrayRef(expected))
    throw std::runtime_error("the offset must be [N, out height, out width, 2 * deformGroups * taps]");
  expected[3] /= 2;
  if (mask.defined() && mask.sizes() != at::IntArrayRef(expected))
    throw std::runtime_error("the mask must be [N, out height, out width, deformGroups * taps]");
}

void defineDeformConvolution() {
  // (x, offset, mask | -1, filter, strides, padding, dilations, groups, deformGroups)
  defineKernel("detDeformConv2d", [](Call& call) {
    Tensor x = call.tensor(0), offset = call.tensor(1), mask = call.optionalTensor(2), filter = call.tensor(3);
    DeformOptions o{call.integers(4), call.integers(5), call.integers(6), call.integer(7), call.integer(8)};
    check(x, offset, mask, filter, o);
    auto type = computeType(x, filter);
    x = x.to(type).contiguous();
    filter = filter.to(type);
    offset = full(offset).contiguous();
    if (mask.defined()) mask = full(mask).contiguous();
    if (!hasLanes(x) || gradientDepth() > 1) return composedDeformed(x, offset, mask, filter, sizesOf(x, filter, o), o);
    bool differentiated = x.requires_grad() || offset.requires_grad() || filter.requires_grad() ||
                          (mask.defined() && mask.requires_grad());
    if (at::GradMode::is_enabled() && differentiated) {
      auto optional = mask.defined() ? std::optional<Tensor>(mask) : std::nullopt;
      return DeformFunction::apply(x, offset, optional, filter, o);
    }
    return forwardDeformed(x, offset, mask, filter, sizesOf(x, filter, o), o);
  });
}

}  // namespace detlab
