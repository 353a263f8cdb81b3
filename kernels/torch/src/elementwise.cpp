// Unary and binary kernels with the value semantics of TensorFlow.js (int32 and bool included).
#include "call.h"
#include "definitions.h"
#include "precision.h"

namespace detlab {

using Unary = Tensor (*)(const Tensor&);
using Binary = Tensor (*)(const Tensor&, const Tensor&);

static Tensor boolAsInt(const Tensor& x) { return x.scalar_type() == at::kBool ? x.to(at::kInt) : x; }

/** Layers: the result keeps the low precision of its input. */
static void layerUnary(const char* name, Unary f) {
  defineKernel(name, [f](Call& call) { return f(boolAsInt(call.tensor(0))); });
}

/** Functions whose result loses too much in low precision: computed in float32. */
static void preciseUnary(const char* name, Unary f) {
  defineKernel(name, [f](Call& call) {
    Tensor x = full(call.tensor(0));
    return f(x.is_floating_point() ? x : x.to(at::kFloat));
  });
}

static void binary(const char* name, Binary f) {
  defineKernel(name, [f](Call& call) {
    Tensor a = call.tensor(0), b = call.tensor(1);
    bool bools = a.scalar_type() == at::kBool && b.scalar_type() == at::kBool;
    auto [x, y] = matched(boolAsInt(a), boolAsInt(b));
    Tensor result = f(x, y);
    return bools ? result.to(at::kBool) : result;
  });
}

static void comparison(const char* name, Binary f) {
  defineKernel(name, [f](Call& call) {
    auto [x, y] = matched(call.tensor(0), call.tensor(1));
    return f(x, y);
  });
}

static void logical(const char* name, Binary f) {
  defineKernel(name, [f](Call& call) { return f(call.tensor(0).to(at::kBool), call.tensor(1).to(at::kBool)); });
}

// JavaScript's integer division by zero yields Infinity | 0 == 0; libtorch throws
static Tensor floorDivide(const Tensor& a, const Tensor& b) {
  if (a.is_floating_point() || b.is_floating_point()) return at::floor(at::div(a, b)).to(at::kInt);
  Tensor zero = at::eq(b, 0);
  Tensor quotient = at::div(a, at::where(zero, at::ones_like(b), b), "floor");
  return at::where(zero, at::zeros_like(quotient), quotient).to(at::kInt);
}

static Tensor modulo(const Tensor& a, const Tensor& b) {
  if (a.is_floating_point() || b.is_floating_point()) return at::remainder(a, b);
  Tensor zero = at::eq(b, 0);
  Tensor rest = at::remainder(a, at::where(zero, at::ones_like(b), b));
  return at::where(zero, at::zeros_like(rest), rest);
}

static Tensor power(const Tensor& a, const Tensor& b) {
  if (a.is_floating_point() || b.is_floating_point()) return at::pow(full(a), full(b));
  return at::pow(a.to(at::kDouble), b.to(at::kDouble)).to(at::kInt);  // negative exponents included
}

static void defineUnary() {
  layerUnary("abs", at::abs);
  layerUnary("neg", at::neg);
  layerUnary("relu", at::relu);
  layerUnary("square", [](const Tensor& x) { return at::mul(x, x); });
  layerUnary("floor", at::floor);
  layerUnary("ceil", at::ceil);
  layerUnary("round", at::round);
  // NaN stays NaN
  layerUnary("sign", [](const Tensor& x) {
    return x.is_floating_point() ? at::where(at::isnan(x), x.detach(), at::sign(x)) : at::sign(x);
  });
  layerUnary("relu6", [](const Tensor& x) { return at::hardtanh(x, 0, 6); });  // no gradient at 0 and at 6
  layerUnary("zerosLike", [](const Tensor& x) { return at::zeros_like(x); });
  layerUnary("onesLike", [](const Tensor& x) { return at::ones_like(x); });

  for (auto [name, f] : std::initializer_list<std::pair<const char*, Unary>>{
           {"exp", at::exp},       {"log", at::log},           {"log1p", at::log1p}, {"expm1", at::expm1},
           {"sqrt", at::sqrt},     {"rsqrt", at::rsqrt},       {"sin", at::sin},     {"cos", at::cos},
           {"tan", at::tan},       {"sinh", at::sinh},         {"cosh", at::cosh},   {"asin", at::asin},
           {"acos", at::acos},     {"atan", at::atan},         {"asinh", at::asinh}, {"acosh", at::acosh},
           {"atanh", at::atanh},   {"reciprocal", at::reciprocal}, {"erf", at::erf}})
    preciseUnary(name, f);

  // activations of layers, in the precision of their input; integers become float32
  for (auto [name, f] : std::initializer_list<std::pair<const char*, Unary>>{
           {"sigmoid", at::sigmoid},
           {"tanh", at::tanh},
           {"softplus", [](const Tensor& x) { return at::softplus(x); }},
           {"elu", [](const Tensor& x) { return at::elu(x); }},
           {"selu", at::selu},
           {"silu", at::silu}})
    defineKernel(name, [f](Call& call) {
      Tensor x = call.tensor(0);
      return f(x.is_floating_point() ? x : x.to(at::kFloat));
    });

  defineKernel("isNan", [](Call& call) { return at::isnan(call.tensor(0)); });
  defineKernel("isInf", [](Call& call) { return at::isinf(call.tensor(0)); });
  defineKernel("isFinite", [](Call& call) { return at::isfinite(call.tensor(0)); });
  defineKernel("logicalNot", [](Call& call) { return at::logical_not(call.tensor(0)); });
  defineKernel("leakyRelu", [](Call& call) {
    Tensor x = call.tensor(0);
    return at::leaky_relu(x.is_floating_point() ? x : x.to(at::kFloat), call.number(1));
  });
  defineKernel("prelu", [](Call& call) {
    auto [x, alpha] = matched(call.tensor(0), call.tensor(1));
    return at::where(at::gt(x, 0), x, at::mul(x, alpha));
  });
  // 1 above zero, alpha at and below it, NaN for NaN
  defineKernel("step", [](Call& call) {
    Tensor x = call.tensor(0);
    Tensor result = at::where(at::gt(x, 0), at::ones_like(x), at::full_like(x, call.number(1)));
    return x.is_floating_point() ? at::where(at::isnan(x), x.detach(), result) : result;
  });
  defineKernel("clip", [](Call& call) { return at::clamp(call.tensor(0), call.number(1), call.number(2)); });
  defineKernel("cast", [](Call& call) {
    Tensor x = call.tensor(0);
    auto type = scalarType(call.integer(1));
    if (x.is_floating_point() && type == at::kInt) return at::nan_to_num(full(x)).trunc().to(at::kInt);  // NaN to 0, as in JavaScript
    return type == at::kBool ? at::ne(x, 0) : x.to(type);
  });
}

static void defineBinary() {
  binary("add", [](const Tensor& a, const Tensor& b) { return at::add(a, b); });
  binary("sub", [](const Tensor& a, const Tensor& b) { return at::sub(a, b); });
  binary("mul", [](const Tensor& a, const Tensor& b) { return at::mul(a, b); });
  binary("div", [](const Tensor& a, const Tensor& b) { return at::div(a, b); });
  binary("maximum", at::maximum);
  binary("minimum", at::minimum);
  binary("floorDiv", floorDivide);
  binary("mod", modulo);
  binary("pow", power);
  binary("atan2", at::atan2);
  binary("bitwiseAnd", [](const Tensor& a, const Tensor& b) { return at::bitwise_and(a, b); });
  binary("squaredDifference", [](const Tensor& a, const Tensor& b) {
    Tensor difference = at::sub(a, b);
    return at::mul(difference, difference);
  });
  comparison("equal", [](const Tensor& a, const Tensor& b) { return at::eq(a, b); });
  comparison("notEqual", [](const Tensor& a, const Tensor& b) { return at::ne(a, b); });
  comparison("greater", [](const Tensor& a, const Tensor& b) { return at::gt(a, b); });
  comparison("greaterEqual", [](const Tensor& a, const Tensor& b) { return at::ge(a, b); });
  comparison("less", [](const Tensor& a, const Tensor& b) { return at::lt(a, b); });
  comparison("lessEqual", [](const Tensor& a, const Tensor& b) { return at::le(a, b); });
  logical("logicalAnd", at::logical_and);
  logical("logicalOr", at::logical_or);
  logical("logicalXor", at::logical_xor);

  defineKernel("addN", [](Call& call) {
    auto terms = call.tensors(0);
    if (terms.empty()) throw std::runtime_error("expected at least one tensor");
    Tensor total = terms[0];
    for (size_t i = 1; i < terms.size(); i++) {
      auto [a, b] = matched(total, terms[i]);
      total = at::add(a, b);
    }
    return total;
  });
  // (condition, then, else); a condition of rank 1 selects whole rows
  defineKernel("select", [](Call& call) {
    Tensor condition = call.tensor(0).to(at::kBool);
    auto [yes, no] = matched(call.tensor(1), call.tensor(2));
    if (condition.dim() == 1 && yes.dim() > 1) {
      Ints shape(yes.dim(), 1);
      shape[0] = condition.size(0);
      condition = condition.reshape(shape);
    }
    return at::where(condition, yes, no);
  });
}

void defineElementwise() {
  defineUnary();
  defineBinary();
}

}  // namespace detlab
