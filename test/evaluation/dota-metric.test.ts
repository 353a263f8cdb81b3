// DOTAMetric beside MMRotate's eval_rbbox_map, and its files.

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Budget, openFile } from '../../src/checkpoints/byte-source';
import { ZipArchive } from '../../src/checkpoints/zip-archive';
import type { Dataset, ImageRecord } from '../../src/data/types';
import { DOTAMetric } from '../../src/evaluation/dota-metric';
import type { BoxDetections } from '../../src/evaluation/report';
import { aroundCorners, aroundRotated } from '../../src/geometry/rotated-boxes';
import { goldenJson } from '../golden-data';

interface Golden {
  images: {
    quads: number[];
    labels: number[];
    difficult: number[];
    found: number[];
    scores: number[];
    found_labels: number[];
  }[];
  maps: Record<string, { map: number; aps: number[] }>;
}
const { images, maps } = goldenJson<Golden>('rotated_data');

const records = images.map(
  ({ quads, labels, difficult }, i): ImageRecord => ({
    id: i + 1,
    path: `/data/P000${i < 2 ? 0 : i}__1024__${100 * i}___0.png`,
    width: 100,
    height: 100,
    truths: {
      bboxes: aroundCorners(Float32Array.from(quads)),
      labels: Int32Array.from(labels),
      ignored: Uint8Array.from(difficult),
    },
    areas: new Float32Array(labels.length),
    segmentations: labels.map((_, k) => [quads.slice(8 * k, 8 * k + 8)]),
    annotationIds: labels.map((_, k) => k),
  }),
);
const dataset: Dataset = { name: 'patches', classes: ['plane', 'ship'], records, problems: [] };
const found = images.map(({ found: boxes, scores, found_labels }): BoxDetections => {
  const rboxes = Float32Array.from(boxes);
  return { bboxes: aroundRotated(rboxes), rboxes, scores, labels: found_labels };
});

async function evaluated(options: object) {
  const metric = await DOTAMetric.build(DOTAMetric.options.parse(options), {} as never)(dataset);
  for (const [i, detections] of found.entries()) metric.add(i + 1, detections);
  return metric;
}

test('equal to eval_rbbox_map', async () => {
  for (const [name, { map, aps }] of Object.entries(maps)) {
    const [eval_mode, threshold] = name.split(' ');
    const report = (await evaluated({ eval_mode, iou_thrs: Number(threshold) })).compute();
    expect(report.metrics.mAP).toBeCloseTo(map, 6);
    expect(report.logged?.['dota/mAP']).toBeCloseTo(map, 6);
    for (const [c, ap] of aps.entries()) expect(report.perClass[c].metrics.mAP).toBeCloseTo(ap, 6);
  }
});

test('files of detections and of joined patches', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'dota-'));
  const plain = await evaluated({ format_only: true, outfile_prefix: path.join(folder, 'a') });
  expect(plain.compute().metrics).toEqual({});
  const [json] = await plain.write!();
  const entries = JSON.parse(readFileSync(json, 'utf8'));
  expect(entries.length).toBe(images.reduce((sum, { scores }) => sum + scores.length, 0));
  expect(entries[0]).toMatchObject({ image_id: 'P0000__1024__0___0', category_id: images[0].found_labels[0] });
  expect(entries[0].bbox.length).toBe(5);
  const joined = await evaluated({ merge_patches: true, outfile_prefix: path.join(folder, 'submission') });
  const files = await joined.write!();
  expect(files.map((file) => path.basename(file))).toEqual(['Task1_plane.txt', 'Task1_ship.txt', 'submission.zip']);
  const lines = readFileSync(files[0], 'utf8').trim().split('\n');
  expect(lines[0]).toMatch(/^P0000 0\.\d+( -?\d+\.\d\d){8}$/);
  expect(lines.some((line) => line.startsWith('P0002 '))).toBe(true);
  const source = openFile(files[2]);
  const archive = new ZipArchive(source, new Budget(source));
  expect(Buffer.from(archive.read('Task1_plane.txt')).toString()).toBe(readFileSync(files[0], 'utf8'));
});

test('what cannot be evaluated is refused', async () => {
  const metric = await DOTAMetric.build(DOTAMetric.options.parse({}), {} as never)(dataset);
  const { rboxes: _, ...upright } = found[0];
  expect(() => metric.add(1, upright)).toThrow(/the detector finds upright ones/);
  expect(DOTAMetric.options.safeParse({ merge_patches: true }).success).toBe(false);
});
