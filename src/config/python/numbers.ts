// Python's arithmetic: unbounded integers (up to the budget), floats rounded as in C, floor division.

import { charge } from './budget';
import { isNumeric, kindOf, PythonError, type Value } from './values';

/** Limit of an integer: what Python prints, 4300 digits. */
const MAX_BITS = 14_300;

export type Numeric = bigint | number;

/** Booleans count as 0 and 1. @throws PythonError for a value that is not a number. */
export function numeric(value: Value): Numeric {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (isNumeric(value)) return value;
  throw new PythonError(`expected a number, received ${kindOf(value)}`);
}

export function whole(value: Value): bigint {
  const number = numeric(value);
  if (typeof number === 'bigint') return number;
  throw new PythonError(`expected an integer, received the float ${number}`);
}

/** As a JavaScript index. */
export function index(value: Value): number {
  const number = whole(value);
  if (number > 9e15 || number < -9e15) throw new PythonError('the number is too large for an index');
  return Number(number);
}

export function toFloat(value: Numeric): number {
  const float = Number(value);
  if (typeof value === 'bigint' && !Number.isFinite(float))
    throw new PythonError('the integer is too large for a float');
  return float;
}

export const bitLength = (value: bigint): number => {
  const positive = value < 0n ? -value : value;
  if (positive < 1n << 53n) return positive === 0n ? 0 : Math.floor(Math.log2(Number(positive))) + 1;
  const hex = positive.toString(16);
  return (hex.length - 1) * 4 + Number.parseInt(hex[0], 16).toString(2).length;
};

function bounded(value: bigint): bigint {
  const bits = bitLength(value);
  if (bits > MAX_BITS) throw new PythonError('the integer has more than 4300 digits');
  charge(bits >> 8);
  return value;
}

/** @throws PythonError for division by zero and for complex results. */
export function arithmetic(operator: string, a: Numeric, b: Numeric): Numeric {
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    switch (operator) {
      case '+':
        return bounded(a + b);
      case '-':
        return bounded(a - b);
      case '*':
        return bounded(a * b);
      case '/':
        if (b === 0n) throw new PythonError('division by zero');
        return ratio(a, b);
      case '//':
      case '%': {
        if (b === 0n) throw new PythonError('division by zero');
        const remainder = a % b;
        const wrap = remainder !== 0n && remainder < 0n !== b < 0n;
        if (operator === '%') return wrap ? remainder + b : remainder;
        return a / b - (wrap ? 1n : 0n);
      }
      case '**':
        return b >= 0n ? wholePower(a, b) : floatPower(Number(a), Number(b));
      case '<<':
      case '>>':
        return shift(operator, a, b);
      case '&':
        return a & b;
      case '|':
        return a | b;
      case '^':
        return a ^ b;
    }
  } else {
    const x = toFloat(a);
    const y = toFloat(b);
    switch (operator) {
      case '+':
        return x + y;
      case '-':
        return x - y;
      case '*':
        return x * y;
      case '/':
        if (y === 0) throw new PythonError('division by zero');
        return x / y;
      case '//':
      case '%': {
        if (y === 0) throw new PythonError('division by zero');
        const { quotient, remainder } = floatDivision(x, y);
        return operator === '%' ? remainder : quotient;
      }
      case '**':
        return floatPower(x, y);
    }
  }
  throw new PythonError(`"${operator}" does not apply to floats`);
}

function shift(operator: string, a: bigint, b: bigint): bigint {
  if (b < 0n) throw new PythonError('a shift cannot be negative');
  if (operator === '>>') return b > BigInt(MAX_BITS) ? (a < 0n ? -1n : 0n) : a >> b;
  if (a !== 0n && BigInt(bitLength(a)) + b > BigInt(MAX_BITS))
    throw new PythonError('the integer has more than 4300 digits');
  return a === 0n ? 0n : a << b;
}

function wholePower(a: bigint, b: bigint): bigint {
  if (a === 0n || a === 1n) return b === 0n ? 1n : a;
  if (a === -1n) return b % 2n === 0n ? 1n : -1n;
  if (BigInt(bitLength(a) - 1) * b > BigInt(MAX_BITS)) throw new PythonError('the integer has more than 4300 digits');
  return bounded(a ** b);
}

