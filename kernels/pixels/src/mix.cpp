// What YOLOX's MixUp does to pixels. MMDetection resizes the other image as doubles, by Intel's IPP inside cv2: coordinates
// and interpolation in double precision with fused products. Only the window that is mixed is computed here.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "pixels.h"
#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace detlab {

struct Between {
  int from;
  int to;
  double share;  // of `to`
};

static Between between(int target, int source, double step) {
  const double at = std::fma(target + 0.5, step, -0.5);
  const int from = static_cast<int>(std::floor(at));
  if (from < 0) return {0, 0, 0};
  if (from >= source - 1) return {source - 1, source - 1, 0};
  return {from, from + 1, at - from};
}

/** One source row at the window's columns: [columns, 3]; `out` has room for a value more. */
static void resizeRow(const uint8_t* row, int width, const std::vector<Between>& columns, double* out) {
  for (const Between& column : columns) {
    const uint8_t* p = row + column.from * 3;
    const uint8_t* q = row + column.to * 3;
#if defined(__AVX2__) && defined(__FMA__)
    if (column.to < width - 1) {  // the fourth value is that of the next pixel, and overwritten
      int32_t a, b;
      std::memcpy(&a, p, 4);
      std::memcpy(&b, q, 4);
      const __m128i before = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(a));
      const __m128i rise = _mm_sub_epi32(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(b)), before);
      _mm256_storeu_pd(out, _mm256_fmadd_pd(_mm256_cvtepi32_pd(rise), _mm256_set1_pd(column.share),
                                            _mm256_cvtepi32_pd(before)));
      out += 3;
      continue;
    }
#endif
    for (int c = 0; c < 3; c++) *out++ = std::fma(static_cast<double>(q[c] - p[c]), column.share, p[c]);
  }
}

static void meanWithColour(const uint8_t* image, int pixels, const uint8_t* colour, uint8_t* out) {
  for (int x = 0; x < pixels; x++)
    for (int c = 0; c < 3; c++) out[3 * x + c] = static_cast<uint8_t>((image[3 * x + c] + colour[c]) >> 1);
}

void mixWindow(Image image, Image other, const Jitter& jitter, uint8_t* out) {
  const double stepX = static_cast<double>(other.width) / jitter.width;
  const double stepY = static_cast<double>(other.height) / jitter.height;
  const int count = std::clamp(jitter.width - jitter.left, 0, image.width);
  std::vector<Between> columns(count);
  for (int x = 0; x < count; x++) {
    const int at = x + jitter.left;
    columns[x] = between(jitter.flip ? jitter.width - 1 - at : at, other.width, stepX);
  }
  const size_t stride = static_cast<size_t>(other.width) * 3;
  const int length = count * 3;
  std::vector<double> first(length + 1), second(length + 1);
  double *upper = first.data(), *lower = second.data();
  int heldUpper = -1, heldLower = -1;
  for (int y = 0; y < image.height; y++) {
    const size_t start = static_cast<size_t>(y) * image.width * 3;
    const uint8_t* p = image.data + start;
    uint8_t* o = out + start;
    if (y + jitter.top >= jitter.height) {
      meanWithColour(p, image.width, jitter.colour, o);
      continue;
    }
    const Between row = between(y + jitter.top, other.height, stepY);
    if (row.from == heldLower && row.from != heldUpper) {
      std::swap(upper, lower);
      std::swap(heldUpper, heldLower);
    }
    if (row.from != heldUpper)
      resizeRow(other.data + row.from * stride, other.width, columns, upper), heldUpper = row.from;
    if (row.to != heldLower) resizeRow(other.data + row.to * stride, other.width, columns, lower), heldLower = row.to;
    const double *u = upper, *l = lower;
    for (int i = 0; i < length; i++) {
      const int value = static_cast<int>(std::fma(l[i] - u[i], row.share, u[i]));
      o[i] = static_cast<uint8_t>((p[i] + value) >> 1);
    }
    meanWithColour(p + length, image.width - count, jitter.colour, o + length);
  }
}

}  // namespace detlab
