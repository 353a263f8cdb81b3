// DetConv2D: act(conv(x, filter * scale) + bias + residual), the basic layer of backbones, necks and heads.
// One autograd node keeps only x, the folded filter and y. Folding an affine layer's scale into the filter makes its
// gradient exact and cheap: d(scale)[o] = sum over the filter of d(folded)[o] * filter[o].
#include "autograd.h"
#include "call.h"
#include "definitions.h"
#include "direct_convolution.h"
#include "filter_gradient.h"
#include "lanes.h"
#include "layout.h"
#include "max_pool.h"
#include "pointwise.h"
#include "precision.h"
#include "prepared_filters.h"
#include "relu_gradient.h"
#include "winograd.h"

namespace detlab {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using MaybeTensor = std::optional<Tensor>;

struct ConvolutionOptions {
  Ints strides, padding, dilations;
  int64_t groups;
  Activation activation;
};

static MaybeTensor maybe(const Tensor& tensor) { return tensor.defined() ? MaybeTensor(tensor) : std::nullopt; }

/** act(y), in place: y must not be used elsewhere. */
static Tensor activated(Tensor y, Activation activation) {
  if (activation == Activation::relu) return y.relu_();
  return activation == Activation::silu ? at::silu_(y) : y;
}

/** oneDNN's convolution with addition or SiLU applied while the result is still in cache (CPU only). */
static Tensor fusedForward(const Tensor& x, const Tensor& filter, const Tensor& bias, const Tensor& residual,
                           const ConvolutionOptions& o) {
  using Scalars = c10::List<std::optional<at::Scalar>>;
  using Plain = Tensor(const Tensor&, const Tensor&, const MaybeTensor&, at::IntArrayRef, at::IntArrayRef,
                       at::IntArrayRef, int64_t, c10::string_view, Scalars, std::optional<c10::string_view>);
  using Adding = Tensor(const Tensor&, const Tensor&, const Tensor&, const MaybeTensor&, at::IntArrayRef,
                        at::IntArrayRef, at::IntArrayRef, int64_t, c10::string_view, std::optional<at::Scalar>,
                        std::optional<c10::string_view>, Scalars, std::optional<c10::string_view>);
  static auto plain =
      c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_convolution_pointwise", "").typed<Plain>();
  static auto adding =
      c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_convolution_pointwise", "binary").typed<Adding>();
  // its ReLU would turn NaN into 0 and hide a broken model, so that one is a pass of its own (2% of a ResNet's time)
  bool silu = o.activation == Activation::silu && !residual.defined();
  Tensor y = residual.defined()
                 ? adding.call(x, residual, filter, maybe(bias), o.padding, o.strides, o.dilations, o.groups, "add",
                               std::nullopt, std::nullopt, Scalars(), std::nullopt)
                 : plain.call(x, filter, maybe(bias), o.padding, o.strides, o.dilations, o.groups, silu ? "swish" : "none",
                              Scalars(), std::nullopt);
  return silu ? y : activated(y, o.activation);
}

/** A filter with its prepared forms. */
struct Filter {
  FilterForms& forms;
  bool cached;  // the forms outlive this call
  Ints size;    // O, I, height, width
};

/** With more output pixels, preparing the filter costs a few percent of the convolution: not worth the memory of a cache. */
constexpr int64_t kMaxCachedPixels = 1024;
/** The same in bfloat16, where products take less time than conversions and the forms half of the filter's memory. */
constexpr int64_t kMaxCachedLowPixels = 16384;

/** Whether a filter without gradient keeps its forms. */
static bool isCached(const Tensor& x, at::ScalarType type, int64_t outputPixels) {
  if (!x.is_cpu() || type == at::kHalf || x.numel() == 0) return false;
  bool lowProducts = type == at::kBFloat16 && productType(type) == type;
  return outputPixels < (lowProducts ? kMaxCachedLowPixels : kMaxCachedPixels);
}

/** The forward pass without recording gradients. */
static Tensor forwardOnly(const Tensor& x, const Filter& f, const Tensor& bias, const Tensor& residual,
                          const ConvolutionOptions& o) {
  at::AutoDispatchBelowADInplaceOrView below;
  auto type = x.scalar_type(), wide = productType(type);
  if (wide != type) {
    auto widened = [&](const Tensor& tensor) { return tensor.defined() ? tensor.to(wide) : tensor; };
    return forwardOnly(widened(x), f, widened(bias), widened(residual), o).to(type);
  }
  FilterForms& filter = f.forms;
  if (winogradFits(x, f.size, o.strides, o.padding, o.dilations, o.groups)) {
    // a filter that is kept as it is takes no memory but the variable's
    if (f.cached && !filter.isExact())
      return winogradPackedForward(x, filter.tapsForm(), f.size[0], o.padding, bias, residual, o.activation);
    return filter.isExact() ? winogradForward(x, filter.filter, filter.scale, o.padding, bias, residual, o.activation)
                            : winogradForward(x, filter.plainForm(), Tensor(), o.padding, bias, residual, o.activation);
  }
  if (directFits(x, f.size, o.strides, o.padding, o.dilations, o.groups))
    return directForward(x, f.cached && filter.isExact() && directPanelsFit(x, f.size, o.strides) ? Tensor() : filter.directPanels(f.cached),
                         filter.filter, filter.scale, f.size, o.strides, o.padding, bias, residual, o.activation);
  Tensor offset = bias.defined() ? bias.to(type) : bias;
  if (x.is_cpu() && x.numel() > 0 && x.scalar_type() != at::kHalf)
    return fusedForward(channelsLast(x), f.cached ? filter.packedForm(x.sizes()) : filter.plainForm(), offset,
                        residual.defined() ? channelsLast(residual) : residual, o);
  Tensor y = at::conv2d(x, filter.plainForm(), maybe(offset), o.strides, o.padding, o.dilations, o.groups);
  if (residual.defined()) y.add_(residual);
  return activated(y, o.activation);
}

/**
 * A strided 1x1 filter reads a grid of pixels. oneDNN's gradient of such a filter has a race between threads (libtorch 2.13:
 * occasionally a thread's share of the sum is missing), so it is computed on those pixels, without a stride.
 */
static bool readsGrid(const Tensor& x, const Tensor& weight, const Ints& strides, const Ints& padding) {
  bool pointwise = weight.size(2) == 1 && weight.size(3) == 1 && padding[0] == 0 && padding[1] == 0;
  return x.is_cpu() && pointwise && (strides[0] > 1 || strides[1] > 1);
}

static Tensor gridOf(const Tensor& x, const Ints& strides) {
  return channelsLast(x.slice(2, 0, x.size(2), strides[0]).slice(3, 0, x.size(3), strides[1]));
}

struct ConvolutionFunction : torch::autograd::Function<ConvolutionFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& filter, const MaybeTensor& bias,
                        const MaybeTensor& scale, const MaybeTensor& residual, const ConvolutionOptions& o,
                        const Filter& f) {
    Tensor factor = scale.value_or(Tensor());
    Tensor offset = bias ? bias->detach() : Tensor();
    bool smooth = o.activation == Activation::silu;  // its gradient needs its input
    ConvolutionOptions inner = o;
    if (smooth) inner.activation = Activation::none;
    Tensor y = forwardOnly(x.detach(), f, offset, residual ? residual->detach() : Tensor(), inner);
    bool scaleNeedsGradient = factor.defined() && factor.requires_grad();
    context->save_for_backward({x, f.forms.plainForm(), o.activation == Activation::none ? Tensor() : y, factor,
                                scaleNeedsGradient ? filter : Tensor()});
    auto& saved = context->saved_data;
    saved["strides"] = o.strides;
    saved["padding"] = o.padding;
    saved["dilations"] = o.dilations;
    saved["groups"] = o.groups;
    saved["smooth"] = smooth;
    saved["needs"] = Ints{x.requires_grad(), filter.requires_grad() || scaleNeedsGradient,
                          bias && bias->requires_grad(), scaleNeedsGradient,
                          residual && residual->requires_grad()};
    return smooth ? at::silu(y) : y;
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    refuseSecondOrder("DetConv2D inside an inner gradient");
    auto& saved = context->saved_data;
    auto tensors = context->get_saved_variables();
    const Tensor &weight = tensors[1], &y = tensors[2], &scale = tensors[3], &filter = tensors[4];
    Tensor x = tensors[0].to(weight.scalar_type());
    Ints needs = saved["needs"].toIntVector();
    variable_list gradients(7);
    if (!outputs[0].defined()) return gradients;
    bool exclusive = outputs[0].use_count() == 1 && outputs[0].storage().use_count() == 1;
    Tensor dy = channelsLast(outputs[0].to(tensors[0].scalar_type()));
    if (saved["smooth"].toBool())
      dy = at::silu_backward(dy, y);
    else if (y.defined())
      dy = reluGradient(dy, y, exclusive || !dy.is_same(outputs[0]));
    if (needs[4]) gradients[4] = dy;
    dy = dy.to(weight.scalar_type());
    Ints strides = saved["strides"].toIntVector(), padding = saved["padding"].toIntVector();
    Ints dilations = saved["dilations"].toIntVector();
    int64_t groups = saved["groups"].toInt();
    bool winograd = winogradFits(x, weight.sizes(), strides, padding, dilations, groups);
    auto differentiate = [&](const Tensor& input, const Ints& steps, std::array<bool, 3> which) {
      return at::convolution_backward(dy, input, differentiableFilter(weight),
                                      at::OptionalIntArrayRef(Ints{weight.size(0)}), steps, padding, dilations, false,
                                      {0, 0}, groups, which);
    };
    Tensor dx, dWeight, dBias;
    if (needs[0] && winograd)
      dx = winogradInputGradient(dy, weight, x.sizes().slice(2), padding);
    if (needs[1] && winogradGradientFits(x, weight.sizes(), strides, padding, dilations, groups))
      dWeight = winogradFilterGradient(dy, x, padding);
    else if (needs[1] && rowsFilterGradientFits(x, strides, groups))
      dWeight = rowsFilterGradient(dy, x, weight.sizes().slice(2), strides, padding, dilations);
    else if (needs[1] && readsGrid(x, weight, strides, padding))
      dWeight = std::get<1>(differentiate(gridOf(x, strides), {1, 1}, {false, true, false}));
    // a separate sum over pixels when no call to oneDNN remains that would compute it
    if (needs[2] && dWeight.defined()) dBias = at::sum(dy, {0, 2, 3});
    std::array<bool, 3> rest{needs[0] && !dx.defined(), needs[1] && !dWeight.defined(), needs[2] && !dBias.defined()};
    if (rest[0] || rest[1] || rest[2]) {
      auto remaining = differentiate(x, strides, rest);
      if (rest[0]) dx = std::get<0>(remaining);
      if (rest[1]) dWeight = std::get<1>(remaining);
      if (rest[2]) dBias = std::get<2>(remaining);
    }
    if (needs[0]) gradients[0] = dx.to(tensors[0].scalar_type());
    if (needs[1]) {
      dWeight = full(dWeight);
      if (needs[3]) gradients[3] = at::sum(dWeight * filter, {1, 2, 3});
      gradients[1] = scale.defined() ? at::mul(dWeight, scale.reshape({-1, 1, 1, 1})) : dWeight;
    }
    if (needs[2]) gradients[2] = full(dBias);
    return gradients;
  }
};

