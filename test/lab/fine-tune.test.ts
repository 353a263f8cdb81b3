// Training in stages: what trains when, at which rate, and from which weights.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type IterationEvent, type LabDataset, startEngine } from '../../src';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-stages-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = (await scenes(folder)).take(2);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Trained parts and the rate of each epoch. */
function watch() {
  const epochs: { parts: string[]; lr: number }[] = [];
  const afterIteration = ({ model, epoch, lr }: IterationEvent) => {
    const names = model.detector.trainable().map(([name]) => name);
    epochs[epoch - 1] = {
      parts: [...new Set(names.map((name) => /^backbone\.\w+|^\w+/.exec(name)?.[0] ?? ''))].sort(),
      lr,
    };
  };
  return { epochs, hooks: [{ afterIteration }] };
}
const HEADS = ['roi_head', 'rpn_head'];

test('heads, neck, the last stage, all that the config trains; each at its rate', async () => {
  const { epochs, hooks } = watch();
  const lines: string[] = [];
  const recipe = small().set({ 'model.backbone.frozen_stages': 1, param_scheduler: [] });
  const options = { ...quick, epochs: 5, lr: 0.01, batch: 2, hooks, log: (line: string) => void lines.push(line) };
  const run = await recipe.fineTune(data, options);
  expect(run.epoch).toBe(5);
  expect(epochs.map(({ parts }) => parts)).toEqual([
    HEADS,
    ['neck', ...HEADS],
    ['backbone.layer4', 'neck', ...HEADS],
    ...[1, 2].map(() => ['backbone.layer2', 'backbone.layer3', 'backbone.layer4', 'neck', ...HEADS]),
  ]);
  for (const [i, lr] of [0.01, 0.01, 0.01 / 3, 0.001, 0.001].entries()) expect(epochs[i].lr).toBeCloseTo(lr, 9);
  expect(lines.join('\n')).toContain(
    'fine-tuning in 4 stages: epoch 1 heads at 0.01; epoch 2 also neck at 0.01; epoch 3 also backbone (the last stage) at 0.00333; ' +
      'epochs 4 to 5 also backbone at 0.001',
  );
  run.model.dispose();
});

test('a model with other classes: the body keeps its weights, the heads start anew; the model is left as it is', async () => {
  const model = await small().classes(['a', 'b']).build({ seed: 4 });
  const before = model.detector.stateDict();
  const { epochs, hooks } = watch();
  const lines: string[] = [];
  const stages = [
    { train: 'heads', epochs: 1, lr: 0.001 },
    { train: ['neck.fpn_convs'], epochs: 1, lr: 0.002 },
  ];
  const run = await model.fineTune(data, {
    ...quick,
    epochs: undefined,
    stages,
    hooks,
    log: (line) => lines.push(line),
  });
  expect(epochs.map(({ parts }) => parts)).toEqual([HEADS, ['neck', ...HEADS]]);
  expect(run.model.classes).toEqual(data.classes);
  const after = run.model.detector.stateDict();
  expect(after.get('backbone.layer1.0.conv1.weight')).toEqual(before.get('backbone.layer1.0.conv1.weight'));
  expect(after.get('neck.lateral_convs.0.conv.weight')).toEqual(before.get('neck.lateral_convs.0.conv.weight'));
  expect(after.get('neck.fpn_convs.0.conv.weight')).not.toEqual(before.get('neck.fpn_convs.0.conv.weight'));
  expect(lines.join('\n')).toMatch(/fc_cls/);
  for (const [name, { data: values }] of model.detector.stateDict()) expect(values).toEqual(before.get(name)!.data);
  model.dispose();
  run.model.dispose();
});

test('stages that there cannot be', async () => {
  const tune = (options: object) => small().fineTune(data, { ...quick, ...options });
  await expect(tune({ epochs: 3 })).rejects.toThrow(
    /in 4 stages: expected epochs to be 4 or more, one for each stage, received 3/,
  );
  await expect(tune({ stages: [{ train: 'nek' }] })).rejects.toThrow(/no part has the path "nek"/);
  await expect(tune({ stages: [{ train: 'backbone', top: 5 }] })).rejects.toThrow(/has 4 stages, received top: 5/);
  await expect(tune({ stages: [{ train: 'neck', top: 1 }] })).rejects.toThrow(/top is of train: 'backbone'/);
  await expect(tune({ stages: [{ train: 'heads', epochs: 2 }, { train: 'neck' }] })).rejects.toThrow(
    /for none, received 1/,
  );
  await expect(tune({ epochs: 9, stages: [{ train: 'heads', epochs: 2 }] })).rejects.toThrow(/the stages have 2/);
  await expect(tune({ stages: [{ train: 'heads', lrs: 2 }] })).rejects.toThrow(/unknown option "lrs"/);
});
