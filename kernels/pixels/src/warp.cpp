// cv2.warpPerspective(INTER_LINEAR, BORDER_CONSTANT): coordinates in steps of 1/32 pixel, weights of 5 + 5 bits.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "pixels.h"
#ifdef __SSE4_1__
#include <immintrin.h>
#endif

namespace detlab {

static constexpr int kSteps = 32;
static constexpr int kBlock = 32;
/** Far outside of any image, as a coordinate times kSteps. */
static constexpr double kFar = 1 << 30;

/** Bilinear interpolation at (fx, fy) / 32, with the colour where there is no pixel. */
static void blendAtBorder(Image from, int fx, int fy, const uint8_t* colour, uint8_t* out) {
  const int x = fx >> 5, y = fy >> 5;
  if (x < -1 || y < -1 || x >= from.width || y >= from.height) {
    for (int c = 0; c < 3; c++) out[c] = colour[c];
    return;
  }
  const int ax = fx & 31, ay = fy & 31;
  const auto at = [&](int px, int py) {
    const bool outside = px < 0 || py < 0 || px >= from.width || py >= from.height;
    return outside ? colour : from.data + (static_cast<size_t>(py) * from.width + px) * 3;
  };
  const uint8_t *p = at(x, y), *q = at(x + 1, y), *r = at(x, y + 1), *s = at(x + 1, y + 1);
  for (int c = 0; c < 3; c++) {
    const int upper = p[c] * (kSteps - ax) + q[c] * ax;
    const int lower = r[c] * (kSteps - ax) + s[c] * ax;
    out[c] = static_cast<uint8_t>((upper * (kSteps - ay) + lower * ay + 512) >> 10);
  }
}

/** Interpolates where all four neighbours are pixels. `vector`: eight bytes may be read and four written. */
static inline void blendInside(const uint8_t* p, const uint8_t* q, int ax, int ay, bool vector, uint8_t* out) {
#ifdef __SSE4_1__
  if (vector) {
    const __m128i pairs = _mm_setr_epi8(0, 3, 1, 4, 2, 5, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m128i alongX = _mm_set1_epi16(static_cast<int16_t>((ax << 8) | (kSteps - ax)));
    const __m128i alongY = _mm_set1_epi32((ay << 16) | (kSteps - ay));
    const auto row = [&](const uint8_t* from) {
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
      return _mm_maddubs_epi16(_mm_shuffle_epi8(bytes, pairs), alongX);
    };
    const __m128i sums = _mm_madd_epi16(_mm_unpacklo_epi16(row(p), row(q)), alongY);
    const __m128i values = _mm_srai_epi32(_mm_add_epi32(sums, _mm_set1_epi32(512)), 10);
    const __m128i words = _mm_packs_epi32(values, values);
    const int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    std::memcpy(out, &bytes, 4);
    return;
  }
#endif
  for (int c = 0; c < 3; c++) {
    const int upper = p[c] * (kSteps - ax) + p[c + 3] * ax;
    const int lower = q[c] * (kSteps - ax) + q[c + 3] * ax;
    out[c] = static_cast<uint8_t>((upper * (kSteps - ay) + lower * ay + 512) >> 10);
  }
}

void warpPerspective(Image from, const double* m, const uint8_t* colour, Canvas to) {
  const size_t stride = static_cast<size_t>(from.width) * 3;
  const int insideX = (from.width - 1) * kSteps, insideY = (from.height - 1) * kSteps;
  const uint8_t* last = from.data + stride * from.height - 8;
  uint8_t* end = to.data + static_cast<size_t>(to.width) * to.height * 3;
  // OpenCV restarts its sums with each block of columns
  const int blockHeight = std::min(kBlock / 2, to.height);
  const int block = std::min(kBlock * kBlock / blockHeight, to.width);
  int fx[kBlock * kBlock], fy[kBlock * kBlock];
  for (int y = 0; y < to.height; y++)
    for (int left = 0; left < to.width; left += block) {
      const double x0 = m[0] * left + m[1] * y + m[2];
      const double y0 = m[3] * left + m[4] * y + m[5];
      const double w0 = m[6] * left + m[7] * y + m[8];
      const int count = std::min(block, to.width - left);
      for (int i = 0; i < count; i++) {
        const double w = w0 + m[6] * i;
        const double scale = w == 0 ? 0 : kSteps / w;
        const double x = std::min(std::max((x0 + m[0] * i) * scale, -kFar), kFar);
        const double row = std::min(std::max((y0 + m[3] * i) * scale, -kFar), kFar);
        fx[i] = static_cast<int>(std::nearbyint(x));
        fy[i] = static_cast<int>(std::nearbyint(row));
      }
      uint8_t* out = to.data + (static_cast<size_t>(y) * to.width + left) * 3;
      for (int i = 0; i < count; i++, out += 3) {
        if (fx[i] >= 0 && fy[i] >= 0 && fx[i] < insideX && fy[i] < insideY) {
          const uint8_t* p = from.data + (fy[i] >> 5) * stride + (fx[i] >> 5) * 3;
          blendInside(p, p + stride, fx[i] & 31, fy[i] & 31, p + stride <= last && out + 4 <= end, out);
        } else {
          blendAtBorder(from, fx[i], fy[i], colour, out);
        }
      }
    }
}

}  // namespace detlab
