// 8-bit HSV as cv2.cvtColor: to it in 12-bit fixed point (hue in steps of two degrees), back in floats. Pixels are taken in
// runs that fit the cache, so that each step is a plain loop for the compiler's vectors.
#include <algorithm>
#include <cmath>

#include "pixels.h"
#ifdef __SSE4_1__
#include <immintrin.h>
#endif

namespace detlab {

static constexpr int kShift = 12;
static constexpr int kRun = 256;

/** OpenCV's tables of 255 / value and 30 / difference in fixed point. */
struct Quotients {
  int byValue[256], byDifference[256];
  Quotients() {
    byValue[0] = byDifference[0] = 0;
    for (int i = 1; i < 256; i++) {
      byValue[i] = static_cast<int>(std::lrint((255 << kShift) / static_cast<double>(i)));
      byDifference[i] = static_cast<int>(std::lrint((30 << kShift) / static_cast<double>(i)));
    }
  }
};
static const Quotients kQuotients;

/** Sixteen pixels at a time are taken apart and put together by shuffles. */
static constexpr int kLanes = 16;

struct Run {
  int h[kRun], s[kRun], v[kRun];
};

using Bytes = uint8_t[kRun];

#ifdef __SSE4_1__
/** The byte that each of 16 lanes takes from 16 bytes: number 3 k + channel - 16 part, -1 where that is in another part. */
struct Shuffles {
  alignas(16) int8_t apart[3][3][16];     // [channel][part of the pixels]
  alignas(16) int8_t together[3][3][16];  // [part of the pixels][channel]
  Shuffles() {
    for (int channel = 0; channel < 3; channel++)
      for (int part = 0; part < 3; part++)
        for (int lane = 0; lane < 16; lane++) {
          const int byte = 3 * lane + channel - 16 * part;
          apart[channel][part][lane] = static_cast<int8_t>(byte >= 0 && byte < 16 ? byte : -1);
          const int place = 16 * part + lane;
          together[part][channel][lane] = static_cast<int8_t>(place % 3 == channel ? place / 3 : -1);
        }
  }
};
static const Shuffles kShuffles;

static inline __m128i shuffled(__m128i bytes, const int8_t* order) {
  return _mm_shuffle_epi8(bytes, _mm_load_si128(reinterpret_cast<const __m128i*>(order)));
}

static inline __m128i gathered(const __m128i* parts, const int8_t (*orders)[16]) {
  return _mm_or_si128(_mm_or_si128(shuffled(parts[0], orders[0]), shuffled(parts[1], orders[1])),
                      shuffled(parts[2], orders[2]));
}
#endif

/** [count, 3] to three planes. */
static void apart(const uint8_t* from, int count, Bytes* planes) {
  int i = 0;
#ifdef __SSE4_1__
  for (; i + kLanes <= count; i += kLanes) {
    __m128i parts[3];
    for (int k = 0; k < 3; k++) parts[k] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 3 * i + 16 * k));
    for (int c = 0; c < 3; c++)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(planes[c] + i), gathered(parts, kShuffles.apart[c]));
  }
#endif
  for (; i < count; i++)
    for (int c = 0; c < 3; c++) planes[c][i] = from[3 * i + c];
}

static void together(const Bytes* planes, int count, uint8_t* out) {
  int i = 0;
#ifdef __SSE4_1__
  for (; i + kLanes <= count; i += kLanes) {
    __m128i channels[3];
    for (int c = 0; c < 3; c++) channels[c] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(planes[c] + i));
    for (int k = 0; k < 3; k++)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 3 * i + 16 * k), gathered(channels, kShuffles.together[k]));
  }
#endif
  for (; i < count; i++)
    for (int c = 0; c < 3; c++) out[3 * i + c] = planes[c][i];
}

static void hsvOf(const uint8_t* from, int count, int blue, Run& run) {
  Bytes planes[3];
  apart(from, count, planes);
  const uint8_t *blues = planes[blue], *greens = planes[1], *reds = planes[2 - blue];
  const int *byValue = kQuotients.byValue, *byDifference = kQuotients.byDifference;
#pragma GCC ivdep
  for (int i = 0; i < count; i++) {
    const int b = blues[i], g = greens[i], r = reds[i];
    const int top = std::max(b, std::max(g, r));
    const int d = top - std::min(b, std::min(g, r));
    int turn = r - g + 4 * d;
    turn = top == g ? b - r + 2 * d : turn;
    turn = top == r ? g - b : turn;
    const int hue = (turn * byDifference[d] + (1 << (kShift - 1))) >> kShift;
    run.h[i] = hue + ((hue >> 31) & 180);
    run.s[i] = (d * byValue[top] + (1 << (kShift - 1))) >> kShift;
    run.v[i] = top;
  }
}

