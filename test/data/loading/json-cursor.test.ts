// Numbers and values in bytes, as JSON.parse reads them.

import { expect, it } from 'vitest';
import { DONE, INCOMPLETE, JsonCursor, OTHER } from '../../../src/data/loading/json-cursor';
import { Random } from '../../../src/random';

const cursorAt = (text: string, whole = true) => {
  const bytes = Buffer.from(`${text}\0`);
  return new JsonCursor(bytes, bytes.length - 1, whole);
};

it('reads numbers to the last bit', () => {
  const random = Random.seeded(1);
  const texts = ['0', '-0', '0.1', '702.1057499999998', '9007199254740993', '1e23', '5e-324', '1.7976931348623157e308'];
  for (let i = 0; i < 2000; i++) {
    const value = (random.uniform() - 0.5) * 10 ** (random.integer(30) - 12);
    texts.push(String(value), value.toFixed(random.integer(25) % 21));
  }
  for (const text of texts) {
    const cursor = cursorAt(text);
    expect(cursor.number()).toBe(DONE);
    expect(Object.is(cursor.value, JSON.parse(text)), text).toBe(true);
  }
});

it.each(['01', '1.', '-', '.5', '+1', '1e', 'x'])('refuses the number %s', (text) => {
  const cursor = cursorAt(text);
  expect(cursor.number() === DONE && cursor.at === text.length).toBe(false);
});

it('goes over values, and knows when the bytes end within one', () => {
  const value = '{"a\\u00b5\\"": [1, -2.5e3, "x]", {}, [], null, true, false], "b": {"c": "\\\\"}}';
  const cursor = cursorAt(value);
  expect(cursor.passValue()).toBe(DONE);
  expect(cursor.at).toBe(Buffer.byteLength(value));
  for (let end = 0; end < value.length; end++) {
    expect(cursorAt(value.slice(0, end), false).passValue(), value.slice(0, end)).toBe(INCOMPLETE);
    expect(cursorAt(value.slice(0, end)).passValue(), value.slice(0, end)).toBe(OTHER);
  }
});

it.each(['{"a" 1}', '[1 2]', '{a: 1}', '"\\x"', '"a\nb"', '[1,]', '{"a":1,}', 'nul', "'a'"])(
  'is no JSON: %s',
  (text) => {
    expect(cursorAt(text).passValue()).toBe(OTHER);
  },
);
