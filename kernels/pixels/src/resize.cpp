// Bilinear resizing as cv2.resize(INTER_LINEAR) of 8-bit images: along x in units of 1/128 gray level, each source row once,
// then along y.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "pixels.h"
#ifdef __SSE4_1__
#include <immintrin.h>
#endif

namespace detlab {

static constexpr int kScale = 2048;

/** `clampWeights`: OpenCV's x axis, not its y axis. */
static std::vector<Tap> tapsOf(int source, int target, bool clampWeights) {
  const double step = 1 / (static_cast<double>(target) / source);
  std::vector<Tap> taps(target);
  for (int i = 0; i < target; i++) {
    const float centre = static_cast<float>((i + 0.5) * step - 0.5);
    int at = static_cast<int>(std::floor(centre));
    float fraction = centre - at;
    if (clampWeights && at < 0) at = 0, fraction = 0;
    if (clampWeights && at >= source - 1) at = source - 1, fraction = 0;
    taps[i] = {at, static_cast<int16_t>(std::lrintf((1 - fraction) * kScale)),
               static_cast<int16_t>(std::lrintf(fraction * kScale))};
  }
  return taps;
}

/** `out` has room for two values more than it gets. */
static void resizeRow(const uint8_t* row, int width, const std::vector<Tap>& taps, int16_t* out) {
  const int count = static_cast<int>(taps.size());
  int i = 0;
  for (; i < count; i++, out += 3) {
    const Tap& tap = taps[i];
    const uint8_t* p = row + tap.from * 3;
#ifdef __SSE4_1__
    if (tap.from < width - 2) {
      int32_t a, b;
      std::memcpy(&a, p, 4);
      std::memcpy(&b, p + 3, 4);
      const __m128i pairs = _mm_cvtepu8_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(a), _mm_cvtsi32_si128(b)));
      const __m128i weights = _mm_set1_epi32((tap.after << 16) | static_cast<uint16_t>(tap.before));
      const __m128i sums = _mm_srai_epi32(_mm_madd_epi16(pairs, weights), 4);
      _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packs_epi32(sums, sums));
      continue;
    }
#endif
    const uint8_t* q = tap.from < width - 1 ? p + 3 : p;
    for (int c = 0; c < 3; c++) out[c] = static_cast<int16_t>((p[c] * tap.before + q[c] * tap.after) >> 4);
  }
}

/** Exactly half the size: the rounded mean of four pixels. */
static void halve(Image from, Canvas to) {
  const size_t stride = static_cast<size_t>(from.width) * 3;
  for (int y = 0; y < to.height; y++) {
    const uint8_t* p = from.data + 2 * y * stride;
    const uint8_t* q = p + stride;
    uint8_t* o = to.data + static_cast<size_t>(y) * to.width * 3;
    for (int x = 0; x < to.width; x++, p += 6, q += 6, o += 3)
      for (int c = 0; c < 3; c++) o[c] = static_cast<uint8_t>((p[c] + p[c + 3] + q[c] + q[c + 3] + 2) >> 2);
  }
}

void resizeBilinear(Image from, Canvas to) {
  if (from.width == 2 * to.width && from.height == 2 * to.height) return halve(from, to);
  const std::vector<Tap> columns = tapsOf(from.width, to.width, true);
  const std::vector<Tap> rows = tapsOf(from.height, to.height, false);
  const size_t stride = static_cast<size_t>(from.width) * 3;
  const int length = to.width * 3;
  std::vector<int16_t> first(length + 2), second(length + 2);
  int16_t *upper = first.data(), *lower = second.data();
  int heldUpper = -1, heldLower = -1;
  for (int y = 0; y < to.height; y++) {
    const int top = std::clamp(rows[y].from, 0, from.height - 1);
    const int bottom = std::clamp(rows[y].from + 1, 0, from.height - 1);
    if (top == heldLower && top != heldUpper) {
      std::swap(upper, lower);
      std::swap(heldUpper, heldLower);
    }
    if (top != heldUpper) resizeRow(from.data + top * stride, from.width, columns, upper), heldUpper = top;
    if (bottom != heldLower) resizeRow(from.data + bottom * stride, from.width, columns, lower), heldLower = bottom;
    const int16_t a = rows[y].before, b = rows[y].after;
    const int16_t *u = upper, *l = lower;
    uint8_t* out = to.data + static_cast<size_t>(y) * length;
    for (int i = 0; i < length; i++) {
      const int16_t above = static_cast<int16_t>((static_cast<int>(a) * u[i]) >> 16);
      const int16_t below = static_cast<int16_t>((static_cast<int>(b) * l[i]) >> 16);
      out[i] = static_cast<uint8_t>(static_cast<uint16_t>(above + below + 2) >> 2);
    }
  }
}

}  // namespace detlab