/** The same as a composition of differentiable operations, for second derivatives. */
static Tensor composed(const Tensor& x, const Tensor& filter, const Tensor& bias, const Tensor& scale,
                       const Tensor& residual, const ConvolutionOptions& o) {
  auto type = x.scalar_type();
  Tensor weight = differentiableFilter(foldedFilter(filter, scale, type));
  Tensor offset = bias.defined() ? operand(bias, type) : bias;
  Tensor y = at::conv2d(operand(x, type), weight, maybe(offset), o.strides, o.padding, o.dilations, o.groups).to(type);
  if (residual.defined()) y = at::add(y, residual);
  if (o.activation == Activation::relu) return at::relu(y);
  return o.activation == Activation::silu ? at::silu(y) : y;
}

static bool needsGradient(std::initializer_list<Tensor> tensors) {
  if (!at::GradMode::is_enabled()) return false;
  for (auto& tensor : tensors)
    if (tensor.defined() && tensor.requires_grad()) return true;
  return false;
}

/** The maps that are convolved, as NCHW views: one, or several that are joined along channels. */
static std::vector<Tensor> mapsAt(Call& call, size_t k) {
  bool several = false;
  napi_is_array(call.env, call.raw(k), &several);
  std::vector<Tensor> maps = several ? call.tensors(k) : std::vector<Tensor>{call.tensor(k)};
  for (auto& x : maps) x = nchw(x);
  return maps;
}

