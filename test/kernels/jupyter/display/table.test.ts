// Arrays, sets and maps of objects as tables.

import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { tableShown } from '../../../../kernels/jupyter/display/table';

const textOfRows = (value: object) => tableShown(value)?.data['text/plain'] as string | undefined;

it('keeps the order of columns, and abbreviates long tables', () => {
  const rows = Array.from({ length: 1234 }, (_, i) => (i % 2 ? { b: i, a: 'x' } : { a: 'y', c: i / 3 }));
  const lines = textOfRows(rows)!.split('\n');
  expect(lines[0]).toMatch(/^\s+a\s+c\s+b$/);
  expect(lines).toHaveLength(2 + 20 + 1 + 10 + 1);
  expect(lines.at(-2)).toMatch(/^1233 {2}x\s+1233$/);
  expect(lines.at(-1)).toBe('1,234 rows × 3 columns');
  expect(tableShown(rows)!.data['text/html']).toContain('1,234 rows × 3 columns');
});

it('abbreviates nested, long and wide values, and calls no accessor', () => {
  const row = {
    list: [1, 2, 3],
    text: 'a\nb'.repeat(100),
    get trap(): number {
      throw new Error('no');
    },
    none: null,
    big: 10n,
  };
  const text = textOfRows([row, { list: 1 }])!;
  expect(text).toContain('[ 1, 2, 3 ]');
  expect(text).toContain('[Getter]');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(140);
  const wide = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`c${i}`, i]));
  expect(textOfRows([wide])).toMatch(/c22 {2}…\n[\s\S]*1 rows × 100 columns$/);
});

it('takes maps and sets of objects too, and no other values', () => {
  expect(textOfRows(new Map([['cat', { n: 1 }]]))).toBe('     n\n---  -\ncat  1');
  expect(textOfRows(new Set([{ n: 1 }]))).toBe('   n\n-  -\n0  1');
  for (const value of [
    [],
    [1],
    [{}],
    [{ a: 1 }, 2],
    [[1, 2]],
    new Map([['a', 1]]),
    [{ a: [1], b: {}, c: 2 }],
    [new Date()],
    [tf.scalar(1)],
  ])
    expect(tableShown(value)).toBeUndefined();
});
