// What `npm run bench` takes and refuses: an option that nothing reads is never accepted.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chosen, readOptions } from '../../bench/options';

const root = join(__dirname, '../..');
const DEFAULTS = { rounds: 2, only: '', all: false };

describe('options of a benchmark', () => {
  test('are texts, numbers and switches, by the defaults', () => {
    expect(readOptions(DEFAULTS, [])).toEqual(DEFAULTS);
    expect(readOptions(DEFAULTS, ['--rounds', '5', '--only=yolo', '--all'])).toEqual({
      rounds: 5,
      only: 'yolo',
      all: true,
    });
  });

  test.each([
    [
      ['--onyl', 'yolo'],
      'Cannot measure with --onyl: no such option. Did you mean "only"? Known: --rounds, --only, --all',
    ],
    [['--rounds'], 'Cannot measure with --rounds: it needs a value'],
    [['--rounds', 'two'], 'Cannot measure with --rounds two: expected a number'],
    [['yolo'], 'Cannot measure with "yolo": expected options, --rounds, --only, --all'],
  ])('%j is refused', (args, message) => expect(() => readOptions(DEFAULTS, args)).toThrow(message));

  test('are values of a list', () => {
    expect(chosen('precisions', 'bf16,f32', ['f32', 'bf16'])).toEqual(['bf16', 'f32']);
    expect(() => chosen('precisions', 'f33', ['f32', 'bf16'])).toThrow(
      'Cannot measure with --precisions f33: "f33" is not known. Did you mean "f32"? Known: f32, bf16',
    );
  });
});

test('npm run bench -- --help lists every script, without a set-up', () => {
  const { stdout, status } = spawnSync(process.execPath, ['scripts/bench.mjs', '--help'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  const runs = (file: string) => readFileSync(join(root, 'bench', file), 'utf8').includes('runScript(main)');
  const scripts = readdirSync(join(root, 'bench')).filter((file) => file.endsWith('.ts') && runs(file));
  expect(scripts).toContain('main.ts');
  for (const file of scripts.filter((name) => name !== 'main.ts' && name !== 'case.ts'))
    expect(stdout).toContain(`--${file.replace('.ts', '')} `);
});
