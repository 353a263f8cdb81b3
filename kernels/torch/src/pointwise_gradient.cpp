// The gradients of 1x1 convolutions: products with the filter for the maps, with the pixels for the filter.
#include "autograd.h"
#include "filter_gradient.h"
#include "lanes.h"
#include "layout.h"
#include "pointwise.h"
#include "precision.h"
#include "relu_gradient.h"

namespace detlab {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/** Sums of 2 x 2 pixels: what reaches a map that was repeated. */
Tensor folded(const Tensor& dy) { return at::avg_pool2d(dy, {2, 2}).mul_(4); }

/** Gradient of a map that was read with strides. */
Tensor spread(const Tensor& gradient, const Tensor& x, const Ints& strides) {
  if (strides[0] == 1 && strides[1] == 1) return gradient;
  Tensor result = at::zeros(x.sizes(), gradient.options().memory_format(at::MemoryFormat::ChannelsLast));
  result.slice(2, 0, x.size(2), strides[0]).slice(3, 0, x.size(3), strides[1]).copy_(gradient);
  return result;
}

struct PointwiseConvolution : torch::autograd::Function<PointwiseConvolution> {
  static Tensor forward(AutogradContext* context, at::TensorList maps, const Tensor& filter, const std::optional<Tensor>& bias,
                        const std::optional<Tensor>& scale, const std::optional<Tensor>& residual, const Ints& strides,
                        Activation activation) {
    Tensor factor = scale.value_or(Tensor());
    bool smooth = activation == Activation::silu;  // its gradient needs its input
    std::vector<Tensor> read;
    Ints mapNeeds;
    for (auto& x : maps) read.push_back(x.detach()), mapNeeds.push_back(x.requires_grad());
    Tensor packed = pointwiseFilter(filter.detach(), factor.defined() ? factor.detach() : factor, maps[0].scalar_type(), false);
    Tensor y = pointwiseForward(read, packed, filter.size(0), strides, bias ? bias->detach() : Tensor(),
                                residual ? residual->detach() : Tensor(), smooth ? Activation::none : activation);
    variable_list kept{filter, factor, activation == Activation::none ? Tensor() : y};
    kept.insert(kept.end(), maps.begin(), maps.end());
    context->save_for_backward(kept);
    auto& saved = context->saved_data;
    saved["strides"] = strides;
    saved["smooth"] = smooth;
    saved["maps"] = mapNeeds;
    saved["needs"] = Ints{filter.requires_grad(), bias && bias->requires_grad(), factor.defined() && factor.requires_grad(),
                          residual && residual->requires_grad()};
    return smooth ? at::silu(y) : y;
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    refuseSecondOrder("DetConv2D inside an inner gradient");
    auto& saved = context->saved_data;
    auto tensors = context->get_saved_variables();
    const Tensor &filter = tensors[0], &scale = tensors[1], &y = tensors[2];
    Ints needs = saved["needs"].toIntVector(), mapNeeds = saved["maps"].toIntVector(), strides = saved["strides"].toIntVector();
    const size_t count = mapNeeds.size();
    variable_list gradients(count + 6);
    if (!outputs[0].defined()) return gradients;
    bool exclusive = outputs[0].use_count() == 1 && outputs[0].storage().use_count() == 1;
    Tensor dy = channelsLast(outputs[0].to(tensors[3].scalar_type()));
    if (saved["smooth"].toBool())
      dy = at::silu_backward(dy, y);
    else if (y.defined())
      dy = reluGradient(dy, y, exclusive || !dy.is_same(outputs[0]));
    if (needs[3]) gradients[count + 3] = dy;
    if (needs[1]) gradients[count + 1] = full(at::sum(dy, {0, 2, 3}));
    const bool filterNeeds = needs[0] || needs[2];
    Tensor coarse;
    variable_list filterGradients;
    int64_t first = 0;
    for (size_t k = 0; k < count; k++) {
      const Tensor& x = tensors[3 + k];
      bool repeated = strides[0] == 1 && x.size(2) != dy.size(2);
      if (repeated && !coarse.defined()) coarse = folded(dy);
      const Tensor& gradient = repeated ? coarse : dy;
      if (mapNeeds[k]) {
        Tensor packed = pointwiseFilter(filter.slice(1, first, first + x.size(1)), scale, dy.scalar_type(), true);
        Tensor dx = pointwiseForward({gradient}, packed, x.size(1), {1, 1}, Tensor(), Tensor(), Activation::none);
        gradients[k] = spread(dx, x, strides);
      }
      if (filterNeeds) filterGradients.push_back(rowsFilterGradient(gradient, x, {1, 1}, strides, {0, 0}, {1, 1}));
      first += x.size(1);
    }
    if (filterNeeds) {
      Tensor dFilter = filterGradients.size() == 1 ? filterGradients[0] : at::cat(filterGradients, 1);
      if (needs[2]) gradients[count + 2] = at::sum(dFilter * filter, {1, 2, 3});
      if (needs[0]) gradients[count] = scale.defined() ? at::mul(dFilter, scale.reshape({-1, 1, 1, 1})) : dFilter;
    }
    return gradients;
  }
};

}  // namespace

Tensor pointwiseConvolution(const std::vector<Tensor>& maps, const Tensor& filter, const Tensor& bias, const Tensor& scale,
                            const Tensor& residual, at::IntArrayRef strides, Activation activation) {
  auto maybe = [](const Tensor& tensor) { return tensor.defined() ? std::optional<Tensor>(tensor) : std::nullopt; };
  return PointwiseConvolution::apply(at::TensorList(maps), filter, maybe(bias), maybe(scale), maybe(residual), strides.vec(),
                                  activation);
}

}  // namespace detlab
