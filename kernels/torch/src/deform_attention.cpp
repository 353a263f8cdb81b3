// DetDeformAttention: multi-scale deformable attention (Zhu et al., Deformable DETR, 2021). Every head of a query samples a
// few points on every level and sums them by their attention weights. The backward pass is parallel over heads, so that
// each value is summed in the order of the queries, for any number of threads.
#include "autograd.h"
#include "bilinear.h"
#include "call.h"
#include "definitions.h"
#include "precision.h"

namespace detlab {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/** value [B, S, heads * width], locations [B, Q, heads, levels, points, 2] (x, y in 0..1), weights the same without 2. */
struct AttentionSizes {
  int64_t B, S, Q, heads, width, levels, points;
  Ints shapes;  // height and width of each level
  int64_t samples() const { return levels * points; }
};

static AttentionSizes attentionSizes(const Tensor& value, const Tensor& weights, Ints shapes, int64_t heads, int64_t points) {
  auto levels = static_cast<int64_t>(shapes.size() / 2);
  return {value.size(0), value.size(1), weights.size(1), heads, value.size(2) / heads, levels, points, std::move(shapes)};
}

/** Visits (sample's index in weights, offset of its level in value, sample) of one head of one query. */
template <typename F>
static void visitPoints(const AttentionSizes& s, const float* locations, int64_t b, int64_t q, int64_t head, F f) {
  int64_t at = ((b * s.Q + q) * s.heads + head) * s.samples(), start = 0, stride = s.heads * s.width;
  for (int64_t level = 0; level < s.levels; level++) {
    int64_t height = s.shapes[2 * level], width = s.shapes[2 * level + 1];
    for (int64_t point = 0; point < s.points; point++, at++) {
      float x = locations[2 * at] * float(width) - 0.5f, y = locations[2 * at + 1] * float(height) - 0.5f;
      f(at, (b * s.S + start) * stride + head * s.width, bilinearTap(y, x, height, width), level);
    }
    start += height * width;
  }
}

static Tensor attend(const Tensor& value, const Tensor& locations, const Tensor& weights, const AttentionSizes& s) {
  Tensor y = at::empty({s.B, s.Q, s.heads * s.width}, value.options());
  const float *where = pointer<float>(locations), *factors = pointer<float>(weights);
  withLane(value, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    const T* source = pointer<T>(value);
    T* target = pointer<T>(y);
    at::parallel_for(0, s.B * s.Q * s.heads, 16, [&](int64_t begin, int64_t end) {
      std::vector<float> sum(s.width);
      for (int64_t k = begin; k < end; k++) {
        std::fill(sum.begin(), sum.end(), 0.0f);
        visitPoints(s, where, k / s.heads / s.Q, k / s.heads % s.Q, k % s.heads,
                    [&](int64_t at, int64_t from, const BilinearTap& tap, int64_t) {
                      if (tap.inside)
                        sampleChannels(sum.data(), source + from, tap, s.heads * s.width, s.width, factors[at], true);
                    });
        for (int64_t i = 0; i < s.width; i++) store(target[k * s.width + i], sum[i]);
      }
    });
  });
  return y;
}

struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& value, const Tensor& locations, const Tensor& weights,
                        const AttentionSizes& s) {
    context->save_for_backward({value, locations, weights});
    auto& saved = context->saved_data;
    saved["shapes"] = s.shapes;
    saved["sizes"] = Ints{s.heads, s.points};
    saved["needs"] = Ints{value.requires_grad(), locations.requires_grad(), weights.requires_grad()};
    return attend(value.detach(), locations.detach(), weights.detach(), s);
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    refuseSecondOrder("DetDeformAttention inside an inner gradient");
    variable_list gradients(4);
    if (!outputs[0].defined()) return gradients;
    auto& saved = context->saved_data;
    auto tensors = context->get_saved_variables();
    const Tensor &value = tensors[0], &locations = tensors[1], &weights = tensors[2];
    Ints needs = saved["needs"].toIntVector(), sizes = saved["sizes"].toIntVector();
    AttentionSizes s = attentionSizes(value, weights, saved["shapes"].toIntVector(), sizes[0], sizes[1]);
    Tensor dy = outputs[0].to(value.scalar_type()).contiguous();
    Tensor dValue = needs[0] ? at::zeros(value.sizes(), at::kFloat) : Tensor();
    Tensor dLocations = needs[1] ? at::zeros(locations.sizes(), at::kFloat) : Tensor();
    Tensor dWeights = needs[2] ? at::zeros(weights.sizes(), at::kFloat) : Tensor();
    const float *where = pointer<float>(locations), *factors = pointer<float>(weights);
    float *dv = pointer<float>(dValue), *dl = pointer<float>(dLocations), *dw = pointer<float>(dWeights);
    int64_t stride = s.heads * s.width;
    withLane(value, [&](auto* lane) {
      using T = std::remove_pointer_t<decltype(lane)>;
      const T *source = pointer<T>(value), *out = pointer<T>(dy);
      at::parallel_for(0, s.B * s.heads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t k = begin; k < end; k++)
          for (int64_t q = 0; q < s.Q; q++) {
            int64_t b = k / s.heads, head = k % s.heads;
            const T* gradient = out + (b * s.Q + q) * stride + head * s.width;
            visitPoints(s, where, b, q, head, [&](int64_t at, int64_t from, const BilinearTap& tap, int64_t level) {
              if (!tap.inside) return;
              if (dv) scatterChannels(dv + from, gradient, tap, stride, s.width, factors[at]);
              if (!dl && !dw) return;
              float sums[4];
              cornerProducts(sums, gradient, source + from, tap, stride, s.width);
              if (dw) dw[at] = dot4(sums, tap.weight);
              if (!dl) return;
              dl[2 * at] = factors[at] * dot4(sums, tap.byX) * float(s.shapes[2 * level + 1]);
              dl[2 * at + 1] = factors[at] * dot4(sums, tap.byY) * float(s.shapes[2 * level]);
            });
          }
      });
    });
    if (needs[0]) gradients[0] = dValue.to(value.scalar_type());
    gradients[1] = dLocations;
    gradients[2] = dWeights;
    return gradients;
  }
};

