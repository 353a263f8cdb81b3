// DetBatchNorm: batch normalisation with the statistics of the batch (Ioffe and Szegedy, 2015), an optional residual and an
// activation in the same pass. x may be bfloat16; the arithmetic is float32, sums are combined in double over fixed
// blocks, so the result does not depend on the number of threads.
#include "activation.h"
#include "autograd.h"
#include "call.h"
#include "definitions.h"
#include "lanes.h"
#include "precision.h"
#include "vectors.h"

namespace detlab {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using MaybeTensor = std::optional<Tensor>;

/** NHWC memory as rows of C values, cut into blocks that stay in the second-level cache. */
struct Rows {
  int64_t count, channels, perBlock, blocks;
  explicit Rows(const Tensor& x) {
    channels = x.size(-1);
    count = channels ? x.numel() / channels : 0;
    perBlock = std::max<int64_t>(8, 65536 / std::max<int64_t>(1, channels));
    blocks = (count + perBlock - 1) / perBlock;
  }
  template <typename F>
  void parallel(F f) const {
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; block++)
        f(block, block * perBlock, std::min(count, (block + 1) * perBlock));
    });
  }

  /**
   * Calls f(c, lanes, n) for groups of n vectors of channels from c, each of `lanes`: n is 4, 2 or 1. For whole vectors `lanes` is a
   * constant, with which loads and stores have no branches.
   */
  template <typename F>
  void forEachGroup(F f) const {
    const std::integral_constant<int64_t, kLanes> whole;
    int64_t c = 0;
    for (; c + 4 * kLanes <= channels; c += 4 * kLanes) f(c, whole, std::integral_constant<int, 4>());
    for (; c + 2 * kLanes <= channels; c += 2 * kLanes) f(c, whole, std::integral_constant<int, 2>());
    for (; c + kLanes <= channels; c += kLanes) f(c, whole, std::integral_constant<int, 1>());
    if (c < channels) f(c, channels - c, std::integral_constant<int, 1>());
  }

  /** Calls f(i, c, lanes) for each vector of channels from c of the rows [begin, end), i being its place. */
  template <typename F>
  void forEachVector(int64_t begin, int64_t end, F f) const {
    const std::integral_constant<int64_t, kLanes> whole;
    for (int64_t r = begin; r < end; r++) {
      int64_t c = 0;
      for (; c + kLanes <= channels; c += kLanes) f(r * channels + c, c, whole);
      if (c < channels) f(r * channels + c, c, channels - c);
    }
  }
};

/** A sum of many vectors, with what its last addition lost (Kahan, 1965). */
struct LongSum {
  Lanes total = {}, lost = {};
  void add(Lanes part) {
    Lanes wanted = part - lost, next = total + wanted;
    lost = (next - total) - wanted;
    total = next;
  }
};

/**
 * Adds up n vectors over the rows [begin, end): add(r, parts) adds those of a row. Equal values, of padding or a plain background, all
 * round alike, so that a plain sum of thousands would drift away: a few rows at a time enter it.
 */
template <int n, typename F>
static void sumRows(int64_t begin, int64_t end, LongSum (&sums)[n], F add) {
  constexpr int64_t kRun = 16;
  for (int64_t first = begin; first < end; first += kRun) {
    Lanes parts[n] = {};
    for (int64_t r = first; r < std::min(end, first + kRun); r++) add(r, parts);
    for (int k = 0; k < n; k++) sums[k].add(parts[k]);
  }
}

struct Statistics {
  Tensor mean, variance;  // [C], the biased variance
};

