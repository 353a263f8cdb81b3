// AugFPN and what belongs to it against their formulas in double precision, and its losses in a whole detector.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { PackedSample } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';
import type { TwoStageDetector } from '../../../src/models/detectors';
import type { AugFPN } from '../../../src/models/necks/augfpn';
import type { SoftRoIExtractor } from '../../../src/models/roi-heads';
import { Module } from '../../../src/nn';
import { Random } from '../../../src/random';
import { boxes, checkModule } from '../../golden-data';

const registry = createRegistry();
const build = (config: ModuleConfig) => registry.build('neck', config, { path: 'model.neck' }) as AugFPN;

beforeAll(async () => void (await startEngine()));

test.each(['neck_augfpn', 'neck_augfpn_ratios'])('%s equals its formula', (name) => checkModule(name, build));

/** A module under its own parameters' names whose forward is another function of them. */
class Seen extends Module {
  constructor(
    inner: Module,
    readonly forward: (inputs: tf.Tensor4D[]) => tf.Tensor4D[],
  ) {
    super();
    for (const [name, child] of inner.children()) this.addChild(name, child);
  }
}

test('the levels before they are merged are what is supervised', () =>
  checkModule('neck_augfpn_raw', (config) => {
    const neck = build(config);
    return new Seen(neck, (inputs) => neck.forwardTraining(inputs).auxiliary!.levels);
  }));

test('soft RoI selection equals its formula', () =>
  checkModule('layer_soft_roi', (config) => {
    const extractor = registry.build('roi_extractor', config, { path: 'roi' }) as SoftRoIExtractor;
    const corners = boxes('rois', 5);
    const rois = Float32Array.from({ length: 25 }, (_, i) => {
      const [region, k] = [Math.floor(i / 5), i % 5];
      return k === 0 ? region % 2 : corners[4 * region + k - 1];
    });
    return new Seen(extractor, (levels) => [extractor.forward(levels, rois)]);
  }));

const sampler = { type: 'RandomSampler', num: 16, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: true };
const assigner = {
  type: 'MaxIoUAssigner',
  pos_iou_thr: 0.5,
  neg_iou_thr: 0.5,
  min_pos_iou: 0.5,
  match_low_quality: false,
};
const detector = (neck: unknown, extractor = 'SingleRoIExtractor') =>
  registry.build(
    'detector',
    {
      type: 'FasterRCNN',
      backbone: { type: 'ResNet', depth: 18, base_channels: 8 },
      neck,
      rpn_head: {
        type: 'RPNHead',
        feat_channels: 8,
        anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [1] },
      },
      roi_head: {
        type: 'StandardRoIHead',
        bbox_roi_extractor: { type: extractor, roi_layer: { type: 'RoIAlign', output_size: 3 } },
        bbox_head: { type: 'Shared2FCBBoxHead', fc_out_channels: 16, num_classes: 2 },
      },
      train_cfg: {
        rpn: {
          assigner: { ...assigner, pos_iou_thr: 0.7, neg_iou_thr: 0.3 },
          sampler: { ...sampler, add_gt_as_proposals: false },
        },
        rpn_proposal: { nms_pre: 50, max_per_img: 20, nms: { type: 'nms', iou_threshold: 0.7 } },
        rcnn: { assigner, sampler },
      },
      test_cfg: {
        rpn: { nms_pre: 50, max_per_img: 20, nms: { type: 'nms', iou_threshold: 0.7 } },
        rcnn: { score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 10 },
      },
    },
    { path: 'model' },
  ) as TwoStageDetector;

/** Losses of one step on one image, and whether the gradient reaches each parameter. */
function step(model: TwoStageDetector): { losses: Record<string, number>; idle: string[] } {
  model.initWeights(Random.seeded(1));
  model.train();
  const data = new Uint8Array(64 * 96 * 3).map((_, i) => (i * 37) % 251);
  const sample: PackedSample = {
    image: { data, width: 96, height: 64, order: 'bgr' },
    meta: { imgId: 0, imgPath: 'a.png', oriShape: [64, 96], imgShape: [64, 96], scaleFactor: [1, 1], flip: false },
    truths: { bboxes: Float32Array.of(8, 8, 40, 48), labels: Int32Array.of(1), ignored: new Uint8Array(1) },
  };
  const batch = model.preprocess([sample]);
  const losses: Record<string, number> = {};
  const idle: string[] = [];
  tf.tidy(() => {
    const parameters = model.trainable();
    const { grads } = tf.variableGrads(
      () => {
        const found = model.loss(batch, { random: Random.seeded(2), epoch: 0, iteration: 0 });
        const terms = Object.entries(found).flatMap(([name, value]) =>
          name.includes('loss') ? [value].flat().map((term) => ({ name, term })) : [],
        );
        for (const { name, term } of terms) losses[name] = (losses[name] ?? 0) + term.dataSync()[0];
        return tf.addN(terms.map(({ term }) => term)) as tf.Scalar;
      },
      parameters.map(([, p]) => p.variable),
    );
    for (const [name, p] of parameters) {
      const g = grads[p.variable.name] as tf.Tensor | null;
      if (!g || tf.max(tf.abs(g)).dataSync()[0] === 0) idle.push(name);
    }
  });
  batch.inputs.dispose();
  model.dispose();
  return { losses, idle };
}

test('consistent supervision adds losses, and soft selection learns', () => {
  const neck = { type: 'AugFPN', out_channels: 8, num_outs: 5 };
  const { losses, idle } = step(detector(neck, 'SoftRoIExtractor'));
  expect(Object.keys(losses).sort()).toEqual([
    'loss_aux_bbox',
    'loss_aux_cls',
    'loss_bbox',
    'loss_cls',
    'loss_rpn_bbox',
    'loss_rpn_cls',
  ]);
  expect(losses.loss_aux_cls).toBeGreaterThan(0);
  expect(losses.loss_aux_cls).toBeLessThan(losses.loss_cls);
  expect(idle.filter((name) => /high_|lateral_convs|fusion/.test(name))).toEqual([]);
  const sequence = step(detector([{ ...neck, auxiliary_weight: 0.5 }, { type: 'BFP' }]));
  expect(Object.keys(sequence.losses)).toContain('loss_aux_cls');
  const plain = step(detector({ ...neck, auxiliary_weight: 0 }));
  expect(Object.keys(plain.losses)).not.toContain('loss_aux_cls');
});
