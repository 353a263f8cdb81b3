// Detectors of two stages in ONNX Runtime: the detections and masks of `predict`.

import * as ort from 'onnxruntime-node';
import { beforeAll, expect, test } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { startEngine } from '../../src/engine';
import { backbone, compare, compareFile, exported, feeds, fpn, lively, SIZE, sampleOf, session } from './exported';

beforeAll(async () => void (await startEngine()));

const rpn_head = {
  type: 'RPNHead',
  feat_channels: 16,
  anchor_generator: { type: 'AnchorGenerator', scales: [4], ratios: [0.5, 1, 2], strides: [4, 8, 16, 32, 64] },
  loss_bbox: { type: 'L1Loss' },
};
const rpn = { nms_pre: 100, max_per_img: 40, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 0 };
const rcnn = { score_thr: 0.2, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 20, mask_thr_binary: 0.5 };
const test_cfg = { rpn, rcnn };
const extractor = (bins: number, more = {}) => ({
  type: 'SingleRoIExtractor',
  roi_layer: { type: 'RoIAlign', output_size: bins, sampling_ratio: 0, ...more },
  finest_scale: 14,
});
const head = { type: 'Shared2FCBBoxHead', fc_out_channels: 32 };
const standard = (more = {}) => ({
  type: 'StandardRoIHead',
  bbox_roi_extractor: extractor(5),
  bbox_head: { ...head, roi_feat_size: 5 },
  ...more,
});
const cascade = (more = {}) => ({
  type: 'CascadeRoIHead',
  num_stages: 3,
  stage_loss_weights: [1, 0.5, 0.25],
  bbox_roi_extractor: extractor(5),
  bbox_head: { ...head, roi_feat_size: 5, reg_class_agnostic: true },
  ...more,
});
const masks = {
  mask_roi_extractor: extractor(6),
  mask_head: { type: 'FCNMaskHead', num_convs: 2, conv_out_channels: 16 },
};
const detector = (type: string, roi_head: object, more = {}): ModuleConfig => ({
  type,
  backbone,
  neck: fpn(),
  rpn_head,
  roi_head,
  test_cfg,
  ...more,
});

const TWO_STAGE: Record<string, ModuleConfig> = {
  'Faster R-CNN': detector('FasterRCNN', standard()),
  'Faster R-CNN, one box for all classes, fixed sampling': detector(
    'FasterRCNN',
    standard({
      bbox_roi_extractor: extractor(5, { sampling_ratio: 2, aligned: false }),
      bbox_head: { ...head, roi_feat_size: 5, reg_class_agnostic: true },
    }),
  ),
  'Shared4Conv1FC, GroupNorm': detector(
    'FasterRCNN',
    standard({
      bbox_head: {
        ...head,
        type: 'Shared4Conv1FCBBoxHead',
        conv_out_channels: 16,
        roi_feat_size: 5,
        norm_cfg: { type: 'GN', num_groups: 4 },
      },
    }),
  ),
  'branches of a ConvFCBBoxHead': detector(
    'FasterRCNN',
    standard({
      bbox_head: {
        type: 'ConvFCBBoxHead',
        num_shared_convs: 1,
        num_cls_fcs: 1,
        num_reg_convs: 2,
        conv_out_channels: 16,
        fc_out_channels: 32,
        roi_feat_size: 5,
      },
    }),
  ),
  GRoIE: detector(
    'FasterRCNN',
    standard({
      bbox_roi_extractor: {
        type: 'GenericRoIExtractor',
        aggregation: 'sum',
        roi_layer: { type: 'RoIAlign', output_size: 5, sampling_ratio: 2 },
        pre_cfg: { type: 'ConvModule', in_channels: 16, out_channels: 16, kernel_size: 5, padding: 2 },
        post_cfg: {
          type: 'GeneralizedAttention',
          in_channels: 16,
          spatial_range: -1,
          num_heads: 2,
          attention_type: '0100',
          kv_stride: 2,
        },
      },
    }),
  ),
  AugFPN: detector(
    'FasterRCNN',
    standard({
      bbox_roi_extractor: {
        type: 'SoftRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 5, sampling_ratio: 2 },
      },
    }),
  ),
  C4: {
    type: 'FasterRCNN',
    backbone: { type: 'ResNet', depth: 18, num_stages: 1, out_indices: [0] },
    rpn_head: { ...rpn_head, anchor_generator: { ...rpn_head.anchor_generator, strides: [4] } },
    roi_head: {
      type: 'StandardRoIHead',
      shared_head: { type: 'ResLayer', depth: 18, stage: 1, stride: 2 },
      bbox_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 6, sampling_ratio: 0 },
      },
      bbox_head: { type: 'BBoxHead', with_avg_pool: true, roi_feat_size: 3 },
      mask_head: { type: 'FCNMaskHead', num_convs: 0, conv_out_channels: 16 },
    },
    test_cfg,
  },
  'first stage without anchors': detector('FasterRCNN', standard(), {
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    rpn_head: { type: 'FCOSHead', strides: [8, 16, 32, 64, 128], feat_channels: 32, stacked_convs: 1 },
    test_cfg: { rpn: { ...rpn, nms_pre: 40 }, rcnn },
  }),
  'Cascade R-CNN': detector('CascadeRCNN', cascade()),
  'Cascade R-CNN, boxes by class': detector('CascadeRCNN', cascade({ bbox_head: { ...head, roi_feat_size: 5 } })),
  'Mask R-CNN': detector('MaskRCNN', standard(masks)),
  'Mask R-CNN, one mask for all classes, bilinear': detector(
    'MaskRCNN',
    standard({
      ...masks,
      mask_head: { ...masks.mask_head, class_agnostic: true, upsample_cfg: { type: 'bilinear', scale_factor: 2 } },
    }),
  ),
  'Mask R-CNN, CARAFE': detector(
    'MaskRCNN',
    standard({ ...masks, mask_head: { ...masks.mask_head, upsample_cfg: { type: 'carafe', up_kernel: 3 } } }),
  ),
  'Cascade Mask R-CNN': detector('CascadeRCNN', cascade(masks)),
};

