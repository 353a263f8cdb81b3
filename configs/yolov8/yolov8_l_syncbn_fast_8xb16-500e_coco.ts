import { last_transform, mosaic_affine_transform, pre_transform } from './yolov8_m_syncbn_fast_8xb16-500e_coco';

const train_pipeline = [
  ...pre_transform,
  ...mosaic_affine_transform,
  { type: 'YOLOv5MixUp', prob: 0.15, pre_transform: [...pre_transform, ...mosaic_affine_transform] },
  ...last_transform,
];

export default {
  _base_: './yolov8_m_syncbn_fast_8xb16-500e_coco',
  deepen_factor: 1.0,
  widen_factor: 1.0,
  last_stage_out_channels: 512,
  mixup_prob: 0.15,
  pre_transform,
  mosaic_affine_transform,
  last_transform,
  model: {
    backbone: { last_stage_out_channels: 512, deepen_factor: 1.0, widen_factor: 1.0 },
    neck: { deepen_factor: 1.0, widen_factor: 1.0, in_channels: [256, 512, 512], out_channels: [256, 512, 512] },
    bbox_head: { head_module: { widen_factor: 1.0, in_channels: [256, 512, 512] } },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
};
