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

static std::optional<at::ScalarType>& lowType() {
  static auto& current = *new std::optional<at::ScalarType>;
  return current;
}

std::optional<at::ScalarType> autocastType() { return lowType(); }

/** oneDNN supports bfloat16 only on processors with AVX512; libtorch's fallback loops are far slower than float32. */
static bool hasBfloat16Products() {
  if (!device().is_cpu()) return true;
  static const bool has = [] {
    const char* setting = std::getenv("DETLAB_BF16_PRODUCTS");
    if (setting && std::string(setting) == "0") return false;
    auto supported = c10::Dispatcher::singleton().findSchema({"mkldnn::_is_mkldnn_bf16_supported", ""});
    return supported && supported->typed<bool()>().call();
  }();
  return has;
}

at::ScalarType productType(at::ScalarType type) {
  return type == at::kBFloat16 && !hasBfloat16Products() ? at::kFloat : type;
}

Tensor operand(const Tensor& tensor, at::ScalarType type) { return tensor.to(type).to(productType(type)); }

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
  // (enabled, type: "bfloat16" | "float16") -> whether it was enabled before
  defineFunction("autocast", [](Call& call) {
    auto kind = device().type();
    auto type = call.text(1) == "float16" ? at::kHalf : at::kBFloat16;
    bool before = lowType().has_value(), enabled = call.flag(0);
    lowType() = enabled ? std::optional(type) : std::nullopt;
    // where products are computed in float32, libtorch must not cast their operands down again
    bool byLibtorch = enabled && productType(type) == type;
    if (byLibtorch) at::autocast::set_autocast_dtype(kind, type);
    at::autocast::set_autocast_cache_enabled(false);
    at::autocast::set_autocast_enabled(kind, byLibtorch);
    return jsBoolean(call.env, before);
  });
  // casts a slot to float32 (a result that leaves mixed precision); inside a gradient function its history is kept
  defineFunction("raise", [](Call& call) -> napi_value {
    Tensor& tensor = slotAt(call.integer(0));
    if (isLow(tensor)) tensor = tensor.to(at::kFloat);
    return nullptr;
  });
  // whether bfloat16 products are computed in bfloat16; if not, mixed precision saves memory, not time
  defineFunction("computesBfloat16", [](Call& call) { return jsBoolean(call.env, hasBfloat16Products()); });
  defineFunction("physicalType", [](Call& call) {
    return jsText(call.env, c10::toString(call.tensor(0).scalar_type()));
  });
}

}  // namespace detlab
