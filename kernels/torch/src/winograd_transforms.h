// The transforms of Winograd's F(4x4, 3x3), on vectors of channels.
//
// The interpolation points are 0, +-5/8, +-3/2 and infinity: with the textbook's 0, +-1, +-2 the rounding error is twice as
// large.
#pragma once

#include "vectors.h"

namespace detlab {

constexpr int kOut = 4, kIn = 6, kPoints = kIn * kIn;
constexpr float kA = 0.625f, kB = 1.5f;
constexpr float kA2 = kA * kA, kB2 = kB * kB, kA3 = kA2 * kA, kB3 = kB2 * kB, kA2B2 = kA2 * kB2;
constexpr float kNormA = 1 / (2 * kA2 * (kA2 - kB2)), kNormB = 1 / (2 * kB2 * (kB2 - kA2));

/** A one-dimensional transform of `from` values, `step` apart, to `to` values. */
struct InputTransform {
  static constexpr int from = kIn, to = kIn;
  static void run(const Lanes* d, Lanes* v, int step) {
    Lanes d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    Lanes evenA = d4 - kB2 * d2, oddA = kA * d3 - kA * kB2 * d1;
    Lanes evenB = d4 - kA2 * d2, oddB = kB * d3 - kB * kA2 * d1;
    v[0] = kA2B2 * d0 - (kA2 + kB2) * d2 + d4;
    v[step] = evenA + oddA;
    v[2 * step] = evenA - oddA;
    v[3 * step] = evenB + oddB;
    v[4 * step] = evenB - oddB;
    v[5 * step] = kA2B2 * d1 - (kA2 + kB2) * d3 + d5;
  }
};

struct OutputTransform {
  static constexpr int from = kIn, to = kOut;
  static void run(const Lanes* m, Lanes* y, int step) {
    Lanes sumA = m[step] + m[2 * step], differenceA = m[step] - m[2 * step];
    Lanes sumB = m[3 * step] + m[4 * step], differenceB = m[3 * step] - m[4 * step];
    Lanes first = m[0], last = m[5 * step];
    y[0] = first + sumA + sumB;
    y[step] = kA * differenceA + kB * differenceB;
    y[2 * step] = kA2 * sumA + kB2 * sumB;
    y[3 * step] = kA3 * differenceA + kB3 * differenceB + last;
  }
};

/** The transpose of OutputTransform: maps a gradient of outputs to the points. */
struct OutputGradientTransform {
  static constexpr int from = kOut, to = kIn;
  static void run(const Lanes* y, Lanes* m, int step) {
    Lanes y0 = y[0], y1 = y[step], y2 = y[2 * step], y3 = y[3 * step];
    Lanes evenA = y0 + kA2 * y2, oddA = kA * y1 + kA3 * y3, evenB = y0 + kB2 * y2, oddB = kB * y1 + kB3 * y3;
    m[0] = y0;
    m[step] = evenA + oddA;
    m[2 * step] = evenA - oddA;
    m[3 * step] = evenB + oddB;
    m[4 * step] = evenB - oddB;
    m[5 * step] = y3;
  }
};

struct FilterTransform {
  static constexpr int from = 3, to = kIn;
  static void run(const Lanes* g, Lanes* u, int step) {
    Lanes g0 = g[0], g1 = g[step], g2 = g[2 * step];
    Lanes evenA = kNormA * (g0 + kA2 * g2), oddA = kNormA * kA * g1;
    Lanes evenB = kNormB * (g0 + kB2 * g2), oddB = kNormB * kB * g1;
    u[0] = (1 / kA2B2) * g0;
    u[step] = evenA + oddA;
    u[2 * step] = evenA - oddA;
    u[3 * step] = evenB + oddB;
    u[4 * step] = evenB - oddB;
    u[5 * step] = g2;
  }
};

/** The transpose of FilterTransform. */
struct FilterGradientTransform {
  static constexpr int from = kIn, to = 3;
  static void run(const Lanes* u, Lanes* g, int step) {
    Lanes sumA = kNormA * (u[step] + u[2 * step]), differenceA = kNormA * (u[step] - u[2 * step]);
    Lanes sumB = kNormB * (u[3 * step] + u[4 * step]), differenceB = kNormB * (u[3 * step] - u[4 * step]);
    Lanes first = (1 / kA2B2) * u[0], last = u[5 * step];
    g[0] = first + sumA + sumB;
    g[step] = kA * differenceA + kB * differenceB;
    g[2 * step] = kA2 * sumA + kB2 * sumB + last;
  }
};

/** Both axes of a square held in rows of kIn, in place. */
template <typename Transform>
inline void transformSquare(Lanes* square) {
#pragma GCC unroll 6
  for (int row = 0; row < Transform::from; row++) Transform::run(square + row * kIn, square + row * kIn, 1);
#pragma GCC unroll 6
  for (int column = 0; column < Transform::to; column++) Transform::run(square + column, square + column, kIn);
}

}  // namespace detlab