template <typename T>
static Statistics measure(const T* x, const Rows& rows) {
  int64_t C = rows.channels;
  std::vector<float> means(rows.blocks * C), squares(rows.blocks * C);
  rows.parallel([&](int64_t block, int64_t begin, int64_t end) {
    float inverse = 1.0f / float(end - begin);
    rows.forEachGroup([&](int64_t c, auto lanes, auto size) {
      constexpr int n = decltype(size)::value;
      LongSum sums[n], deviations[n];  // of n times kLanes channels
      sumRows(begin, end, sums, [&](int64_t r, Lanes* parts) {
        for (int k = 0; k < n; k++) parts[k] += get(x + r * C + c + k * kLanes, lanes);
      });
      Lanes mean[n];
      for (int k = 0; k < n; k++) mean[k] = sums[k].total * inverse;
      sumRows(begin, end, deviations, [&](int64_t r, Lanes* parts) {
        for (int k = 0; k < n; k++) {
          Lanes d = get(x + r * C + c + k * kLanes, lanes) - mean[k];
          parts[k] += d * d;
        }
      });
      for (int k = 0; k < n; k++) {
        put(means.data() + block * C + c + k * kLanes, mean[k], lanes);
        put(squares.data() + block * C + c + k * kLanes, deviations[k].total, lanes);
      }
    });
  });
  // Chan et al., 1979: combines the blocks' means and squared deviations
  std::vector<double> mean(C), square(C);
  double n = 0;
  for (int64_t block = 0; block < rows.blocks; block++) {
    double m = double(std::min(rows.count, (block + 1) * rows.perBlock) - block * rows.perBlock);
    for (int64_t c = 0; c < C; c++) {
      double d = means[block * C + c] - mean[c];
      mean[c] += d * m / (n + m);
      square[c] += squares[block * C + c] + d * d * n * m / (n + m);
    }
    n += m;
  }
  Statistics result{at::empty({C}, at::kFloat), at::empty({C}, at::kFloat)};
  for (int64_t c = 0; c < C; c++) {
    result.mean.data_ptr<float>()[c] = float(mean[c]);
    result.variance.data_ptr<float>()[c] = float(square[c] / std::max(1.0, n));
  }
  return result;
}

/** y = act(x * factor + shift + residual?) */
template <typename T, bool kResidual, bool kSilu>
static void normalise(T* y, const T* x, const T* residual, const float* factor, const float* shift, bool relu,
                      const Rows& rows) {
  const Lanes floor = Lanes{} - (relu ? 0.0f : std::numeric_limits<float>::infinity());
  rows.parallel([&](int64_t, int64_t begin, int64_t end) {
    rows.forEachVector(begin, end, [&](int64_t i, int64_t c, auto lanes) {
      Lanes value = get(x + i, lanes) * get(factor + c, lanes) + get(shift + c, lanes);
      if constexpr (kResidual) value += get(residual + i, lanes);
      if constexpr (kSilu)
        put(y + i, siluFor<T>(value), lanes);
      else
        put(y + i, value < floor ? floor : value, lanes);
    });
  });
}

/** What the backward pass of a batch norm reads; y if a ReLU follows the norm, factor and shift if a SiLU does. */
template <typename T>
struct Backward {
  const T *x, *dy, *y;
  const float *mean, *factor, *shift;

  /** The gradients of the norm's result before its activation, of kLanes channels from c, or of the last `lanes`. */
  template <Activation kActivation, typename Count>
  Lanes gradients(int64_t i, int64_t c, Count lanes) const {
    Lanes g = get(dy + i, lanes);
    if constexpr (kActivation == Activation::relu) return get(y + i, lanes) > 0 ? g : Lanes{};
    if constexpr (kActivation == Activation::silu)
      return g * siluSlopeFor<T>(get(x + i, lanes) * get(factor + c, lanes) + get(shift + c, lanes));
    return g;
  }

  /** Sums per channel of the gradient, and of the gradient times (x - mean), over each block. */
  template <Activation kActivation>
  void sum(const Rows& rows, float* sums, float* products) const {
    int64_t C = rows.channels;
    rows.parallel([=, *this](int64_t block, int64_t begin, int64_t end) {
      rows.forEachGroup([&](int64_t first, auto lanes, auto size) {
        constexpr int n = decltype(size)::value;
        LongSum both[2 * n];  // n sums, then n products
        sumRows(begin, end, both, [&, this](int64_t r, Lanes* parts) {
          for (int k = 0; k < n; k++) {
            int64_t c = first + k * kLanes, i = r * C + c;
            Lanes g = gradients<kActivation>(i, c, lanes);
            parts[k] += g;
            parts[n + k] += g * (get(x + i, lanes) - get(mean + c, lanes));
          }
        });
        for (int k = 0; k < n; k++) {
          put(sums + block * C + first + k * kLanes, both[k].total, lanes);
          put(products + block * C + first + k * kLanes, both[n + k].total, lanes);
        }
      });
    });
  }

