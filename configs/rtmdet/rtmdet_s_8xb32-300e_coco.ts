const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'CachedMosaic', img_scale: [640, 640], pad_val: 114.0 },
  { type: 'RandomResize', scale: [1280, 1280], ratio_range: [0.5, 2.0], keep_ratio: true },
  { type: 'RandomCrop', crop_size: [640, 640] },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'Pad', size: [640, 640], pad_val: { img: [114, 114, 114] } },
  {
    type: 'CachedMixUp',
    img_scale: [640, 640],
    ratio_range: [1.0, 1.0],
    max_cached_images: 20,
    pad_val: [114, 114, 114],
  },
  { type: 'PackDetInputs' },
];

const train_pipeline_stage2 = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'RandomResize', scale: [640, 640], ratio_range: [0.5, 2.0], keep_ratio: true },
  { type: 'RandomCrop', crop_size: [640, 640] },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'Pad', size: [640, 640], pad_val: { img: [114, 114, 114] } },
  { type: 'PackDetInputs' },
];

export default {
  _base_: './rtmdet_l_8xb32-300e_coco',
  checkpoint: 'https://download.openmmlab.com/mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain/cspnext-s_imagenet_600e.pth',
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
    bbox_head: { in_channels: 128, feat_channels: 128, exp_on_reg: false },
  },
  train_pipeline,
  train_pipeline_stage2,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  custom_hooks: [
    { type: 'EMAHook', ema_type: 'ExpMomentumEMA', momentum: 0.0002, update_buffers: true, priority: 49 },
    { type: 'PipelineSwitchHook', switch_epoch: 280, switch_pipeline: train_pipeline_stage2 },
  ],
};
