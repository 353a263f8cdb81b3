// Detectors of one stage in ONNX Runtime: the detections of `predict`.

import { beforeAll, expect, test } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { startEngine } from '../../src/engine';
import type { Detector } from '../../src/models/types';
import type { OnnxFile } from '../../src/onnx/export-detector';
import { backbone, compare, compareFile, cut, exported, feeds, fpn, lively, SIZE, sampleOf, session } from './exported';

beforeAll(async () => void (await startEngine()));

const anchors = { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 };
const widths = { feat_channels: 32, stacked_convs: 2 };
const yolo = { nms_pre: 300, score_thr: 0.3, nms: { type: 'nms', iou_threshold: 0.6 }, max_per_img: 20 };

export const DENSE: Record<string, ModuleConfig> = {
  RetinaNet: {
    type: 'RetinaNet',
    backbone,
    neck: fpn(),
    bbox_head: { type: 'RetinaHead', ...widths },
    test_cfg: cut,
  },
  FCOS: {
    type: 'FCOS',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output', relu_before_extra_convs: true }),
    bbox_head: { type: 'FCOSHead', strides: [8, 16, 32, 64, 128], ...widths },
    test_cfg: cut,
  },
  YOLOv8: {
    type: 'YOLODetector',
    backbone: { type: 'YOLOv8CSPDarknet', deepen_factor: 0.33, widen_factor: 0.125 },
    neck: {
      type: 'YOLOv8PAFPN',
      in_channels: [256, 512, 1024],
      out_channels: [256, 512, 1024],
      deepen_factor: 0.33,
      widen_factor: 0.125,
    },
    bbox_head: {
      type: 'YOLOv8Head',
      head_module: { type: 'YOLOv8HeadModule', in_channels: [256, 512, 1024], widen_factor: 0.125 },
    },
    test_cfg: yolo,
  },
  YOLOX: {
    type: 'YOLOX',
    backbone: { type: 'CSPDarknet', deepen_factor: 0.33, widen_factor: 0.125 },
    neck: { type: 'YOLOXPAFPN', out_channels: 16, num_csp_blocks: 1 },
    bbox_head: { type: 'YOLOXHead', ...widths, strides: [8, 16, 32] },
    test_cfg: { score_thr: 0.15, nms: { type: 'nms', iou_threshold: 0.65 } },
  },
  ATSS: {
    type: 'ATSS',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    bbox_head: { type: 'ATSSHead', anchor_generator: { ...anchors, strides: [8, 16, 32, 64, 128] }, ...widths },
    test_cfg: cut,
  },
  GFL: {
    type: 'GFL',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    bbox_head: {
      type: 'GFLHead',
      anchor_generator: { ...anchors, strides: [8, 16, 32, 64, 128] },
      loss_cls: { type: 'QualityFocalLoss' },
      ...widths,
    },
    test_cfg: cut,
  },
  TOOD: {
    type: 'TOOD',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    bbox_head: {
      type: 'TOODHead',
      anchor_generator: { ...anchors, strides: [8, 16, 32, 64, 128] },
      loss_bbox: { type: 'GIoULoss' },
      ...widths,
    },
    test_cfg: cut,
  },
  FSAF: {
    type: 'FSAF',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_input' }),
    bbox_head: {
      type: 'FSAFHead',
      reg_decoded_bbox: true,
      anchor_generator: { ...anchors, octave_base_scale: 1, strides: [8, 16, 32, 64, 128] },
      bbox_coder: { type: 'TBLRBBoxCoder', normalizer: 4 },
      loss_cls: { type: 'FocalLoss', reduction: 'none' },
      loss_bbox: { type: 'IoULoss', reduction: 'none' },
      ...widths,
    },
    test_cfg: cut,
  },
  RTMDet: {
    type: 'RTMDet',
    backbone: {
      type: 'CSPNeXt',
      deepen_factor: 0.167,
      widen_factor: 0.125,
      norm_cfg: { type: 'BN' },
      act_cfg: { type: 'SiLU' },
    },
    neck: { type: 'CSPNeXtPAFPN', out_channels: 16, num_csp_blocks: 1, expand_ratio: 0.5 },
    bbox_head: {
      type: 'RTMDetSepBNHead',
      ...widths,
      anchor_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [8, 16, 32] },
    },
    test_cfg: cut,
  },
  YOLOv3: {
    type: 'YOLOV3',
    backbone: { type: 'MobileNetV2', out_indices: [2, 4, 6], widen_factor: 0.25 },
    neck: { type: 'YOLOV3Neck', num_scales: 3, out_channels: [32, 16, 16], in_channels: [80, 24, 8] },
    bbox_head: { type: 'YOLOV3Head', out_channels: [32, 16, 16], featmap_strides: [32, 16, 8] },
    test_cfg: { ...cut, conf_thr: 0.3 },
  },
  RPN: {
    type: 'RPN',
    backbone,
    neck: fpn(),
    rpn_head: {
      type: 'RPNHead',
      feat_channels: 16,
      anchor_generator: { type: 'AnchorGenerator', scales: [4], ratios: [0.5, 1, 2], strides: [4, 8, 16, 32, 64] },
      loss_bbox: { type: 'L1Loss' },
    },
    test_cfg: { rpn: { nms_pre: 100, max_per_img: 50, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 0 } },
  },
  SSD: {
    type: 'SingleStageDetector',
    backbone: { type: 'MobileNetV2', out_indices: [4, 7], widen_factor: 0.25 },
    neck: {
      type: 'SSDNeck',
      out_channels: [24, 1280, 32, 32],
      level_strides: [2, 2],
      level_paddings: [1, 1],
      l2_norm_scale: null,
    },
    bbox_head: {
      type: 'SSDHead',
      anchor_generator: {
        type: 'SSDAnchorGenerator',
        min_sizes: [20, 40, 60, 80],
        max_sizes: [40, 60, 80, 100],
        strides: [16, 32, 64, 128],
        ratios: [[2], [2], [2], [2]],
      },
    },
    test_cfg: cut,
  },
};

