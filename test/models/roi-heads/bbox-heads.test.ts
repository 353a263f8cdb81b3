// Box heads against MMDetection's (shared2fc_bbox_head.safetensors): predictions, detections, losses, settings.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BuildContext, type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { losses } from '../../../src/models/losses';
import { type BBoxHead, roiDetections, roiHeads } from '../../../src/models/roi-heads';
import { type BBoxTargets, bboxTargets } from '../../../src/models/roi-heads/bbox-heads/bbox-targets';
import { taskModules } from '../../../src/models/task-modules';
import { torchShape } from '../../../src/nn';
import { Random } from '../../../src/random';
import { boxes, expectClose, fillByFormula, golden, nhwc } from '../../golden-data';

const registry = new Registry([...roiHeads, ...losses, ...taskModules]);
const build = (config: ModuleConfig, context: Partial<BuildContext> = {}) =>
  registry.build<BBoxHead>('bbox_head', config, { path: 'bbox_head', ...context });
const { tensors, metadata } = golden('shared2fc_bbox_head');
const config = JSON.parse(metadata.cfg) as ModuleConfig &
  Record<'in_channels' | 'num_classes' | 'roi_feat_size', number>;
const floats = (name: string) => tensors.get(name)!.data as Float32Array;

beforeAll(async () => void (await startEngine()));

describe.each([
  ['cls', false],
  ['agn', true],
])('Shared2FCBBoxHead, %s', (name, agnostic) => {
  test('predicts what the reference predicts', () => {
    const head = build({ ...config, reg_class_agnostic: agnostic } as ModuleConfig);
    const prefix = `${name}.w.`;
    const named = [...tensors.keys()].filter((key) => key.startsWith(prefix));
    expect([...head.named()].map(([key]) => prefix + key)).toEqual(named);
    expect([...head.named()].map(([, p]) => torchShape(p))).toEqual(named.map((key) => tensors.get(key)!.shape));
    fillByFormula(head);
    const state = head.stateDict();
    for (const key of named) expectClose(state.get(key.slice(prefix.length))!.data, floats(key), 0, key);

    const { scores, deltas, probabilities } = tf.tidy(() => {
      const found = head.forward(nhwc(tensors.get('x')!));
      return {
        scores: found.scores!.dataSync<'float32'>(),
        deltas: found.deltas!.dataSync<'float32'>(),
        probabilities: tf.softmax(found.scores!).dataSync<'float32'>(),
      };
    });
    expectClose(scores, floats(`${name}.cls`), 5e-6, 'scores');
    expectClose(deltas, floats(`${name}.reg`), 5e-6, 'deltas');
    const rois = floats('rois');
    const found = roiDetections(
      {
        boxes: Float32Array.from({ length: 40 }, (_, k) => rois[5 * (k >> 2) + 1 + (k & 3)]),
        scores: probabilities,
        deltas,
      },
      head.coder,
      3,
      { imgId: 0, imgPath: '', oriShape: [48, 64], imgShape: [96, 128], scaleFactor: [2, 2], flip: false },
      { score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 },
      true,
    );
    expectClose(found.scores, floats(`${name}.det_scores`), 1e-6, 'detection scores');
    expectClose(found.bboxes, floats(`${name}.det_bboxes`), 1e-4, 'detected boxes');
    expect([...found.labels]).toEqual([...tensors.get(`${name}.det_labels`)!.data]);
    head.dispose();
  });
});

/** Two images, four positives, four negatives. */
function targetsFor(head: BBoxHead, decoded = false, positiveWeight = -1): BBoxTargets {
  const sampled = ['one', 'two'].map((name) => ({
    priors: boxes(name, 6),
    truths: 0,
    positive: Int32Array.of(0, 2),
    negative: Int32Array.of(3, 5),
    positiveTruth: Int32Array.of(0, 1),
    positiveLabels: Int32Array.of(2, 0),
    positiveBoxes: boxes(`${name} truth`, 2),
    avgFactor: 4,
  }));
  return bboxTargets(sampled, { coder: head.coder, decoded, classes: 3, positiveWeight });
}