  /** dx = scale * (g - constant - (x - mean) * slope); g itself is the residual's gradient, written if required. */
  template <Activation kActivation, bool kResidual>
  void spread(const Rows& rows, const float* scale, const float* constant, const float* slope, T* dx, T* dResidual) const {
    rows.parallel([=, *this](int64_t, int64_t begin, int64_t end) {
      rows.forEachVector(begin, end, [=, *this](int64_t i, int64_t c, auto lanes) {
        Lanes g = gradients<kActivation>(i, c, lanes);
        if constexpr (kResidual) put(dResidual + i, g, lanes);
        Lanes deviation = get(x + i, lanes) - get(mean + c, lanes);
        Lanes change = g - get(constant + c, lanes) - deviation * get(slope + c, lanes);
        put(dx + i, get(scale + c, lanes) * change, lanes);
      });
    });
  }
};

struct BatchNormFunction : torch::autograd::Function<BatchNormFunction> {
  static variable_list forward(AutogradContext* context, const Tensor& x, const Tensor& scale, const Tensor& offset,
                               const MaybeTensor& residual, double epsilon, Activation activation) {
    Rows rows(x);
    bool relu = activation == Activation::relu, silu = activation == Activation::silu;
    Statistics s;
    Tensor y = at::empty_like(x);
    Tensor inverse, factor, shift;
    withLane(x, [&](auto* lane) {
      using T = std::remove_pointer_t<decltype(lane)>;
      s = measure(pointer<T>(x), rows);
      inverse = at::rsqrt(s.variance + epsilon);
      factor = (inverse * scale.detach()).contiguous();
      shift = (offset.detach() - s.mean * factor).contiguous();
      auto* write = residual ? normalise<T, true, false> : silu ? normalise<T, false, true> : normalise<T, false, false>;
      write(pointer<T>(y), pointer<T>(x), residual ? pointer<T>(*residual) : nullptr, factor.data_ptr<float>(),
            shift.data_ptr<float>(), relu, rows);
    });
    context->mark_non_differentiable({s.mean, s.variance});
    // ReLU's gradient needs its result; SiLU's needs its input, which is recomputed from x
    context->save_for_backward({x, scale, s.mean, inverse, relu ? y : Tensor(), silu ? factor : Tensor(),
                                silu ? shift : Tensor()});
    context->saved_data["residual"] = residual && residual->requires_grad();
    return {y, s.mean, s.variance};
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    refuseSecondOrder("DetBatchNorm inside an inner gradient");
    auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &scale = saved[1], &mean = saved[2], &inverse = saved[3], &y = saved[4];
    const Tensor &slopeFactor = saved[5], &slopeShift = saved[6];
    variable_list gradients(6);
    if (!outputs[0].defined()) return gradients;
    Tensor dy = outputs[0].to(x.scalar_type()).contiguous();
    Rows rows(x);
    int64_t C = rows.channels;
    Tensor dx = at::empty_like(x), dScale = at::empty({C}, at::kFloat), dOffset = at::empty({C}, at::kFloat);
    bool needsResidual = context->saved_data["residual"].toBool();
    Tensor dResidual = needsResidual ? (y.defined() ? at::empty_like(x) : dy) : Tensor();
    withLane(x, [&](auto* lane) {
      using T = std::remove_pointer_t<decltype(lane)>;
      const float* pi = inverse.data_ptr<float>();
      Backward<T> b{pointer<T>(x), pointer<T>(dy), pointer<T>(y), mean.data_ptr<float>(),
                    pointer<float>(slopeFactor), pointer<float>(slopeShift)};
      std::vector<float> sums(rows.blocks * C), products(rows.blocks * C);
      if (b.y)
        b.template sum<Activation::relu>(rows, sums.data(), products.data());
      else if (b.factor)
        b.template sum<Activation::silu>(rows, sums.data(), products.data());
      else
        b.template sum<Activation::none>(rows, sums.data(), products.data());
      std::vector<double> sum(C), product(C);
      for (int64_t block = 0; block < rows.blocks; block++)
        for (int64_t c = 0; c < C; c++) {
          sum[c] += sums[block * C + c];
          product[c] += products[block * C + c];
        }
      // dx = factor * (g - mean(g) - xhat * mean(g * xhat)), with (x - mean) in place of xhat
      std::vector<float> factor(C), constant(C), slope(C);
      for (int64_t c = 0; c < C; c++) {
        dScale.data_ptr<float>()[c] = float(product[c] * pi[c]);
        dOffset.data_ptr<float>()[c] = float(sum[c]);
        factor[c] = pi[c] * scale.data_ptr<float>()[c];
        constant[c] = float(sum[c] / double(rows.count));
        slope[c] = float(product[c] * pi[c] * pi[c] / double(rows.count));
      }
      T *pdx = pointer<T>(dx), *pdr = y.defined() ? pointer<T>(dResidual) : nullptr;
      const float *f = factor.data(), *k = constant.data(), *m = slope.data();
      if (b.y && pdr)
        b.template spread<Activation::relu, true>(rows, f, k, m, pdx, pdr);
      else if (b.y)
        b.template spread<Activation::relu, false>(rows, f, k, m, pdx, nullptr);
      else if (b.factor)
        b.template spread<Activation::silu, false>(rows, f, k, m, pdx, nullptr);
      else
        b.template spread<Activation::none, false>(rows, f, k, m, pdx, nullptr);
    });
    gradients[0] = dx;
    gradients[1] = dScale;
    gradients[2] = dOffset;
    gradients[3] = dResidual;
    return gradients;
  }
};

