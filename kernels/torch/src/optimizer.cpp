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

/** `tensor` in float32 with the memory order of `like`, so that one flat loop can process both. */
static Tensor aligned(Tensor tensor, const Tensor& like) {
  if (tensor.strides() == like.strides() && tensor.scalar_type() == at::kFloat) return tensor;
  Tensor moved = at::empty_like(like);
  moved.copy_(tensor);
  return moved;
}

struct Sgd {
  float lr, momentum, weightDecay, dampening;
  bool nesterov;
};

static void sgdLoop(float* parameter, const float* gradient, float* buffer, int64_t n, const Sgd& o, bool first) {
  at::parallel_for(0, n, 65536, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      float g = gradient[i] + o.weightDecay * parameter[i];
      if (buffer) {
        float b = first ? g : o.momentum * buffer[i] + (1.0f - o.dampening) * g;
        buffer[i] = b;
        g = o.nesterov ? g + o.momentum * b : b;
      }
      parameter[i] -= o.lr * g;
    }
  });
}

static bool allZero(const Tensor& t) { return !t.ne(0).any().item<bool>(); }

// (parameter slots, gradient slots, buffer slots, lr, momentum, weightDecay, dampening, nesterov, fresh flags)
static napi_value sgdStep(Call& call) {
  Ints parameters = call.integers(0), gradients = call.integers(1), buffers = call.integers(2), fresh = call.integers(8);
  Sgd o{float(call.number(3)), float(call.number(4)), float(call.number(5)), float(call.number(6)), call.flag(7)};
  at::NoGradGuard guard;
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
      sgdLoop(parameter.data_ptr<float>(), gradient.data_ptr<float>(), buffer, parameter.numel(), o, first);
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
  return nullptr;
}

// (parameter, gradient, first moment, second moment slots; lr, beta1, beta2, epsilon, weightDecay, step)
static napi_value adamWStep(Call& call) {
  Ints parameters = call.integers(0), gradients = call.integers(1), firsts = call.integers(2), seconds = call.integers(3);
  double lr = call.number(4), beta1 = call.number(5), beta2 = call.number(6), epsilon = call.number(7);
  double decay = call.number(8), step = call.number(9);
  double correction1 = 1 - std::pow(beta1, step), correction2 = std::sqrt(1 - std::pow(beta2, step));
  at::NoGradGuard guard;
  for (size_t k = 0; k < parameters.size(); k++) {
    Tensor& parameter = exclusiveSlot(parameters[k]);
    Tensor& first = exclusiveSlot(firsts[k]);
    Tensor& second = exclusiveSlot(seconds[k]);
    Tensor gradient = full(slotAt(gradients[k]));
    requireSame(parameter, gradient, "gradient");
    requireSame(parameter, first, "first moment");
    requireSame(parameter, second, "second moment");
    parameter.mul_(1 - lr * decay);
    first.mul_(beta1).add_(gradient, 1 - beta1);
    second.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
    parameter.addcdiv_(first, second.sqrt().div_(correction2).add_(epsilon), -lr / correction1);
  }
  return nullptr;
}

/** Sum of squares in double, in fixed blocks: the same bits for any number of threads. */
static double squaredNorm(const Tensor& t) {
  if (!t.is_cpu() || t.scalar_type() != at::kFloat || !t.is_non_overlapping_and_dense())
    return t.to(at::kDouble).square().sum().item<double>();
  constexpr int64_t kBlock = 16384;
  const float* values = t.data_ptr<float>();
  int64_t n = t.numel(), blocks = (n + kBlock - 1) / kBlock;
  std::vector<double> partial(blocks);
  at::parallel_for(0, blocks, 4, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) {
      double lanes[8] = {};
      int64_t i = block * kBlock, stop = std::min(n, i + kBlock);
      for (; i + 8 <= stop; i += 8)
        for (int lane = 0; lane < 8; lane++) lanes[lane] += double(values[i + lane]) * values[i + lane];
      for (; i < stop; i++) lanes[0] += double(values[i]) * values[i];
      for (double lane : lanes) partial[block] += lane;
    }
  });
  double total = 0;
  for (double part : partial) total += part;
  return total;
}

// (gradient slots, maxNorm) -> norm before clipping; scales in place
static napi_value clipGradNorm(Call& call) {
  at::NoGradGuard guard;
  Ints ids = call.integers(0);
  double total = 0;
  for (int64_t id : ids) total += squaredNorm(slotAt(id));
  double norm = std::sqrt(total);
  double factor = call.number(1) / (norm + 1e-6);
  if (factor < 1)
    for (int64_t id : ids) exclusiveSlot(id).mul_(factor);
  return jsNumber(call.env, norm);
}

void defineOptimizer() {
  defineFunction("sgdStep", sgdStep);
  defineFunction("adamWStep", adamWStep);
  defineFunction("clipGradNorm", clipGradNorm);
}

}  // namespace detlab
