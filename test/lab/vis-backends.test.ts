// What a run leaves in its folder beside checkpoints: mmengine's vis_data, event files, MLflow's store, a run of wandb, and a log with all that was
// seen.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, loadConfig, startEngine } from '../../src';
import { catalogue } from '../../src/lab/catalogue';
import { provenance } from '../../src/lab/provenance';
import { readWandbRecords } from '../../src/training/record/wandb-file';
import { quick, scenes, small } from './small';

interface WandbItem {
  key: string;
  nestedKey: string[];
  valueJson: string;
}
interface WandbRows {
  num: number;
  run?: { config: { update: WandbItem[] } };
  history?: { item: WandbItem[]; step: { num: number } };
  summary?: { update: WandbItem[] };
}

const folder = mkdtempSync(join(tmpdir(), 'detlab-record-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = (await scenes(folder)).take(4);
});
afterAll(() => rmSync(folder, { recursive: true }));

const options = { ...quick, batch: 2, workers: 0, seed: 1, watch: false, logInterval: 1 } as const;
const linesOf = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n');

test("without a visualizer a run has mmengine's vis_data, also after a kill and a resume", async () => {
  const workDir = join(folder, 'plain');
  const run = await small()
    .set({ visualizer: null })
    .fit(data, { ...options, epochs: 1, workDir });
  const scalars = join(workDir, 'vis_data/scalars.json');
  expect(linesOf(scalars)).toEqual(linesOf(join(workDir, 'scalars.jsonl')));
  expect(linesOf(scalars).map((line) => JSON.parse(line).step)).toEqual([1, 2, 1]);
  // what a killed process logged after its checkpoint
  writeFileSync(scalars, `${readFileSync(scalars, 'utf8')}{"loss":1,"iter":3,"step":3}\n`);
  const resumed = await small().fit(data, { ...options, workDir, resume: true });
  expect(linesOf(scalars)).toEqual(linesOf(join(workDir, 'scalars.jsonl')));
  expect(linesOf(scalars)).toHaveLength(6);
  const { config } = loadConfig(join(workDir, 'vis_data/config.py'));
  expect(config).toMatchObject({ train_cfg: { max_epochs: 2 }, randomness: { seed: 1 } });
  for (const { model } of [run, resumed]) model.dispose();
});

test('names and folders of a config are used, and nothing is written without a workDir', async () => {
  const place = join(folder, 'elsewhere');
  const backend = { type: 'LocalVisBackend', save_dir: place, scalar_save_file: 's.json', config_save_file: 'c.py' };
  const recipe = small().set({ 'visualizer.vis_backends': [backend] });
  (await recipe.fit(data, { ...options, epochs: 1 })).model.dispose();
  expect(existsSync(place)).toBe(false);
  (await recipe.fit(data, { ...options, epochs: 1, workDir: join(folder, 'named') })).model.dispose();
  expect(readdirSync(place).sort()).toEqual(['c.py', 's.json']);
  expect(existsSync(join(folder, 'named/vis_data'))).toBe(false);
});

test("MLflow's store has metrics, parameters, tags and the config, in one run over a resume", async () => {
  const workDir = join(folder, 'mlflow');
  const backend = {
    type: 'MLflowVisBackend',
    exp_name: 'cells',
    tags: { who: 'me', '../../outside': 'a', 'v..2/...': 'c' },
    tracked_config_keys: ['train_cfg'],
  };
  const recipe = small().set({ 'visualizer.vis_backends': [backend] });
  for (const epochs of [1, 2])
    (await recipe.fit(data, { ...options, epochs, workDir, resume: epochs === 2 })).model.dispose();
  const [experiment, ...others] = readdirSync(join(workDir, 'vis_data'));
  expect(others).toEqual([]);
  const root = join(workDir, 'vis_data', experiment);
  expect(readFileSync(join(root, 'meta.yaml'), 'utf8')).toContain('name: "cells"\n');
  const [id, ...more] = readdirSync(root).filter((name) => name !== 'meta.yaml');
  expect(more).toEqual([]);
  const read = (name: string) => readFileSync(join(root, id, name), 'utf8');
  expect(read('meta.yaml')).toMatch(/^run_name: "mlflow"\n(.*\n)*status: 3\n/m);
  expect(read('tags/who')).toBe('me');
  for (const [tag, value] of [
    ['_/_/outside', 'a'],
    ['v..2/_', 'c'],
  ])
    expect(read(`tags/${tag}`)).toBe(value);
  expect(read('params/train_cfg.max_epochs')).toBe('2');
  expect(read('artifacts/config.py')).toContain('max_epochs=2');
  const steps = (metric: string) =>
    read(`metrics/${metric}`)
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[2]);
  expect(steps('loss')).toEqual(['1', '2', '3', '4']);
  expect(steps('coco/bbox_mAP')).toEqual(['1', '2']);
});

