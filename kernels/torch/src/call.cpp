#include "call.h"

#include "profile.h"

namespace detlab {

struct Definition {
  std::string name;
  Kernel kernel;
  Function function;
};

static std::vector<Definition*>& definitions = *new std::vector<Definition*>;
static napi_ref keptException = nullptr;

static void check(napi_status status, const char* expected, size_t k) {
  if (status != napi_ok)
    throw std::runtime_error("argument " + std::to_string(k) + ": expected " + expected);
}

Call::Call(napi_env environment, napi_callback_info info) : env(environment) {
  napi_get_cb_info(env, info, &count_, values_, nullptr, &data);
  if (count_ > kMax) count_ = kMax;
}

napi_value Call::raw(size_t k) {
  if (k >= count_) throw std::runtime_error("argument " + std::to_string(k) + " is missing");
  return values_[k];
}

int64_t Call::integer(size_t k) {
  int64_t value;
  check(napi_get_value_int64(env, raw(k), &value), "an integer", k);
  return value;
}

double Call::number(size_t k) {
  double value;
  check(napi_get_value_double(env, raw(k), &value), "a number", k);
  return value;
}

bool Call::flag(size_t k) {
  bool value;
  check(napi_get_value_bool(env, raw(k), &value), "a boolean", k);
  return value;
}

std::string Call::text(size_t k) {
  size_t length;
  check(napi_get_value_string_utf8(env, raw(k), nullptr, 0, &length), "a string", k);
  std::string value(length, '\0');
  napi_get_value_string_utf8(env, raw(k), value.data(), length + 1, &length);
  return value;
}

Ints Call::integers(size_t k) {
  bool typed = false;
  napi_is_typedarray(env, raw(k), &typed);
  if (typed) {
    napi_typedarray_type type;
    size_t length;
    void* bytes;
    napi_get_typedarray_info(env, raw(k), &type, &length, &bytes, nullptr, nullptr);
    if (type != napi_int32_array) throw std::runtime_error("argument " + std::to_string(k) + ": expected an Int32Array");
    auto* first = static_cast<int32_t*>(bytes);
    return Ints(first, first + length);
  }
  uint32_t length;
  check(napi_get_array_length(env, raw(k), &length), "an array of integers", k);
  Ints result(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    napi_get_element(env, raw(k), i, &element);
    check(napi_get_value_int64(env, element, &result[i]), "an array of integers", k);
  }
  return result;
}

Tensor Call::tensor(size_t k) {
  read_.push_back(slotAt(integer(k)));
  return read_.back();
}

Tensor Call::optionalTensor(size_t k) {
  if (k >= count_ || integer(k) < 0) return Tensor();
  return tensor(k);
}

std::vector<Tensor> Call::tensors(size_t k) {
  std::vector<Tensor> result;
  for (int64_t id : integers(k)) {
    read_.push_back(slotAt(id));
    result.push_back(read_.back());
  }
  return result;
}

std::string Call::describe() const {
  std::string text;
  size_t shown = std::min<size_t>(read_.size(), 8);
  for (size_t i = 0; i < shown; i++) {
    const Tensor& tensor = read_[i];
    text += text.empty() ? "[" : ", [";
    for (int64_t d = 0; d < tensor.dim(); d++) text += (d ? "," : "") + std::to_string(tensor.size(d));
    text += "] ";
    text += c10::toString(tensor.scalar_type());
  }
  if (read_.size() > shown) text += ", ... (" + std::to_string(read_.size()) + " tensors)";
  return text;
}

void keepJsException(napi_env env, napi_value exception) {
  if (keptException) napi_delete_reference(env, keptException);
  keptException = nullptr;
  if (napi_create_reference(env, exception, 1, &keptException) != napi_ok) keptException = nullptr;
}

static std::string firstLines(std::string message) {
  // libtorch appends a native stack trace: the message itself is enough
  size_t cut = message.find("\nException raised from");
  if (cut != std::string::npos) message.resize(cut);
  return message;
}

static void fail(napi_env env, const std::string& name, const Call* call, const std::string& reason) {
  if (keptException) {
    napi_value exception;
    napi_get_reference_value(env, keptException, &exception);
    napi_delete_reference(env, keptException);
    keptException = nullptr;
    napi_throw(env, exception);
    return;
  }
  std::string shapes = call ? call->describe() : "";
  std::string text = "Cannot run \"" + name + "\" on the torch engine" + (shapes.empty() ? "" : " with " + shapes) +
                     ": " + firstLines(reason);
  napi_throw_error(env, nullptr, text.c_str());
}

static napi_value enter(napi_env env, napi_callback_info info) {
  Call call(env, info);
  auto* definition = static_cast<Definition*>(call.data);
  try {
    ProfiledCall profiled(definition->name.c_str());
    if (definition->kernel) return jsInteger(env, putSlot(definition->kernel(call)));
    return definition->function(call);
  } catch (const c10::Error& error) {
    fail(env, definition->name, &call, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    fail(env, definition->name, &call, "out of memory; use smaller images or a smaller batch");
  } catch (const std::exception& error) {
    fail(env, definition->name, &call, error.what());
  } catch (...) {
    fail(env, definition->name, &call, "unknown C++ exception");
  }
  return nullptr;
}

void defineKernel(const char* name, Kernel kernel) { definitions.push_back(new Definition{name, std::move(kernel), {}}); }

void defineFunction(const char* name, Function function) {
  definitions.push_back(new Definition{name, {}, std::move(function)});
}

void exportAll(napi_env env, napi_value exports) {
  for (Definition* definition : definitions) {
    napi_value function;
    napi_create_function(env, definition->name.c_str(), NAPI_AUTO_LENGTH, enter, definition, &function);
    napi_set_named_property(env, exports, definition->name.c_str(), function);
  }
}

napi_value jsInteger(napi_env env, int64_t value) {
  napi_value result;
  napi_create_int64(env, value, &result);
  return result;
}

napi_value jsNumber(napi_env env, double value) {
  napi_value result;
  napi_create_double(env, value, &result);
  return result;
}

napi_value jsBoolean(napi_env env, bool value) {
  napi_value result;
  napi_get_boolean(env, value, &result);
  return result;
}

napi_value jsText(napi_env env, const std::string& value) {
  napi_value result;
  napi_create_string_utf8(env, value.c_str(), value.size(), &result);
  return result;
}

napi_value jsSlots(napi_env env, std::vector<Tensor> tensors) {
  napi_value result;
  napi_create_array_with_length(env, tensors.size(), &result);
  for (size_t i = 0; i < tensors.size(); i++)
    napi_set_element(env, result, i, jsInteger(env, tensors[i].defined() ? putSlot(std::move(tensors[i])) : -1));
  return result;
}

}  // namespace detlab
