// The Node-API module. Any thread may load it: it has no state. Sizes are checked here, since a wrong one would read or
// write outside of an array.
#include <node_api.h>

#include <stdexcept>
#include <string>

#include "pixels.h"

namespace detlab {

class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env) {
    check(napi_get_cb_info(env, info, &count_, values_, nullptr, nullptr));
  }

  int integer(size_t k) {
    int32_t value = 0;
    check(napi_get_value_int32(env_, at(k), &value));
    return value;
  }

  /** The bytes of a Uint8Array of that many at least. */
  uint8_t* bytes(size_t k, size_t expected) {
    return static_cast<uint8_t*>(array(k, napi_uint8_array, expected));
  }

  const double* doubles(size_t k, size_t expected) {
    return static_cast<double*>(array(k, napi_float64_array, expected));
  }

  /** Pixels, width and height, from argument k on. */
  Image image(size_t k) {
    const Canvas canvas = this->canvas(k);
    return {canvas.data, canvas.width, canvas.height};
  }

  Canvas canvas(size_t k) {
    const int width = integer(k + 1), height = integer(k + 2);
    if (width < 1 || height < 1) throw std::invalid_argument("expected a width and a height of at least 1");
    return {bytes(k, static_cast<size_t>(width) * height * 3), width, height};
  }

  /** Frees the memory of an array, whose length is 0 from then on. */
  void free(size_t k) {
    napi_value buffer;
    bool detached = false;
    check(napi_get_typedarray_info(env_, at(k), nullptr, nullptr, nullptr, &buffer, nullptr));
    check(napi_is_detached_arraybuffer(env_, buffer, &detached));
    if (!detached) check(napi_detach_arraybuffer(env_, buffer));
  }

 private:
  napi_value at(size_t k) const {
    if (k >= count_) throw std::invalid_argument("expected argument " + std::to_string(k));
    return values_[k];
  }

  void check(napi_status status) const {
    if (status != napi_ok) throw std::invalid_argument("an argument has a wrong type");
  }

  void* array(size_t k, napi_typedarray_type expectedType, size_t expected) {
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    check(napi_get_typedarray_info(env_, at(k), &type, &length, &data, nullptr, nullptr));
    if (type != expectedType || length < expected)
      throw std::invalid_argument("expected an array of " + std::to_string(expected) + " values as argument " +
                                  std::to_string(k) + ", received " + std::to_string(length));
    return data;
  }

  static constexpr size_t kMax = 16;
  napi_env env_;
  size_t count_ = kMax;
  napi_value values_[kMax];
};

static void callResize(Call& call) { resizeBilinear(call.image(0), call.canvas(3)); }

static void callMix(Call& call) {
  const Image image = call.image(0);
  const uint8_t* colour = call.bytes(11, 3);
  const Jitter jitter{call.integer(6),  call.integer(7),
                      call.integer(8) != 0, call.integer(9),
                      call.integer(10), {colour[0], colour[1], colour[2]}};
  if (jitter.width < 1 || jitter.height < 1 || jitter.left < 0 || jitter.top < 0)
    throw std::invalid_argument("expected a window from the corner (0, 0) on, of an image of at least 1 x 1");
  mixWindow(image, call.image(3), jitter, call.bytes(12, static_cast<size_t>(image.width) * image.height * 3));
}

static void callWarp(Call& call) { warpPerspective(call.image(0), call.doubles(3, 9), call.bytes(4, 3), call.canvas(5)); }

static void callRecolour(Call& call) {
  const Image image = call.image(0);
  const size_t size = static_cast<size_t>(image.width) * image.height * 3;
  recolour(image, call.integer(3) == 0 ? 0 : 2, call.bytes(4, 768), call.bytes(5, size));
}

static void callToHsv(Call& call) {
  const Image image = call.image(0);
  const size_t size = static_cast<size_t>(image.width) * image.height;
  toHsv(image, call.integer(3) == 0 ? 0 : 2, call.bytes(4, size), call.bytes(5, size), call.bytes(6, size));
}

static void callFromHsv(Call& call) {
  const Canvas to = call.canvas(4);
  const size_t size = static_cast<size_t>(to.width) * to.height;
  fromHsv(call.bytes(0, size), call.bytes(1, size), call.bytes(2, size), call.integer(3) == 0 ? 0 : 2, to);
}

static void callFlip(Call& call) {
  const Image image = call.image(0);
  flipHorizontally(image, call.bytes(3, static_cast<size_t>(image.width) * image.height * 3));
}

static void callFree(Call& call) { call.free(0); }

template <void (*function)(Call&)>
static napi_value entry(napi_env env, napi_callback_info info) {
  try {
    Call call(env, info);
    function(call);
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

static napi_value initialise(napi_env env, napi_value exports) {
  const auto define = [&](const char* name, napi_callback callback) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  };
  define("resizeBilinear", entry<callResize>);
  define("mixWindow", entry<callMix>);
  define("warpPerspective", entry<callWarp>);
  define("recolour", entry<callRecolour>);
  define("toHsv", entry<callToHsv>);
  define("fromHsv", entry<callFromHsv>);
  define("flipHorizontally", entry<callFlip>);
  define("free", entry<callFree>);
  return exports;
}

}  // namespace detlab

NAPI_MODULE_INIT() { return detlab::initialise(env, exports); }