/** The same as a composition of ATen operations, for other devices and second derivatives. */
static Tensor composedAttention(const Tensor& value, const Tensor& locations, const Tensor& weights, const AttentionSizes& s) {
  Tensor maps = full(value).reshape({s.B, s.S, s.heads, s.width}).permute({0, 2, 3, 1});
  maps = maps.reshape({s.B * s.heads, s.width, s.S});
  Tensor grid = locations.reshape({s.B, s.Q, s.heads, s.levels, s.points, 2}).permute({0, 2, 3, 1, 4, 5}) * 2 - 1;
  grid = grid.reshape({s.B * s.heads, s.levels, s.Q, s.points, 2});
  std::vector<Tensor> sampled;
  int64_t start = 0;
  for (int64_t level = 0; level < s.levels; level++) {
    int64_t height = s.shapes[2 * level], width = s.shapes[2 * level + 1];
    Tensor map = maps.narrow(2, start, height * width).reshape({s.B * s.heads, s.width, height, width});
    sampled.push_back(at::grid_sampler(map, grid.select(1, level), 0, 0, false));  // [B * heads, width, Q, points]
    start += height * width;
  }
  Tensor factors = weights.reshape({s.B, s.Q, s.heads, s.samples()}).permute({0, 2, 1, 3});
  Tensor summed = (at::cat(sampled, 3) * factors.reshape({s.B * s.heads, 1, s.Q, s.samples()})).sum(3);
  summed = summed.reshape({s.B, s.heads * s.width, s.Q}).transpose(1, 2);
  return summed.to(value.scalar_type());
}

void defineDeformAttention() {
  // (value, locations, weights, [h0, w0, h1, w1, ...], heads, points)
  defineKernel("detDeformAttention", [](Call& call) {
    Tensor value = call.tensor(0), locations = call.tensor(1), weights = call.tensor(2);
    Ints shapes = call.integers(3);
    int64_t heads = call.integer(4), points = call.integer(5), area = 0;
    for (size_t k = 0; k + 1 < shapes.size(); k += 2) area += shapes[k] * shapes[k + 1];
    if (value.dim() != 3 || value.size(1) != area || heads < 1 || value.size(2) % heads != 0)
      throw std::runtime_error("value must be [B, sum of the levels' areas, a multiple of heads]");
    if (weights.dim() < 2 || weights.size(0) != value.size(0) || locations.numel() != 2 * weights.numel() ||
        weights.numel() != weights.size(0) * weights.size(1) * heads * int64_t(shapes.size() / 2) * points)
      throw std::runtime_error("weights must be [B, Q, heads * levels * points], locations the same times 2");
    AttentionSizes s = attentionSizes(value, weights, shapes, heads, points);
    value = value.contiguous();
    locations = full(locations).contiguous();
    weights = full(weights).contiguous();
    if (!hasLanes(value) || gradientDepth() > 1) return composedAttention(value, locations, weights, s);
    bool differentiated = value.requires_grad() || locations.requires_grad() || weights.requires_grad();
    if (at::GradMode::is_enabled() && differentiated) return AttentionFunction::apply(value, locations, weights, s);
    return attend(value, locations, weights, s);
  });
}

}  // namespace detlab
