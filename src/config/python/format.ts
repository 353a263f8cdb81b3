// Python's string formatting: format specifications (f-strings, format()), str.format and `%`.

import { chargeText } from './budget';
import { characters } from './iterate';
import { bitLength, fraction, index, numeric, roundHalfEven, toFloat } from './numbers';
import { getItem } from './subscript';
import { floatText, repr, str } from './text-form';
import { Dict, isNumeric, kindOf, PythonError, Tuple, type Value } from './values';

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d{1,9})?([,_])?(?:\.(\d{1,9}))?([a-zA-Z%])?$/su;

interface Spec {
  fill: string;
  align?: string;
  sign: string;
  alternate: boolean;
  width: number;
  grouping: string;
  precision?: number;
  type: string;
}

/** `format(value, spec)`. */
export function format(value: Value, spec: string): string {
  if (spec === '') return str(value);
  const match = SPEC.exec(spec);
  if (!match) throw new PythonError(`invalid format "${spec}". Write e.g. ".2f", "03d" or ">10"`);
  const [, fill, align, sign, , alternate, zero, width, grouping, precision, type] = match;
  const parsed: Spec = {
    fill: fill ?? (zero ? '0' : ' '),
    align: align ?? (zero && isNumeric(value) ? '=' : undefined),
    sign: sign ?? '-',
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping: grouping ?? '',
    precision: precision === undefined ? undefined : Number(precision),
    type: type ?? '',
  };
  chargeText(parsed.width);
  if (isNumeric(value)) return formatNumber(numeric(value), parsed);
  if (typeof value !== 'string') throw new PythonError(`format "${spec}" does not apply to ${kindOf(value)}`);
  if (parsed.grouping || (parsed.type && parsed.type !== 's'))
    throw new PythonError(`format "${spec}" does not apply to a string`);
  const text = parsed.precision === undefined ? value : [...characters(value)].slice(0, parsed.precision).join('');
  return pad(text, '', { ...parsed, align: parsed.align ?? '<' });
}

function pad(body: string, sign: string, { fill, align, width }: Spec): string {
  const missing = width - [...characters(sign + body)].length;
  if (missing <= 0) return sign + body;
  if (align === '=') return sign + fill.repeat(missing) + body;
  if (align === '<') return sign + body + fill.repeat(missing);
  const left = align === '^' ? missing >> 1 : missing;
  return fill.repeat(left) + sign + body + fill.repeat(missing - left);
}

