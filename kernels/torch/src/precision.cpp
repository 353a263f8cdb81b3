#include "precision.h"

#include "call.h"

namespace detlab {

at::Device& device() {
  static at::Device& current = *new at::Device(at::kCPU);
  return current;
}

at::ScalarType scalarType(int64_t code) {
  switch (code) {
    case 0: return at::kFloat;
    case 1: return at::kInt;
    case 2: return at::kBool;
    default: throw std::runtime_error("unknown type code " + std::to_string(code));
  }
}

at::TensorOptions options(at::ScalarType type) { return at::TensorOptions().dtype(type).device(device()); }

bool isLow(const Tensor& tensor) {
  auto type = tensor.scalar_type();
  return type == at::kBFloat16 || type == at::kHalf;
}

Tensor full(const Tensor& tensor) { return isLow(tensor) ? tensor.to(at::kFloat) : tensor; }

std::optional<at::ScalarType> autocastType() {
  auto kind = device().type();
  if (!at::autocast::is_autocast_enabled(kind)) return std::nullopt;
  return at::autocast::get_autocast_dtype(kind);
}

at::ScalarType computeType(const Tensor& a, const Tensor& b) {
  if (!a.is_floating_point() && !b.is_floating_point()) return a.scalar_type();
  if (auto low = autocastType()) return *low;
  return a.scalar_type() == b.scalar_type() ? a.scalar_type() : at::kFloat;
}

std::pair<Tensor, Tensor> matched(const Tensor& a, const Tensor& b) {
  if (isLow(a) != isLow(b) && a.is_floating_point() && b.is_floating_point()) {
    if (isLow(a) && a.dim() >= 3 && b.numel() < a.numel()) return {a, b.to(a.scalar_type())};
    if (isLow(b) && b.dim() >= 3 && a.numel() < b.numel()) return {a.to(b.scalar_type()), b};
    return {full(a), full(b)};
  }
  return {a, b};
}

void definePrecision() {
  // (enabled, type: "bfloat16" | "float16") -> was it enabled before
  defineFunction("autocast", [](Call& call) {
    auto kind = device().type();
    bool before = at::autocast::is_autocast_enabled(kind);
    bool enabled = call.flag(0);
    if (enabled) at::autocast::set_autocast_dtype(kind, call.text(1) == "float16" ? at::kHalf : at::kBFloat16);
    at::autocast::set_autocast_cache_enabled(false);
    at::autocast::set_autocast_enabled(kind, enabled);
    return jsBoolean(call.env, before);
  });
  // makes a slot hold float32 (a result that leaves mixed precision); inside a gradient function its history stays
  defineFunction("raise", [](Call& call) -> napi_value {
    Tensor& tensor = slotAt(call.integer(0));
    if (isLow(tensor)) tensor = tensor.to(at::kFloat);
    return nullptr;
  });
  // oneDNN refuses bfloat16 convolutions on processors without AVX512
  defineFunction("computesBfloat16", [](Call& call) {
    if (device().type() != at::kCPU) return jsBoolean(call.env, true);
    auto supported = c10::Dispatcher::singleton().findSchema({"mkldnn::_is_mkldnn_bf16_supported", ""});
    return jsBoolean(call.env, supported && supported->typed<bool()>().call());
  });
  defineFunction("physicalType", [](Call& call) {
    return jsText(call.env, c10::toString(call.tensor(0).scalar_type()));
  });
}

}  // namespace detlab
