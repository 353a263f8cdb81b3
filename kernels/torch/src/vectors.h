// Vectors of as many float32 values as the processor's widest registers hold, for loops that compilers do not vectorise well.
// bfloat16 memory is read and written as float32 values.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace detlab {

#ifdef __AVX512F__
constexpr int kLanes = 16;
#else
constexpr int kLanes = 8;
#endif
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));
typedef uint32_t LaneBits __attribute__((vector_size(kLanes * sizeof(uint32_t))));
typedef uint16_t HalfLanes __attribute__((vector_size(kLanes * sizeof(uint16_t))));

inline LaneBits bitsOf(const Lanes& v) {
  LaneBits bits;
  std::memcpy(&bits, &v, sizeof bits);
  return bits;
}

/** The first `count` values at p; the others are zero. */
template <typename Vector, typename T>
inline Vector getRaw(const T* p, int64_t count) {
  Vector v{};
  if (count >= kLanes)
    std::memcpy(&v, p, sizeof v);
  else
    std::memcpy(&v, p, count * sizeof(T));
  return v;
}
inline Lanes get(const float* p, int64_t count = kLanes) { return getRaw<Lanes>(p, count); }
inline Lanes get(const uint16_t* p, int64_t count = kLanes) {
#ifdef __AVX512F__
  // compilers split the conversion in halves
  HalfLanes half = getRaw<HalfLanes>(p, count);
  return (Lanes)_mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)half), 16);
#endif
  LaneBits bits = __builtin_convertvector(getRaw<HalfLanes>(p, count), LaneBits) << 16;
  Lanes v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}

template <typename Vector, typename T>
inline void putRaw(T* p, const Vector& v, int64_t count) {
  if (count >= kLanes)
    std::memcpy(p, &v, sizeof v);
  else
    std::memcpy(p, &v, count * sizeof(T));
}
/** Writes the first `count` values. */
inline void put(float* p, const Lanes& v, int64_t count = kLanes) { putRaw(p, v, count); }
/** Rounded to bfloat16, to nearest, ties to even: the upper half of the bits, in the lower half. */
inline LaneBits roundedToLow(const Lanes& v) {
  LaneBits bits = bitsOf(v);
  LaneBits rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  LaneBits isNan = LaneBits(v != v);
  return (isNan & 0x7fc0u) | (~isNan & rounded);
}
inline void put(uint16_t* p, const Lanes& v, int64_t count = kLanes) {
#ifdef __AVX512BF16__
  return putRaw(p, (HalfLanes)_mm512_cvtneps_pbh((__m512)v), count);
#endif
  putRaw(p, __builtin_convertvector(roundedToLow(v), HalfLanes), count);
}

typedef int32_t LaneIntegers __attribute__((vector_size(kLanes * sizeof(int32_t))));

/** e^v as `exponential` of activation.h, to 2 units in the last place. */
inline Lanes exponential(Lanes v) {
#ifdef __AVX512F__
  // an operand that is NaN is the second one, which is then the result
  __m512 x = _mm512_min_ps(_mm512_set1_ps(87.3f), _mm512_max_ps(_mm512_set1_ps(-87.3f), (__m512)v));
  Lanes n = (Lanes)_mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT);
  Lanes r = (Lanes)x - n * 0.693359375f + n * 2.12194440e-4f;
#else
  const Lanes low = Lanes{} - 87.3f, high = Lanes{} + 87.3f;
  v = v < low ? low : v;
  v = high < v ? high : v;
  constexpr float shift = 12582912.0f;
  Lanes n = (v * 1.44269504f + shift) - shift;
  Lanes r = (v - n * 0.693359375f) + n * 2.12194440e-4f;
#endif
  Lanes p = 1.9875691500e-4f * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  Lanes e = p * (r * r) + r + 1.0f;
#ifdef __AVX512F__
  return (Lanes)_mm512_scalef_ps((__m512)e, (__m512)n);
#else
  LaneIntegers power = (__builtin_convertvector(n, LaneIntegers) + 127) << 23;
  Lanes scale;
  std::memcpy(&scale, &power, sizeof scale);
  return e * scale;
#endif
}

inline Lanes sigmoid(Lanes v) { return 1.0f / (1.0f + exponential(-v)); }
inline Lanes silu(Lanes v) { return v / (1.0f + exponential(-v)); }

/** sigmoid(v) as exact as results of type T hold: for bfloat16 to 2^-14, relatively, in half of the time. */
template <typename T>
inline Lanes sigmoidFor(Lanes v) {
#ifdef __AVX512DQ__
  if constexpr (sizeof(T) == 2) {
    Lanes t = v * -1.44269504f;  // 2^t = 2^floor(t) * 2^f
    Lanes f = (Lanes)_mm512_reduce_ps((__m512)t, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    Lanes p = (((0.0135302f * f + 0.0520324f) * f + 0.2413793f) * f + 0.6930592f) * f + 1.0000026f;
    Lanes e = (Lanes)_mm512_scalef_ps((__m512)p, (__m512)t);
    return (Lanes)_mm512_rcp14_ps((__m512)(1.0f + e));
  }
#endif
  return sigmoid(v);
}

/** v * sigmoid(v), as exact. */
template <typename T>
inline Lanes siluFor(Lanes v) {
  if constexpr (sizeof(T) == 2) return v * sigmoidFor<T>(v);
  return silu(v);
}

/** d(v * sigmoid(v)) / dv, as exact. */
template <typename T>
inline Lanes siluSlopeFor(Lanes v) {
  Lanes s = sigmoidFor<T>(v);
  return s * (1.0f + v * (1.0f - s));
}

/** Transposes the square of kLanes vectors in place. */
inline void transpose(Lanes* rows) {
#pragma GCC unroll 4
  for (int step = 1; step < kLanes; step *= 2) {
    LaneBits low, high;
    for (uint32_t lane = 0; lane < kLanes; lane++) {
      low[lane] = lane & step ? kLanes + lane - step : lane;
      high[lane] = lane & step ? kLanes + lane : lane + step;
    }
    for (int row = 0; row < kLanes; row++) {
      if (row & step) continue;
      Lanes a = rows[row], b = rows[row + step];
      rows[row] = __builtin_shuffle(a, b, low);
      rows[row + step] = __builtin_shuffle(a, b, high);
    }
  }
}

}  // namespace detlab