test.each(Object.keys(DENSE))('%s', async (name) => {
  const model = lively(DENSE[name]);
  const found = await compare(model, [sampleOf(...SIZE, 1)]);
  expect(found.count).toBeGreaterThan(4);
  model.dispose();
});

test.each(Object.keys(DENSE))('%s at sizes and batches that change', async (name) => {
  const model = lively(DENSE[name]);
  const file = exported(model, { dynamicSize: true, dynamicBatch: true });
  for (const [height, width, count] of [
    [160, 96, 2],
    [192, 320, 1],
  ]) {
    const samples = Array.from({ length: count }, (_, i) => sampleOf(height, width, i));
    const found = await compareFile(model, file, samples);
    expect(found.count).toBeGreaterThan(2);
  }
  model.dispose();
});

/** Largest difference of two tables. */
async function gap(one: OnnxFile, other: OnnxFile, model: Detector, name: string): Promise<number> {
  const tables = await Promise.all(
    [one, other].map(async (file) => {
      const running = await session(file);
      const results = await running.run(feeds(model, [sampleOf(...SIZE, 1)], file.inputs));
      await running.release();
      return results[name].data as Float32Array;
    }),
  );
  return tables[0].reduce((most, v, i) => Math.max(most, Math.abs(v - tables[1][i])), 0);
}

test.each(Object.keys(DENSE))('%s in half precision', async (name) => {
  const model = lively(DENSE[name]);
  const whole = exported(model, { nms: false });
  const half = exported(model, { nms: false, precision: 'float16' });
  expect(half.bytes.length).toBeLessThan(0.7 * whole.bytes.length);
  const [boxes, scores] = [await gap(whole, half, model, 'boxes'), await gap(whole, half, model, 'scores')];
  expect(boxes).toBeLessThan(1);
  expect(scores).toBeLessThan(1e-2);
  model.dispose();
});
