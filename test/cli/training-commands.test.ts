// What is tried before and around a run, from the command line: find-lr, cross-validate, search, pseudo-label, and words of train.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src';
import { classWeights } from '../../src/cli/option-values';
import { spaceOf } from '../../src/cli/search';
import { scenes, small } from '../lab/small';
import { smallArguments } from '../lab/small-options';
import { detlab } from './detlab';

const folder = mkdtempSync(join(tmpdir(), 'detlab-training-'));
const CONFIG = 'faster-rcnn_r18_fpn_toytown';
let annFile: string;
let images: string;
let data: string;

beforeAll(async () => {
  await startEngine({ threads: 1 });
  const town = await scenes(join(folder, 'town'));
  const root = join(town.train.records[0].path, '../..');
  images = join(root, 'train');
  const all = JSON.parse(readFileSync(join(root, 'annotations/train.json'), 'utf8'));
  const kept = all.images.slice(0, 6).map((image: object, i: number) => ({ ...image, street: `s${i % 3}` }));
  const ids = new Set(kept.map(({ id }: { id: number }) => id));
  const annotations = all.annotations.filter((one: { image_id: number }) => ids.has(one.image_id));
  annFile = join(folder, 'six.json');
  writeFileSync(annFile, JSON.stringify({ ...all, images: kept, annotations }));
  data = `coco:${annFile},${images},${join(root, 'annotations/val.json')},${join(root, 'val')}`;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (command: string, ...args: string[]) =>
  detlab(command, CONFIG, '--data', data, ...smallArguments, 'train_dataloader.num_workers=0', ...args);

test('find-lr has its numbers on stdout and in a file, and refuses rates that fall', async () => {
  const csv = join(folder, 'rates.csv');
  const given = ['--steps', '10', '--from', '1e-5', '--to', '0.01', '--batch', '2', '--seed', '1'];
  const { code, lines } = await run('find-lr', ...given, '--save', csv, '--json');
  expect(code).toBe(0);
  const [rates, written] = lines();
  expect(rates).toMatchObject({ event: 'rates', name: CONFIG, ended: 'finished' });
  expect(rates.rates).toHaveLength(10);
  expect(rates.losses.every((loss: number) => loss > 0)).toBe(true);
  expect(written).toEqual({ event: 'written', file: csv });
  expect(readFileSync(csv, 'utf8').split(/\r?\n/)[0]).toBe('lr,loss,smoothed');
  const wrong = await run('find-lr', '--save', join(folder, 'rates.pdf'));
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('expected an extension of .png')]);
  const falling = await run('find-lr', '--from', '1', '--to', '0.1');
  expect([falling.code, falling.err]).toEqual([2, expect.stringContaining('expected to above from')]);
});

test('cross-validate keeps the images of a field together', async () => {
  const given = ['--epochs', '1', '--batch', '2', '--folds', '2', '--work-dir', join(folder, 'folds')];
  const { code, lines } = await run('cross-validate', ...given, '--groups', 'street', '--json');
  expect(code).toBe(0);
  const [first, second, end] = lines().filter(({ event }: { event: string }) => /fold|end/.test(event));
  expect([first, second]).toMatchObject([{ fold: 1, interrupted: false }, { fold: 2 }]);
  expect(end.metrics.AP.values).toEqual([first.metrics.AP, second.metrics.AP]);
  const unknown = await run('cross-validate', '--groups', 'stret');
  expect([unknown.code, unknown.err]).toEqual([
    2,
    expect.stringMatching(/expected a field .*street.*Did you mean "street"/),
  ]);
  const many = await run('cross-validate', '--folds', '4', '--groups', '/(\\d)\\.jpg$/', '--epochs', 'x');
  expect(many.code).toBe(2);
  const groups = await run('cross-validate', '--folds', '9', '--no-stratified');
  expect([groups.code, groups.err]).toEqual([2, expect.stringContaining('expected a number from 2 to 6')]);
});

test('search trains every combination and names the best', async () => {
  const given = ['--epochs', '1', '--batch', '2', '--space', 'lr=0.001,0.01', '--work-dir', join(folder, 'search')];
  const file = join(folder, 'search.json');
  const { code, lines } = await run('search', ...given, '--save', file, '--json');
  expect(code).toBe(0);
  const found = lines();
  const trials = found.filter(({ event }: { event: string }) => event === 'trial');
  expect(new Set(trials.map(({ values }: { values: { lr: number } }) => values.lr))).toEqual(new Set([0.001, 0.01]));
  const end = found.find(({ event }: { event: string }) => event === 'end');
  expect(end).toMatchObject({ interrupted: false, metric: 'AP', best: { values: trials[0].values } });
  expect(existsSync(file)).toBe(true);
});

