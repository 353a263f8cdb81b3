// Optimizer steps fused over all parameters, in place, with PyTorch's arithmetic.
#include "call.h"
#include "definitions.h"
#include "precision.h"
#include "prepared_filters.h"

namespace detlab {

static void requireSame(const Tensor& a, const Tensor& b, const char* what) {
  if (a.sizes() != b.sizes())
    throw std::runtime_error(std::string("expected the ") + what + " to have the parameter's shape, " + c10::str(a.sizes()) +
                             ", received " + c10::str(b.sizes()));
}

/** Whether two dense tensors of one shape have the same memory order; the stride of an axis of size 1 means nothing. */
static bool sameOrder(const Tensor& a, const Tensor& b) {
  for (int64_t axis = 0; axis < a.dim(); axis++)
    if (a.size(axis) > 1 && a.stride(axis) != b.stride(axis)) return false;
  return true;
}

/** `tensor` in float32 with the memory order of `like`, so that one flat loop can process both. */
static Tensor aligned(Tensor tensor, const Tensor& like) {
  if (sameOrder(tensor, like) && tensor.scalar_type() == at::kFloat) return tensor;
  Tensor moved = at::empty_like(like);
  moved.copy_(tensor);
  return moved;
}

struct Sgd {
  float lr, momentum, weightDecay, dampening;
  bool nesterov;
};

/** Calls f(k, begin, end) for ranges of the elements of all parameters, in parallel: many are too small for a loop each. */
template <typename F>
static void forAllElements(const std::vector<int64_t>& sizes, F f) {
  constexpr int64_t kRange = 32768;
  struct Range {
    size_t k;
    int64_t begin, end;
  };
  std::vector<Range> ranges;
  for (size_t k = 0; k < sizes.size(); k++)
    for (int64_t at = 0; at < sizes[k]; at += kRange) ranges.push_back({k, at, std::min(sizes[k], at + kRange)});
  at::parallel_for(0, ranges.size(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) f(ranges[i].k, ranges[i].begin, ranges[i].end);
  });
}

/** One parameter of a step of SGD, with its memory; `buffer` is null without momentum. */
struct SgdParameter {
  float* parameter;
  const float* gradient;
  float* buffer;
  bool first;
};

template <bool kBuffer, bool kFirst, bool kNesterov>
static void sgdValues(float* parameter, const float* gradient, float* buffer, const Sgd o, int64_t count) {
#pragma GCC ivdep
  for (int64_t i = 0; i < count; i++) {
    float g = gradient[i] + o.weightDecay * parameter[i];
    if constexpr (kBuffer) {
      float b = kFirst ? g : o.momentum * buffer[i] + (1.0f - o.dampening) * g;
      buffer[i] = b;
      g = kNesterov ? g + o.momentum * b : b;
    }
    parameter[i] -= o.lr * g;
  }
}

static void sgdLoop(const SgdParameter& p, const Sgd& o, int64_t begin, int64_t end) {
  auto* run = !p.buffer   ? sgdValues<false, false, false>
              : p.first   ? (o.nesterov ? sgdValues<true, true, true> : sgdValues<true, true, false>)
              : o.nesterov ? sgdValues<true, false, true>
                           : sgdValues<true, false, false>;
  run(p.parameter + begin, p.gradient + begin, p.buffer ? p.buffer + begin : nullptr, o, end - begin);
}

static bool allZero(const Tensor& t) { return !t.ne(0).any().item<bool>(); }

