// Methods of strings.

import { parameters } from './arguments';
import { charge, chargeItems, chargeText } from './budget';
import { formatBraces } from './format';
import { characters, iterate } from './iterate';
import type { Methods } from './methods';
import { index } from './numbers';
import { Dict, kindOf, PythonError, Tuple, type Value } from './values';

function text(value: Value | undefined, what: string): string {
  if (typeof value === 'string') return value;
  throw new PythonError(`${what} expects a string, received ${kindOf(value ?? null)}`);
}

const simple = (name: string, change: (self: string) => Value) => ({
  [name]: ((self, args) => {
    parameters(name, args, []);
    chargeText(self.length);
    return change(self);
  }) as Methods<string>[string],
});

const isAll = (pattern: RegExp) => (self: string) => pattern.test(self);

/** The characters that strip() removes by default. */
const BLANK = ' \t\n\r\v\f\u001c\u001d\u001e\u001f\u0085\u00a0\u2028\u2029\u3000';

const strip = (name: string, left: boolean, right: boolean) => ({
  [name]: ((self, args) => {
    const [chars = null] = parameters(name, args, ['chars?']);
    const gone = new Set(chars === null ? BLANK : text(chars, name));
    chargeText(self.length);
    let start = 0;
    let end = self.length;
    if (left) while (start < end && gone.has(self[start])) start++;
    if (right) while (end > start && gone.has(self[end - 1])) end--;
    return self.slice(start, end);
  }) as Methods<string>[string],
});

const justify = (name: string, left: (missing: number, width: number) => number) => ({
  [name]: ((self, args) => {
    const [width, fill = ' '] = parameters(name, args, ['width', 'fillchar?']);
    const count = index(width as Value);
    chargeText(Math.max(0, count));
    const missing = count - characters(self).length;
    if (missing <= 0) return self;
    const before = left(missing, count);
    return text(fill, name).repeat(before) + self + text(fill, name).repeat(missing - before);
  }) as Methods<string>[string],
});

const tests = (name: string, holds: (self: string, part: string) => boolean) => ({
  [name]: ((self, args) => {
    const [parts] = parameters(name, args, ['text']);
    const all = parts instanceof Tuple ? parts.items : [parts as Value];
    return all.some((part) => holds(self, text(part, name)));
  }) as Methods<string>[string],
});

const search = (name: string, last: boolean, strict: boolean) => ({
  [name]: ((self, args) => {
    const [part, start = null, stop = null] = parameters(name, args, ['text', 'start?', 'stop?']);
    const clamp = (value: Value, otherwise: number) => {
      if (value === null) return otherwise;
      const at = index(value);
      return Math.min(self.length, at < 0 ? Math.max(0, at + self.length) : at);
    };
    const [from, to] = [clamp(start, 0), clamp(stop, self.length)];
    const position = self.slice(from, to)[last ? 'lastIndexOf' : 'indexOf'](text(part, name));
    if (position < 0 && strict) throw new PythonError('the substring was not found');
    return BigInt(position < 0 ? -1 : position + from);
  }) as Methods<string>[string],
});

function splitBlank(self: string, limit: number, fromRight: boolean): string[] {
  const words = [...self.matchAll(/\S+/g)];
  if (limit < 0 || words.length <= limit + 1) return words.map(([word]) => word);
  if (limit === 0) return [fromRight ? self.trimEnd() : self.trimStart()];
  if (fromRight) {
    const kept = words.slice(-limit);
    return [self.slice(0, kept[0].index).trim(), ...kept.map(([word]) => word)];
  }
  return [...words.slice(0, limit).map(([word]) => word), self.slice(words[limit].index).trim()];
}

const split = (name: string, fromRight: boolean) => ({
  [name]: ((self, args) => {
    const [separator = null, most = -1n] = parameters(name, args, ['sep?', 'maxsplit?']);
    const limit = index(most);
    chargeText(self.length);
    if (separator === null) return splitBlank(self, limit, fromRight);
    const mark = text(separator, name);
    if (mark === '') throw new PythonError('the separator is empty');
    const parts = self.split(mark);
    chargeItems(parts.length);
    if (limit < 0 || parts.length <= limit + 1) return parts;
    if (fromRight) return [parts.slice(0, parts.length - limit).join(mark), ...parts.slice(parts.length - limit)];
    return [...parts.slice(0, limit), parts.slice(limit).join(mark)];
  }) as Methods<string>[string],
});

const partition = (name: string, last: boolean) => ({
  [name]: ((self, args) => {
    const [separator] = parameters(name, args, ['sep']);
    const mark = text(separator, name);
    if (mark === '') throw new PythonError('the separator is empty');
    const at = last ? self.lastIndexOf(mark) : self.indexOf(mark);
    if (at < 0) return new Tuple(last ? ['', '', self] : [self, '', '']);
    return new Tuple([self.slice(0, at), mark, self.slice(at + mark.length)]);
  }) as Methods<string>[string],
});

const capitalize = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();

