// One call from JavaScript: reads its arguments and, for error messages, describes the tensors it has read.
#pragma once

#include "slots.h"

namespace detlab {

class Call {
 public:
  Call(napi_env env, napi_callback_info info);

  int64_t integer(size_t k);
  double number(size_t k);
  bool flag(size_t k);
  std::string text(size_t k);
  /** A JavaScript array of integers, or an Int32Array. */
  Ints integers(size_t k);
  Tensor tensor(size_t k);
  /** An undefined tensor when the slot is negative or the argument is missing. */
  Tensor optionalTensor(size_t k);
  /** An array of slots. */
  std::vector<Tensor> tensors(size_t k);
  napi_value raw(size_t k);
  size_t count() const { return count_; }

  /** Shapes and types of the tensors read so far: `[2,3] float, [4] int`. */
  std::string describe() const;

  napi_env env;
  void* data = nullptr;

 private:
  static constexpr size_t kMax = 16;
  size_t count_ = kMax;
  napi_value values_[kMax];
  std::vector<Tensor> read_;
};

/** A kernel returns one tensor; its slot goes back to JavaScript. */
using Kernel = std::function<Tensor(Call&)>;
/** A function returns any JavaScript value, or nullptr for undefined. */
using Function = std::function<napi_value(Call&)>;

void defineKernel(const char* name, Kernel kernel);
void defineFunction(const char* name, Function function);

/** Adds everything defined so far to the module's exports. */
void exportAll(napi_env env, napi_value exports);

napi_value jsInteger(napi_env env, int64_t value);
napi_value jsNumber(napi_env env, double value);
napi_value jsBoolean(napi_env env, bool value);
napi_value jsText(napi_env env, const std::string& value);
/** Stores the tensors and returns their slots as an array. */
napi_value jsSlots(napi_env env, std::vector<Tensor> tensors);

/** Keeps a JavaScript exception thrown inside C++ (by a custom gradient), to rethrow it unchanged. */
void keepJsException(napi_env env, napi_value exception);

}  // namespace detlab
