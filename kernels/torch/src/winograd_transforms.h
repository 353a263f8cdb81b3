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

/** A one-dimensional transform of `from` values to `to` values. */
struct InputTransform {
  static constexpr int from = kIn, to = kIn;
  static void run(const Lanes* d, Lanes* v) {
    Lanes evenA = d[4] - kB2 * d[2], oddA = kA * d[3] - kA * kB2 * d[1];
    Lanes evenB = d[4] - kA2 * d[2], oddB = kB * d[3] - kB * kA2 * d[1];
    v[0] = kA2B2 * d[0] - (kA2 + kB2) * d[2] + d[4];
    v[1] = evenA + oddA;
    v[2] = evenA - oddA;
    v[3] = evenB + oddB;
    v[4] = evenB - oddB;
    v[5] = kA2B2 * d[1] - (kA2 + kB2) * d[3] + d[5];
  }
};

struct OutputTransform {
  static constexpr int from = kIn, to = kOut;
  static void run(const Lanes* m, Lanes* y) {
    Lanes sumA = m[1] + m[2], differenceA = m[1] - m[2];
    Lanes sumB = m[3] + m[4], differenceB = m[3] - m[4];
    y[0] = m[0] + sumA + sumB;
    y[1] = kA * differenceA + kB * differenceB;
    y[2] = kA2 * sumA + kB2 * sumB;
    y[3] = kA3 * differenceA + kB3 * differenceB + m[5];
  }
};

/** The transpose of OutputTransform: maps a gradient of outputs to the points. */
struct OutputGradientTransform {
  static constexpr int from = kOut, to = kIn;
  static void run(const Lanes* y, Lanes* m) {
    Lanes evenA = y[0] + kA2 * y[2], oddA = kA * y[1] + kA3 * y[3], evenB = y[0] + kB2 * y[2], oddB = kB * y[1] + kB3 * y[3];
    m[0] = y[0];
    m[1] = evenA + oddA;
    m[2] = evenA - oddA;
    m[3] = evenB + oddB;
    m[4] = evenB - oddB;
    m[5] = y[3];
  }
};

struct FilterTransform {
  static constexpr int from = 3, to = kIn;
  static void run(const Lanes* g, Lanes* u) {
    Lanes evenA = kNormA * (g[0] + kA2 * g[2]), oddA = kNormA * kA * g[1];
    Lanes evenB = kNormB * (g[0] + kB2 * g[2]), oddB = kNormB * kB * g[1];
    u[0] = (1 / kA2B2) * g[0];
    u[1] = evenA + oddA;
    u[2] = evenA - oddA;
    u[3] = evenB + oddB;
    u[4] = evenB - oddB;
    u[5] = g[2];
  }
};

/** The transpose of FilterTransform. */
struct FilterGradientTransform {
  static constexpr int from = kIn, to = 3;
  static void run(const Lanes* u, Lanes* g) {
    Lanes sumA = kNormA * (u[1] + u[2]), differenceA = kNormA * (u[1] - u[2]);
    Lanes sumB = kNormB * (u[3] + u[4]), differenceB = kNormB * (u[3] - u[4]);
    g[0] = (1 / kA2B2) * u[0] + sumA + sumB;
    g[1] = kA * differenceA + kB * differenceB;
    g[2] = kA2 * sumA + kB2 * sumB + u[5];
  }
};

/** Both axes of a square: reads load(row, column), of Transform::from each, and calls store(row, column, value). */
template <typename Transform, typename Load, typename Store>
inline void transformSquare(Load load, Store store) {
  constexpr int from = Transform::from, to = Transform::to;
  Lanes middle[to][from];  // [column][row]
#pragma GCC unroll 6
  for (int row = 0; row < from; row++) {
    Lanes in[from], out[to];
#pragma GCC unroll 6
    for (int column = 0; column < from; column++) in[column] = load(row, column);
    Transform::run(in, out);
#pragma GCC unroll 6
    for (int column = 0; column < to; column++) middle[column][row] = out[column];
  }
#pragma GCC unroll 6
  for (int column = 0; column < to; column++) {
    Lanes out[to];
    Transform::run(middle[column], out);
#pragma GCC unroll 6
    for (int row = 0; row < to; row++) store(row, column, out[row]);
  }
}

}  // namespace detlab