test('an offline run of wandb has rows by iteration, a summary and the config, in one file over a resume', async () => {
  const workDir = join(folder, 'wandb');
  const backend = {
    type: 'WandbVisBackend',
    init_kwargs: { project: 'cells', tags: ['a'], config: { who: 'me' } },
    define_metric_cfg: { 'coco/bbox_mAP': 'max,last', 'loss_rpn*': 'none' },
  };
  const recipe = small().set({ 'visualizer.vis_backends': [backend] });
  const stop = new AbortController();
  const onStep = ({ step }: { step: number }) => void (step === 3 && stop.abort());
  (await recipe.fit(data, { ...options, workDir, signal: stop.signal, onStep })).model.dispose();
  const run = await recipe.fit(data, { ...options, workDir, resume: true });
  const [place, ...others] = readdirSync(join(workDir, 'vis_data/wandb'));
  expect(others).toEqual([]);
  const id = /^offline-run-\d{8}_\d{6}-(\w+)$/.exec(place)?.[1];
  const records = readWandbRecords(join(workDir, 'vis_data/wandb', place, `run-${id}.wandb`)) as unknown as WandbRows[];
  expect(records.map(({ num }) => num)).toEqual(records.map((_, i) => i + 1));
  const begun = records.flatMap((record) => record.run ?? []);
  expect(begun).toMatchObject([{ runId: id, project: 'cells', tags: ['a'], displayName: 'wandb' }]);
  const config = Object.fromEntries(begun[0].config.update.map((item) => [item.key, JSON.parse(item.valueJson)]));
  expect(config).toMatchObject({ who: 'me', train_cfg: { max_epochs: 2 }, work_dir: workDir });
  const valuesOf = (items: WandbItem[]) =>
    new Map(items.map((item) => [item.nestedKey[0], JSON.parse(item.valueJson)]));
  const rows = records.flatMap(({ history }) => history ?? []);
  expect(rows.map(({ step }) => step.num)).toEqual([1, 2, 3, 4]);
  expect(rows.map(({ item }) => valuesOf(item).get('loss'))).toEqual(run.history.train.map(({ loss }) => loss));
  const aps = run.history.evaluations.map((record) => record['coco/bbox_mAP']);
  expect(rows.map(({ item }) => valuesOf(item).get('coco/bbox_mAP'))).toEqual([undefined, aps[0], undefined, aps[1]]);
  const last = valuesOf(records.flatMap(({ summary }) => summary ?? []).at(-1)!.update);
  expect(last.get('coco/bbox_mAP')).toEqual({ max: Math.max(...aps), last: aps[1] });
  expect([...last.keys()].filter((key) => key.startsWith('loss_rpn'))).toEqual([]);
  expect(records.at(-1)).toMatchObject({ exit: {} });
  expect(readFileSync(join(workDir, 'vis_data/wandb', place, 'files/config.py'), 'utf8')).toContain('max_epochs=2');
  run.model.dispose();
});

test('a run is not uploaded: other modes are refused, and options without effect are named', () => {
  const build = (init_kwargs: Record<string, unknown>) => () =>
    catalogue.build('vis_backend', { type: 'WandbVisBackend', init_kwargs }, { path: 'visualizer' });
  expect(build({ mode: 'online' })).toThrow(/mode.*'offline' or 'disabled'.*wandb sync/);
  expect(build({ projekt: 'a' })).toThrow(/projekt.*project/);
  expect(build({ mode: 'disabled' })).not.toThrow();
});

test('train.log has all that was seen, and what the run was made by; run.json has it as data', async () => {
  const workDir = join(folder, 'log');
  const lines: string[] = [];
  const run = await small().fit(data, { ...options, workDir, log: (line) => void lines.push(line) });
  const log = linesOf(join(workDir, 'train.log'));
  for (const line of [...lines, ...run.toString().trimEnd().split('\n')]) expect(log).toContain(line);
  expect(log[0]).toMatch(/^started \d{4}-\d\d-\d\dT/);
  expect(log[1]).toMatch(/^DetLab \d+\.\d+\.\d+, Node v\d+\S* on \w+ \w+, \d+ processors, [\d.]+ GB of memory$/);
  expect(log[2]).toMatch(/^packages: .*@tensorflow\/tfjs \d+\.\d+\.\d+/);
  expect(log[3]).toMatch(/^git: /);
  expect(log[4]).toBe('seed: 1');
  const { environment } = JSON.parse(readFileSync(join(workDir, 'run.json'), 'utf8'));
  expect(environment).toMatchObject({ node: process.version, packages: { '@tensorflow/tfjs': expect.any(String) } });
  run.model.dispose();
  const failing = { log: () => {}, hooks: [{ beforeRun: () => Promise.reject(new Error('no luck')) }] };
  await expect(small().fit(data, { ...options, ...failing, workDir })).rejects.toThrow();
  expect(linesOf(join(workDir, 'train.log')).at(-1)).toMatch(/^the run was ended by an error: .*no luck/);
});

test('the git state names commit, branch and changed files; a folder without git has none', async () => {
  const repository = mkdtempSync(join(folder, 'git-'));
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repository, '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
      encoding: 'utf8',
    });
  expect((await provenance(repository)).git).toBeUndefined();
  git('init', '-q', '-b', 'trunk');
  writeFileSync(join(repository, 'a.txt'), 'a');
  git('add', '.');
  git('commit', '-q', '-m', 'a');
  const commit = git('rev-parse', 'HEAD').trim();
  expect((await provenance(repository)).git).toEqual({ branch: 'trunk', commit, changed: [] });
  writeFileSync(join(repository, 'a.txt'), 'b');
  writeFileSync(join(repository, 'new.txt'), 'b');
  expect((await provenance(repository)).git?.changed).toEqual(['a.txt', 'new.txt']);
});
