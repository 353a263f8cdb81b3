const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true, poly2mask: false },
  { type: 'CachedMosaic', img_scale: [640, 640], pad_val: 114 },
  { type: 'RandomResize', scale: [1280, 1280], ratio_range: [0.5, 2], keep_ratio: true },
  { type: 'RandomCrop', crop_size: [640, 640], recompute_bbox: true, allow_negative_crop: true },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'Pad', size: [640, 640], pad_val: { img: [114, 114, 114] } },
  { type: 'CachedMixUp', img_scale: [640, 640], ratio_range: [1, 1], max_cached_images: 20, pad_val: [114, 114, 114] },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1, 1] },
  { type: 'PackDetInputs' },
];
const train_pipeline_stage2 = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true, poly2mask: false },
  { type: 'RandomResize', scale: [640, 640], ratio_range: [0.5, 2], keep_ratio: true },
  { type: 'RandomCrop', crop_size: [640, 640], recompute_bbox: true, allow_negative_crop: true },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1, 1] },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'Pad', size: [640, 640], pad_val: { img: [114, 114, 114] } },
  { type: 'PackDetInputs' },
];

export default {
  _base_: './rtmdet-ins_l_8xb32-300e_coco',
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  model: {
    backbone: {
      deepen_factor: 0.33,
      widen_factor: 0.5,
      init_cfg: {
        type: 'Pretrained',
        prefix: 'backbone.',
        checkpoint:
          'https://download.openmmlab.com/mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain/cspnext-s_imagenet_600e.pth',
      },
    },
    neck: { in_channels: [128, 256, 512], out_channels: 128, num_csp_blocks: 1 },
    bbox_head: { in_channels: 128, feat_channels: 128 },
  },
  train_pipeline_stage2,
  custom_hooks: [
    { type: 'EMAHook', ema_type: 'ExpMomentumEMA', momentum: 0.0002, update_buffers: true, priority: 49 },
    { type: 'PipelineSwitchHook', switch_epoch: 280, switch_pipeline: train_pipeline_stage2 },
  ],
  checkpoint: 'https://download.openmmlab.com/mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain/cspnext-s_imagenet_600e.pth',
};