/** C's pow: exact for integer exponents, where JavaScript's may be off in the last digit. */
function floatPower(x: number, y: number): number {
  if (x === 0 && y < 0) throw new PythonError('0 cannot be raised to a negative power');
  if (x < 0 && Number.isFinite(x) && Number.isFinite(y) && !Number.isInteger(y))
    throw new PythonError('the power is a complex number, which is not data');
  if (y === 0 || x === 1) return 1;
  let result: number;
  if (Number.isInteger(y) && Math.abs(y) <= 1100 && Number.isFinite(x) && x !== 0)
    result = exactPower(x, Math.abs(y), y < 0);
  else if (y === 0.5) result = x === Number.NEGATIVE_INFINITY ? Number.POSITIVE_INFINITY : Math.sqrt(x);
  else result = x ** y;
  if (!Number.isFinite(result) && Number.isFinite(x) && Number.isFinite(y))
    throw new PythonError('the power is too large for a float');
  return result;
}

function exactPower(x: number, exponent: number, inverse: boolean): number {
  const { numerator, denominator } = fraction(x);
  charge(exponent);
  const n = BigInt(exponent);
  return inverse ? ratio(denominator ** n, numerator ** n) : ratio(numerator ** n, denominator ** n);
}

function floatDivision(x: number, y: number): { quotient: number; remainder: number } {
  let remainder = x % y;
  let quotient = (x - remainder) / y;
  if (remainder !== 0) {
    if (y < 0 !== remainder < 0) {
      remainder += y;
      quotient -= 1;
    }
  } else remainder = y < 0 ? -0 : 0;
  if (quotient === 0) return { quotient: 1 / (x / y) < 0 ? -0 : 0, remainder };
  const floor = Math.floor(quotient);
  return { quotient: quotient - floor > 0.5 ? floor + 1 : floor, remainder };
}

/** A finite float as an exact fraction. */
export function fraction(x: number): { numerator: bigint; denominator: bigint } {
  let denominator = 1n;
  let scaled = x;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return { numerator: BigInt(scaled), denominator };
}

/** The float nearest to `a / b`. */
export function ratio(a: bigint, b: bigint): number {
  const negative = a < 0n !== b < 0n;
  const top = a < 0n ? -a : a;
  const bottom = b < 0n ? -b : b;
  if (top === 0n) return b < 0n ? -0 : 0;
  if (top <= 9007199254740992n && bottom <= 9007199254740992n)
    return (negative ? -1 : 1) * (Number(top) / Number(bottom));
  const exponent = bitLength(top) - bitLength(bottom) - 66;
  const [n, d] = exponent < 0 ? [top << BigInt(-exponent), bottom] : [top, bottom << BigInt(exponent)];
  // a sticky bit for the truncated ones, so that halves round as the exact value would
  const sticky = n % d === 0n ? 0n : 1n;
  const digits = Number(((n / d) << 1n) | sticky);
  const half = Math.trunc((exponent - 1) / 2);
  const result = digits * 2 ** half * 2 ** (exponent - 1 - half);
  if (!Number.isFinite(result)) throw new PythonError('the quotient is too large for a float');
  return negative ? -result : result;
}

/** `numerator / denominator` rounded to the nearest integer, halves to even. */
export function roundHalfEven(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n;
  const top = negative ? -numerator : numerator;
  let quotient = top / denominator;
  const twice = (top % denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) quotient += 1n;
  return negative ? -quotient : quotient;
}

/** Python's round(). */
export function round(value: Numeric, digits?: number): Numeric {
  if (digits === undefined) {
    if (typeof value === 'bigint') return value;
    if (!Number.isFinite(value)) throw new PythonError(`${value} cannot be rounded to an integer`);
    const { numerator, denominator } = fraction(value);
    return roundHalfEven(numerator, denominator);
  }
  if (typeof value === 'bigint') {
    if (digits >= 0) return value;
    if (digits < -4300) return 0n;
    const unit = 10n ** BigInt(-digits);
    return roundHalfEven(value, unit) * unit;
  }
  if (!Number.isFinite(value) || value === 0 || digits > 330) return value;
  if (digits < -330) return value < 0 ? -0 : 0;
  const { numerator, denominator } = fraction(value);
  const scale = 10n ** BigInt(Math.abs(digits));
  const rounded =
    digits >= 0
      ? ratio(roundHalfEven(numerator * scale, denominator), scale)
      : Number(roundHalfEven(numerator, denominator * scale) * scale);
  return rounded === 0 && value < 0 ? -0 : rounded;
}