/** The same as a composition of differentiable operations, for CUDA, float16 and second derivatives. */
static variable_list composed(const Tensor& x, const Tensor& scale, const Tensor& offset, const Tensor& residual,
                              double epsilon, Activation activation) {
  Tensor wide = full(x);
  auto [variance, mean] = at::var_mean(wide, at::OptionalIntArrayRef(Ints{0, 1, 2}), std::optional<at::Scalar>(0), false);
  Tensor y = at::addcmul(offset, (wide - mean) * at::rsqrt(variance + epsilon), scale);
  if (residual.defined()) y = at::add(y, residual);
  if (activation == Activation::relu) y = at::relu(y);
  if (activation == Activation::silu) y = at::silu(y);
  return {y.to(x.scalar_type()), mean.detach(), variance.detach()};
}

/** target = target * keep + value * gain, in place. */
static void blend(int64_t slot, const Tensor& value, float keep, float gain) {
  Tensor& target = exclusiveSlot(slot);
  if (target.sizes() != value.sizes())
    throw std::runtime_error("statistics of " + std::to_string(value.numel()) + " channels for running ones of " +
                             std::to_string(target.numel()));
  if (!target.is_cpu() || target.scalar_type() != at::kFloat || !target.is_contiguous()) {
    target.mul_(keep).add_(value, gain);
    return;
  }
  Tensor source = value.contiguous();
  float* to = target.data_ptr<float>();
  const float* from = source.data_ptr<float>();
  for (int64_t c = 0; c < target.numel(); c++) to[c] = to[c] * keep + from[c] * gain;
}

void defineBatchNorm() {
  // (running mean, running variance, count, mean, biased variance, momentum, values per channel): all in place
  defineFunction("trackStatistics", [](Call& call) -> napi_value {
    at::NoGradGuard guard;
    double momentum = call.number(5), count = call.number(6);
    blend(call.integer(0), call.tensor(3), float(1 - momentum), float(momentum));
    // the running variance is unbiased
    blend(call.integer(1), call.tensor(4), float(1 - momentum), float(momentum * count / std::max(count - 1, 1.0)));
    exclusiveSlot(call.integer(2)).add_(1);
    return nullptr;
  });
  // (x, scale, offset, residual | -1, epsilon, activation) -> [y, mean, variance]
  defineFunction("detBatchNorm", [](Call& call) {
    Tensor x = call.tensor(0).contiguous(), scale = call.tensor(1), offset = call.tensor(2);
    Tensor residual = call.optionalTensor(3);
    double epsilon = call.number(4);
    Activation activation = activationNamed(call.text(5));
    if (x.dim() != 4 || scale.numel() != x.size(3) || offset.numel() != x.size(3))
      throw std::runtime_error("x must be [N, H, W, C], scale and offset [C]");
    if (residual.defined() && residual.sizes() != x.sizes())
      throw std::runtime_error("the residual must have the shape of x");
    if (residual.defined()) residual = residual.to(x.scalar_type()).contiguous();
    if (!hasLanes(x) || gradientDepth() > 1)
      return jsSlots(call.env, composed(x, scale, offset, residual, epsilon, activation));
    bool separateSilu = residual.defined() && activation == Activation::silu;
    auto outputs = BatchNormFunction::apply(x, scale.contiguous(), offset.contiguous(),
                                            residual.defined() ? MaybeTensor(residual) : std::nullopt, epsilon,
                                            separateSilu ? Activation::none : activation);
    if (separateSilu) outputs[0] = at::silu(outputs[0]);
    return jsSlots(call.env, outputs);
  });
}

}  // namespace detlab
