// `detlab test`: with the config of the weights, metrics by --eval, its detections as COCO results and drawn.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LabDataset } from '../../src';
import { scenes, small } from '../lab/small';
import { detlab } from './detlab';

const root = mkdtempSync(join(tmpdir(), 'detlab-cli-test-'));
let weights: string;
let town: LabDataset;
const data = ['--data', 'toytown:images=15,seed=3,width=96,height=64'];

beforeAll(async () => {
  town = await scenes(join(root, 'town'));
  const model = await small().classes(town.classes).build({ seed: 4 });
  weights = model.save(join(root, 'model.safetensors'));
  model.dispose();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('the results are written, drawn, and evaluate to the same numbers', async () => {
  const [file, drawn] = [join(root, 'results.json'), join(root, 'drawn')];
  const { code, lines } = await detlab(
    'test',
    weights,
    ...data,
    '--eval',
    'bbox',
    '--out',
    file,
    '--show-dir',
    drawn,
    '--json',
  );
  expect(code).toBe(0);
  const [report, ...saved] = lines();
  expect(saved.map((line) => line.file)).toEqual([file, drawn]);
  expect(readdirSync(drawn)).toHaveLength(report.images);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveLength(report.detections);
  expect((await town.evaluate(file)).metrics).toEqual(report.metrics);
});

test('several metrics, as MMDetection 2.x takes them', async () => {
  const { code, lines } = await detlab('test', weights, ...data, '--eval', 'bbox', 'proposal_fast', '--json');
  expect(code).toBe(0);
  expect(Object.keys(lines()[0].metrics)).toEqual(expect.arrayContaining(['AP', 'proposal_fast_AR@100']));
});

test.each([
  [
    ['--eval', 'box'],
    'Cannot evaluate "box": expected --eval of bbox, segm, proposal, proposal_fast. Did you mean "bbox"?',
  ],
  [['--out', 'results.pkl'], 'Cannot write the results "results.pkl": expected a COCO results file, "results.json"'],
  [['more'], 'Cannot test: expected [CONFIG] WEIGHTS, received "more" too'],
])('%j', async (args, message) => {
  const { code, err } = await detlab('test', weights, ...args);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});
