// Numbers in half precision (IEEE 754 binary16), rounded to the nearest, ties to even.

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The 16 bits of a number; beyond 65504 infinity. */
export function float16Bits(value: number): number {
  single[0] = value;
  const [x] = bits;
  const sign = (x >>> 16) & 0x8000;
  const exponent = (x >>> 23) & 0xff;
  const fraction = x & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  const shifted = exponent - 112;
  if (shifted >= 31) return sign | 0x7c00;
  // subnormal halves keep fewer bits; what is cut off decides the rounding
  const cut = shifted > 0 ? 13 : 14 - shifted;
  if (cut > 24) return sign;
  const whole = shifted > 0 ? (shifted << 23) | fraction : fraction | 0x800000;
  const half = 2 ** (cut - 1);
  const rest = whole % 2 ** cut;
  let result = Math.floor(whole / 2 ** cut);
  if (rest > half || (rest === half && result % 2 === 1)) result++;
  return sign | result;
}

/** Little-endian. */
export function float16Bytes(values: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Uint16Array.from(values, float16Bits).buffer);
}
