import { albu, ema_hook, pack_train } from '../_base_/mmyolo/yolo_coco';

export const pre_transform = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
];
const random_affine = {
  type: 'YOLOv5RandomAffine',
  max_rotate_degree: 0.0,
  max_shear_degree: 0.0,
  max_aspect_ratio: 100,
  scaling_ratio_range: [0.09999999999999998, 1.9],
  border_val: [114, 114, 114],
};
export const mosaic_affine_transform = [
  { type: 'Mosaic', img_scale: [640, 640], pad_val: 114.0, pre_transform },
  { ...random_affine, border: [-320, -320] },
];
export const last_transform = [
  albu,
  { type: 'YOLOv5HSVRandomAug' },
  { type: 'mmdet.RandomFlip', prob: 0.5 },
  pack_train,
];
const train_pipeline = [
  ...pre_transform,
  ...mosaic_affine_transform,
  { type: 'YOLOv5MixUp', prob: 0.1, pre_transform: [...pre_transform, ...mosaic_affine_transform] },
  ...last_transform,
];
// the last ten epochs: each image by itself
const train_pipeline_stage2 = [
  ...pre_transform,
  { type: 'YOLOv5KeepRatioResize', scale: [640, 640] },
  { type: 'LetterResize', scale: [640, 640], allow_scale_up: true, pad_val: { img: 114.0 } },
  random_affine,
  ...last_transform,
];

export default {
  _base_: './yolov8_s_syncbn_fast_8xb16-500e_coco',
  deepen_factor: 0.67,
  widen_factor: 0.75,
  last_stage_out_channels: 768,
  affine_scale: 0.9,
  mixup_prob: 0.1,
  img_scale: [640, 640],
  pre_transform,
  last_transform,
  model: {
    backbone: { last_stage_out_channels: 768, deepen_factor: 0.67, widen_factor: 0.75 },
    neck: { deepen_factor: 0.67, widen_factor: 0.75, in_channels: [256, 512, 768], out_channels: [256, 512, 768] },
    bbox_head: { head_module: { widen_factor: 0.75, in_channels: [256, 512, 768] } },
  },
  mosaic_affine_transform,
  train_pipeline,
  train_pipeline_stage2,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  custom_hooks: [
    ema_hook,
    { type: 'mmdet.PipelineSwitchHook', switch_epoch: 490, switch_pipeline: train_pipeline_stage2 },
  ],
};
