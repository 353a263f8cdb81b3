// Ten thousand broken configs: each is read or refused in words, none hangs, crashes or runs anything.

import { expect, test } from 'vitest';
import { jsonText } from '../../../src/config/python/print';
import type { PythonConfig } from '../../../src/config/python/python-config';
import { readPython } from '../../../src/config/python/reading';
import { Dict, PythonError } from '../../../src/config/python/values';
import { DetLabError } from '../../../src/errors';
import { goldenJson } from '../../golden-data';

const { shared, cases } = goldenJson<{ shared: Record<string, string>; cases: Record<string, { text: string }> }>(
  'config/python_configs',
);
const SEEDS = [...Object.values(shared), ...Object.values(cases).map(({ text }) => text)];

/** A small generator of repeatable chance. */
function chance(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = (
  "( ) [ ] { } , : = == ** * // % + - . ' \" ''' # \\ \n \t ; @ -> := lambda: for in if else not and or is None True 9**9**9 [0]*9999999 'x'*9999999 " +
  '__import__("os") open("/etc/passwd").read() ().__class__ _base_ _base_.model {{_base_.model}} {{fileDirname}} {{$HOME:x}} f"{x!r:>9}" ' +
  '"%d"%x range(10**9) dict( **x *x 1e999 0x1F 1_0 del import from with read_base(): while True: def f(): return yield await class try: except: ' +
  'x=[x] x.append(x) x.update(x) sorted( sum( map(str, zip( \u0000 \ud83d é'
).split(' ');

function mutated(text: string, below: (n: number) => number): string {
  let result = text;
  for (let i = 1 + below(2); i > 0; i--) {
    const at = below(result.length + 1);
    const end = Math.min(result.length, at + below(12));
    switch (below(6)) {
      case 0:
        result = result.slice(0, at) + result.slice(end);
        break;
      case 1:
        result = result.slice(0, at) + PIECES[below(PIECES.length)] + result.slice(at);
        break;
      case 2:
        result = result.slice(0, at) + PIECES[below(PIECES.length)] + result.slice(end);
        break;
      case 3:
        result = result.slice(0, end) + result.slice(at);
        break;
      case 4: {
        const other = SEEDS[below(SEEDS.length)];
        const from = below(other.length + 1);
        result = result.slice(0, at) + other.slice(from, from + below(80)) + result.slice(at);
        break;
      }
      default:
        result = result.slice(0, at) + String.fromCharCode(below(128)) + result.slice(at + 1);
    }
  }
  return result;
}

/** Reads one text whose bases are those of the reference files. */
function read(path: string, text: string, depth = 0): PythonConfig {
  const known = (name: string) => {
    const base = shared[name];
    if (base === undefined || depth > 8) throw new DetLabError(`there is no ${name}`);
    return read(name, base, depth + 1);
  };
  return readPython(
    { path, text },
    {
      load: ({ request }) => known(request.replace('./', '')),
      loadModule: ({ request }) => known(`${request.replace(/^\.+/, '')}.py`),
      environment: {},
      notices: [],
      explain: depth === 0 && text.length % 2 === 0,
    },
  );
}

test('10,000 mutated configs are read or refused', { timeout: 120_000 }, () => {
  const below = chance(20240521);
  let values = 0;
  let refusals = 0;
  for (let i = 0; i < 10_000; i++) {
    const text = mutated(SEEDS[below(SEEDS.length)], below);
    try {
      const { config } = read('fuzz.py', text);
      expect(config).toBeInstanceOf(Dict);
      values++;
      jsonText(config);
    } catch (error) {
      if (!(error instanceof DetLabError || error instanceof PythonError))
        throw new Error(`case ${i} of ${JSON.stringify(text)} crashed: ${(error as Error).stack}`);
      refusals++;
    }
  }
  // chance leaves many configs whole and breaks many
  expect(values).toBeGreaterThan(500);
  expect(refusals).toBeGreaterThan(1000);
});
