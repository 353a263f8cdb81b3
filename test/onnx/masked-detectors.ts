// Small detectors of one stage with masks, one of each family.

import * as tf from '@tensorflow/tfjs';
import type { ModuleConfig } from '../../src/catalogue/registry';
import type { PackedSample } from '../../src/data/types';
import type { Detector, InstanceMaskHead } from '../../src/models/types';
import type { AnyDenseHead } from '../../src/onnx/dense-candidates';
import { backbone, fpn, lively } from './exported';

const nms = { type: 'nms', iou_threshold: 0.5 };
const small = { feat_channels: 8, stacked_convs: 1, norm_cfg: null };
const points = {
  ...small,
  strides: [4, 8, 16],
  regress_ranges: [
    [-1, 32],
    [32, 64],
    [64, 1e8],
  ],
};
const centers = { type: 'MlvlPointGenerator', offset: 0, strides: [8, 16, 32] };
/** Prototypes that ReLU or SiLU has made positive have sums without an edge. */
const linear = { type: 'LeakyReLU', negative_slope: 1 };
/** With SiLU many scores and masks would be equal but for rounding. */
const act_cfg = { type: 'LeakyReLU' };
const eighth = { deepen_factor: 0.1, widen_factor: 0.125, act_cfg };

/** Masks at a stride of 4, of a map at a stride of `mask_stride`. */
export const dynamic = (family: string, mask_stride: number, more: object = {}): ModuleConfig => ({
  type: family,
  backbone,
  neck: fpn({ num_outs: 3, end_level: 2 }),
  bbox_head: { type: `${family}BboxHead`, ...points, num_params: 23 },
  mask_head: {
    type: `${family}MaskHead`,
    feat_channels: 2,
    mask_feature_head: {
      feat_channels: 8,
      start_level: mask_stride === 4 ? 0 : 1,
      end_level: mask_stride === 4 ? 1 : 2,
      out_channels: 4,
      mask_stride,
    },
    num_layers: 3,
    loss_mask: { type: 'DiceLoss' },
  },
  test_cfg: { nms_pre: 60, score_thr: 0.2, nms, max_per_img: 20, mask_thr: 0.4 },
  ...more,
});

export const MASKED: Record<string, ModuleConfig> = {
  'RTMDet with masks': {
    type: 'RTMDet',
    backbone: { type: 'CSPNeXt', ...eighth },
    neck: { type: 'CSPNeXtPAFPN', out_channels: 32, num_csp_blocks: 1, act_cfg },
    bbox_head: { type: 'RTMDetInsSepBNHead', feat_channels: 32, stacked_convs: 1, anchor_generator: centers, act_cfg },
    test_cfg: { nms_pre: 60, score_thr: 0.2, nms, max_per_img: 20, mask_thr_binary: 0.4 },
  },
  "MMYOLO's RTMDet with masks": {
    type: 'YOLODetector',
    backbone: { type: 'mmyolo.CSPNeXt', ...eighth },
    neck: { type: 'mmyolo.CSPNeXtPAFPN', out_channels: 256, deepen_factor: 0.1, widen_factor: 0.125 },
    bbox_head: {
      type: 'mmyolo.RTMDetInsSepBNHead',
      head_module: { type: 'RTMDetInsSepBNHeadModule', feat_channels: 32, stacked_convs: 1 },
      prior_generator: centers,
    },
    test_cfg: { nms_pre: 100, score_thr: 0.2, nms, max_per_img: 20 },
  },
  YOLACT: {
    type: 'YOLACT',
    backbone,
    neck: fpn({ num_outs: 3, end_level: 2 }),
    bbox_head: {
      type: 'YOLACTHead',
      num_protos: 4,
      feat_channels: 8,
      anchor_generator: {
        type: 'AnchorGenerator',
        octave_base_scale: 8,
        scales_per_octave: 1,
        ratios: [0.5, 1],
        strides: [4, 8, 16],
      },
    },
    mask_head: {
      type: 'YOLACTProtonet',
      num_protos: 4,
      proto_channels: [8, null, 4],
      proto_kernel_sizes: [3, -2, 1],
      include_last_relu: false,
    },
    test_cfg: { nms_pre: 60, score_thr: 0.2, iou_thr: 0.4, top_k: 12, max_per_img: 20, mask_thr: 0.6 },
  },
  'YOLOv5 with masks': {
    type: 'YOLODetector',
    backbone: { type: 'YOLOv5CSPDarknet', ...eighth },
    neck: { type: 'YOLOv5PAFPN', deepen_factor: 0.1, act_cfg },
    bbox_head: {
      type: 'YOLOv5InsHead',
      head_module: { type: 'YOLOv5InsHeadModule', proto_channels: 16, mask_channels: 8, act_cfg: linear },
    },
    test_cfg: { nms_pre: 100, score_thr: 0.15, nms, max_per_img: 20, mask_thr_binary: 0.6 },
  },
  CondInst: dynamic('CondInst', 8),
  BoxInst: dynamic('BoxInst', 4, { data_preprocessor: { type: 'BoxInstDataPreprocessor' } }),
};

/** Convolutions that give the map of an image, and the parameters of masks. */
const MAPS = /(projection|conv_pred|protonet\.4|proto_pred\.conv3\.bn)\.(weight|bias)$/;
const PARAMETERS = /(rtm_kernel\.\d|controller)\.(weight|bias)$/;

/** Makes a convolution give numbers around 0 of about 1, where it gave `values` [..., C]. */
function standardize(model: Detector, layers: RegExp, values: tf.Tensor): void {
  const rows = values.reshape([-1, values.shape[values.rank - 1]!]);
  const { mean, variance } = tf.moments(rows, 0);
  const std = tf.sqrt(variance);
  for (const [name, { variable }] of model.named())
    if (layers.test(name))
      variable.assign(tf.div(name.endsWith('bias') ? tf.sub(variable, mean) : (variable as tf.Tensor), std));
}

/** A detector whose masks, on this image, have an edge. */
export function masking(config: ModuleConfig, sample: PackedSample): Detector {
  const model = lively(config) as Detector & {
    bboxHead: AnyDenseHead;
    maskHead?: InstanceMaskHead;
    extractFeatures(images: tf.Tensor4D): tf.Tensor4D[];
  };
  const batch = model.preprocess([sample]);
  tf.tidy(() => {
    const features = model.extractFeatures(batch.inputs);
    const { parameters, map } = model.bboxHead.decodedCandidates(features).parts!;
    standardize(model, MAPS, map ?? model.maskHead!.mapOf!(features));
    standardize(model, PARAMETERS, parameters!);
  });
  batch.inputs.dispose();
  return model;
}