test('a space is read as lists and ranges; what is none is refused before anything is trained', async () => {
  expect(spaceOf(['lr=0.01,0.02', 'neck=FPN,PAFPN', 'amp=True', 'a.b=[1,2]', 'x=1e-4..0.1:log', 'y=0..3:int'])).toEqual(
    {
      lr: [0.01, 0.02],
      neck: ['FPN', 'PAFPN'],
      amp: [true],
      'a.b': [[1, 2]],
      x: { min: 1e-4, max: 0.1, scale: 'log' },
      y: { min: 0, max: 3, integer: true },
    },
  );
  for (const [args, reason] of [
    [['--space', 'lr'], 'expected NAME=VALUES'],
    [['--space', 'lr=1', '--space', 'lr=2'], 'more than once'],
    [[], 'expected a space of options'],
    [['--space', 'lr=0.1..1'], 'a range has no grid'],
    [['--space', 'neck=FPNN,FPN'], 'Did you mean "FPN"'],
    [['--space', 'lr=0.1,1', '--strategy', 'grit'], 'Did you mean "grid"'],
  ] as const) {
    const { code, err } = await run('search', ...args);
    expect([args, code, err]).toEqual([args, 2, expect.stringContaining(reason)]);
  }
});

test('pseudo-label writes what a person reviews, reads it back, and writes a dataset', async () => {
  const model = await small().classes(['car', 'person', 'traffic light']).build({ seed: 4 });
  const weights = model.save(join(folder, 'model.safetensors'));
  model.dispose();
  const [file, labels] = [join(folder, 'pseudo.json'), join(folder, 'labels')];
  const first = await detlab('pseudo-label', weights, `${images}/`, '--threshold', '0.2', '--save', file, '--json');
  expect(first.code).toBe(0);
  const [{ accepted }] = first.lines();
  expect(accepted).toBeGreaterThan(1);
  const written = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...written, annotations: written.annotations.slice(1) }));
  const again = ['--threshold', '0.2', '--review', file, '--labels', labels];
  const second = await detlab('pseudo-label', weights, `${images}/`, ...again, '--json');
  expect(second.lines()[0]).toMatchObject({ accepted: accepted - 1, rejected: 1 });
  const set = JSON.parse(readFileSync(join(labels, 'annotations/instances_train.json'), 'utf8'));
  expect(set.annotations).toHaveLength(accepted - 1);
  for (const [args, reason] of [
    [[], 'expected files, folders or patterns'],
    [['a/', '--data', data], 'leave one of them out'],
    [['a/', '--threshold', 'cat=0.5'], 'Did you mean "car"'],
    [['a/', '--threshold', '7'], 'expected a score from 0 to 1'],
    [['a/', '--save', 'x.gif'], 'expected an extension of .json'],
  ] as const) {
    const { code, err } = await detlab('pseudo-label', weights, ...args);
    expect([args, code, err]).toEqual([args, 2, expect.stringContaining(reason)]);
  }
});

test('train weighs classes, repeats images and fine-tunes in stages; what a head cannot do is refused', async () => {
  const given = [
    '--epochs',
    '4',
    '--batch',
    '3',
    '--fine-tune',
    '--repeat-factors',
    '0.5',
    '--work-dir',
    join(folder, 'tuned'),
  ];
  const { code, err } = await run('train', ...given, '--class-weights', 'car=2', '--json');
  expect(code).toBe(0);
  expect(err).toContain('fine-tuning in 4 stages');
  expect(err).toContain('class weights (as given): car 2');
  expect(err).toMatch(/repeat/);
  expect(classWeights('2,0.5,1')).toEqual([2, 0.5, 1]);
  for (const [args, reason] of [
    [['--class-weights', 'balancd'], 'Did you mean "balanced"'],
    [['--class-weights', 'cat=2'], 'it has no class "cat"'],
    [['--batch', 'atuo'], 'Did you mean "auto"'],
    [['--batch', 'auto', '--launcher', 'pytorch'], 'RANK'],
  ] as const) {
    const found = await run('train', ...args);
    expect([args, found.code, found.err]).toEqual([args, 2, expect.stringContaining(reason)]);
  }
});
