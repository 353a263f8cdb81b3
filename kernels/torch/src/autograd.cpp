// The bridge to libtorch's autograd: leaves, backward, and nodes whose backward is a JavaScript function.
// GradMode is off except inside a gradient function; tensors are never made in InferenceMode, which autograd refuses.
#include <thread>

#include "autograd.h"
#include "call.h"
#include "definitions.h"
#include "gradient_buckets.h"
#include "precision.h"
#include "prepared_filters.h"

namespace detlab {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

static std::thread::id& mainThread = *new std::thread::id;
static napi_env jsEnv = nullptr;
static napi_ref jsDispatcher = nullptr;
static int depth = 0;

int gradientDepth() { return depth; }

void refuseSecondOrder(const char* what) {
  if (at::GradMode::is_enabled())
    throw std::runtime_error(std::string(what) + " has no second derivative");
}

/** Calls dispatcher(index, dySlot) in JavaScript, which returns one slot (or -1) per input. */
static variable_list callJs(int64_t index, const Tensor& dy, size_t inputs) {
  if (std::this_thread::get_id() != mainThread)
    throw std::runtime_error("a custom gradient was called outside the JavaScript thread");
  napi_handle_scope scope;
  napi_open_handle_scope(jsEnv, &scope);
  napi_value dispatcher, undefined, result, arguments[2] = {jsInteger(jsEnv, index), jsInteger(jsEnv, putSlot(dy))};
  napi_get_reference_value(jsEnv, jsDispatcher, &dispatcher);
  napi_get_undefined(jsEnv, &undefined);
  variable_list gradients(inputs);
  if (napi_call_function(jsEnv, undefined, dispatcher, 2, arguments, &result) != napi_ok) {
    napi_value exception;
    bool pending = false;
    napi_is_exception_pending(jsEnv, &pending);
    if (pending) {
      napi_get_and_clear_last_exception(jsEnv, &exception);
      keepJsException(jsEnv, exception);
    }
    napi_close_handle_scope(jsEnv, scope);
    throw std::runtime_error("the custom gradient function failed");
  }
  for (size_t k = 0; k < inputs; k++) {
    napi_value element;
    int64_t id = -1;
    napi_get_element(jsEnv, result, k, &element);
    napi_get_value_int64(jsEnv, element, &id);
    if (id >= 0) gradients[k] = takeSlot(id);
  }
  napi_close_handle_scope(jsEnv, scope);
  return gradients;
}

struct Opaque {
  Tensor value;  // hidden from autograd, which would otherwise treat it as an input
};

struct JsFunction : torch::autograd::Function<JsFunction> {
  static Tensor forward(AutogradContext* context, at::TensorList inputs, const Opaque& value, int64_t index) {
    context->saved_data["index"] = index;
    context->saved_data["inputs"] = static_cast<int64_t>(inputs.size());
    return value.value;
  }
  static variable_list backward(AutogradContext* context, variable_list dy) {
    size_t inputs = context->saved_data["inputs"].toInt();
    variable_list gradients(inputs);
    if (dy[0].defined()) gradients = callJs(context->saved_data["index"].toInt(), dy[0], inputs);
    gradients.resize(inputs + 2);
    return gradients;
  }
};

static void defineBackward() {
  // (enabled, depth) -> was enabled
  defineFunction("gradMode", [](Call& call) {
    bool before = at::GradMode::is_enabled();
    at::GradMode::set_enabled(call.flag(0));
    depth = static_cast<int>(call.integer(1));
    return jsBoolean(call.env, before);
  });
  // the same values as a differentiable input: a leaf, or, in a nested call, a node of the outer graph
  defineKernel("leaf", [](Call& call) {
    Tensor x = call.tensor(0);
    forgetPrepared(call.integer(0));  // about to be trained
    if (!x.is_floating_point()) return x.alias();
    return x.requires_grad() ? x.alias() : x.detach().requires_grad_(true);
  });
  defineKernel("alias", [](Call& call) { return call.tensor(0); });
  // (y, dy | -1, x slots, createGraph) -> gradient slots, -1 where y does not depend on x
  defineFunction("backward", [](Call& call) {
    Tensor y = call.tensor(0), dy = call.optionalTensor(1);
    auto inputs = call.tensors(2);
    bool createGraph = call.flag(3);
    std::vector<Tensor> gradients(inputs.size());
    bool reduced = !createGraph && watchGradients(inputs);
    if (y.requires_grad()) {
      variable_list differentiable;
      std::vector<size_t> positions;
      for (size_t k = 0; k < inputs.size(); k++) {
        if (!inputs[k].requires_grad()) continue;
        differentiable.push_back(inputs[k]);
        positions.push_back(k);
      }
      Tensor seed = dy.defined() ? dy.to(y.scalar_type()).expand(y.sizes()) : at::ones_like(y);
      if (!differentiable.empty()) {
        auto results = torch::autograd::grad({y}, differentiable, {seed}, createGraph, createGraph, /*allow_unused=*/true);
        for (size_t k = 0; k < results.size(); k++)
          if (results[k].defined()) gradients[positions[k]] = full(results[k]);
      }
    }
    if (reduced) placeGradients(gradients);
    return jsSlots(call.env, std::move(gradients));
  });
  defineFunction("detachAll", [](Call& call) { return jsInteger(call.env, detachSlots()); });
  defineFunction("hasHistory", [](Call& call) { return jsBoolean(call.env, call.tensor(0).requires_grad()); });
}

void defineAutograd() {
  mainThread = std::this_thread::get_id();
  at::GradMode::set_enabled(false);
  // on CUDA too: backward runs on the calling thread, the only one from which JavaScript can be called
  c10::AutogradState::get_tls_state().set_multithreading_enabled(false);
  defineBackward();
  defineFunction("setDispatcher", [](Call& call) -> napi_value {
    jsEnv = call.env;
    if (jsDispatcher) napi_delete_reference(jsEnv, jsDispatcher);
    napi_create_reference(call.env, call.raw(0), 1, &jsDispatcher);
    return nullptr;
  });
  // (value, input slots, index) -> slot of the value with that backward, or -1 when no input needs a gradient
  defineFunction("custom", [](Call& call) {
    Opaque value{call.tensor(0).detach()};
    auto inputs = call.tensors(1);
    bool needed = at::GradMode::is_enabled();
    bool any = false;
    for (auto& input : inputs) any |= input.requires_grad();
    if (!needed || !any) return jsInteger(call.env, -1);
    return jsInteger(call.env, putSlot(JsFunction::apply(at::TensorList(inputs), value, call.integer(2))));
  });
}

}  // namespace detlab
