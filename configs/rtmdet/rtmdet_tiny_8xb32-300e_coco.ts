const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'CachedMosaic', img_scale: [640, 640], pad_val: 114.0, max_cached_images: 20, random_pop: false },
  { type: 'RandomResize', scale: [1280, 1280], ratio_range: [0.5, 2.0], keep_ratio: true },
  { type: 'RandomCrop', crop_size: [640, 640] },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'Pad', size: [640, 640], pad_val: { img: [114, 114, 114] } },
  {
    type: 'CachedMixUp',
    img_scale: [640, 640],
    ratio_range: [1.0, 1.0],
    max_cached_images: 10,
    random_pop: false,
    pad_val: [114, 114, 114],
    prob: 0.5,
  },
  { type: 'PackDetInputs' },
];

export default {
  _base_: './rtmdet_s_8xb32-300e_coco',
  checkpoint:
    'https://download.openmmlab.com/mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain/cspnext-tiny_imagenet_600e.pth',
  model: {
    backbone: {
      deepen_factor: 0.167,
      widen_factor: 0.375,
      init_cfg: {
        type: 'Pretrained',
        prefix: 'backbone.',
        checkpoint:
          'https://download.openmmlab.com/mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain/cspnext-tiny_imagenet_600e.pth',
      },
    },
    neck: { in_channels: [96, 192, 384], out_channels: 96, num_csp_blocks: 1 },
    bbox_head: { in_channels: 96, feat_channels: 96, exp_on_reg: false },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
};
