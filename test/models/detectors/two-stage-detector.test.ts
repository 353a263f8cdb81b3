// TwoStageDetector: how its parts fit, and what does not.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { loadConfig } from '../../../src/config';
import type { Truths } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import { FCOSHead } from '../../../src/models/dense-heads';
import type { TwoStageDetector } from '../../../src/models/detectors';
import { torchShape } from '../../../src/nn';
import { Random } from '../../../src/random';
import { expectClose, goldenJson } from '../../golden-data';
import { modelConfig, sample } from './whole-models';

beforeAll(async () => void (await startEngine()));

describe('fitting the parts', () => {
  const base = () => modelConfig('config_faster_r50_fpn_1x') as ModuleConfig & Record<string, Record<string, unknown>>;

  test('a config without channels, strides and classes builds the same model', () => {
    const config = base();
    delete config.neck.in_channels;
    delete config.rpn_head.in_channels;
    delete (config.rpn_head.anchor_generator as Record<string, unknown>).strides;
    const roi = config.roi_head as Record<string, Record<string, unknown>>;
    delete roi.bbox_roi_extractor.out_channels;
    delete roi.bbox_roi_extractor.featmap_strides;
    delete roi.bbox_head.in_channels;
    delete roi.bbox_head.roi_feat_size;
    const model = buildDetector(config, { numClasses: 80 });
    const { state_dict_order } = goldenJson<{ state_dict_order: [string, number[]][] }>('params_faster_r50_fpn');
    expect([...model.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(state_dict_order);
    model.dispose();
  });

  test('what does not fit is refused, naming both sides and the place', () => {
    const change = (f: (config: ReturnType<typeof base>) => void, message: RegExp) => {
      const config = base();
      f(config);
      expect(() => buildDetector(config, { numClasses: 3 })).toThrow(message);
    };
    change(
      (c) => Object.assign(c.neck, { out_channels: 128 }),
      /RPNHead at model.rpn_head: its in_channels is 256, but .* 128/,
    );
    change((c) => Object.assign(c.neck, { num_outs: 4 }), /5 strides \[4, 8, 16, 32, 64\].* 4 levels/);
    change(
      (c) => Object.assign(c.roi_head.bbox_head as object, { num_classes: 80 }),
      /num_classes is 80, but the dataset has 3/,
    );
    change(
      (c) => Object.assign(c.roi_head.bbox_head as object, { roi_feat_size: 14 }),
      /14 x 14, but RoIs are pooled to 7 x 7/,
    );
    change(
      (c) => Object.assign(c.roi_head, { bbox_head: { type: 'Shared2FCBBoxhead' } }),
      /Did you mean "Shared2FCBBoxHead"/,
    );
    change((c) => Object.assign(c, { rpn_heads: {} }), /unknown option "rpn_heads"/);
    expect(() => buildDetector(base())).toThrow(/num_classes is neither given nor known/);
  });
});

describe('a first stage', () => {
  const assigners = {
    RetinaHead: { type: 'MaxIoUAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.4, min_pos_iou: 0 },
    ATSSHead: { type: 'ATSSAssigner', topk: 9 },
    FCOSHead: { type: 'MaxIoUAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.4 },
  };
  const anchors = { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 };
  const layers = { feat_channels: 8, stacked_convs: 1, norm_cfg: null };
  const small = (rpn_head: ModuleConfig): ModuleConfig => ({
    ...modelConfig('config_faster_r50_fpn_1x'),
    backbone: { type: 'ResNet', depth: 18, base_channels: 8 },
    neck: { type: 'FPN', out_channels: 8, num_outs: 5 },
    rpn_head,
    roi_head: {
      type: 'StandardRoIHead',
      bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 3 } },
      bbox_head: { type: 'Shared2FCBBoxHead', fc_out_channels: 8 },
    },
  });
  const truths: Truths = {
    bboxes: new Float32Array([10, 12, 70, 80, 60, 30, 120, 110]),
    labels: new Int32Array([2, 1]),
    ignored: new Uint8Array(2),
  };
  const context = () => ({ random: Random.seeded(1), epoch: 0, iteration: 0 });

  test.each<[keyof typeof assigners, object]>([
    ['RetinaHead', { anchor_generator: anchors }],
    ['ATSSHead', { anchor_generator: anchors, reg_decoded_bbox: true, loss_bbox: { type: 'GIoULoss' } }],
    ['FCOSHead', { norm_on_bbox: true, strides: [4, 8, 16, 32, 64] }],
  ])('may be %s: it proposes what it would detect, whatever the class', (type, options) => {
    const config = small({ type, ...layers, ...options }) as ModuleConfig & { train_cfg: { rpn: object } };
    const sampler = { type: 'PseudoSampler' };
    config.train_cfg.rpn = { assigner: assigners[type], sampler, allowed_border: -1, pos_weight: -1 };
    const model = buildDetector(config, { numClasses: 3 }) as TwoStageDetector;
    model.initWeights(Random.seeded(2));
    const batch = model.train().preprocess([sample(truths)]);
    tf.tidy(() => {
      const names = Object.keys(model.loss(batch, context()));
      expect(names.slice(0, 2)).toEqual(['rpn_loss_cls', 'rpn_loss_bbox']);
      expect(names.slice(-3)).toEqual(['loss_cls', 'acc', 'loss_bbox']);
      const features = model.extractFeatures(batch.inputs);
      const cfg = { nms_pre: 20, max_per_img: 10, nms: { type: 'nms' as const, iou_threshold: 0.7 }, min_bbox_size: 0 };
      // of one class: labels above 0 are no labels of its own
      const ofObject = { ...batch, samples: [sample({ ...truths, labels: new Int32Array(2) })] };
      const { losses, proposals } = model.rpnHead.lossAndPredict(features, ofObject, context(), cfg);
      for (const value of Object.values(losses).flat()) expect(Number.isFinite(value.arraySync())).toBe(true);
      const [detected] = model.eval().rpnHead.predict(features, batch, { rescale: false });
      expect(proposals[0].scores).toHaveLength(10);
      expectClose(proposals[0].bboxes.slice(0, 4), detected.bboxes.slice(0, 4), 1e-3);
      expect(proposals[0].scores[0]).toBeCloseTo(detected.scores[0], 6);
    });
    batch.inputs.dispose();
    model.dispose();
  });

  test('of FCOS: the config of MMDetection builds', () => {
    const { model } = loadConfig('faster-rcnn_r50_fpn_fcos-rpn_1x_coco').config as { model: ModuleConfig };
    const detector = buildDetector(model) as TwoStageDetector;
    expect(detector.rpnHead).toBeInstanceOf(FCOSHead);
    expect(detector.rpnHead.numClasses).toBe(1);
    detector.dispose();
  });

  test('that cannot propose is refused when the model is built, naming both sides', () => {
    const config = { ...small({ type: 'DETRHead', num_classes: 1 }), train_cfg: null, test_cfg: null };
    expect(() => buildDetector(config, { numClasses: 3 })).toThrow(
      /model.rpn_head must be a dense head that proposes regions, received "DETRHead": it reads the queries/,
    );
  });
});
