// The first iterations of a run recorded by the engine, for the log and for Chrome's viewer.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import { catalogue } from '../../src/lab/catalogue';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-profiler-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = (await scenes(folder)).take(4);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('two iterations are recorded, with kernels and parts of the model, and training is as without it', async () => {
  const lines: string[] = [];
  const options = { ...quick, batch: 2, epochs: 2, workers: 0, seed: 1, watch: false, logInterval: 1 } as const;
  const plain = await small().fit(data, options);
  const hook = { type: 'ProfilerHook', by_epoch: false, profile_times: 2, json_trace_path: 'trace.json' };
  const recipe = small().set({ custom_hooks: [{ ...hook, on_trace_ready: { type: 'log_trace', row_limit: 3 } }] });
  const workDir = join(folder, 'run');
  const run = await recipe.fit(data, { ...options, workDir, log: (line) => void lines.push(line) });
  const losses = ({ history }: typeof run) => history.train.map(({ loss }) => loss);
  expect(losses(run)).toEqual(losses(plain));
  const start = lines.findIndex((line) => line.startsWith('profile of 2 iterations: '));
  const listed = lines.slice(start + 1, start + 1 + 1 + 3 + 4);
  expect(listed[0]).toMatch(/^ {2}outside of the engine .*: \d+\.\d %$/);
  for (const line of listed.slice(1, 4)) expect(line).toMatch(/^ {2}\w+: \d+\.\d %, \d+ calls$/);
  expect(listed.slice(4).map((line) => line.trim().split(':')[0])).toEqual(
    expect.arrayContaining(['backbone', 'neck', 'roi_head']),
  );
  const trace = JSON.parse(readFileSync(join(workDir, 'trace.json'), 'utf8'));
  expect(trace.otherData).toMatchObject({ iterations: 2 });
  expect(trace.traceEvents.length).toBeGreaterThan(100);
  for (const { model } of [plain, run]) model.dispose();
});

test('more than one epoch is not recorded', () => {
  const build = () => catalogue.build('hook', { type: 'ProfilerHook', profile_times: 2 }, { path: 'custom_hooks.0' });
  expect(build).toThrow(/profile_times: expected 1 epoch/);
});
