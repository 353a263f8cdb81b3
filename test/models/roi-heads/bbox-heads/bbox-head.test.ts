// BBoxHead: losses, settings, and what it refuses. The losses are those of a Shared2FCBBoxHead, which inherits them.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BuildContext, type ModuleConfig, Registry } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { losses } from '../../../../src/models/losses';
import { type BBoxHead, roiHeads } from '../../../../src/models/roi-heads';
import type { BBoxTargets } from '../../../../src/models/roi-heads/bbox-heads/bbox-targets';
import { taskModules } from '../../../../src/models/task-modules';
import { fillByFormula, golden, nhwc } from '../../../golden-data';
import { targetsFor, weightShapes } from './sampled-targets';

const registry = new Registry([...roiHeads, ...losses, ...taskModules]);
const build = (config: ModuleConfig, context: Partial<BuildContext> = {}) =>
  registry.build('bbox_head', config, { path: 'bbox_head', ...context }) as BBoxHead;
const { tensors, metadata } = golden('shared2fc_bbox_head');
const config = JSON.parse(metadata.cfg) as ModuleConfig & { in_channels: number; num_classes: number };
const floats = (name: string) => tensors.get(name)!.data as Float32Array;

beforeAll(async () => void (await startEngine()));

describe('losses', () => {
  const features = () => nhwc({ shape: [8, 4, 7, 7], data: floats('x').subarray(0, 8 * 196) });

  test('are the mean cross entropy, and the box error of their class over all RoIs', () => {
    const head = build(config);
    fillByFormula(head);
    const targets = targetsFor(head);
    tf.tidy(() => {
      const found = head.forward(features());
      const [scores, deltas] = [found.scores!.arraySync(), found.deltas!.arraySync()];
      const cls = scores.map((row, i) => Math.log(row.reduce((s, v) => s + Math.exp(v), 0)) - row[targets.labels[i]]);
      let box = 0;
      for (const [k, i] of targets.positives.entries())
        for (let j = 0; j < 4; j++) box += Math.abs(deltas[i][4 * targets.labels[i] + j] - targets.boxes[4 * k + j]);
      const right = scores.filter((row, i) => row.indexOf(Math.max(...row)) === targets.labels[i]).length;
      const result = head.loss(found, targets) as Record<string, tf.Scalar>;
      expect(result.loss_cls.arraySync()).toBeCloseTo(cls.reduce((a, b) => a + b) / 8, 5);
      expect(result.loss_bbox.arraySync() / (box / 8)).toBeCloseTo(1, 5);
      expect(result.acc.arraySync()).toBeCloseTo((100 * right) / 8, 4);
    });
    head.dispose();
  });

  test('a positive weight counts, and without positives the box layer keeps a zero gradient', () => {
    const head = build(config);
    fillByFormula(head);
    tf.tidy(() => {
      const value = (t: BBoxTargets) => (head.loss(head.forward(features()), t).loss_cls as tf.Scalar).arraySync();
      expect(value(targetsFor(head, false, 2))).toBeGreaterThan(value(targetsFor(head)));
      const none = {
        ...targetsFor(head),
        labels: new Int32Array(8).fill(3),
        positives: new Int32Array(0),
        boxes: new Float32Array(0),
      };
      const { grads } = tf.variableGrads(() => {
        const found = head.loss(head.forward(features()), none) as Record<string, tf.Scalar>;
        return tf.add<tf.Scalar>(found.loss_cls, found.loss_bbox);
      });
      const reg = [...head.named()].find(([name]) => name === 'fc_reg.weight')![1];
      expect(tf.max(tf.abs(grads[reg.variable.name])).arraySync()).toBe(0);
    });
    head.dispose();
  });

  test('on decoded boxes they are in pixels', () => {
    const head = build({ ...config, reg_decoded_bbox: true } as ModuleConfig);
    fillByFormula(head);
    tf.tidy(() => {
      const targets = targetsFor(head, true);
      const found = head.forward(features());
      const deltas = found.deltas!.arraySync();
      let error = 0;
      for (const [k, i] of targets.positives.entries()) {
        const own = Float32Array.from(deltas[i].slice(4 * targets.labels[i], 4 * targets.labels[i] + 4));
        const box = head.coder.decode(targets.rois.slice(5 * i + 1, 5 * i + 5), own);
        for (let j = 0; j < 4; j++) error += Math.abs(box[j] - targets.boxes[4 * k + j]);
      }
      const { loss_bbox } = head.loss(found, targets) as Record<string, tf.Scalar>;
      expect(loss_bbox.arraySync() / (error / 8)).toBeCloseTo(1, 4);
    });
    head.dispose();
  });
});

test('by itself two linear layers on the averaged or flattened RoI', () => {
  const plain = build({ type: 'BBoxHead', in_channels: 4, num_classes: 3, with_avg_pool: true });
  expect(weightShapes(plain)).toEqual({ 'fc_cls.weight': [4, 4], 'fc_reg.weight': [12, 4] });
  tf.tidy(() => {
    expect(plain.forward(tf.ones([2, 7, 7, 4])).scores!.shape).toEqual([2, 4]);
  });
  const flat = build({ type: 'BBoxHead', in_channels: 4, num_classes: 3, with_reg: false });
  expect(weightShapes(flat)).toEqual({ 'fc_cls.weight': [4, 196] });
  plain.dispose();
  flat.dispose();
});

test('contradictions are refused, naming both sides', () => {
  const inputs = [{ channels: 8, stride: 1, size: [7, 7] as [number, number] }];
  expect(() => build(config, { inputs })).toThrow(/in_channels is 4, but .* have 8 channels/);
  const sized = { ...config, in_channels: 8, roi_feat_size: 14 } as ModuleConfig;
  expect(() => build(sized, { inputs })).toThrow(/roi_feat_size is 14 x 14, but RoIs are pooled to 7 x 7/);
  expect(() => build(config, { numClasses: 5 })).toThrow(/num_classes is 3, but the dataset has 5 classes/);
  expect(() => build({ type: 'Shared2FCBBoxHead', in_channels: 4 })).toThrow(/num_classes is neither given nor known/);
  expect(() => build({ ...config, with_cls: false, with_reg: false } as ModuleConfig)).toThrow(/both false/);
});
