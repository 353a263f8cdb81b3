// `detlab profile`: tables, JSON lines, files, and what is refused.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { smallOptions } from '../lab/small-options';
import { detlab } from './detlab';

const folder = mkdtempSync(join(tmpdir(), 'detlab-profile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const options = Object.entries(smallOptions).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
const run = (...args: string[]) =>
  detlab('profile', 'faster-rcnn_r18_fpn_toytown', ...args, '--cfg-options', ...options);

test('a training step as tables and as a trace', async () => {
  const file = join(folder, 'trace.json');
  const { code, out } = await run('--train', '--repeats', '1', '--batch', '2', '--input', '64x96', '--out', file);
  expect(code).toBe(0);
  expect(out).toMatch(/^Profile: faster-rcnn_r18_fpn_toytown, training step/);
  expect(out).toContain('batch: 2, image: 96 × 64');
  for (const title of ['By kernel', 'By module', 'By operator', 'Conversions and copies']) expect(out).toContain(title);
  expect(out).toContain(`written: ${file}`);
  const { traceEvents } = JSON.parse(readFileSync(file, 'utf8'));
  const rows = traceEvents.filter(({ name }: { name: string }) => name === 'thread_name');
  expect(rows.map(({ args }: { args: { name: string } }) => args.name)).toEqual(
    expect.arrayContaining(['modules', 'kernels', 'operators']),
  );
});

test('a prediction as JSON lines', async () => {
  const { code, err, lines } = await run('--json', '--repeats', '1');
  expect([code, err]).toEqual([0, '']);
  const [first, ...rest] = lines();
  expect(first).toMatchObject({ event: 'profile', batch: 1, precision: 'float32' });
  expect(first.milliseconds).toBeGreaterThan(first.javascript);
  const kernels = rest.filter(({ event }: { event: string }) => event === 'kernel');
  expect(kernels.some(({ name, kind }: Record<string, string>) => name === 'detConv2d' && kind === 'call')).toBe(true);
  expect(new Set(rest.map(({ event }: { event: string }) => event))).toEqual(
    new Set(['kernel', 'module', 'operator', 'copy']),
  );
});

test('a file of another kind is refused before anything runs', async () => {
  const { code, err } = await run('--out', 'profile.png');
  expect(code).toBe(2);
  expect(err).toContain(
    'Cannot save the result as "profile.png": expected an extension of .html, .csv, .txt, .json, received .png',
  );
});
