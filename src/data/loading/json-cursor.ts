// Reads JSON in bytes without making strings or objects of it. Every method leaves the cursor after what it read, and says
// whether that was possible: bytes may end within a value (the buffer holds a part of a file), or not be JSON.

export const DONE = 0;
/** The bytes end within the value. */
export const INCOMPLETE = 1;
/** Something else than asked for, or no JSON. */
export const OTHER = 2;
export type Status = typeof DONE | typeof INCOMPLETE | typeof OTHER;

const [QUOTE, BACKSLASH, MINUS, DOT, COMMA, COLON] = [0x22, 0x5c, 0x2d, 0x2e, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const [ZERO, NINE, LOWER_E, UPPER_E, LOWER_U] = [0x30, 0x39, 0x65, 0x45, 0x75];
const MAX_DEPTH = 500;

/** Powers of ten that are doubles: a quotient of an integer below 2^53 and one of them is rounded correctly. */
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

const LITERALS = ['true', 'false', 'null', 'NaN', 'Infinity', '-NaN', '-Infinity'].map((text) => ({
  bytes: Buffer.from(text),
  absent: /[NI]/.test(text),
}));

const isDigit = (c: number): boolean => c >= ZERO && c <= NINE;

export class JsonCursor {
  at = 0;
  /** Values NaN and Infinity that were skipped. */
  absent = 0;
  /** The number read last. */
  value = 0;

  /**
   * @param bytes with a byte 0 at `end`
   * @param whole whether the file ends at `end`
   */
  constructor(
    public bytes: Buffer,
    public end: number,
    public whole: boolean,
  ) {}

  /** The next byte that is no space, at which the cursor then is; 0 at the end. */
  next(): number {
    const { bytes } = this;
    let c = bytes[this.at];
    while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) c = bytes[++this.at];
    return c;
  }

  /** Moves over one byte, after spaces. */
  over(byte: number): Status {
    if (this.next() !== byte) return this.missing();
    this.at++;
    return DONE;
  }

  private missing(): Status {
    return this.at >= this.end && !this.whole ? INCOMPLETE : OTHER;
  }

  /** A number, into `value`. */
  number(): Status {
    const { bytes } = this;
    const start = this.at;
    let c = bytes[this.at];
    const negative = c === MINUS;
    if (negative) c = bytes[++this.at];
    if (!isDigit(c)) return this.missing();
    let digits = 0;
    if (c === ZERO) {
      c = bytes[++this.at];
      if (isDigit(c)) return OTHER;
    } else
      do {
        digits = digits * 10 + (c - ZERO);
        c = bytes[++this.at];
      } while (isDigit(c));
    let decimals = 0;
    if (c === DOT) {
      const dot = this.at;
      c = bytes[++this.at];
      while (isDigit(c)) {
        digits = digits * 10 + (c - ZERO);
        c = bytes[++this.at];
      }
      decimals = this.at - dot - 1;
      if (decimals === 0) return this.missing();
    }
    const exponent = c === LOWER_E || c === UPPER_E;
    if (exponent && this.exponent() !== DONE) return this.missing();
    if (this.at >= this.end && !this.whole) return INCOMPLETE;
    if (exponent || digits >= Number.MAX_SAFE_INTEGER || decimals > 22)
      this.value = Number(bytes.toString('latin1', start, this.at));
    else {
      const value = decimals === 0 ? digits : digits / POWERS[decimals];
      this.value = negative ? -value : value;
    }
    return DONE;
  }

  private exponent(): Status {
    const { bytes } = this;
    let c = bytes[++this.at];
    if (c === MINUS || c === 0x2b) c = bytes[++this.at];
    if (!isDigit(c)) return OTHER;
    while (isDigit(c)) c = bytes[++this.at];
    return DONE;
  }

  /** A string. */
  string(): Status {
    const { bytes } = this;
    if (bytes[this.at] !== QUOTE) return this.missing();
    let at = this.at + 1;
    for (;;) {
      const c = bytes[at];
      if (c === QUOTE) break;
      if (c === BACKSLASH) {
        const escaped = bytes[at + 1];
        if (escaped === LOWER_U) {
          for (let i = 2; i < 6; i++)
            if (!/[\da-f]/i.test(String.fromCharCode(bytes[at + i]))) return this.stopped(at + i);
          at += 6;
        } else if ('"\\/bfnrt'.includes(String.fromCharCode(escaped))) at += 2;
        else return this.stopped(at + 1);
      } else if (c < 0x20) return this.stopped(at);
      else at++;
    }
    this.at = at + 1;
    return DONE;
  }

  private stopped(at: number): Status {
    this.at = Math.min(at, this.end);
    return this.missing();
  }

  /** Any value. NaN and Infinity are accepted and counted. */
  passValue(depth = 0): Status {
    const c = this.next();
    if (c === QUOTE) return this.string();
    if (c === OPEN_LIST) return this.items(depth, CLOSE_LIST);
    if (c === OPEN_OBJECT) return this.items(depth, CLOSE_OBJECT);
    if (isDigit(c) || (c === MINUS && isDigit(this.bytes[this.at + 1]))) return this.number();
    return this.literal();
  }

  private items(depth: number, close: number): Status {
    if (depth > MAX_DEPTH) return OTHER;
    this.at++;
    if (this.next() === close) {
      this.at++;
      return DONE;
    }
    for (;;) {
      if (close === CLOSE_OBJECT) {
        this.next();
        const status = this.string() || this.over(COLON);
        if (status !== DONE) return status;
      }
      const status = this.passValue(depth + 1);
      if (status !== DONE) return status;
      const c = this.next();
      if (c !== COMMA && c !== close) return this.missing();
      this.at++;
      if (c === close) return DONE;
    }
  }

  private literal(): Status {
    const { bytes, at, end } = this;
    for (const { bytes: text, absent } of LITERALS) {
      if (bytes[at] !== text[0]) continue;
      if (bytes.compare(text, 0, text.length, at, Math.min(at + text.length, end)) !== 0) continue;
      this.at += text.length;
      if (absent) this.absent++;
      return DONE;
    }
    const longest = 9; // -Infinity
    return !this.whole && end - at < longest ? INCOMPLETE : OTHER;
  }
}
