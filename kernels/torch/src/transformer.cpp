// Transformer layers: layer normalisation, scaled dot-product attention, dropout, smooth activations.
#include "call.h"
#include "definitions.h"
#include "precision.h"

namespace detlab {

/** A norm's weights in the precision of its input; libtorch computes the statistics in float32. */
static Tensor asType(const Tensor& weight, const Tensor& x) {
  return weight.defined() && weight.scalar_type() != x.scalar_type() ? weight.to(x.scalar_type()) : weight;
}

/** [B, L, heads * d] -> [B, heads, L, d]. */
static Tensor splitHeads(const Tensor& x, int64_t heads) {
  return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

static Tensor attention(Tensor q, Tensor k, Tensor v, Tensor mask, int64_t heads, double scale, double dropout) {
  auto type = computeType(q, computeType(k, v) == k.scalar_type() ? k : v);
  q = splitHeads(operand(q, type), heads);
  k = splitHeads(operand(k, type), heads);
  v = splitHeads(operand(v, type), heads);
  std::optional<Tensor> bias;
  if (mask.defined()) bias = operand(mask, type);
  Tensor y = at::scaled_dot_product_attention(q, k, v, bias, dropout, false, scale);
  y = y.to(type).transpose(1, 2);
  return y.reshape({y.size(0), y.size(1), y.size(2) * y.size(3)});
}

static Tensor smooth(const Tensor& x, const std::string& name) {
  if (name == "gelu") return at::gelu(x);
  if (name == "silu") return at::silu(x);
  if (name == "mish") return at::mish(x);
  if (name == "hardswish") return at::hardswish(x);
  throw std::runtime_error("activation = \"" + name + "\": expected gelu, silu, mish or hardswish");
}

void defineTransformer() {
  // (x, scale, offset, epsilon): over the last axis
  defineKernel("detLayerNorm", [](Call& call) {
    Tensor x = call.tensor(0);
    Tensor scale = asType(call.optionalTensor(1), x), offset = asType(call.optionalTensor(2), x);
    return at::layer_norm(x, {x.size(-1)}, scale, offset, call.number(3));
  });
  // (q, k, v, additive mask or -1, heads, scale, dropout, seed)
  defineKernel("detAttention", [](Call& call) {
    double dropout = call.number(6);
    if (dropout > 0) at::manual_seed(call.integer(7));
    return attention(call.tensor(0), call.tensor(1), call.tensor(2), call.optionalTensor(3), call.integer(4),
                     call.number(5), dropout);
  });
  // (x, rate, seed)
  defineKernel("detDropout", [](Call& call) {
    at::manual_seed(call.integer(2));
    return at::dropout(call.tensor(0), call.number(1), true);
  });
  // (x, name)
  defineKernel("detActivate", [](Call& call) {
    Tensor x = call.tensor(0);
    return smooth(x.is_floating_point() ? x : x.to(at::kFloat), call.text(1));
  });
}

}  // namespace detlab
