// `data.labelMistakes(report)`: labels removed, renamed and moved by hand are found by detections that know better.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LabDataset, Report } from '../../src';
import type { Dataset, ImageRecord } from '../../src/data';
import type { EvaluationResults } from '../../src/evaluation';
import { LabelMistakes } from '../../src/lab/label-mistakes';
import { scenes } from './small';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-mistakes-'));
let clean: Dataset;
beforeAll(async () => {
  clean = (await scenes(folder)).train;
});
afterAll(() => rmSync(folder, { recursive: true }));

const copyOf = (record: ImageRecord): ImageRecord => ({
  ...record,
  truths: {
    bboxes: record.truths.bboxes.slice(),
    labels: record.truths.labels.slice(),
    ignored: record.truths.ignored.slice(),
  },
  areas: record.areas.slice(),
});

/** Detections of the clean labels on images whose labels are changed; every score is its own. */
function changed(change: (records: ImageRecord[]) => void): EvaluationResults {
  const records = clean.records.map(copyOf);
  change(records);
  let n = 0;
  const images = clean.records.map((record, i) => ({
    imageId: record.id,
    record: records[i],
    detections: {
      bboxes: record.truths.bboxes.slice(),
      labels: record.truths.labels.slice(),
      scores: Float32Array.from(record.truths.labels, () => 0.95 - 0.001 * n++),
    },
  }));
  return { dataset: { ...clean, records }, images, metric: { type: 'CocoMetric', metric: 'bbox' } };
}

/** The image and object of a big object that nothing overlaps. */
function objectIn(from: number): [image: number, object: number] {
  for (let image = from; image < clean.records.length; image++) {
    const object = clean.records[image].areas.findIndex((area) => area > 60);
    if (object >= 0 && clean.records[image].truths.labels.length > 1) return [image, object];
  }
  throw new Error('no image with an object');
}

test('nothing is suspicious where labels and detections agree', () => {
  const found = LabelMistakes.of(changed(() => {}));
  expect([found.labels, String(found).split('\n')[0]]).toEqual([[], 'suspicious labels of toytown train: none']);
});

test('a removed label, a renamed one and a moved box are found, by their kinds', async () => {
  const [[a, i], [b, j], [c, k]] = [objectIn(0), objectIn(3), objectIn(6)];
  const results = changed((records) => {
    const { bboxes, labels, ignored } = records[a].truths;
    const kept = [...labels.keys()].filter((at) => at !== i);
    records[a].truths = {
      bboxes: Float32Array.from(kept.flatMap((at) => [...bboxes.subarray(4 * at, 4 * at + 4)])),
      labels: Int32Array.from(kept, (at) => labels[at]),
      ignored: Uint8Array.from(kept, (at) => ignored[at]),
    };
    records[a].areas = Float32Array.from(kept, (at) => records[a].areas[at]);
    records[b].truths.labels[j] = (records[b].truths.labels[j] + 1) % 3;
    const box = records[c].truths.bboxes.subarray(4 * k, 4 * k + 4);
    box[2] = box[0] + 0.35 * (box[2] - box[0]);
  });
  const report = new Report(
    { metric: 'CocoMetric', metrics: {}, perClass: [], images: 12, truths: 1, detections: 1, problems: [] },
    'toytown',
    1,
    { results },
  );
  const data = new LabDataset('toytown', clean, undefined);
  const found = await data.labelMistakes(report, { minimum: 0.3 });
  const summary = found.labels.map(({ kind, file }) => [kind, path.basename(file)]).sort();
  const name = (image: number) => path.basename(clean.records[image].path);
  expect(summary).toEqual(
    [
      ['missing label', name(a)],
      ['wrong class', name(b)],
      ['bad box', name(c)],
    ].sort(),
  );
  const [wrong] = found.filter('wrong class').labels;
  const before = clean.records[b].truths.labels[j];
  expect([wrong.detected, wrong.labelled]).toEqual([clean.classes[before], clean.classes[(before + 1) % 3]]);
  expect(wrong.annotationId).toBe(clean.records[b].annotationIds[j]);
  const [bad] = found.filter('bad box').labels;
  expect(bad.iou).toBeCloseTo(0.35, 2);
  expect(bad.suspicion).toBeCloseTo(bad.score * 0.65, 2);
  expect(String(found)).toMatch(/^suspicious labels of toytown train: 1 missing label, 1 wrong class, 1 bad box\n/);
  expect(found.show().images.map(({ boxes }) => boxes.filter(({ score }) => score !== undefined).length)).toEqual([
    1, 1, 1,
  ]);
  const csv = readFileSync(await found.save(path.join(folder, 'labels.csv')), 'utf8').split('\r\n');
  expect(csv.length).toBe(5);
  expect(() => found.filter('bad boxes' as never)).toThrow(/Did you mean "bad box"\?/);
  expect(() => LabelMistakes.of(results, { minimum: 2 })).toThrow(/expected a minimum from 0 to 1, received 2/);
});

test('several detections of one missing object are one mistake', () => {
  const results = changed(() => {});
  const { detections } = results.images[0];
  const { width, height } = clean.records[0];
  const corner = [width - 9, height - 9, width - 1, height - 1];
  results.images[0].detections = {
    bboxes: Float32Array.from([...detections.bboxes, ...corner, ...corner.map((v) => v - 0.5)]),
    labels: Int32Array.from([...detections.labels, 0, 1]),
    scores: Float32Array.from([...detections.scores, 0.8, 0.7]),
  };
  const found = LabelMistakes.of(results)
    .filter('missing label')
    .labels.filter(({ bbox }) => bbox[0] > width - 12);
  expect(found.map(({ score }) => Math.round(100 * score))).toEqual([80]);
});
