import { ema_hook_rtmdet } from '../_base_/mmyolo/yolo_coco';

const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Mosaic', img_scale: [640, 640], use_cached: true, max_cached_images: 40, pad_val: 114 },
  {
    type: 'mmdet.RandomResize',
    scale: [1280, 1280],
    ratio_range: [0.5, 2],
    resize_type: 'mmdet.Resize',
    keep_ratio: true,
  },
  { type: 'mmdet.RandomCrop', crop_size: [640, 640] },
  { type: 'mmdet.YOLOXHSVRandomAug' },
  { type: 'mmdet.RandomFlip', prob: 0.5 },
  { type: 'mmdet.Pad', size: [640, 640], pad_val: { img: [114, 114, 114] } },
  { type: 'YOLOv5MixUp', use_cached: true, max_cached_images: 20 },
  { type: 'mmdet.PackDetInputs' },
];
const train_pipeline_stage2 = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  {
    type: 'mmdet.RandomResize',
    scale: [640, 640],
    ratio_range: [0.5, 2],
    resize_type: 'mmdet.Resize',
    keep_ratio: true,
  },
  { type: 'mmdet.RandomCrop', crop_size: [640, 640] },
  { type: 'mmdet.YOLOXHSVRandomAug' },
  { type: 'mmdet.RandomFlip', prob: 0.5 },
  { type: 'mmdet.Pad', size: [640, 640], pad_val: { img: [114, 114, 114] } },
  { type: 'mmdet.PackDetInputs' },
];

export default {
  _base_: './rtmdet_l_syncbn_fast_8xb32-300e_coco',
  random_resize_ratio_range: [0.5, 2],
  deepen_factor: 0.33,
  widen_factor: 0.5,
  model: {
    backbone: {
      deepen_factor: 0.33,
      widen_factor: 0.5,
      init_cfg: {
        type: 'Pretrained',
        prefix: 'backbone.',
        checkpoint:
          'https://download.openmmlab.com/mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain/cspnext-s_imagenet_600e.pth',
        map_location: 'cpu',
      },
    },
    neck: { deepen_factor: 0.33, widen_factor: 0.5 },
    bbox_head: { head_module: { widen_factor: 0.5 } },
  },
  train_pipeline,
  train_pipeline_stage2,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  custom_hooks: [
    ema_hook_rtmdet,
    { type: 'mmdet.PipelineSwitchHook', switch_epoch: 280, switch_pipeline: train_pipeline_stage2 },
  ],
  checkpoint: 'https://download.openmmlab.com/mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain/cspnext-s_imagenet_600e.pth',
};