export const TEXT_METHODS: Methods<string> = {
  ...simple('lower', (self) => self.toLowerCase()),
  ...simple('upper', (self) => self.toUpperCase()),
  ...simple('casefold', (self) => self.toLowerCase()),
  ...simple('capitalize', capitalize),
  ...simple('title', (self) => self.replace(/\p{L}+/gu, capitalize)),
  ...simple('swapcase', (self) =>
    self.replace(/\p{L}/gu, (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())),
  ),
  ...simple('isdigit', isAll(/^\p{Nd}+$/u)),
  ...simple('isdecimal', isAll(/^\p{Nd}+$/u)),
  ...simple('isnumeric', isAll(/^\p{N}+$/u)),
  ...simple('isalpha', isAll(/^\p{L}+$/u)),
  ...simple('isalnum', isAll(/^[\p{L}\p{N}]+$/u)),
  ...simple('isspace', isAll(/^\s+$/)),
  ...simple('isidentifier', isAll(/^[\p{L}_][\p{L}\p{N}_]*$/u)),
  ...simple('islower', (self) => self !== self.toUpperCase() && self === self.toLowerCase()),
  ...simple('isupper', (self) => self !== self.toLowerCase() && self === self.toUpperCase()),
  ...simple('splitlines', (self) =>
    self
      .replace(/(?:\r\n|\r|\n)$/, '')
      .split(/\r\n|\r|\n/)
      .filter((line, i, all) => all.length > 1 || line !== '' || i > 0),
  ),
  ...strip('strip', true, true),
  ...strip('lstrip', true, false),
  ...strip('rstrip', false, true),
  ...justify('ljust', () => 0),
  ...justify('rjust', (missing) => missing),
  ...justify('center', (missing, width) => (missing >> 1) + (missing & width & 1)),
  ...tests('startswith', (self, part) => self.startsWith(part)),
  ...tests('endswith', (self, part) => self.endsWith(part)),
  ...search('find', false, false),
  ...search('rfind', true, false),
  ...search('index', false, true),
  ...search('rindex', true, true),
  ...split('split', false),
  ...split('rsplit', true),
  ...partition('partition', false),
  ...partition('rpartition', true),
  count(self, args) {
    const part = text(parameters('count', args, ['text'])[0], 'count');
    chargeText(self.length);
    return BigInt(part === '' ? characters(self).length + 1 : self.split(part).length - 1);
  },
  replace(self, args) {
    const [from, to, most = -1n] = parameters('replace', args, ['old', 'new', 'count?']);
    const [old, fresh] = [text(from, 'replace'), text(to, 'replace')];
    const limit = index(most);
    const parts = old === '' ? ['', ...characters(self), ''] : self.split(old);
    const times = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
    chargeText(self.length + times * fresh.length);
    const head = parts.slice(0, times + 1).join(fresh);
    return times < parts.length - 1 ? [head, ...parts.slice(times + 1)].join(old) : head;
  },
  join(self, args) {
    const [values] = parameters('join', args, ['iterable']);
    const parts: string[] = [];
    let length = 0;
    for (const part of iterate(values as Value)) {
      parts.push(text(part, 'join'));
      length += self.length + parts[parts.length - 1].length;
      if (length > 4096) chargeText(length >> 6);
    }
    chargeText(length);
    return parts.join(self);
  },
  format: (self, args) => formatBraces(self, args.positional, args.named),
  format_map(self, args) {
    const [mapping] = parameters('format_map', args, ['mapping']);
    const named = new Map<string, Value>();
    if (mapping instanceof Dict)
      for (const [key, value] of mapping.pairs()) if (typeof key === 'string') named.set(key, value);
    return formatBraces(self, [], named);
  },
  zfill(self, args) {
    const width = index(parameters('zfill', args, ['width'])[0] as Value);
    chargeText(Math.max(0, width));
    const [, sign, rest] = /^([-+]?)(.*)$/s.exec(self) as RegExpExecArray;
    return sign + '0'.repeat(Math.max(0, width - characters(self).length)) + rest;
  },
  removeprefix(self, args) {
    const prefix = text(parameters('removeprefix', args, ['prefix'])[0], 'removeprefix');
    return prefix && self.startsWith(prefix) ? self.slice(prefix.length) : self;
  },
  removesuffix(self, args) {
    const suffix = text(parameters('removesuffix', args, ['suffix'])[0], 'removesuffix');
    return suffix && self.endsWith(suffix) ? self.slice(0, -suffix.length) : self;
  },
  expandtabs(self, args) {
    const [size = 8n] = parameters('expandtabs', args, ['tabsize?']);
    const width = Math.max(0, index(size));
    chargeText(self.length * Math.max(1, width));
    let column = 0;
    return self.replace(/./gs, (char) => {
      charge();
      if (char === '\n' || char === '\r') column = -1;
      const shown = char !== '\t' ? char : width ? ' '.repeat(width - (column % width)) : '';
      column += shown.length || 0;
      return shown;
    });
  },
};
