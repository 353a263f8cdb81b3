// 8-bit HSV as cv2.cvtColor: to it in 12-bit fixed point (hue in steps of two degrees), back in floats. Pixels are taken in
// runs that fit the cache, so that each step is a plain loop for the compiler's vectors.
#include <algorithm>
#include <cmath>

#include "pixels.h"

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

struct Run {
  int h[kRun], s[kRun], v[kRun];
};

static void hsvOf(const uint8_t* from, int count, int blue, Run& run) {
  int b[kRun], g[kRun], r[kRun];
  for (int i = 0; i < count; i++) {
    b[i] = from[3 * i + blue];
    g[i] = from[3 * i + 1];
    r[i] = from[3 * i + 2 - blue];
  }
  for (int i = 0; i < count; i++) {
    const int top = std::max(b[i], std::max(g[i], r[i]));
    const int d = top - std::min(b[i], std::min(g[i], r[i]));
    const int turn = top == r[i] ? g[i] - b[i] : top == g[i] ? b[i] - r[i] + 2 * d : r[i] - g[i] + 4 * d;
    const int hue = (turn * kQuotients.byDifference[d] + (1 << (kShift - 1))) >> kShift;
    run.h[i] = hue < 0 ? hue + 180 : hue;
    run.s[i] = (d * kQuotients.byValue[top] + (1 << (kShift - 1))) >> kShift;
    run.v[i] = top;
  }
}

/** As OpenCV's vector code, which truncates: see src/data/pixels/hsv.ts. */
static void pixelsOf(const Run& run, int count, int blue, uint8_t* out) {
  uint8_t bytes[3][kRun];
  for (int i = 0; i < count; i++) {
    const float value = run.v[i] * (1 / 255.f);
    const float saturation = run.s[i] * (1 / 255.f);
    const float turn = run.h[i] * (6 / 180.f);
    const int whole = static_cast<int>(turn);
    const float rest = turn - whole;
    const int sector = whole >= 6 ? whole - 6 : whole;
    const float p = value * (1 - saturation);
    const float q = value * std::fma(-saturation, rest, 1.f);
    const float t = value * std::fma(-saturation, 1 - rest, 1.f);
    const float b = sector < 2 ? p : sector == 2 ? t : sector < 5 ? value : q;
    const float g = sector == 0 ? t : sector < 3 ? value : sector == 3 ? q : p;
    const float r = sector == 1 ? q : sector == 0 || sector == 5 ? value : sector < 4 ? p : t;
    bytes[0][i] = static_cast<uint8_t>(static_cast<int>(b * 255));
    bytes[1][i] = static_cast<uint8_t>(static_cast<int>(g * 255));
    bytes[2][i] = static_cast<uint8_t>(static_cast<int>(r * 255));
  }
  for (int i = 0; i < count; i++) {
    out[3 * i + blue] = bytes[0][i];
    out[3 * i + 1] = bytes[1][i];
    out[3 * i + 2 - blue] = bytes[2][i];
  }
}

void recolour(Image from, int blue, const uint8_t* tables, uint8_t* out) {
  int h[256], s[256], v[256];
  for (int i = 0; i < 256; i++) h[i] = tables[i], s[i] = tables[256 + i], v[i] = tables[512 + i];
  Run run;
  const size_t pixels = static_cast<size_t>(from.width) * from.height;
  for (size_t at = 0; at < pixels; at += kRun) {
    const int count = static_cast<int>(std::min<size_t>(kRun, pixels - at));
    hsvOf(from.data + 3 * at, count, blue, run);
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
