// Runs read back from their folders: real ones, stopped ones, mmengine's, damaged ones and folders that are none.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compare, detector, type LabDataset, runs, startEngine } from '../../src';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { detlab } from '../cli/detlab';
import { browser, withPage } from '../frontends/browser';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-runs-'));
const place = (...parts: string[]) => join(folder, 'runs', ...parts);
const EVIL = '<img src=x onerror=alert(1)>';
let data: LabDataset;

beforeAll(async () => {
  await startEngine();
  data = (await scenes(folder)).take(4);
  const fit = async (name: string, options: object, recipe = small()) => {
    const run = await recipe.named(name).fit(data, { ...quick, workDir: place(name), ...options });
    run.model.dispose();
  };
  await fit('a', { epochs: 2, seed: 1 });
  await fit('b', { epochs: 2, seed: 2, lr: 0.004 }, small().neck('PAFPN').freeze('backbone.layer1'));
  const stop = new AbortController();
  await fit('stopped', {
    epochs: 3,
    signal: stop.signal,
    onStep: ({ step }: { step: number }) => step === 2 && stop.abort(),
  });

  mkdirSync(place('mmdet', '20260101_000000', 'vis_data'), { recursive: true });
  const records = [
    { lr: 0.1, loss: 2, epoch: 1, iter: 50, step: 50 },
    { 'coco/bbox_mAP': 0.25, 'coco/bbox_mAP_50': 0.5, step: 1 },
  ];
  const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  writeFileSync(place('mmdet', '20260101_000000', 'vis_data', 'scalars.json'), lines);
  writeFileSync(
    place('mmdet', '20260101_000000', 'vis_data', 'config.py'),
    "train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12)\nmodel = dict(type='FCOS')\n",
  );
  mkdirSync(place(`broken ${EVIL.slice(1, 4)}`));
  const broken = place(`broken ${EVIL.slice(1, 4)}`);
  writeFileSync(join(broken, 'scalars.jsonl'), `${lines}{"loss": 1, "it\nnull\n`);
  writeFileSync(join(broken, 'config.json'), '{');
  mkdirSync(join(broken, 'checkpoints'));
  writeFileSync(join(broken, 'checkpoints', 'last_checkpoint'), 'epoch_9\n');
  mkdirSync(place('notes'));
  writeFileSync(place('notes', 'readme.txt'), 'no run');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a run leaves its config with the options of fit, from which it can be fitted again', () => {
  const config = JSON.parse(readFileSync(place('b', 'config.json'), 'utf8'));
  expect(config).toMatchObject({
    train_cfg: { max_epochs: 2 },
    optim_wrapper: { optimizer: { lr: 0.004 } },
    randomness: { seed: 2 },
    model: { neck: { type: 'PAFPN' } },
  });
  expect(JSON.parse(readFileSync(place('b', 'run.json'), 'utf8'))).toMatchObject({
    name: 'b',
    classes: data.classes,
    unit: 'epoch',
    total: 2,
    seed: 2,
    freezing: ['frozen from 1: backbone.layer1'],
  });
  expect(detector(place('b', 'config.json')).config).toEqual(config);
});

test('all runs of a folder, with what differs, what is measured and how they ended', async () => {
  const list = runs(place());
  const [a, b, broken, mmdet, stopped] = list.runs;
  expect(list.runs.map(({ name }) => name)).toEqual([
    'a',
    'b',
    'broken img',
    join('mmdet', '20260101_000000'),
    'stopped',
  ]);
  expect(a).toMatchObject({ recipe: 'a', status: 'finished', done: 2, total: 2, unit: 'epoch', problems: [] });
  expect(a.checkpoint).toBe(place('a', 'checkpoints', 'epoch_2'));
  expect(a.best!.value).toBe(Math.max(...a.evaluations.map((record) => record['coco/bbox_mAP'])));
  expect(a.metrics.AP).toBe(a.evaluations[1]['coco/bbox_mAP']);
  expect(b.status).toBe('finished');
  expect(stopped.status).toBe('stopped after epoch 2 of 3');
  expect(mmdet).toMatchObject({ metrics: { AP: 0.25, AP50: 0.5 }, total: 12, done: 1, status: 'ended early' });
  expect(broken).toMatchObject({ metrics: { AP: 0.25 }, config: undefined, checkpoint: undefined });
  expect(list.problems).toEqual([
    'broken img: scalars.jsonl: 2 lines are no JSON',
    expect.stringMatching(/^broken img: last_checkpoint names "epoch_9", which is not there$/),
    expect.stringMatching(/^broken img: config.json: /),
  ]);
  const differing = list.differences.map(({ path }) => path);
  expect(differing).toEqual(expect.arrayContaining(['randomness.seed', 'freezing']));
  const text = String(list);
  expect(text).toMatch(/^Runs of /);
  expect(text).toMatch(/stopped after epoch 2 of 3/);
  const bundle = await list[JUPYTER_DISPLAY]();
  expect(bundle['text/html']).toContain('detlab-sortable');
  expect(bundle['image/png']).toBeUndefined();
});

