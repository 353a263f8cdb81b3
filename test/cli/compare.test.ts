// `detlab compare RUN...`: what is there is compared, and what was named and is not there ends with 3.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { detlab } from './detlab';

const folder = mkdtempSync(join(tmpdir(), 'detlab-compare-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  for (const [name, value] of [
    ['a', 0.25],
    ['b', 0.5],
  ] as const) {
    mkdirSync(at(name));
    const records = [
      { lr: 0.1, loss: 2, epoch: 1, iter: 50, step: 50 },
      { 'coco/bbox_mAP': value, 'coco/bbox_mAP_50': value, step: 1 },
    ];
    writeFileSync(join(at(name), 'scalars.jsonl'), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }
  mkdirSync(at('notes'));
});

test('runs side by side, by folders or a pattern, whose other folders are named without harm', async () => {
  for (const given of [[at('a'), at('b')], [at('*')], [at('a'), at('b'), at('notes')]]) {
    const { code, out } = await detlab('compare', ...given);
    expect([given, code]).toEqual([given, 0]);
    expect(out).toMatch(/0\.250[\s\S]*0\.500/);
  }
});

test('a folder that is not there ends with 3, after the others', async () => {
  const { code, out, err } = await detlab('compare', at('a'), at('absent'));
  expect([code, err]).toEqual([3, expect.stringContaining('absent": there is no such folder')]);
  expect(out).toContain('0.250');
  expect((await detlab('compare', at('absent'))).code).toBe(2);
});
