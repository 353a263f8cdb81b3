// `detlab errors`: of a results file and of a model, as tables, JSON lines and a page.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src';
import { scenes, small } from '../lab/small';
import { smallArguments } from '../lab/small-options';
import { detlab } from './detlab';

const folder = mkdtempSync(join(tmpdir(), 'detlab-cli-errors-'));
const results = join(folder, 'results.json');
let dataOption: string;

beforeAll(async () => {
  await startEngine();
  const { train } = await scenes(folder);
  const root = join(train.records[0].path, '../..');
  dataOption = `coco:${join(root, 'annotations/train.json')},${join(root, 'train')}`;
  const { annotations } = JSON.parse(readFileSync(join(root, 'annotations/train.json'), 'utf8'));
  type Annotation = { image_id: number; category_id: number; bbox: number[] };
  const found = (annotations as Annotation[]).slice(2).map(({ image_id, category_id, bbox }, i) => ({
    image_id,
    category_id: i % 5 === 0 ? (category_id % 3) + 1 : category_id,
    bbox,
    score: 1 - i / 100,
  }));
  writeFileSync(results, JSON.stringify(found));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('of a results file', async () => {
  const page = join(folder, 'page.html');
  const { code, out, err } = await detlab('errors', '--results', results, '--data', dataOption, '--out', page);
  expect(code, err).toBe(0);
  expect(out).toMatch(/wrong class +Cls +[1-9]/);
  expect(out).toMatch(/Classes confused most often/);
  expect(out).toMatch(/by image\nimage +AP/);
  expect(out).toContain('Threshold for 90% precision:');
  expect(readFileSync(page, 'utf8')).toContain('<h2>Confusion matrix</h2>');
  const json = await detlab('errors', '--results', results, '--data', dataOption, '--json', '--worst', '2');
  const [event] = json.lines();
  expect(event).toMatchObject({ event: 'errors', iou: 0.5, kinds: expect.any(Array), pairs: expect.any(Array) });
  expect(event.worst).toHaveLength(2);
  expect(event.kinds[0].count).toBeGreaterThan(0);
});

test('values that nothing can have are refused before anything runs', async () => {
  for (const [option, value, expected] of [
    ['--iou', '0', 'expected a number above 0, at most 1'],
    ['--precision', '0', 'expected a number above 0, at most 1'],
    ['--score', '1.5', 'expected a number from 0 to 1'],
    ['--out', 'page.pdf', 'expected an extension of .html, .json, .txt, received .pdf'],
  ]) {
    const { code, err } = await detlab('errors', '--results', 'there is none', option, value);
    expect([code, err]).toEqual([2, expect.stringContaining(expected)]);
  }
});

test('results that do not fit are refused', async () => {
  const other = join(folder, 'other.json');
  const wrong = async (content: unknown, ...options: string[]) => {
    writeFileSync(other, JSON.stringify(content));
    const { code, err } = await detlab('errors', '--results', other, ...options);
    return `${code}: ${err}`;
  };
  const entry = { image_id: 1, category_id: 1, bbox: [0, 0, 5, 5], score: 0.5 };
  expect(await wrong([])).toMatch(/^2: .*expected coco:ANN.json,IMAGES/);
  expect(await wrong([{ ...entry, image_id: 999 }], '--data', dataOption)).toMatch(/^3: .*no image with the id 999/);
  expect(await wrong([{ ...entry, category_id: 9 }], '--data', dataOption)).toMatch(/^3: .*category_id 9 is none of/);
  expect(await wrong([{ boxes: [] }], '--data', dataOption)).toMatch(/^3: .*received {"boxes":\[\]}/);
  expect(await wrong({}, '--data', dataOption)).toMatch(/^3: .*expected a list of/);
  expect((await detlab('errors', 'faster-rcnn_r18_fpn_toytown')).err).toContain('expected [CONFIG] WEIGHTS');
  expect((await detlab('errors')).err).toContain('expected [CONFIG] WEIGHTS, or --results FILE');
});

test('of a model, with the loss of every image', async () => {
  const model = await small().classes(['car', 'person', 'traffic light']).build();
  const file = model.save(join(folder, 'model.safetensors'));
  const options = ['--data', dataOption, '--losses', '--json', ...smallArguments];
  const { code, err, lines } = await detlab('errors', 'faster-rcnn_r18_fpn_toytown', file, ...options);
  expect(code, err).toBe(0);
  const [{ worst, kinds }] = lines();
  expect(worst).toHaveLength(10);
  for (const { loss } of worst) expect(loss).toBeGreaterThan(0);
  expect(kinds.at(-1).kind).toBe('missed');
  // the config is in the file
  const alone = await detlab('errors', file, '--data', dataOption, '--losses', '--json');
  expect(alone.code, alone.err).toBe(0);
  expect(alone.lines()[0].worst).toEqual(worst);
  const many = await detlab('errors', file, file, '--data', dataOption);
  expect([many.code, many.err]).toEqual([2, expect.stringContaining('expected [CONFIG] WEIGHTS, received')]);
});