describe('losses', () => {
  const features = () => nhwc({ shape: [8, 4, 7, 7], data: floats('x').subarray(0, 8 * 196) });

  test('are the mean cross entropy, and the box error of the own class over all regions', () => {
    const head = build(config);
    fillByFormula(head);
    const targets = targetsFor(head);
    expect([...targets.labels]).toEqual([2, 0, 3, 3, 2, 0, 3, 3]);
    expect([...targets.positives]).toEqual([0, 1, 4, 5]);
    expect([...targets.rois.subarray(20, 25)]).toEqual([1, ...boxes('two', 1)]);
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

describe('settings', () => {
  const names = (head: BBoxHead) =>
    Object.fromEntries([...head.named()].filter(([n]) => n.endsWith('weight')).map(([n, p]) => [n, torchShape(p)]));

  test('ConvFCBBoxHead with shared convolutions and branches', () => {
    const head = build({
      type: 'ConvFCBBoxHead',
      in_channels: 4,
      num_classes: 3,
      num_shared_convs: 1,
      num_cls_convs: 1,
      num_cls_fcs: 1,
      num_reg_convs: 2,
      conv_out_channels: 8,
      fc_out_channels: 16,
      norm_cfg: { type: 'BN' },
    });
    expect(names(head)).toEqual({
      'fc_cls.weight': [4, 16],
      'fc_reg.weight': [12, 8 * 49],
      'shared_convs.0.conv.weight': [8, 4, 3, 3],
      'shared_convs.0.bn.weight': [8],
      'cls_convs.0.conv.weight': [8, 8, 3, 3],
      'cls_convs.0.bn.weight': [8],
      'cls_fcs.0.weight': [16, 8 * 49],
      'reg_convs.0.conv.weight': [8, 8, 3, 3],
      'reg_convs.0.bn.weight': [8],
      'reg_convs.1.conv.weight': [8, 8, 3, 3],
      'reg_convs.1.bn.weight': [8],
    });
    head.initWeights(Random.seeded(1));
    tf.tidy(() => {
      const { scores, deltas } = head.forward(tf.ones([2, 7, 7, 4]));
      expect([scores!.shape, deltas!.shape]).toEqual([
        [2, 4],
        [2, 12],
      ]);
    });
    head.dispose();
  });

  test('Shared4Conv1FCBBoxHead and BBoxHead', () => {
    const four = build({
      type: 'Shared4Conv1FCBBoxHead',
      in_channels: 4,
      num_classes: 3,
      conv_out_channels: 8,
      fc_out_channels: 16,
    });
    expect(Object.keys(names(four))).toContain('shared_convs.3.conv.weight');
    expect(names(four)['shared_fcs.0.weight']).toEqual([16, 8 * 49]);
    const plain = build({ type: 'BBoxHead', in_channels: 4, num_classes: 3, with_avg_pool: true });
    expect(names(plain)).toEqual({ 'fc_cls.weight': [4, 4], 'fc_reg.weight': [12, 4] });
    tf.tidy(() => {
      expect(plain.forward(tf.ones([2, 7, 7, 4])).scores!.shape).toEqual([2, 4]);
    });
    const flat = build({ type: 'BBoxHead', in_channels: 4, num_classes: 3, with_reg: false });
    expect(names(flat)).toEqual({ 'fc_cls.weight': [4, 196] });
  });

  test('weights start as the reference: normal for predictions, Xavier before them, no bias', () => {
    const head = build({ ...config, fc_out_channels: 256, num_classes: 20 } as ModuleConfig);
    head.initWeights(Random.seeded(1));
    const state = head.stateDict();
    const std = (name: string) => {
      const values = state.get(name)!.data as Float32Array;
      return Math.sqrt(values.reduce((s, v) => s + v * v, 0) / values.length);
    };
    expect(std('fc_cls.weight')).toBeCloseTo(0.01, 3);
    expect(std('fc_reg.weight')).toBeCloseTo(0.001, 4);
    expect(std('shared_fcs.0.weight')).toBeCloseTo(Math.sqrt(2 / (196 + 256)), 3);
    expect(std('shared_fcs.0.bias') + std('fc_cls.bias')).toBe(0);
    head.dispose();
  });

  test('contradictions are refused, naming both sides', () => {
    const inputs = [{ channels: 8, stride: 1, size: [7, 7] as [number, number] }];
    expect(() => build(config, { inputs })).toThrow(/in_channels is 4, but .* have 8 channels/);
    const sized = { ...config, in_channels: 8, roi_feat_size: 14 } as ModuleConfig;
    expect(() => build(sized, { inputs })).toThrow(/roi_feat_size is 14 x 14, but RoIs are pooled to 7 x 7/);
    expect(() => build(config, { numClasses: 5 })).toThrow(/num_classes is 3, but the data set has 5 classes/);
    expect(() => build({ type: 'Shared2FCBBoxHead', in_channels: 4 })).toThrow(
      /num_classes is neither given nor known/,
    );
    expect(() => build({ type: 'ConvFCBBoxHead', in_channels: 4, num_classes: 3 })).toThrow(
      /no layers before its predictions/,
    );
    const late = { type: 'ConvFCBBoxHead', in_channels: 4, num_classes: 3, num_shared_fcs: 1, num_cls_convs: 1 };
    expect(() => build(late)).toThrow(/cannot follow num_shared_fcs/);
    expect(() => build({ ...config, with_cls: false, with_reg: false } as ModuleConfig)).toThrow(/both false/);
  });

  test('channels, size and classes are inferred', () => {
    const inputs = [{ channels: 8, stride: 1, size: [5, 5] as [number, number] }];
    const head = build({ type: 'Shared2FCBBoxHead' }, { inputs, numClasses: 2 });
    expect(names(head)).toMatchObject({ 'fc_cls.weight': [3, 1024], 'shared_fcs.0.weight': [1024, 200] });
    head.dispose();
  });
});
