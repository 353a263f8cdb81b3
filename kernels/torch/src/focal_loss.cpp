// Sigmoid focal loss, elementwise (Lin et al., ICCV 2017): -alpha_t (1 - p_t)^gamma log p_t. One forward and one backward
// pass over the logits, the only saved tensor; a composition of operations would save a dozen tensors of their size.
#include "activation.h"
#include "autograd.h"
#include "call.h"
#include "definitions.h"
#include "lanes.h"
#include "precision.h"

namespace detlab {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct FocalOptions {
  double gamma, alpha;
};

/** log(1 + e) for 0 <= e <= 1, by the series of 2 atanh(e / (2 + e)), in operations that compilers vectorise. */
static inline float logOfOnePlus(float e) {
  float s = e / (2.0f + e), q = s * s;
  float sum = 1.0f / 13;
  for (int odd = 11; odd > 0; odd -= 2) sum = sum * q + 1.0f / odd;
  return 2.0f * s * sum;
}

/** Cross entropy -log p_t and error 1 - p_t of one logit. */
struct FocalTerm {
  float crossEntropy, error;
};

/** `z` is the logit of the true class, or minus the logit of any other class: p_t = sigmoid(z). */
static inline FocalTerm focalTerm(float z) {
  float e = exponential(-std::abs(z)), larger = 1.0f / (1.0f + e);
  return {std::max(-z, 0.0f) + logOfOnePlus(e), z > 0 ? e * larger : larger};
}

struct Squared {
  float operator()(float v) const { return v * v; }
};
struct Power {
  float exponent;
  float operator()(float v) const { return std::pow(v, exponent); }
};

/** Calls f with v -> v^gamma. */
template <typename F>
static void withPower(double gamma, F f) {
  if (gamma == 2)
    f(Squared{});
  else
    f(Power{static_cast<float>(gamma)});
}

/** Calls f(index of the row's first element, label) for each row, in parallel. */
template <typename F>
static void forEachRow(const Tensor& logits, const Tensor& labels, F f) {
  int64_t classes = logits.size(1);
  const int* label = labels.data_ptr<int>();
  at::parallel_for(0, logits.size(0), std::max<int64_t>(1, 16384 / std::max<int64_t>(classes, 1)),
                   [&](int64_t begin, int64_t end) {
                     for (int64_t row = begin; row < end; row++) f(row * classes, int64_t(label[row]));
                   });
}

static Tensor focalForward(const Tensor& logits, const Tensor& labels, const FocalOptions& o) {
  Tensor loss = at::empty_like(logits);
  const float* x = logits.data_ptr<float>();
  float* out = loss.data_ptr<float>();
  const int64_t classes = logits.size(1);
  const float alpha = o.alpha;
  withPower(o.gamma, [&](auto power) {
    forEachRow(logits, labels, [&](int64_t first, int64_t label) {
      const float* row = x + first;
      float* to = out + first;
      for (int64_t c = 0; c < classes; c++) {  // as background; the label's class is overwritten below
        FocalTerm term = focalTerm(-row[c]);
        to[c] = (1 - alpha) * power(term.error) * term.crossEntropy;
      }
      if (label < 0 || label >= classes) return;
      FocalTerm term = focalTerm(row[label]);
      to[label] = alpha * power(term.error) * term.crossEntropy;
    });
  });
  return loss;
}

/** d loss / d z = -alpha_t error^gamma (error + gamma (1 - error) crossEntropy), times dy and dz / d logit = +-1. */
static Tensor focalBackward(const Tensor& dy, const Tensor& logits, const Tensor& labels, const FocalOptions& o) {
  Tensor dx = at::empty_like(logits);
  const float *x = logits.data_ptr<float>(), *upstream = dy.data_ptr<float>();
  float* out = dx.data_ptr<float>();
  const int64_t classes = logits.size(1);
  const float alpha = o.alpha, gamma = o.gamma;
  withPower(o.gamma, [&](auto power) {
    auto slope = [&](const FocalTerm& term) {
      return power(term.error) * (term.error + gamma * (1 - term.error) * term.crossEntropy);
    };
    forEachRow(logits, labels, [&](int64_t first, int64_t label) {
      const float *row = x + first, *gradient = upstream + first;
      float* to = out + first;
      for (int64_t c = 0; c < classes; c++) to[c] = gradient[c] * (1 - alpha) * slope(focalTerm(-row[c]));
      if (label < 0 || label >= classes) return;
      to[label] = -gradient[label] * alpha * slope(focalTerm(row[label]));
    });
  });
  return dx;
}

struct FocalFunction : torch::autograd::Function<FocalFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& logits, const Tensor& labels, const FocalOptions& o) {
    context->save_for_backward({logits, labels});
    context->saved_data["gamma"] = o.gamma;
    context->saved_data["alpha"] = o.alpha;
    return focalForward(logits.detach(), labels, o);
  }
  static variable_list backward(AutogradContext* context, variable_list outputs) {
    refuseSecondOrder("DetFocalLoss inside an inner gradient");
    variable_list gradients(3);
    if (!outputs[0].defined()) return gradients;
    auto tensors = context->get_saved_variables();
    auto& saved = context->saved_data;
    FocalOptions o{saved["gamma"].toDouble(), saved["alpha"].toDouble()};
    gradients[0] = focalBackward(outputs[0].to(at::kFloat).contiguous(), tensors[0].detach(), tensors[1], o);
    return gradients;
  }
};

/** The same as a composition of ATen operations, for other devices and second derivatives. */
static Tensor composedFocal(const Tensor& logits, const Tensor& labels, const FocalOptions& o) {
  Tensor classes = at::arange(logits.size(1), labels.options());
  Tensor target = at::eq(labels.unsqueeze(1), classes.unsqueeze(0));
  Tensor z = at::where(target, logits, at::neg(logits));
  Tensor balance = at::where(target, at::full({}, o.alpha, logits.options()), at::full({}, 1 - o.alpha, logits.options()));
  return balance * at::pow(at::sigmoid(at::neg(z)), o.gamma) * at::softplus(at::neg(z));
}

void defineFocalLoss() {
  // (logits [N, C], labels [N], background unless 0 .. C - 1; gamma, alpha) -> [N, C]
  defineKernel("detFocalLoss", [](Call& call) {
    Tensor logits = full(call.tensor(0)), labels = call.tensor(1).to(at::kInt).contiguous();
    FocalOptions o{call.number(2), call.number(3)};
    if (logits.dim() != 2 || labels.dim() != 1 || labels.size(0) != logits.size(0))
      throw std::runtime_error("logits must be [N, C] and labels [N]");
    if (!logits.is_cpu() || gradientDepth() > 1) return composedFocal(logits, labels, o);
    logits = logits.contiguous();
    if (at::GradMode::is_enabled() && logits.requires_grad()) return FocalFunction::apply(logits, labels, o);
    return focalForward(logits, labels, o);
  });
}

}  // namespace detlab