test('patterns, one chart, and every format; what is no run is named', async () => {
  const list = compare.runs(place('*'));
  expect(list.runs).toHaveLength(5);
  expect(list.problems[0]).toBe(`"${place('notes')}" is no run: it has no scalars.jsonl`);
  const two = compare.runs(place('{a,b}'));
  expect(two.differences.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['model.neck.type', 'optim_wrapper.optimizer.lr', 'freezing', 'randomness.seed']),
  );
  const html = String((await two[JUPYTER_DISPLAY]())['text/html']);
  expect(html).toContain('curves of the runs');
  // settings by their whole paths, modules by their types
  expect(html).toContain('optim_wrapper.<wbr>optimizer.<wbr>lr');
  expect(String(two)).toMatch(/model\.neck\.type.*\n.*\n.* FPN /);
  const csv = readFileSync(await two.save(join(folder, 'runs.csv')), 'utf8').split('\r\n');
  expect(csv[0]).toContain('model.neck.type');
  expect(csv[2]).toContain('""PAFPN""');
  const json = JSON.parse(readFileSync(await two.save(join(folder, 'runs.json')), 'utf8'));
  expect(json.differences.find(({ path }: { path: string }) => path === 'model.neck.type').values).toEqual([
    'FPN',
    'PAFPN',
  ]);
  for (const name of ['runs.png', 'runs.svg', 'runs.txt'])
    expect(existsSync(await two.save(join(folder, name)))).toBe(true);
  expect(() => compare.runs(place('x*'), place('nowhere'))).toThrow(/"\S+x\*": there is no such folder; .*nowhere"/);
  expect(() => runs(place('nowhere'))).toThrow(/there is no such folder/);
  expect(runs(place('notes')).problems).toEqual([expect.stringContaining('has no runs')]);
});

test.skipIf(!browser)('in a saved page the table is sorted', async () => {
  const file = await compare.runs(place('*')).save(join(folder, 'runs.html'));
  await withPage(file, async (page) => {
    const names = () => page.locator('tbody tr td:first-child').allTextContents();
    const before = await names();
    await page.locator('th', { hasText: /^AP$/ }).click();
    await page.locator('th', { hasText: /^AP$/ }).click();
    expect((await names()).toSorted()).toEqual(before.toSorted());
    expect((await names())[0]).toMatch(/broken|mmdet/);
  });
});

test('their last checkpoints are evaluated on the same data', async () => {
  const comparison = await compare.runs(place('a'), place('b')).evaluate(data, { resamples: 100 });
  expect(comparison.verdicts[0]).toMatch(/^b (and a are not told apart|is (better|worse) than a): AP/);
  await expect(compare.runs(place('a'), place('mmdet')).evaluate(data)).rejects.toThrow(/mmdet.*has no checkpoint/);
});

test('a copy of a running folder whose process is gone has ended early', () => {
  cpSync(place('stopped'), place('killed'), { recursive: true });
  writeFileSync(place('killed', 'train.log'), 'engine\n');
  writeFileSync(place('killed', '.training'), '999999999');
  expect(compare.runs(place('killed')).runs[0].status).toBe('ended early');
  writeFileSync(place('killed', '.training'), String(process.pid));
  expect(compare.runs(place('killed')).runs[0].status).toBe('running');
  rmSync(place('killed'), { recursive: true });
});

test('detlab compare', async () => {
  const page = join(folder, 'cli.html');
  const text = await detlab('compare', place('a'), place('b'), place('notes'), '--out', page);
  expect(text.code).toBe(0);
  expect(text.out).toMatch(/^Runs\nrun +recipe/);
  expect(text.out).toContain(`written: ${page}`);
  expect(text.err).toContain('is no run');
  const json = await detlab('compare', place('{a,b}'), '--json');
  expect(json.lines()[0]).toMatchObject({ event: 'runs', runs: [{ name: 'a' }, { name: 'b' }] });
  expect(await detlab('compare', place('nothing'))).toMatchObject({ code: 2 });
  const wrong = await detlab('compare', place('a'), '--out', 'x.gif');
  expect(wrong).toMatchObject({ code: 2, err: expect.stringMatching(/\.html, \.png, .*received \.gif/) });
});
