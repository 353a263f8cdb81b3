// The answer to `history_request`: tail, range and search. In a kernel: session.test.ts.

import { expect, it } from 'vitest';
import { createHistory } from '../../../../kernels/jupyter/session/history';

type Entries = [session: number, line: number, text: string | [string, string | null]][];

const history = createHistory();
const ask = (hist_access_type: string, more: object = {}) =>
  history.answer({ hist_access_type, output: false, raw: true, ...more }).history as Entries;
const lines = (entries: Entries) => entries.map(([, line]) => line);
const inputs = ['a = 1', 'b = 2', 'a = 1', 'plot(a)\nplot(b)', '[x]'];
for (const [i, input] of inputs.entries()) history.add(i + 1, input);
history.addResult(5, '[ 5 ]');

it('has the last entries', () => {
  expect(ask('tail', { n: 2 })).toEqual([
    [0, 4, 'plot(a)\nplot(b)'],
    [0, 5, '[x]'],
  ]);
  expect(lines(ask('tail'))).toEqual([1, 2, 3, 4, 5]);
  expect(ask('tail', { n: 0 })).toEqual([]);
  expect(ask('tail', { n: -3 })).toEqual([]);
  expect(lines(ask('tail', { n: 99 }))).toEqual([1, 2, 3, 4, 5]);
});

it('has the text of their results on request', () => {
  expect(ask('tail', { n: 2, output: true })).toEqual([
    [0, 4, ['plot(a)\nplot(b)', null]],
    [0, 5, ['[x]', '[ 5 ]']],
  ]);
});

it.each([
  [{ session: 0, start: 2, stop: 4 }, [2, 3]],
  [{ session: -1, start: 2, stop: 4 }, [2, 3]],
  [{ start: 4 }, [4, 5]],
  [{ start: -2 }, [4, 5]],
  [{ start: 1, stop: -1 }, [1, 2, 3, 4]],
  [{ session: 3, start: 1, stop: 9 }, []],
  [{ start: 'x', stop: null }, [1, 2, 3, 4, 5]],
])('has the range %j', (more, expected) => {
  expect(lines(ask('range', more))).toEqual(expected);
});

it.each([
  [{ pattern: 'a*' }, [1, 3]],
  [{ pattern: 'a*', unique: true }, [3]],
  [{ pattern: 'a*', n: 1 }, [3]],
  [{ pattern: 'a' }, []],
  [{ pattern: '*plot*' }, [4]],
  [{ pattern: '? = [!2]' }, [1, 3]],
  [{}, [1, 2, 3, 4, 5]],
])('finds %j', (more, expected) => {
  expect(lines(ask('search', more))).toEqual(expected);
});

it('keeps a bounded number of entries, of bounded size', () => {
  const long = createHistory();
  for (let i = 1; i <= 10_100; i++) long.add(i, `cell ${i}`);
  long.add(10_101, 'x'.repeat(2 ** 21)); // too long to be kept
  long.add(10_102, 'short');
  long.addResult(10_102, 'y'.repeat(100_000));
  const entries = long.answer({ hist_access_type: 'tail', output: true }).history as Entries;
  expect(entries.length).toBe(10_000);
  expect(entries.at(-1)![1]).toBe(10_102);
  expect(entries.at(-2)![1]).toBe(10_100);
  expect(entries.at(-1)![2][1]!.length).toBeLessThan(11_000);
  for (let i = 0; i < 40; i++) long.add(20_000 + i, 'z'.repeat(2 ** 20));
  const all = long.answer({ hist_access_type: 'tail' }).history as Entries;
  expect(all.reduce((sum, [, , text]) => sum + text.length, 0)).toBeLessThanOrEqual(2 ** 24);
  expect(all.at(-1)![1]).toBe(20_039);
});
