// DetImages: 8-bit images as a batch of normalised values [N, H, W, 3], by a table of 256 values for each channel.
#include "call.h"
#include "definitions.h"
#include "precision.h"

namespace detlab {

namespace {

template <typename T>
const T* typedArray(Call& call, napi_value value, napi_typedarray_type expected, size_t length) {
  napi_typedarray_type type;
  size_t count;
  void* data;
  if (napi_get_typedarray_info(call.env, value, &type, &count, &data, nullptr, nullptr) != napi_ok || type != expected ||
      count != length)
    throw std::runtime_error("expected a typed array of " + std::to_string(length) + " values");
  return static_cast<const T*>(data);
}

struct Lookup {
  const float* tables;  // [3, 256], in the order of the result's channels
  int first, third;     // the channels that are read for the first and the third one
  float padding;
};

void writeImage(const uint8_t* image, int64_t height, int64_t width, const Lookup& by, int64_t outHeight, int64_t outWidth,
                float* out) {
  at::parallel_for(0, outHeight, 16, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; y++) {
      float *to = out + y * outWidth * 3, *last = to + outWidth * 3;
      const uint8_t* from = image + y * width * 3;
      for (int64_t x = 0; x < width && y < height; x++, from += 3, to += 3) {
        to[0] = by.tables[from[by.first]];
        to[1] = by.tables[256 + from[1]];
        to[2] = by.tables[512 + from[by.third]];
      }
      std::fill(to, last, by.padding);
    }
  });
}

}  // namespace

void defineImageBatch() {
  // ([Uint8Array...], [height, width, whether the first and third channel change places, ...], Float32Array, [H, W], padding)
  defineKernel("detImages", [](Call& call) {
    Ints shapes = call.integers(1), size = call.integers(3);
    const int64_t images = int64_t(shapes.size()) / 3;
    const float* tables = typedArray<float>(call, call.raw(2), napi_float32_array, 768);
    Tensor result = at::empty({images, size[0], size[1], 3}, at::TensorOptions().dtype(at::kFloat));
    for (int64_t n = 0; n < images; n++) {
      int64_t height = shapes[3 * n], width = shapes[3 * n + 1];
      bool swaps = shapes[3 * n + 2] != 0;
      if (height > size[0] || width > size[1]) throw std::runtime_error("an image is larger than the batch");
      napi_value element;
      napi_get_element(call.env, call.raw(0), uint32_t(n), &element);
      auto* pixels = typedArray<uint8_t>(call, element, napi_uint8_array, size_t(height * width * 3));
      Lookup by{tables, swaps ? 2 : 0, swaps ? 0 : 2, float(call.number(4))};
      writeImage(pixels, height, width, by, size[0], size[1], result.data_ptr<float>() + n * size[0] * size[1] * 3);
    }
    return device().is_cpu() ? result : result.to(device());
  });
}

}  // namespace detlab
