// Focal loss of sigmoids, element by element (Lin et al., ICCV 2017): -alpha_t (1 - p_t)^gamma log p_t. One pass forward and
// one backward over the logits, of which nothing else is kept: composed, a dozen arrays of their size would be.
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

/** Of a logit, turned so that large is right: its cross entropy, and how wrong it is, 1 - p_t. */
struct Judged {
  float entropy, wrong;
};

static inline Judged judge(float z) {
  float e = exponential(-std::abs(z)), likely = 1.0f / (1.0f + e);
  return {std::max(-z, 0.0f) + logOfOnePlus(e), z > 0 ? e * likely : likely};
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

/** Calls f(row, first element, label) for rows side by side. */
template <typename F>
static void eachRow(const Tensor& logits, const Tensor& labels, F f) {
  int64_t classes = logits.size(1);
  const int* truth = labels.data_ptr<int>();
  at::parallel_for(0, logits.size(0), std::max<int64_t>(1, 16384 / std::max<int64_t>(classes, 1)),
                   [&](int64_t begin, int64_t end) {
                     for (int64_t row = begin; row < end; row++) f(row * classes, int64_t(truth[row]));
                   });
}

static Tensor focalForward(const Tensor& logits, const Tensor& labels, const FocalOptions& o) {
  Tensor loss = at::empty_like(logits);
  const float* x = logits.data_ptr<float>();
  float* out = loss.data_ptr<float>();
  const int64_t classes = logits.size(1);
  const float alpha = o.alpha;
  withPower(o.gamma, [&](auto power) {
    eachRow(logits, labels, [&](int64_t first, int64_t label) {
      const float* row = x + first;
      float* to = out + first;
      for (int64_t c = 0; c < classes; c++) {  // as if no class were true
        Judged j = judge(-row[c]);
        to[c] = (1 - alpha) * power(j.wrong) * j.entropy;
      }
      if (label < 0 || label >= classes) return;
      Judged j = judge(row[label]);
      to[label] = alpha * power(j.wrong) * j.entropy;
    });
  });
  return loss;
}

/** d loss / d logit, times dy: with z the turned logit, -alpha_t wrong^gamma (wrong + gamma (1 - wrong) entropy) dz. */
static Tensor focalBackward(const Tensor& dy, const Tensor& logits, const Tensor& labels, const FocalOptions& o) {
  Tensor dx = at::empty_like(logits);
  const float *x = logits.data_ptr<float>(), *outer = dy.data_ptr<float>();
  float* out = dx.data_ptr<float>();
  const int64_t classes = logits.size(1);
  const float alpha = o.alpha, gamma = o.gamma;
  withPower(o.gamma, [&](auto power) {
    auto slope = [&](const Judged& j) { return power(j.wrong) * (j.wrong + gamma * (1 - j.wrong) * j.entropy); };
    eachRow(logits, labels, [&](int64_t first, int64_t label) {
      const float *row = x + first, *given = outer + first;
      float* to = out + first;
      for (int64_t c = 0; c < classes; c++) to[c] = given[c] * (1 - alpha) * slope(judge(-row[c]));
      if (label < 0 || label >= classes) return;
      to[label] = -given[label] * alpha * slope(judge(row[label]));
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

/** The same in ATen operations: other devices, and second derivatives. */
static Tensor composedFocal(const Tensor& logits, const Tensor& labels, const FocalOptions& o) {
  Tensor classes = at::arange(logits.size(1), labels.options());
  Tensor truth = at::eq(labels.unsqueeze(1), classes.unsqueeze(0));
  Tensor turned = at::where(truth, logits, at::neg(logits));
  Tensor balance = at::where(truth, at::full({}, o.alpha, logits.options()), at::full({}, 1 - o.alpha, logits.options()));
  return balance * at::pow(at::sigmoid(at::neg(turned)), o.gamma) * at::softplus(at::neg(turned));
}

void defineFocalLoss() {
  // (logits [N, C], labels [N] where others than 0 .. C - 1 are background, gamma, alpha) -> [N, C]
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
