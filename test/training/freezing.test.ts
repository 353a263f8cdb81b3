// Freezing: by path, glob and stages, bit-equal over training, undone at an epoch and after a resume.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LabDataset, type Recipe, startEngine } from '../../src';
import { quick, scenes, small } from '../lab/small';
import { changed, weightsOf } from '../lab/weights';

const folder = mkdtempSync(join(tmpdir(), 'detlab-tune-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  const { name, train } = await scenes(folder);
  // nothing to evaluate: it is the weights that count here
  data = new LabDataset(name, train, undefined);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Batch norms that move, and images enough for two iterations an epoch. */
const moving = () => small().set({ 'model.backbone.norm_eval': false, 'model.backbone.frozen_stages': -1 });

describe('freezing', () => {
  test('frozen weights and statistics stay bit-equal; the rest moves; the summary shows it', async () => {
    const recipe = moving().freeze('backbone', { stages: 2 }).freeze('**.layer4.1.bn*', 'neck.fpn_convs.0');
    const start = await recipe.build({ seed: 1 });
    const before = weightsOf(start);
    const frozen = start.detector.trainable().map(([name]) => name);
    start.dispose();
    const run = await recipe.fit(data, { ...quick, epochs: 1, batch: 6, seed: 1, lr: 0.01 });
    const moved = new Set(changed(before, weightsOf(run.model)));
    const still = [...before.keys()].filter((name) => !moved.has(name));
    const wanted = /^backbone\.(conv1|bn1|layer[12])\.|^backbone\.layer4\.1\.bn|^neck\.fpn_convs\.0\./;
    expect(still.filter((name) => !wanted.test(name))).toEqual([]);
    expect([...moved].filter((name) => wanted.test(name))).toEqual([]);
    expect(frozen.some((name) => wanted.test(name))).toBe(false);
    expect(moved.has('backbone.layer3.0.bn1.running_mean')).toBe(true);
    const text = String(await recipe.summary());
    expect(text).toMatch(/\.layer2 .* frozen/);
    expect(text).toMatch(/\.fpn_convs .* trained/);
    run.model.dispose();
  });

  test('a part that is not there, or has no such stages, is named', async () => {
    const wrong = (recipe: Recipe) => expect(recipe.summary()).rejects;
    await wrong(small().freeze('bakbone')).toThrow(/Did you mean "backbone"/);
    await wrong(small().freeze('backbone', { stages: 5 })).toThrow(
      /expected 0 \(the stem alone\) to 4 \(layer1, layer2/,
    );
    await wrong(small().freeze('neck', { stages: 1 })).toThrow(/has none by name. Its parts are "lateral_convs"/);
    expect(() => small().freeze()).toThrow(/expected paths, such as freeze\('backbone.layer1'\)/);
    expect(() => small().unfreeze('backbone', { epoch: 0 })).toThrow(/epoch: expected int/);
  });

  test('unfreezing at an epoch, whole or resumed, gives the same numbers', async () => {
    const recipe = moving().freeze('backbone').unfreeze('backbone.layer4', { epoch: 2 });
    expect(String(await recipe.summary())).toMatch(/backbone\.layer4 trains from epoch 2 on/);
    const options = { ...quick, epochs: 2, batch: 6, seed: 1, lr: 0.01 };
    const lines: string[] = [];
    const whole = await recipe.fit(data, {
      ...options,
      workDir: join(folder, 'whole'),
      log: (line) => void lines.push(line),
    });
    expect(lines).toContain('epoch 2: backbone.layer4 trains from here on');
    const after = weightsOf(whole.model);
    const start = await recipe.build({ seed: 1 });
    const moved = changed(weightsOf(start), after);
    start.dispose();
    expect(moved.some((name) => name.startsWith('backbone.layer4'))).toBe(true);
    expect(moved.some((name) => name.startsWith('backbone.layer3'))).toBe(false);

    // stopped in the epoch before and in the epoch after the change, then resumed
    const steps = whole.step / 2;
    for (const stop of [1, steps + 1]) {
      const workDir = join(folder, `stop-${stop}`);
      const controller = new AbortController();
      const onStep = ({ step }: { step: number }) => {
        if (step === stop) controller.abort();
      };
      (await recipe.fit(data, { ...options, workDir, signal: controller.signal, onStep })).model.dispose();
      const resumed = await recipe.fit(data, { ...options, workDir, resume: true });
      expect(changed(after, weightsOf(resumed.model))).toEqual([]);
      resumed.model.dispose();
    }
    whole.model.dispose();
  });
});
