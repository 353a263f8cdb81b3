// Detectors of each family with all widths cut down, for images of 128 x 96 pixels: their detections have different scores, so that
// two engines must agree on them.

import * as tf from '@tensorflow/tfjs';
import { detector, type Model } from '../../src';
import type { ConfigObject, ConfigValue } from '../../src/config';
import { Random } from '../../src/random';

export const NAMES = ['car', 'person', '<traffic light>'] as const;

/** One config of each family. */
export const FAMILIES: Readonly<Record<string, string>> = {
  'Faster R-CNN': 'faster-rcnn_r50_fpn_1x_coco',
  'Mask R-CNN': 'mask-rcnn_r50_fpn_1x_coco',
  'Cascade R-CNN': 'cascade-rcnn_r50_fpn_1x_coco',
  RetinaNet: 'retinanet_r50_fpn_1x_coco',
  FCOS: 'fcos_r50-caffe_fpn_gn-head_1x_coco',
  ATSS: 'atss_r50_fpn_1x_coco',
  TOOD: 'tood_r50_fpn_1x_coco',
  YOLOX: 'yolox_nano_8xb8-300e_coco',
  YOLOv8: 'yolov8_n_syncbn_fast_8xb16-500e_coco',
  RTMDet: 'rtmdet_tiny_8xb32-300e_coco',
  DETR: 'detr_r50_8xb2-150e_coco',
  'Deformable DETR': 'deformable-detr-refine-twostage_r50_16xb2-50e_coco',
  DINO: 'dino-4scale_r50_8xb2-12e_coco',
};

const CHANNELS: Readonly<Record<number, number>> = { 256: 8, 512: 16, 1024: 32, 2048: 64 };
const WIDTHS: Readonly<Record<string, number>> = {
  out_channels: 32,
  in_channels: 32,
  feat_channels: 32,
  embed_dims: 32,
  fc_out_channels: 32,
  conv_out_channels: 32,
  feedforward_channels: 64,
  num_feats: 16,
  num_groups: 8,
  num_layers: 2,
  num_queries: 40,
  widen_factor: 0.125,
  score_thr: 0.02,
};

const SMALL_AS_SHIPPED = new Set(['YOLOX', 'YOLOv8']);
const withoutThreshold = (model: ConfigValue): ConfigValue => {
  const { test_cfg, ...rest } = model as ConfigObject;
  return { ...rest, test_cfg: { ...(test_cfg as ConfigObject), score_thr: WIDTHS.score_thr } };
};

/** A model's config with its numbers cut down by their keys. */
function narrow(value: ConfigValue, key = ''): ConfigValue {
  if (Array.isArray(value))
    return key === 'in_channels' && value.every((v) => Number(v) in CHANNELS)
      ? value.map((v) => CHANNELS[v as number])
      : value.map((v) => narrow(v, key));
  if (typeof value === 'object' && value !== null) {
    if (value.type === 'CSPNeXt') return { ...value, widen_factor: 0.125, init_cfg: null } as ConfigObject;
    if (value.type === 'ResNet')
      return { ...value, depth: 18, base_channels: 8, frozen_stages: -1, init_cfg: null } as ConfigObject;
    const cut = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, narrow(v, k)]));
    if (/^(DeformableDETR|DINO)Head$/.test(String(value.type))) cut.embed_dims = WIDTHS.embed_dims;
    if (value.type === 'CSPNeXtPAFPN') delete cut.in_channels; // those of its backbone
    return cut;
  }
  return typeof value === 'number' && key in WIDTHS ? Math.min(value, WIDTHS[key]) : value;
}

/** Sizes of the test pipeline for small images. */
const small = (value: ConfigValue, key = ''): ConfigValue => {
  if (Array.isArray(value))
    return (key === 'scale' || key === 'size') && value.every((v) => typeof v === 'number')
      ? value.map((v) => (Number(v) > 1000 ? 160 : 128))
      : value.map((v) => small(v, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, small(v, k)]));
};

const LAST_LAYERS = /(_cls|_obj|rtm_reg|cls_preds|reg_preds|cls_branches)(\.\d+)*\.(weight|bias)$/;
/** Of convolutions in networks whose features vanish layer by layer before their norms have seen any data. */
const GAINS: Readonly<Record<string, number>> = { YOLOv8: 2.6, RTMDet: 1.4 };

/** Weights of the last layers are enlarged, or all detections of an untrained model would be the same. */
function spread(model: Model, gain = 1): void {
  const random = Random.seeded(5);
  for (const [name, { variable }] of model.detector.named()) {
    if (!LAST_LAYERS.test(name)) {
      if (gain !== 1 && variable.rank === 4) tf.tidy(() => variable.assign(tf.mul(variable, gain) as typeof variable));
      continue;
    }
    const fanIn = variable.size / variable.shape[variable.rank - 1];
    const [mean, std] = name.endsWith('bias') ? [name.includes('_reg') ? 1.5 : 0, 0.2] : [0, 0.6 / Math.sqrt(fanIn)];
    const values = Float32Array.from({ length: variable.size }, () => random.normal(mean, std));
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
}

/** A config, narrow and for small images. */
export const narrowed = (config: ConfigObject): ConfigObject => ({
  ...config,
  model: narrow(config.model),
  test_dataloader: small(config.test_dataloader),
});

/** The config of the family, narrow. */
export function narrowConfig(family: string): ConfigObject {
  const { config } = detector(FAMILIES[family]);
  const all = narrowed(config);
  return SMALL_AS_SHIPPED.has(family) ? { ...all, model: withoutThreshold(config.model) } : all;
}

/** A narrow detector of the family. */
export async function narrowModel(family: string): Promise<Model> {
  const recipe = detector(narrowConfig(family)).classes(NAMES);
  const model = await recipe.named(`${family} <narrow>`).build({ seed: 1 });
  spread(model, GAINS[family]);
  return model;
}