/** As OpenCV's vector code, which truncates: see src/data/pixels/hsv.ts. */
static void pixelsOf(const Run& run, int count, int blue, uint8_t* out) {
  Bytes planes[3];
  uint8_t *blues = planes[blue], *greens = planes[1], *reds = planes[2 - blue];
  int sectors[kRun];  // of the hue circle
  float tops[kRun], bottoms[kRun], falling[kRun], rising[kRun];
  for (int i = 0; i < count; i++) {
    const float value = run.v[i] * (1 / 255.f);
    const float saturation = run.s[i] * (1 / 255.f);
    const float turn = run.h[i] * (6 / 180.f);
    const int whole = static_cast<int>(turn);
    const float rest = turn - whole;
    sectors[i] = whole - (whole >= 6 ? 6 : 0);
    tops[i] = 255 * value;
    bottoms[i] = 255 * (value * (1 - saturation));
    falling[i] = 255 * (value * std::fma(-saturation, rest, 1.f));
    rising[i] = 255 * (value * std::fma(-saturation, 1 - rest, 1.f));
  }
#pragma GCC ivdep
  for (int i = 0; i < count; i++) {
    const int sector = sectors[i];
    const int top = static_cast<int>(tops[i]), bottom = static_cast<int>(bottoms[i]);
    const int fall = static_cast<int>(falling[i]), rise = static_cast<int>(rising[i]);
    int b = sector < 5 ? top : fall;  // one choice at a time, for the compiler's vectors
    b = sector == 2 ? rise : b;
    blues[i] = static_cast<uint8_t>(sector < 2 ? bottom : b);
    int g = sector == 3 ? fall : bottom;
    g = sector < 3 ? top : g;
    greens[i] = static_cast<uint8_t>(sector == 0 ? rise : g);
    int r = sector == 4 ? rise : bottom;
    r = sector == 0 ? top : r;
    r = sector == 5 ? top : r;
    reds[i] = static_cast<uint8_t>(sector == 1 ? fall : r);
  }
  together(planes, count, out);
}

void recolour(Image from, int blue, const uint8_t* tables, uint8_t* out) {
  int h[256], s[256], v[256];
  for (int i = 0; i < 256; i++) h[i] = tables[i], s[i] = tables[256 + i], v[i] = tables[512 + i];
  Run run;
  const size_t pixels = static_cast<size_t>(from.width) * from.height;
  for (size_t at = 0; at < pixels; at += kRun) {
    const int count = static_cast<int>(std::min<size_t>(kRun, pixels - at));
    hsvOf(from.data + 3 * at, count, blue, run);
#pragma GCC ivdep
    for (int i = 0; i < count; i++) {
      run.h[i] = h[run.h[i]];
      run.s[i] = s[run.s[i]];
      run.v[i] = v[run.v[i]];
    }
    pixelsOf(run, count, blue, out + 3 * at);
  }
}

void toHsv(Image from, int blue, uint8_t* h, uint8_t* s, uint8_t* v) {
  Run run;
  const size_t pixels = static_cast<size_t>(from.width) * from.height;
  for (size_t at = 0; at < pixels; at += kRun) {
    const int count = static_cast<int>(std::min<size_t>(kRun, pixels - at));
    hsvOf(from.data + 3 * at, count, blue, run);
    for (int i = 0; i < count; i++) {
      h[at + i] = static_cast<uint8_t>(run.h[i]);
      s[at + i] = static_cast<uint8_t>(run.s[i]);
      v[at + i] = static_cast<uint8_t>(run.v[i]);
    }
  }
}

void fromHsv(const uint8_t* h, const uint8_t* s, const uint8_t* v, int blue, Canvas to) {
  Run run;
  const size_t pixels = static_cast<size_t>(to.width) * to.height;
  for (size_t at = 0; at < pixels; at += kRun) {
    const int count = static_cast<int>(std::min<size_t>(kRun, pixels - at));
    for (int i = 0; i < count; i++) run.h[i] = h[at + i], run.s[i] = s[at + i], run.v[i] = v[at + i];
    pixelsOf(run, count, blue, to.data + 3 * at);
  }
}

}  // namespace detlab
