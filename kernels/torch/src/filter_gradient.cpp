// For one tap of the filter and one row of outputs, the pixels read are evenly spaced in one row of the input: their
// product with the row of output gradients, [I, W] x [W, O], is that row's contribution to the tap's gradient.
#include "filter_gradient.h"

#include "blas.h"
#include "layout.h"

namespace detlab {

bool rowsFilterGradientFits(const Tensor& x, at::IntArrayRef strides, int64_t groups) {
  bool narrow = x.size(1) < 16;  // too small for an efficient product
  return x.is_cpu() && x.scalar_type() == at::kFloat && groups == 1 && (strides[0] > 1 || strides[1] > 1) && !narrow && sgemm();
}

Tensor rowsFilterGradient(const Tensor& gradient, const Tensor& input, at::IntArrayRef kernel, at::IntArrayRef strides,
                          at::IntArrayRef padding, at::IntArrayRef dilations) {
  Tensor dy = channelsLast(gradient), x = channelsLast(input);
  const int o = dy.size(1), i = x.size(1);
  int64_t height = x.size(2), width = x.size(3), outHeight = dy.size(2), outWidth = dy.size(3);
  int64_t taps = kernel[0] * kernel[1], size = int64_t(o) * i, rows = dy.size(0) * outHeight;
  // every part has a separate sum: the order of additions does not depend on the threads' timing
  int64_t parts = std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), rows));
  Tensor sums = at::zeros({parts, taps, size}, x.options().memory_format(at::MemoryFormat::Contiguous));
  const float *px = x.data_ptr<float>(), *pdy = dy.data_ptr<float>(), one = 1;
  float* total = sums.data_ptr<float>();
  const int pixelStep = i * strides[1];
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++)
      for (int64_t tap = 0; tap < taps; tap++) {
        int64_t across = tap % kernel[1] * dilations[1] - padding[1];
        // the outputs whose pixel is inside the input
        int64_t first = across < 0 ? (-across + strides[1] - 1) / strides[1] : 0;
        int64_t last = across >= width ? 0 : std::min(outWidth, (width - 1 - across) / strides[1] + 1);
        const int count = last - first;
        if (count <= 0) continue;
        for (int64_t row = rows * part / parts; row < rows * (part + 1) / parts; row++) {
          int64_t y = row % outHeight * strides[0] + tap / kernel[1] * dilations[0] - padding[0];
          if (y < 0 || y >= height) continue;
          const float* pixels = px + ((row / outHeight * height + y) * width + first * strides[1] + across) * i;
          sgemm()("N", "T", &i, &o, &count, &one, pixels, &pixelStep, pdy + (row * outWidth + first) * o, &o, &one,
                  total + (part * taps + tap) * size, &i);
        }
      }
  });
  Tensor sum = parts == 1 ? sums[0] : sums.sum(0);
  // [taps, O, I] -> OIHW
  return channelsLast(sum.view({kernel[0], kernel[1], o, i}).permute({2, 3, 0, 1}));
}

}  // namespace detlab