const RADIX: Record<string, [radix: number, prefix: string]> = {
  b: [2, '0b'],
  o: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

function formatNumber(value: bigint | number, spec: Spec): string {
  const { type } = spec;
  const negative = value < 0 || Object.is(value, -0);
  const sign = negative ? '-' : spec.sign === '-' ? '' : spec.sign;
  let body: string;
  if (typeof value === 'bigint' && (type === '' || type === 'd' || type === 'n' || RADIX[type] || type === 'c')) {
    if (spec.precision !== undefined) throw new PythonError('a precision does not apply to an integer');
    if (type === 'c') return pad(String.fromCodePoint(index(value)), '', { ...spec, align: spec.align ?? '<' });
    const [radix, prefix] = RADIX[type] ?? [10, ''];
    const digits = (negative ? -value : value).toString(radix);
    body =
      (spec.alternate ? prefix : '') +
      group(type === 'X' ? digits.toUpperCase() : digits, spec.grouping, radix === 10 ? 3 : 4);
  } else body = formatFloat(Math.abs(toFloat(value)), spec);
  if (spec.grouping && spec.align === '=' && spec.fill === '0') {
    // the zeros are grouped too
    const [, digits, rest] = /^([\w,]*)(.*)$/s.exec(body) as RegExpExecArray;
    let plain = digits.replaceAll(spec.grouping, '');
    const size = RADIX[type] ? 4 : 3;
    while (sign.length + group(plain, spec.grouping, size).length + rest.length < spec.width) plain = `0${plain}`;
    body = group(plain, spec.grouping, size) + rest;
  }
  return pad(body, sign, { ...spec, align: spec.align ?? '>' });
}

function group(digits: string, mark: string, size: number): string {
  return mark ? digits.replace(new RegExp(`\\B(?=(\\w{${size}})+$)`, 'g'), mark) : digits;
}

function formatFloat(value: number, { type, precision, grouping, alternate }: Spec): string {
  if (!'eEfFgGn%'.includes(type) && type !== '') throw new PythonError(`format "${type}" does not apply to a float`);
  const lower = type.toLowerCase();
  const upper = (text: string) => (type === 'E' || type === 'G' || type === 'F' ? text.toUpperCase() : text);
  if (!Number.isFinite(value)) return upper(Number.isNaN(value) ? 'nan' : 'inf') + (type === '%' ? '%' : '');
  const digits = precision ?? 6;
  if (digits > 1100) throw new PythonError('expected a precision of at most 1100 digits');
  let text: string;
  if (lower === 'f') text = fixed(value, digits);
  else if (lower === 'e') text = exponential(value, digits);
  else if (type === '%') text = `${fixed(value * 100, digits)}%`;
  else if (type === '' && precision === undefined) text = floatText(value);
  else text = general(value, precision ?? 6, alternate, type === '');
  if (!grouping) return upper(text);
  const [, head, tail] = /^(\d+)(.*)$/s.exec(text) as RegExpExecArray;
  return upper(group(head, grouping, 3) + tail);
}

/** Rounded half to even on the exact value, as C's printf. */
export function fixed(value: number, digits: number): string {
  const { numerator, denominator } = fraction(value);
  const scaled = roundHalfEven(numerator * 10n ** BigInt(digits), denominator)
    .toString()
    .padStart(digits + 1, '0');
  return digits ? `${scaled.slice(0, -digits)}.${scaled.slice(-digits)}` : scaled;
}

function exponential(value: number, digits: number): string {
  const [mantissa, exponent] = scientific(value, digits);
  const rest = mantissa.slice(1);
  return `${mantissa[0]}${rest ? `.${rest}` : ''}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** `digits + 1` significant digits and the exponent of the first. */
function scientific(value: number, digits: number): [string, number] {
  if (value === 0) return ['0'.repeat(digits + 1), 0];
  const { numerator, denominator } = fraction(value);
  let exponent = Math.floor((bitLength(numerator) - bitLength(denominator)) * Math.LOG10E * Math.LN2);
  for (;;) {
    const shift = digits - exponent;
    const scale = 10n ** BigInt(Math.abs(shift));
    const mantissa = (
      shift >= 0 ? roundHalfEven(numerator * scale, denominator) : roundHalfEven(numerator, denominator * scale)
    ).toString();
    if (mantissa.length === digits + 1) return [mantissa, exponent];
    exponent += mantissa.length > digits + 1 ? 1 : -1;
  }
}

function general(value: number, precision: number, keepZeros: boolean, plain: boolean): string {
  const digits = Math.max(1, precision);
  const [, exponent] = scientific(value, digits - 1);
  const limit = plain ? digits - 1 : digits;
  const short = exponent >= -4 && exponent < Math.max(limit, plain && exponent === 0 ? 1 : 0);
  let text = short ? fixed(value, Math.max(0, digits - 1 - exponent)) : exponential(value, digits - 1);
  if (!keepZeros) text = text.replace(/(\.\d*?)0+(?=e|$)/, '$1').replace(/\.(?=e|$)/, '');
  if (plain && short && !text.includes('.')) text += '.0';
  return text;
}

export function converted(value: Value, conversion: string | undefined): Value {
  if (conversion === undefined) return value;
  if (conversion === 's') return str(value);
  if (conversion === 'r' || conversion === 'a') return repr(value);
  throw new PythonError(`unknown conversion "!${conversion}". Known: !s, !r, !a`);
}

/** `text.format(...)`. */
export function formatBraces(
  text: string,
  positional: readonly Value[],
  named: ReadonlyMap<string, Value>,
  depth = 0,
): string {
  if (depth > 2) throw new PythonError('formats nest too deeply');
  let next = 0;
  let result = '';
  const fieldValue = (name: string): Value => {
    const [, head, path] = /^([^.[]*)(.*)$/s.exec(name) as RegExpExecArray;
    let value = head === '' ? positional[next++] : /^\d+$/.test(head) ? positional[Number(head)] : named.get(head);
    if (value === undefined) throw new PythonError(`format() has no value for "{${name}}"`);
    for (const [all, attribute, key] of path.matchAll(/\.([^.[]+)|\[([^\]]+)\]|./gs)) {
      if (attribute === undefined && key === undefined)
        throw new PythonError(`invalid format field "{${name}}" (at "${all}")`);
      if (attribute !== undefined && !(value instanceof Dict && value.config))
        throw new PythonError(`attributes are not supported in format(): "{${name}}"`);
      const part: string = attribute ?? key;
      value = getItem(value, { value: /^\d+$/.test(part) && !(value instanceof Dict) ? BigInt(part) : part });
    }
    return value;
  };
  for (let i = 0; i < text.length; ) {
    const char = text[i];
    if ((char === '{' || char === '}') && text[i + 1] === char) {
      result += char;
      i += 2;
    } else if (char === '}') throw new PythonError('single } in the format. Write }} for the character itself');
    else if (char === '{') {
      const end = closingBrace(text, i);
      const [, name, conversion, spec = ''] = /^([^!:]*)(?:!(\w))?(?::(.*))?$/s.exec(text.slice(i + 1, end)) ?? [];
      if (name === undefined) throw new PythonError(`invalid format field "${text.slice(i, end + 1)}"`);
      const value = converted(fieldValue(name), conversion);
      const inner = spec.includes('{')
        ? spec.replace(/\{([^{}]*)\}/g, (_, field: string) => str(fieldValue(field)))
        : spec;
      result += format(value, inner);
      i = end + 1;
    } else {
      result += char;
      i++;
    }
    if (result.length > 4096) chargeText(result.length >> 8);
  }
  chargeText(result.length);
  return result;
}

function closingBrace(text: string, from: number): number {
  let open = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '{') open++;
    else if (text[i] === '}' && --open === 0) return i;
  }
  throw new PythonError('unclosed { in the format. Write {{ for the character itself');
}

const PERCENT = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d{1,9})?(?:\.(\d{1,9}))?[hlL]?(.)?/gs;

/** `text % values`. */
export function formatPercent(text: string, values: Value): string {
  const items = values instanceof Tuple ? values.items : [values];
  let next = 0;
  let mapped = false;
  const take = (): Value => {
    if (next >= items.length) throw new PythonError('not enough values for the % in the string');
    return items[next++];
  };
  const result = text.replace(PERCENT, (all, key: string | undefined, flags: string, width, precision, type) => {
    if (type === '%') return '%';
    if (type === undefined) throw new PythonError('the string ends within a %. Write %% for the character itself');
    if (width === '*') throw new PythonError('"*" as a width is not supported. Write the number');
    let value: Value;
    if (key !== undefined) {
      mapped = true;
      value = getItem(values, { value: key });
    } else value = take();
    const align = flags.includes('-') ? '<' : flags.includes('0') && 'diouxXeEfFgG'.includes(type) ? '=' : '>';
    const spec: Spec = {
      fill: align === '=' ? '0' : ' ',
      align,
      sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '-',
      alternate: flags.includes('#'),
      width: Number(width ?? 0),
      grouping: '',
      precision: precision === undefined ? undefined : Number(precision),
      type,
    };
    chargeText(spec.width);
    if ('sra'.includes(type)) {
      const shown = type === 's' ? str(value) : repr(value);
      return pad(
        spec.precision === undefined ? shown : [...characters(shown)].slice(0, spec.precision).join(''),
        '',
        spec,
      );
    }
    if (type === 'c' && typeof value === 'string') {
      if (characters(value).length !== 1) throw new PythonError('%c takes one character');
      return pad(value, '', spec);
    }
    const number = numeric(value);
    if ('diu'.includes(type))
      return formatNumber(typeof number === 'number' ? BigInt(Math.trunc(number)) : number, {
        ...spec,
        type: 'd',
        precision: undefined,
      });
    if ('oxXc'.includes(type)) return formatNumber(number, { ...spec, precision: undefined });
    if ('eEfFgG'.includes(type)) return formatNumber(toFloat(number), spec);
    throw new PythonError(`invalid format "${all}". Write %s, %d, %f, ...`);
  });
  if (!mapped && next < items.length && !(values instanceof Dict))
    throw new PythonError('more values than % in the string');
  chargeText(result.length);
  return result;
}
