// `history_request`: tail, range and search, over what was executed; and the count it is numbered by.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGlob } from '../../../kernels/jupyter/session/glob';
import { createHistory } from '../../../kernels/jupyter/session/history';
import { KernelClient } from './kernel-client';

type Told = [session: number, line: number, text: string | [string, string | null]][];

describe('history', () => {
  const history = createHistory();
  const ask = (hist_access_type: string, more: object = {}) =>
    history.answer({ hist_access_type, output: false, raw: true, ...more }).history as Told;
  const lines = (told: Told) => told.map(([, line]) => line);
  const inputs = ['a = 1', 'b = 2', 'a = 1', 'plot(a)\nplot(b)', '[x]'];
  for (const [i, input] of inputs.entries()) history.add(i + 1, input);
  history.addResult(5, '[ 5 ]');

  it('tells the last ones', () => {
    expect(ask('tail', { n: 2 })).toEqual([
      [0, 4, 'plot(a)\nplot(b)'],
      [0, 5, '[x]'],
    ]);
    expect(lines(ask('tail'))).toEqual([1, 2, 3, 4, 5]);
    expect(ask('tail', { n: 0 })).toEqual([]);
    expect(ask('tail', { n: -3 })).toEqual([]);
    expect(lines(ask('tail', { n: 99 }))).toEqual([1, 2, 3, 4, 5]);
  });

  it('pairs them with the text of their results', () => {
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
  ])('tells the range %j', (more, expected) => {
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
    long.add(10_101, 'x'.repeat(2 ** 21)); // longer than anyone recalls
    long.add(10_102, 'short');
    long.addResult(10_102, 'y'.repeat(100_000));
    const told = long.answer({ hist_access_type: 'tail', output: true }).history as Told;
    expect(told.length).toBe(10_000);
    expect(told.at(-1)![1]).toBe(10_102);
    expect(told.at(-2)![1]).toBe(10_100);
    expect(told.at(-1)![2][1]!.length).toBeLessThan(11_000);
    for (let i = 0; i < 40; i++) long.add(20_000 + i, 'z'.repeat(2 ** 20));
    const all = long.answer({ hist_access_type: 'tail' }).history as Told;
    expect(all.reduce((sum, [, , text]) => sum + text.length, 0)).toBeLessThanOrEqual(2 ** 24);
    expect(all.at(-1)![1]).toBe(20_039);
  });
});

describe('glob patterns', () => {
  it.each([
    ['*', '', true],
    ['', '', true],
    ['?', '\u{1F600}', true],
    ['a*b*c', 'aXbXbXc', true],
    ['a*b', 'aXbX', false],
    ['[a-c]?', 'b!', true],
    ['[^a-c]', 'b', false],
    ['[]]', ']', true],
    ['[x', '[x', true],
    ['.+', '.+', true],
    ['.+', 'ab', false],
  ])('%j on %j: %s', (pattern, text, expected) => {
    expect(createGlob(pattern)(text)).toBe(expected);
  });

  it('ends soon on patterns a regular expression would never finish', () => {
    expect(createGlob(`${'*a'.repeat(40)}*b`)('a'.repeat(5000))).toBe(false);
  });
});

describe('in a kernel', () => {
  let kernel: KernelClient;
  beforeAll(async () => {
    kernel = await KernelClient.start();
  });
  afterAll(() => kernel?.stop());

  const tail = async (n: number, output = true) =>
    (await kernel.request('history_request', { hist_access_type: 'tail', n, output, raw: true })).history;

  it('counts and remembers what is stored, and nothing else', async () => {
    const first = await kernel.execute('20 + 1');
    const count = first.reply.execution_count;
    expect(first.published.find((m) => m.type === 'execute_input')!.content.execution_count).toBe(count);
    for (const options of [{ store_history: false }, { silent: true }, { silent: true, store_history: true }]) {
      expect((await kernel.execute('1000', options)).reply.execution_count).toBe(count);
    }
    expect((await kernel.execute('  \n')).reply).toMatchObject({ status: 'ok', execution_count: count });
    expect((await kernel.execute("console.log('not a result')")).reply.execution_count).toBe(count + 1);
    expect((await kernel.execute("throw new Error('counted')")).reply.execution_count).toBe(count + 2);
    expect(await tail(3)).toEqual([
      [0, count, ['20 + 1', '21']],
      [0, count + 1, ["console.log('not a result')", null]],
      [0, count + 2, ["throw new Error('counted')", null]],
    ]);
    expect(await tail(1, false)).toEqual([[0, count + 2, "throw new Error('counted')"]]);
  });

  it('leaves the lines of a numbered cell findable after cells without a number', async () => {
    const { reply } = await kernel.execute('\n\nconst fails = () => { throw new Error("here") };');
    await kernel.execute('1 + 1', { store_history: false, user_expressions: { two: '1 + 1' } });
    const { error } = await kernel.execute('fails()');
    expect(error!.traceback.join('\n')).toContain(`cell[${reply.execution_count}]:3:`);
  });
});