test.each(Object.keys(TWO_STAGE))('%s', async (name) => {
  const model = lively(TWO_STAGE[name], 2);
  const found = await compare(model, [sampleOf(...SIZE, 1)]);
  if (process.env.ONNX_REPORT) console.log(name, found);
  expect(found.count).toBeGreaterThan(4);
  expect(found.mask).toBeLessThan(0.01);
  model.dispose();
});

test.each(['Faster R-CNN', 'GRoIE', 'Cascade R-CNN, boxes by class', 'Cascade Mask R-CNN'])(
  '%s at sizes and batches that change',
  async (name) => {
    const model = lively(TWO_STAGE[name], 2);
    const file = exported(model, { dynamicSize: true, dynamicBatch: true });
    for (const [height, width, count] of [
      [160, 96, 2],
      [192, 320, 1],
    ]) {
      const samples = Array.from({ length: count }, (_, i) => sampleOf(height, width, i));
      const found = await compareFile(model, file, samples);
      if (process.env.ONNX_REPORT) console.log(name, 'dynamic', found);
      expect(found.count).toBeGreaterThan(2);
      expect(found.mask).toBeLessThan(0.01);
    }
    model.dispose();
  },
);

test('proposals that come with the data are another input', async () => {
  const { rpn_head: _rpn, test_cfg: _cfg, ...rest } = TWO_STAGE['Faster R-CNN'];
  const model = lively({ ...rest, type: 'FastRCNN', test_cfg: { rcnn } }, 2);
  const bboxes = Float32Array.from(Array.from({ length: 12 }, (_, i) => [8 + i, 4 + i, 40 + 5 * i, 50 + 3 * i]).flat());
  const sample = { ...sampleOf(...SIZE, 1), proposals: { bboxes, scores: new Float32Array(12).fill(1) } };
  const more = { proposals: new ort.Tensor('float32', bboxes, [1, 12, 4]) };
  const found = await compareFile(model, exported(model), [sample], undefined, more);
  expect(found.count).toBeGreaterThan(2);
  model.dispose();
});

test('without NMS: boxes and scores of all proposals', async () => {
  const model = lively(TWO_STAGE['Faster R-CNN'], 2);
  const file = exported(model, { nms: false });
  const running = await session(file);
  const { boxes, scores } = await running.run(feeds(model, [sampleOf(...SIZE, 1)], file.inputs));
  await running.release();
  expect(boxes.dims).toEqual([1, 40, 3, 4]);
  expect(scores.dims).toEqual([1, 40, 4]);
  const first = (scores.data as Float32Array).subarray(0, 4);
  expect(first.reduce((sum, p) => sum + p)).toBeCloseTo(1, 5);
  model.dispose();
});

test('masks without NMS are refused', () => {
  const model = lively(TWO_STAGE['Mask R-CNN'], 2);
  expect(() => exported(model, { nms: false })).toThrow(/its masks are those of selected detections/);
  model.dispose();
});

test.each(['Faster R-CNN', 'Mask R-CNN'])('%s in half precision', async (name) => {
  const model = lively(TWO_STAGE[name], 2);
  const whole = exported(model);
  const half = exported(model, { precision: 'float16' });
  expect(half.bytes.length).toBeLessThan(0.7 * whole.bytes.length);
  const running = await session(half);
  const { scores } = await running.run(feeds(model, [sampleOf(...SIZE, 1)], half.inputs));
  await running.release();
  expect((scores.data as Float32Array)[0]).toBeGreaterThan(0.2);
  model.dispose();
});
