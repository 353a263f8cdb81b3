// `evaluate(data, { corruptions, metric, slices })` of a small detector, and the words that choose metrics.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LabDataset, Model } from '../../src';
import type { ConfigValue } from '../../src/config/data';
import { chosenMetrics, configuredMetrics } from '../../src/lab/chosen-metrics';
import { corruptionsOf, Robustness } from '../../src/lab/robustness';
import { scenes, small } from './small';

const root = mkdtempSync(path.join(tmpdir(), 'detlab-robustness-'));
let town: LabDataset;
let model: Model;
beforeAll(async () => {
  town = (await scenes(path.join(root, 'town'))).take(1);
  model = await small().classes(town.classes).build({ seed: 4 });
});
afterAll(() => {
  model.dispose();
  rmSync(root, { recursive: true, force: true });
});

it('corrupted images give other numbers, the same ones each time', async () => {
  const options = { corruptions: ['gaussian_noise', 'contrast'], severities: [0, 5] };
  const report = await model.evaluate(town, options);
  const { robustness } = report;
  expect(robustness!.corrupted.map(({ corruption, severity }) => [corruption, severity])).toEqual([
    ['gaussian_noise', 5],
    ['contrast', 5],
  ]);
  expect(robustness!.P).toEqual((await model.evaluate(town)).metrics);
  expect((await model.evaluate(town, options)).robustness!.corrupted).toEqual(robustness!.corrupted);
  expect(report.toString()).toMatch(/gaussian noise[\s\S]*mPC[\s\S]*rPC/);
  await expect(model.evaluate(town, { severities: [1] })).rejects.toThrow('Cannot evaluate severities alone');
  await expect(model.evaluate(town, { corruptions: 'fogg' })).rejects.toThrow('Did you mean "fog"?');
});

it('the files of the metrics are those of the clean images', async () => {
  const out = (name: string) => path.join(root, name);
  const metrics = (name: string) => [
    { type: 'CocoMetric', metric: 'bbox', outfile_prefix: out(name) },
    { type: 'DumpDetResults', out_file_path: out(`${name}.pkl`) },
  ];
  await model.evaluate(town, { metric: metrics('clean') });
  const options = { corruptions: 'contrast', severities: [5] };
  const { files, robustness } = await model.evaluate(town, { ...options, metric: metrics('both') });
  expect(files).toEqual([out('both.bbox.json'), out('both.pkl')]);
  for (const end of ['.bbox.json', '.pkl'])
    expect(readFileSync(out(`both${end}`)).equals(readFileSync(out(`clean${end}`)))).toBe(true);
  expect(robustness!.corrupted[0].metrics.AP).toBeGreaterThan(-1);
  expect(String(robustness)).toContain('mean over 1 corruption and severity 5;');
  expect(Object.keys(robustness!.mPC)).toEqual(Object.keys(robustness!.P));
  const [, dump] = metrics('none');
  await expect(model.evaluate(town, { ...options, metric: dump })).rejects.toThrow('it writes detections and measures');
});

it('mPC and rPC are means over corruptions and severities', () => {
  const rows = [0.2, 0.4, 0.1, 0.3].map((AP, i) => ({
    corruption: i < 2 ? 'fog' : 'snow',
    severity: 1 + (i % 2),
    metrics: { AP },
  }));
  const robustness = new Robustness('town', { AP: 0.5 }, rows);
  expect([robustness.mPC.AP, robustness.rPC.AP].map((value) => value.toFixed(6))).toEqual(['0.250000', '0.500000']);
  expect(corruptionsOf(['noise', 'fog'])).toEqual(['gaussian_noise', 'shot_noise', 'impulse_noise', 'fog']);
  expect(() => corruptionsOf('frost')).toThrow(
    /by frost: it needs photographs .*pip install imagecorruptions.*frostDir/,
  );
  expect(corruptionsOf(['frost', 'weather'], 'frost')).toEqual(['frost', 'snow', 'fog', 'brightness']);
  expect(corruptionsOf('weather')).toEqual(['snow', 'fog', 'brightness']);
  expect(corruptionsOf('benchmark', 'frost')).toHaveLength(15);
});

it('metrics by words, several in one report, with slices and a file', async () => {
  const file = path.join(root, 'results.pkl');
  const metric = ['bbox', 'voc', { type: 'DumpDetResults', out_file_path: file }];
  const report = await model.evaluate(town, { metric, slices: ['size', 'brightness'] });
  expect(Object.keys(report.metrics)).toEqual(expect.arrayContaining(['AP', 'pascal_voc/mAP', 'pascal_voc/AP50']));
  expect(Object.keys(report.logNames())).toEqual(expect.arrayContaining(['coco/bbox_mAP', 'pascal_voc/mAP']));
  expect(report.files).toEqual([file]);
  expect(readFileSync(file).length).toBeGreaterThan(100);
  expect(report.sliced!.rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['all', 'size small']));
  expect(report.metrics.AP).toBe((await model.evaluate(town)).metrics.AP);
  await expect(model.evaluate(town, { metric: 'boxes' })).rejects.toThrow('Cannot evaluate');
});

it('a list in a config is computed whole, but for what there is not', () => {
  const val_evaluator: ConfigValue[] = [
    { type: 'CocoMetric', metric: 'bbox', ann_file: 'a.json' },
    { type: 'DumpProposals' },
    { type: 'VOCMetric' },
  ];
  expect(configuredMetrics({ val_evaluator }, 'val_evaluator')).toEqual([
    { config: { type: 'CocoMetric', metric: 'bbox' }, path: 'val_evaluator.0' },
    { config: { type: 'VOCMetric' }, path: 'val_evaluator.2' },
  ]);
  expect(chosenMetrics(['bbox', 'segm', 'lvis']).map(({ config }) => config)).toEqual([
    { type: 'CocoMetric', metric: ['bbox', 'segm'] },
    { type: 'LVISMetric' },
  ]);
  expect(() => chosenMetrics('lviss')).toThrow('Did you mean "lvis"?');
});
