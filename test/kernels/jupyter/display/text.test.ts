// Values as plain text.

import { expect, it } from 'vitest';
import { shortText, textOf } from '../../../../kernels/jupyter/display/text';

it('never throws, and takes bounded time', () => {
  const fail = () => {
    throw new Error('no');
  };
  const traps = { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail };
  expect(textOf(new Proxy({ a: 1 }, traps))).toBe('{ a: 1 }');
  expect(textOf([new Proxy({ a: 1 }, traps)])).toBe('[ { a: 1 } ]');
  expect(textOf({ [Symbol.for('nodejs.util.inspect.custom')]: fail })).toBe('[object that cannot be shown: no]');
  expect(textOf(Object.defineProperty({}, Symbol.toStringTag, { get: fail }))).toBe(
    '[object that cannot be shown: no]',
  );
  expect(shortText(new Proxy({}, traps))).toBe('{}');
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(textOf(proxy)).toContain('a proxy that has been revoked');
});

it('abbreviates large values', () => {
  const wide = (depth: number): unknown =>
    depth ? Array.from({ length: 60 }, () => wide(depth - 1)) : { a: { b: 1 } };
  expect(textOf(wide(3)).length).toBeLessThan(220_000);
  const keys = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i]));
  expect(textOf(keys)).toMatch(/k199: 199\n}\n\.\.\. 4,800 more keys$/);
  class Big {}
  expect(textOf(Object.assign(new Big(), keys))).toMatch(/^Big {/);
  expect(textOf('x'.repeat(1e6)).length).toBeLessThan(11_000);
});

it.each([
  [12n, '12n'],
  [new Date(0), '1970-01-01T00:00:00.000Z'],
  [new Float32Array([1, 2]), 'Float32Array(2) [ 1, 2 ]'],
  [class Cat extends Map {}, '[class Cat extends Map]'],
  [Promise.resolve(3), 'Promise { 3 }'],
  ["it's", `"it's"`],
  [new Map([['a', 1]]), "Map(1) { 'a' => 1 }"],
  [
    [
      [1, 2],
      [3, 4],
    ],
    '[ [ 1, 2 ], [ 3, 4 ] ]',
  ],
])('%o', (value, text) => expect(textOf(value)).toBe(text));
