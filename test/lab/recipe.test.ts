// Recipes: what is made of them, and what they show.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { detector, type LabDataset, startEngine } from '../../src';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-recipe-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('recipes', () => {
  test('are never changed by what is made of them', () => {
    const base = small();
    const before = JSON.stringify(base.config);
    base
      .neck('PAFPN')
      .classes(['a'])
      .freeze('neck')
      .set({ 'train_cfg.max_epochs': 1 })
      .backbone({ depth: 34 })
      .named('x');
    base.config.model = null;
    expect(JSON.stringify(base.config)).toBe(before);
  });

  test('a second stage that knows one class is not built for several', async () => {
    const crowd = detector('crowddet-rcnn_r50_fpn_8xb2-30e_crowdhuman').set({ 'model.backbone.init_cfg': null });
    await expect(crowd.classes(['car', 'person']).build({ seed: 0 })).rejects.toThrow(
      /Cannot build CrowdDet for 2 classes \(car, person\): it knows 1\. Load the data with { classes: \['car'\] }, and use \.classes\(\['car'\]\)/,
    );
  });

  test('options are an object of values by path', () => {
    const set = small().set as (...given: unknown[]) => unknown;
    expect(() => set.call(small(), 'train_cfg.max_epochs', 1)).toThrow(
      /expected values by path, set\(\{.*received the string "train_cfg.max_epochs"/,
    );
  });

  test("a neck takes over widths, a backbone frees the neck's in_channels", () => {
    const pafpn = small().neck('PAFPN');
    expect(pafpn.config).toMatchObject({ model: { neck: { type: 'PAFPN', out_channels: 16, num_outs: 5 } } });
    expect(pafpn.name).toBe('faster-rcnn_r18_fpn_toytown+PAFPN');
    expect(() => small().neck('PAFNP' as never)).toThrow(/Did you mean "PAFPN"/);
    const row = small().neck(['FPN', { type: 'BFP', refine_type: 'conv' }]);
    expect(row.config).toMatchObject({ model: { neck: [{ type: 'FPN', num_outs: 5 }, { type: 'BFP' }] } });
    expect([row.name, String(inspect(row))]).toEqual([
      'faster-rcnn_r18_fpn_toytown+FPN+BFP',
      expect.stringMatching(/ResNet, FPN, BFP\)/),
    ]);
    expect(row.neck('PAFPN').config).toMatchObject({ model: { neck: { type: 'PAFPN', out_channels: 16 } } });
    const r18 = detector('faster-rcnn_r50_fpn_1x_coco').backbone({ depth: 18 });
    expect(Object.keys((r18.config as { model: { neck: object } }).model.neck)).not.toContain('in_channels');
  });

  test('a summary names stages, shapes, strides, parameters and what is frozen', async () => {
    const text = String(await small().freeze('backbone.layer1').summary());
    expect(text).toMatch(/backbone +ResNet +16×24×8, 8×12×16, 4×6×32, 2×3×64 +4, 8, 16, 32/);
    expect(text).toMatch(/\.layer1 .*frozen/);
    expect(text).toMatch(/neck +FPN +16×24×16, 8×12×16, 4×6×16, 2×3×16, 1×2×16/);
    const model = await small().build();
    const [features] = [tf.tidy(() => model.detector.extractFeatures(tf.zeros([1, 64, 96, 3])).map((f) => f.shape))];
    expect(features).toEqual([
      [1, 16, 24, 16],
      [1, 8, 12, 16],
      [1, 4, 6, 16],
      [1, 2, 3, 16],
      [1, 1, 2, 16],
    ]);
    model.dispose();
  });

  test('one seed gives one set of weights', async () => {
    const weights = async (seed: number) => {
      const model = await small().build({ seed });
      const state = model.detector.stateDict().get('backbone.conv1.weight')!.data.join();
      model.dispose();
      return state;
    };
    expect(await weights(4)).toBe(await weights(4));
    expect(await weights(5)).not.toBe(await weights(4));
  });

  test('class counts that disagree with the data are named on both sides', async () => {
    const wrong = small().set({ 'model.roi_head.bbox_head.num_classes': 7 });
    await expect(wrong.fit(data, quick)).rejects.toThrow(
      /model.roi_head.bbox_head.num_classes is 7, but "toytown" has 3 classes \(car, person, traffic light\).*\.classes\(data\.classes\)/,
    );
    await expect(small().classes(['car', 'bus', 'tram']).fit(data, quick)).rejects.toThrow(
      /the recipe's classes are car, bus, tram; the data's are car, person, traffic light/,
    );
    expect(() => small().classes(['a', 'a'])).toThrow(/expected distinct names/);
  });
});
