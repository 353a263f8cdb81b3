// CocoPanopticMetric against panopticapi on random and hostile maps, from a dataset and from an annotation file.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Registry } from '../../src/catalogue/registry';
import type { Dataset, ImageRecord } from '../../src/data/types';
import { CocoPanopticMetric } from '../../src/evaluation/coco-panoptic-metric';
import type { BoxMetric } from '../../src/evaluation/report';
import { type PanopticTruths, rleOfIds, SEGMENT } from '../../src/masks';
import { panopticPng, readPanopticPng } from '../../src/masks/panoptic-png';
import { goldenJson } from '../golden-data';

interface Golden {
  things: number;
  images: {
    truth: number[][];
    truths: { id: number; category_id: number; iscrowd: number }[];
    found: number[][];
    predicted: { id: number; category_id: number }[];
  }[];
  expected: Record<string, number>;
  classes: { pq: number; sq: number; rq: number }[];
}
const golden = goldenJson<Golden>('panoptic_quality');
const classes = [0, 1, 2, 3, 4].map((c) => `c${c}`);
const isThing = (label: number) => label < golden.things;
const folder = mkdtempSync(path.join(tmpdir(), 'panoptic-'));
afterAll(() => rmSync(folder, { recursive: true }));

const mapOf = (rows: number[][]) => ({
  data: Int32Array.from(rows.flat()),
  width: rows[0].length,
  height: rows.length,
});

beforeAll(() => {
  for (const [i, { truth }] of golden.images.entries())
    writeFileSync(path.join(folder, `${i}.png`), panopticPng(mapOf(truth)));
  const annotations = golden.images.map(({ truths }, i) => ({
    image_id: i,
    file_name: `${i}.png`,
    segments_info: truths.map((one) => ({ ...one, category_id: one.category_id + 1 })),
  }));
  const categories = classes.map((name, c) => ({ id: c + 1, name, isthing: isThing(c) ? 1 : 0 }));
  writeFileSync(path.join(folder, 'truth.json'), JSON.stringify({ annotations, categories }));
});

function truthsOf(i: number): PanopticTruths {
  const { truths } = golden.images[i];
  return {
    file: path.join(folder, `${i}.png`),
    ids: Int32Array.from(truths, ({ id }) => id),
    labels: Int32Array.from(truths, ({ category_id }) => category_id),
    kinds: Uint8Array.from(truths, ({ iscrowd, category_id }) =>
      iscrowd ? SEGMENT.crowd : isThing(category_id) ? SEGMENT.thing : SEGMENT.stuff,
    ),
  };
}

const dataset: Dataset = {
  name: 'maps',
  classes,
  categories: classes.map((_, label) => ({ id: label + 1, label, isThing: isThing(label) })),
  problems: [],
  records: golden.images.map(
    ({ truth }, i): ImageRecord => ({
      id: i,
      path: `/images/${i}.jpg`,
      width: truth[0].length,
      height: truth.length,
      truths: { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) },
      areas: new Float32Array(0),
      annotationIds: [],
      panoptic: truthsOf(i),
    }),
  ),
};

/** Whose maps are not where it says. */
const away: Dataset = {
  ...dataset,
  records: dataset.records.map((one) => ({ ...one, panoptic: { ...one.panoptic!, file: '/nowhere.png' } })),
};

const build = (options: object, data = dataset): Promise<BoxMetric> =>
  new Registry([CocoPanopticMetric]).build(
    'metric',
    { type: 'CocoPanopticMetric', ...options },
    { path: 'val_evaluator' },
  )(data);

function addAll(metric: BoxMetric): void {
  for (const [i, { found, predicted }] of golden.images.entries()) {
    const masks = rleOfIds(
      mapOf(found),
      predicted.map(({ id }) => id),
    );
    const panoptic = predicted.map(({ category_id: label }, k) => ({ label, isThing: isThing(label), mask: masks[k] }));
    metric.add(i, { bboxes: [], scores: [], labels: [], panoptic });
  }
}

test.each<[string, object, Dataset?]>([
  ['the segments of the dataset', {}],
  ['its segments on the maps of a folder', { seg_prefix: folder }, away],
  ['those of an annotation file', { ann_file: path.join(folder, 'truth.json'), seg_prefix: folder }],
])('PQ, SQ and RQ are those of panopticapi: %s', async (_, options, data = dataset) => {
  const metric = await build({ ...options, classwise: true }, data);
  addAll(metric);
  const { metrics, perClass, logged } = metric.compute();
  expect(Object.keys(metrics)).toEqual(Object.keys(golden.expected));
  for (const [name, value] of Object.entries(golden.expected)) expect(metrics[name]).toBeCloseTo(value, 12);
  for (const [c, { pq, sq, rq }] of golden.classes.entries()) {
    expect(perClass[c].metrics.PQ).toBeCloseTo(pq, 12);
    expect(perClass[c].metrics.SQ).toBeCloseTo(sq, 12);
    expect(perClass[c].metrics.RQ).toBeCloseTo(rq, 12);
  }
  expect(logged?.['coco_panoptic/PQ_th']).toBeCloseTo(100 * golden.expected.PQ_th, 9);
  expect(logged?.['coco_panoptic/c4_PQ']).toBeCloseTo(100 * golden.classes[4].pq, 9);
});

test('format_only writes the segments as COCO reads them, and computes nothing', async () => {
  const prefix = path.join(folder, 'results', 'a');
  const metric = await build({ format_only: true, outfile_prefix: prefix });
  addAll(metric);
  expect(metric.compute().metrics).toEqual({});
  expect(await metric.write?.()).toEqual([`${prefix}.panoptic.json`]);
  const { annotations } = JSON.parse(readFileSync(`${prefix}.panoptic.json`, 'utf8'));
  const [first] = annotations;
  const map = readPanopticPng(path.join(`${prefix}.panoptic`, first.file_name));
  for (const { id, area } of first.segments_info) expect(map.data.filter((v) => v === id).length).toBe(area);
  expect(first.segments_info[0].category_id).toBe(golden.images[0].predicted[0].category_id + 1);
  expect(existsSync(path.join(`${prefix}.panoptic`, '5.png'))).toBe(true);
});

test('says what is missing', async () => {
  const metric = await build({});
  expect(() => metric.add(0, { bboxes: [], scores: [], labels: [] })).toThrow(
    /the detector predicts none. Use one such as Mask2Former/,
  );
  const bare = { ...dataset, records: dataset.records.map(({ panoptic: _, ...record }) => record) };
  await expect(build({}, bare)).rejects.toThrow(
    /"maps": it has no panoptic maps. Load the data with CocoPanopticDataset/,
  );
  expect(() => build({ ann_file: 'a.json' })).toThrow(/seg_prefix, the folder of the maps/);
  expect(() => build({ format_only: true })).toThrow(/outfile_prefix/);
});