// (parameter slots, gradient slots, buffer slots, lr, momentum, weightDecay, dampening, nesterov, fresh flags)
static napi_value sgdStep(Call& call) {
  Ints parameters = call.integers(0), gradients = call.integers(1), buffers = call.integers(2), fresh = call.integers(8);
  Sgd o{float(call.number(3)), float(call.number(4)), float(call.number(5)), float(call.number(6)), call.flag(7)};
  at::NoGradGuard guard;
  std::vector<SgdParameter> onCpu;
  std::vector<int64_t> sizes;
  std::vector<Tensor> kept;
  for (size_t k = 0; k < parameters.size(); k++) {
    Tensor& parameter = exclusiveSlot(parameters[k]);
    Tensor gradient = slotAt(gradients[k]);
    requireSame(parameter, gradient, "gradient");
    bool hasBuffer = o.momentum != 0;
    bool first = false;
    if (hasBuffer) {
      Tensor& buffer = exclusiveSlot(buffers[k]);
      requireSame(parameter, buffer, "momentum");
      buffer = aligned(buffer, parameter);
      // torch.optim.SGD does not dampen the first gradient
      first = o.dampening != 0 && fresh[k] != 0 && allZero(buffer);
    }
    if (parameter.is_cpu()) {
      gradient = aligned(gradient, parameter);
      float* buffer = hasBuffer ? slotAt(buffers[k]).data_ptr<float>() : nullptr;
      onCpu.push_back({parameter.data_ptr<float>(), gradient.data_ptr<float>(), buffer, first});
      sizes.push_back(parameter.numel());
      kept.push_back(gradient);
      continue;
    }
    Tensor g = o.weightDecay != 0 ? gradient.add(parameter, o.weightDecay) : gradient;
    if (hasBuffer) {
      Tensor& buffer = slotAt(buffers[k]);
      if (first)
        buffer.copy_(g);
      else
        buffer.mul_(o.momentum).add_(g, 1 - o.dampening);
      g = o.nesterov ? g.add(buffer, o.momentum) : buffer;
    }
    parameter.add_(g, -o.lr);
  }
  forAllElements(sizes, [&](size_t k, int64_t begin, int64_t end) { sgdLoop(onCpu[k], o, begin, end); });
  return nullptr;
}

/** One step of AdamW: what all parameters share. */
struct AdamW {
  double lr, beta1, beta2, epsilon, decay, correction1, correction2;
};

/** One parameter of it, with its memory. */
struct AdamWParameter {
  float *parameter, *first, *second;
  const float* gradient;
};

static void adamWLoop(const AdamWParameter& p, const AdamW& o, int64_t begin, int64_t end) {
  float *parameter = p.parameter, *first = p.first, *second = p.second;
  const float* gradient = p.gradient;
  const float keep = float(1 - o.lr * o.decay), beta1 = float(o.beta1), gain1 = float(1 - o.beta1);
  const float beta2 = float(o.beta2), gain2 = float(1 - o.beta2), epsilon = float(o.epsilon);
  const float correction2 = float(o.correction2), rate = float(-o.lr / o.correction1);
#pragma GCC ivdep
  for (int64_t i = begin; i < end; i++) {
    float g = gradient[i];
    float m = first[i] * beta1 + g * gain1;
    float v = second[i] * beta2 + gain2 * g * g;
    first[i] = m;
    second[i] = v;
    parameter[i] = parameter[i] * keep + rate * (m / (std::sqrt(v) / correction2 + epsilon));
  }
}

/** The same by operations, for tensors on other devices. */
static void adamWOperations(Tensor& parameter, Tensor& first, Tensor& second, const Tensor& gradient, const AdamW& o) {
  parameter.mul_(1 - o.lr * o.decay);
  first.mul_(o.beta1).add_(gradient, 1 - o.beta1);
  second.mul_(o.beta2).addcmul_(gradient, gradient, 1 - o.beta2);
  parameter.addcdiv_(first, second.sqrt().div_(o.correction2).add_(o.epsilon), -o.lr / o.correction1);
}

