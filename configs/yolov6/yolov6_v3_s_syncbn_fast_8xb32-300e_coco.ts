import { ema_hook, pack_train } from '../_base_/mmyolo/yolo_coco';

export default {
  _base_: './yolov6_s_syncbn_fast_8xb32-400e_coco',
  default_hooks: { param_scheduler: { max_epochs: 300 } },
  max_epochs: 300,
  model: {
    backbone: { out_indices: [1, 2, 3, 4], use_cspsppf: true },
    neck: { type: 'YOLOv6RepBiPAFPN', in_channels: [128, 256, 512, 1024] },
  },
  custom_hooks: [
    ema_hook,
    {
      type: 'mmdet.PipelineSwitchHook',
      switch_epoch: 285,
      switch_pipeline: [
        { type: 'LoadImageFromFile', backend_args: null },
        { type: 'LoadAnnotations', with_bbox: true },
        { type: 'YOLOv5KeepRatioResize', scale: [640, 640] },
        { type: 'LetterResize', scale: [640, 640], allow_scale_up: true, pad_val: { img: 114 } },
        {
          type: 'YOLOv5RandomAffine',
          max_rotate_degree: 0,
          max_translate_ratio: 0.1,
          scaling_ratio_range: [0.5, 1.5],
          max_shear_degree: 0,
        },
        { type: 'YOLOv5HSVRandomAug' },
        { type: 'mmdet.RandomFlip', prob: 0.5 },
        pack_train,
      ],
    },
  ],
  train_cfg: { max_epochs: 300, dynamic_intervals: [[285, 1]] },
};
