import { pack_train } from '../_base_/mmyolo/yolo_coco';

const mosiac4_pipeline = [
  {
    type: 'Mosaic',
    img_scale: [640, 640],
    pad_val: 114,
    pre_transform: [
      { type: 'LoadImageFromFile', backend_args: null },
      { type: 'LoadAnnotations', with_bbox: true },
    ],
  },
  {
    type: 'YOLOv5RandomAffine',
    max_rotate_degree: 0,
    max_shear_degree: 0,
    max_translate_ratio: 0.1,
    scaling_ratio_range: [0.5, 1.6],
    border: [-320, -320],
    border_val: [114, 114, 114],
  },
];
const mosiac9_pipeline = [
  {
    type: 'Mosaic9',
    img_scale: [640, 640],
    pad_val: 114,
    pre_transform: [
      { type: 'LoadImageFromFile', backend_args: null },
      { type: 'LoadAnnotations', with_bbox: true },
    ],
  },
  {
    type: 'YOLOv5RandomAffine',
    max_rotate_degree: 0,
    max_shear_degree: 0,
    max_translate_ratio: 0.1,
    scaling_ratio_range: [0.5, 1.6],
    border: [-320, -320],
    border_val: [114, 114, 114],
  },
];
const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'RandomChoice', transforms: [mosiac4_pipeline, mosiac9_pipeline], prob: [0.8, 0.2] },
  {
    type: 'YOLOv5MixUp',
    alpha: 8,
    beta: 8,
    prob: 0.05,
    pre_transform: [
      { type: 'LoadImageFromFile', backend_args: null },
      { type: 'LoadAnnotations', with_bbox: true },
      { type: 'RandomChoice', transforms: [mosiac4_pipeline, mosiac9_pipeline], prob: [0.8, 0.2] },
    ],
  },
  { type: 'YOLOv5HSVRandomAug' },
  { type: 'mmdet.RandomFlip', prob: 0.5 },
  pack_train,
];

export default {
  _base_: './yolov7_l_syncbn_fast_8x16b-300e_coco',
  default_hooks: { param_scheduler: { lr_factor: 0.01 } },
  max_translate_ratio: 0.1,
  scaling_ratio_range: [0.5, 1.6],
  mixup_prob: 0.05,
  loss_cls_weight: 0.5,
  loss_obj_weight: 1,
  lr_factor: 0.01,
  model: {
    backbone: { arch: 'Tiny', act_cfg: { type: 'LeakyReLU', negative_slope: 0.1 } },
    neck: {
      block_cfg: { _delete_: true, type: 'TinyDownSampleBlock', middle_ratio: 0.25 },
      in_channels: [128, 256, 512],
      out_channels: [64, 128, 256],
      act_cfg: { type: 'LeakyReLU', negative_slope: 0.1 },
      is_tiny_version: true,
      use_repconv_outs: false,
    },
    bbox_head: {
      head_module: { in_channels: [128, 256, 512] },
      loss_cls: { loss_weight: 0.5 },
      loss_obj: { loss_weight: 1 },
    },
  },
  mosiac4_pipeline,
  mosiac9_pipeline,
  randchoice_mosaic_pipeline: { transforms: [mosiac4_pipeline, mosiac9_pipeline] },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
};
