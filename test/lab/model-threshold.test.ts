// A threshold kept with the weights: chosen by a report, saved, loaded, used by predict and by the command line.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, Model, Report, startEngine } from '../../src';
import { writeWeights } from '../../src/checkpoints';
import { storedThreshold } from '../../src/lab/model-threshold';
import { encodeState } from '../../src/nn/stored-tensor';
import { randomResults } from '../analysis/random-results';
import { detlab } from '../cli/detlab';
import { scenes, small } from './small';
import { smallOptions } from './small-options';

const folder = mkdtempSync(join(tmpdir(), 'detlab-model-threshold-'));
let data: LabDataset;
let model: Model;
beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
  model = await small().classes(data.classes).build({ seed: 1 });
});
afterAll(() => {
  model.dispose();
  rmSync(folder, { recursive: true });
});

/** The report of an imaginary evaluation on the model's classes. */
function imaginary(classes: readonly string[] = model.classes, noise = 3): Report {
  const results = randomResults({ images: 30, classes: classes.length, seed: 2, noise });
  results.dataset.classes.splice(0, classes.length, ...classes);
  const numbers = {
    metric: 'CocoMetric',
    metrics: {},
    perClass: [],
    images: 30,
    truths: 1,
    detections: 1,
    problems: [],
  };
  return new Report(numbers, 'imaginary', 1, { results });
}

test('is in the summary of the model', () => {
  expect(String(model)).not.toContain('detections are shown');
  expect(String(model.withThreshold(0.4))).toContain('detections are shown from a score of 0.4 on');
  expect(String(model.withThreshold({ precision: 0.5 }, imaginary()))).toMatch(
    /detections are shown from a score of 0\.\d+ on: Lowest threshold with a precision of 0\.5 at IoU 0\.5 on imaginary/,
  );
});

test('what has no effect on a given score is refused', () => {
  expect(() => model.withThreshold(0.4, imaginary(), { iou: 0.7 })).toThrow('iou has no effect on a given score');
  expect(model.withThreshold(0.4, imaginary(), { iou: undefined }).threshold).toEqual({ score: 0.4 });
});

test.each(['safetensors', 'pth'])('is saved in .%s and used by predict', async (extension) => {
  const report = imaginary();
  const best = model.withThreshold('best', report);
  expect(best.threshold).toEqual({ score: report.threshold().score, goal: 'best', iou: 0.5, data: 'imaginary' });
  expect(best.detector).toBe(model.detector);
  expect(model.threshold).toBeUndefined();
  const loaded = await Model.load(best.save(join(folder, `best.${extension}`)));
  expect(loaded.threshold).toEqual(best.threshold);
  loaded.dispose();

  const image = data.val!.records[0].path;
  const scores = (await model.predict(image, { threshold: 0 })).map(({ score }) => score);
  const middle = scores[Math.floor(scores.length / 2)];
  const file = model.withThreshold(middle).save(join(folder, `middle.${extension}`));
  const again = await small().load(file);
  expect(again.threshold).toEqual({ score: middle });
  const kept = scores.filter((score) => score >= middle).length;
  expect((await again.predict(image)).confident).toHaveLength(kept);
  expect((await again.predict(image, { threshold: 0 })).confident).toHaveLength(scores.length);
  again.dispose();

  const options = Object.entries(smallOptions).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const run = (...more: string[]) =>
    detlab('predict', 'faster-rcnn_r18_fpn_toytown', file, image, '--json', ...more, '--cfg-options', ...options);
  expect((await run()).lines()[0].predictions).toHaveLength(kept);
  expect((await run('--threshold', '0')).lines()[0].predictions).toHaveLength(scores.length);
});

test('what cannot be chosen is refused', () => {
  expect(() => model.withThreshold('best')).toThrow(/withThreshold\('best', await model.evaluate\(data\)\)/);
  expect(() => model.withThreshold('best', imaginary(['a', 'b']))).toThrow(/its classes are a, b; the model's are /);
  expect(() => model.withThreshold({ precision: 1 }, imaginary(model.classes, 12))).toThrow(
    /\{ precision: 1 \} on "imaginary": a precision of 1 is never reached; the highest is/,
  );
  expect(() => model.withThreshold(30)).toThrow(/scores are from 0 to 1/);
  const { results: _, ...numbers } = imaginary();
  const bare = new Report(numbers, 'bare', 1);
  expect(() => bare.threshold()).toThrow(/"bare": the report has no detections. Evaluate the model/);
});

test('a damaged threshold in a file is reported with the file', async () => {
  expect(storedThreshold({}, 'a.pth')).toBeUndefined();
  const file = join(folder, 'damaged.safetensors');
  const meta = { ...model.meta(), threshold: { score: 30 } };
  writeWeights(file, encodeState(model.detector.stateDict()), { detlab: JSON.stringify(meta) });
  await expect(Model.load(file)).rejects.toThrow(/threshold of .*damaged.safetensors": expected a score from 0 to 1/);
});
