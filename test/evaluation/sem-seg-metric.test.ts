// SemSegMetric against MMDetection's on random and hostile maps; label offsets, segments as maps, files, and what is refused.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Registry } from '../../src/catalogue/registry';
import type { Dataset, ImageRecord } from '../../src/data/types';
import type { BoxMetric, MetricFactory } from '../../src/evaluation/report';
import { SemSegMetric } from '../../src/evaluation/sem-seg-metric';
import { encodeRle, type SemanticMap } from '../../src/masks';
import { labelMapPng, readLabelMap } from '../../src/masks/label-map';
import { goldenJson } from '../golden-data';

interface Case {
  pairs: [truth: number[][], found: number[][]][];
  classes: number;
  kinds: string[];
  beta: number;
  summary: Record<string, number | null>;
  values: Record<string, (number | null)[]>;
}
const golden = goldenJson<Record<string, Case>>('sem_seg_metric');
const folder = mkdtempSync(path.join(tmpdir(), 'semantic-'));
afterAll(() => rmSync(folder, { recursive: true }));

const mapOf = (rows: number[][]): SemanticMap => ({
  data: Uint8Array.from(rows.flat()),
  width: rows[0].length,
  height: rows.length,
});
const nothing = { bboxes: [], scores: [], labels: [] };

function dataset(truths: number[][][], classes: number): Dataset {
  const records = truths.map((rows, id): ImageRecord => {
    const { width, height } = mapOf(rows);
    const semanticFile = path.join(folder, `truth-${id}.png`);
    writeFileSync(semanticFile, labelMapPng(mapOf(rows)));
    return {
      ...{ id, path: `/images/${id}.jpg`, width, height, semanticFile },
      truths: { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) },
      areas: new Float32Array(0),
      annotationIds: [],
    };
  });
  return { name: 'maps', classes: Array.from({ length: classes }, (_, c) => `c${c}`), problems: [], records };
}

function metric(data: Dataset, options: object = {}): Promise<BoxMetric> {
  const registry = new Registry([SemSegMetric]);
  const factory = registry.build('metric', { type: 'SemSegMetric', ...options }, { path: 'val_evaluator' });
  return (factory as MetricFactory)(data);
}

test.each(Object.entries(golden))('%s equals the reference', async (_, { pairs, classes, kinds, beta, ...want }) => {
  const data = dataset(
    pairs.map(([truth]) => truth),
    classes,
  );
  const evaluation = await metric(data, { iou_metrics: kinds, beta });
  for (const [i, [, found]] of pairs.entries()) evaluation.add(i, { ...nothing, semantic: mapOf(found) });
  const { logged, perClass, metrics } = evaluation.compute();
  expect(Object.keys(logged!)).toEqual(Object.keys(want.summary));
  for (const [name, value] of Object.entries(want.summary)) expect(logged![name], name).toBeCloseTo(value ?? -1, 1);
  for (const [name, values] of Object.entries(want.values).filter(([column]) => column !== 'aAcc'))
    for (const [label, value] of values.entries())
      expect(perClass[label].metrics[name], `${name} ${label}`).toBeCloseTo(value ?? -1, 5);
  expect(metrics.pixelAcc).toBeLessThanOrEqual(1);
});

test('labels may be one more than classes, other pixels ignored, and segments are maps too', async () => {
  const data = dataset(
    [
      [
        [0, 1, 2],
        [1, 2, 9],
      ],
    ],
    2,
  );
  const evaluation = await metric(data, { reduce_zero_label: true, ignore_index: 9 });
  const mask = (bits: number[]) => encodeRle(Uint8Array.from(bits), 2, 3);
  // the pixel (2, 1) is of no segment
  const panoptic = [
    { label: 0, isThing: false, mask: mask([1, 1, 0, 1, 0, 0]) },
    { label: 1, isThing: false, mask: mask([0, 0, 1, 0, 1, 0]) },
  ];
  evaluation.add(0, { ...nothing, panoptic });
  const { metrics } = evaluation.compute();
  expect(metrics).toEqual({ aAcc: 1, mIoU: 1, mAcc: 1, pixelAcc: 1 });
});

test('maps are written, and nothing is computed where that is all', async () => {
  const data = dataset([[[0, 1]]], 2);
  const evaluation = await metric(data, { output_dir: path.join(folder, 'out'), format_only: true });
  evaluation.add(0, { ...nothing, semantic: mapOf([[1, 0]]) });
  expect(evaluation.compute().metrics).toEqual({});
  const [file] = await evaluation.write!();
  expect(file).toBe(path.join(folder, 'out', '0.png'));
  expect([...readLabelMap(file).data]).toEqual([1, 0]);
});

test('maps of another size, detectors without any and data without any are named', async () => {
  const data = dataset([[[0, 1]]], 2);
  const evaluation = await metric(data);
  expect(() => evaluation.add(0, { ...nothing, semantic: mapOf([[1], [0]]) })).toThrow(
    /has 2 x 1, the predicted one 1 x 2/,
  );
  expect(() => evaluation.add(0, nothing)).toThrow(/the detector predicts none/);
  delete data.records[0].semanticFile;
  expect(() => evaluation.add(0, { ...nothing, semantic: mapOf([[1, 0]]) })).toThrow(/"maps" has no semantic maps/);
  expect(() => metric(data, { format_only: true })).toThrow(/needs output_dir/);
});
