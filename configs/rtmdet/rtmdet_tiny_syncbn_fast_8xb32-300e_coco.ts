const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  {
    type: 'Mosaic',
    img_scale: [640, 640],
    use_cached: true,
    max_cached_images: 20,
    random_pop: false,
    pad_val: 114,
  },
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
  { type: 'YOLOv5MixUp', use_cached: true, random_pop: false, max_cached_images: 10, prob: 0.5 },
  { type: 'mmdet.PackDetInputs' },
];
const checkpoint =
  'https://download.openmmlab.com/mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain/cspnext-tiny_imagenet_600e.pth';

export default {
  _base_: './rtmdet_s_syncbn_fast_8xb32-300e_coco',
  checkpoint,
  deepen_factor: 0.167,
  widen_factor: 0.375,
  img_scale: [640, 640],
  random_resize_ratio_range: [0.5, 2],
  mosaic_max_cached_images: 20,
  mixup_max_cached_images: 10,
  model: {
    backbone: { deepen_factor: 0.167, widen_factor: 0.375, init_cfg: { checkpoint } },
    neck: { deepen_factor: 0.167, widen_factor: 0.375 },
    bbox_head: { head_module: { widen_factor: 0.375 } },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
};