// (parameter, gradient, first moment, second moment slots; lr, beta1, beta2, epsilon, weightDecay, step)
static napi_value adamWStep(Call& call) {
  Ints parameters = call.integers(0), gradients = call.integers(1), firsts = call.integers(2), seconds = call.integers(3);
  AdamW o{call.number(4), call.number(5), call.number(6), call.number(7), call.number(8), 0, 0};
  double step = call.number(9);
  o.correction1 = 1 - std::pow(o.beta1, step);
  o.correction2 = std::sqrt(1 - std::pow(o.beta2, step));
  at::NoGradGuard guard;
  std::vector<AdamWParameter> onCpu;
  std::vector<int64_t> sizes;
  std::vector<Tensor> kept;
  for (size_t k = 0; k < parameters.size(); k++) {
    Tensor& parameter = exclusiveSlot(parameters[k]);
    Tensor& first = exclusiveSlot(firsts[k]);
    Tensor& second = exclusiveSlot(seconds[k]);
    Tensor gradient = full(slotAt(gradients[k]));
    requireSame(parameter, gradient, "gradient");
    requireSame(parameter, first, "first moment");
    requireSame(parameter, second, "second moment");
    if (!parameter.is_cpu()) {
      adamWOperations(parameter, first, second, gradient, o);
      continue;
    }
    first = aligned(first, parameter);
    second = aligned(second, parameter);
    gradient = aligned(gradient, parameter);
    onCpu.push_back({parameter.data_ptr<float>(), first.data_ptr<float>(), second.data_ptr<float>(), gradient.data_ptr<float>()});
    sizes.push_back(parameter.numel());
    kept.push_back(gradient);
  }
  forAllElements(sizes, [&](size_t k, int64_t begin, int64_t end) { adamWLoop(onCpu[k], o, begin, end); });
  return nullptr;
}

/** Sum of the squares of a block in double. */
static double squares(const float* values, int64_t count) {
  double lanes[8] = {}, total = 0;
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int lane = 0; lane < 8; lane++) lanes[lane] += double(values[i + lane]) * values[i + lane];
  for (; i < count; i++) lanes[0] += double(values[i]) * values[i];
  for (double lane : lanes) total += lane;
  return total;
}

// (gradient slots, maxNorm) -> norm before clipping; scales in place. One loop over all gradients each, in fixed blocks whose
// sums are added in order: the same bits for any number of threads.
static napi_value clipGradNorm(Call& call) {
  at::NoGradGuard guard;
  constexpr int64_t kBlock = 16384;
  struct Range {
    float* values;
    int64_t count;
    double sum = 0;
  };
  Ints ids = call.integers(0), others;
  std::vector<Range> ranges;
  double total = 0;
  for (int64_t id : ids) {
    const Tensor& t = slotAt(id);
    if (!t.is_cpu() || t.scalar_type() != at::kFloat || !t.is_non_overlapping_and_dense()) {
      total += t.to(at::kDouble).square().sum().item<double>();
      others.push_back(id);
      continue;
    }
    float* values = exclusiveSlot(id).data_ptr<float>();
    for (int64_t at = 0; at < t.numel(); at += kBlock) ranges.push_back({values + at, std::min(kBlock, t.numel() - at)});
  }
  auto forEach = [&](auto f) {
    at::parallel_for(0, ranges.size(), 4, [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; k++) f(ranges[k]);
    });
  };
  forEach([](Range& range) { range.sum = squares(range.values, range.count); });
  for (auto& range : ranges) total += range.sum;
  double norm = std::sqrt(total), factor = call.number(1) / (norm + 1e-6);
  if (factor < 1) {
    for (int64_t id : others) exclusiveSlot(id).mul_(factor);
    const float by = float(factor);
    forEach([by](Range& range) {
      for (int64_t i = 0; i < range.count; i++) range.values[i] *= by;
    });
  }
  return jsNumber(call.env, norm);
}

void defineOptimizer() {
  defineFunction("sgdStep", sgdStep);
  defineFunction("adamWStep", adamWStep);
  defineFunction("clipGradNorm", clipGradNorm);
}

}  // namespace detlab