/** Values of a map and its result above which a product of rows streams from memory. */
constexpr int64_t STREAMED_VALUES = 4 << 20;

// (x | [x...], filter, bias | -1, scale | -1, residual | -1, strides, padding, dilations, groups, activation)
static Tensor detectionConvolution(Call& call) {
  std::vector<Tensor> maps = mapsAt(call, 0);
  Tensor filter = oihw(call.tensor(1));
  Tensor bias = call.optionalTensor(2), scale = call.optionalTensor(3), residual = call.optionalTensor(4);
  ConvolutionOptions o{call.integers(5), call.integers(6), call.integers(7), call.integer(8),
                       activationNamed(call.text(9))};
  int64_t channels = 0;
  for (auto& x : maps) channels += x.size(1);
  if (o.groups < 1 || channels != filter.size(1) * o.groups || filter.size(0) % o.groups != 0)
    throw std::runtime_error("groups = " + std::to_string(o.groups) + ": expected groups * " + std::to_string(filter.size(1)) +
                             " = " + std::to_string(channels) + " channels of x, and a divisor of the " +
                             std::to_string(filter.size(0)) + " output channels");
  for (const Tensor& vector : {bias, scale})
    if (vector.defined() && (vector.dim() != 1 || vector.size(0) != filter.size(0)))
      throw std::runtime_error("bias and scale must have one value per output channel");
  auto type = computeType(maps[0], filter);
  for (auto& x : maps) x = x.to(type);
  bool pointwise = gradientDepth() <= 1 && pointwiseFits(maps, filter.sizes(), o.strides, o.padding, o.groups);
  if (maps.size() > 1 && !pointwise) maps = {joinedMaps(maps)};
  auto [height, width] = joinedSize(maps);
  Ints out{maps[0].size(0), filter.size(0)};
  for (int axis = 0; axis < 2; axis++) {
    int64_t span = o.dilations[axis] * (filter.size(2 + axis) - 1) + 1, size = (axis == 0 ? height : width) + 2 * o.padding[axis];
    if (span > size)
      throw std::runtime_error("the filter covers " + std::to_string(span) + " pixels, which is larger than the padded map's " +
                               std::to_string(size));
    out.push_back((size - span) / o.strides[axis] + 1);
  }
  if (residual.defined()) residual = nchw(residual).to(type);
  if (residual.defined() && residual.sizes() != at::IntArrayRef(out))
    throw std::runtime_error("the residual must have the shape of the output");
  bool recorded = needsGradient({filter, bias, scale, residual});
  for (auto& x : maps) recorded |= needsGradient({x});
  if (recorded && gradientDepth() > 1) return nhwc(composed(maps[0], filter, bias, scale, residual, o));
  // of maps that no cache holds, oneDNN is faster by a few percent where nothing is recorded or added
  if (!recorded && !residual.defined() && maps.size() == 1 && maps[0].numel() + out[0] * out[1] * out[2] * out[3] > STREAMED_VALUES) pointwise = false;
  if (recorded && pointwise)
    return nhwc(pointwiseConvolution(maps, filter, bias, scale, residual, o.strides, o.activation));
  Tensor values = filter.detach(), factors = scale.defined() ? scale.detach() : scale;
  FilterUse use{type, o.padding, o.strides, o.dilations, o.groups};
  FilterForms* cached = nullptr;
  if (isCached(maps[0], type, out[0] * out[2] * out[3]) && !needsGradient({filter, scale}))
    cached = cachedForms(call.integer(1), values, factors, use);
  FilterForms temporary{values, factors, use};
  Filter f{cached ? *cached : temporary, cached != nullptr, filter.sizes().vec()};
  if (pointwise && cached && panelsFit(maps, filter.sizes(), o.strides))
    return nhwc(pointwiseByPanels(maps, values, factors, o.strides, bias, residual, o.activation));
  if (pointwise)
    return nhwc(pointwiseForward(maps, f.forms.rowPanels(f.cached), out[1], o.strides, bias, residual, o.activation));
  if (!recorded) return nhwc(forwardOnly(maps[0], f, bias, residual, o));
  return nhwc(ConvolutionFunction::apply(maps[0], filter, maybe(bias), maybe(scale), maybe(residual), o, f));
}

void defineDetectionConvolution() {
  defineKernel("detConv2d", detectionConvolution);
  // (x, size, strides, padding, ceilMode)
  defineKernel("detMaxPool2d", [](Call& call) {
    Tensor x = nchw(call.tensor(0));
    Ints size = call.integers(1), strides = call.integers(2), padding = call.integers(3), out;
    for (int axis = 0; axis < 2; axis++) out.push_back((x.size(2 + axis) + 2 * padding[axis] - size[axis]) / strides[axis] + 1);
    // with the last windows beside the map libtorch's rules are finer
    if (!call.flag(4) && !needsGradient({x}) && hasLanes(x) && x.numel() > 0 && 2 * padding[0] <= size[0] &&
        2 * padding[1] <= size[1] && out[0] > 0 && out[1] > 0)
      return nhwc(maxPooled(x, size, strides, padding, out[0], out[1]));
    return nhwc(at::max_pool2d(x, size, strides, padding, {1, 1}, call.flag(4)));
  });
}

}  // namespace detlab
