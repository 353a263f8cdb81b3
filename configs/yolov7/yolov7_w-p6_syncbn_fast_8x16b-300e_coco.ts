import { pack_train } from '../_base_/mmyolo/yolo_coco';

const _multiscale_resize_transforms = [
  {
    type: 'Compose',
    transforms: [
      { type: 'YOLOv5KeepRatioResize', scale: [1280, 1280] },
      { type: 'LetterResize', scale: [1280, 1280], allow_scale_up: false, pad_val: { img: 114 } },
    ],
  },
  {
    type: 'Compose',
    transforms: [
      { type: 'YOLOv5KeepRatioResize', scale: [1024, 1024] },
      { type: 'LetterResize', scale: [1024, 1024], allow_scale_up: false, pad_val: { img: 114 } },
    ],
  },
  {
    type: 'Compose',
    transforms: [
      { type: 'YOLOv5KeepRatioResize', scale: [1536, 1536] },
      { type: 'LetterResize', scale: [1536, 1536], allow_scale_up: false, pad_val: { img: 114 } },
    ],
  },
];
const anchors = [
  [
    [19, 27],
    [44, 40],
    [38, 94],
  ],
  [
    [96, 68],
    [86, 152],
    [180, 137],
  ],
  [
    [140, 301],
    [303, 264],
    [238, 542],
  ],
  [
    [436, 615],
    [739, 380],
    [925, 792],
  ],
];
const mosiac4_pipeline = [
  {
    type: 'Mosaic',
    img_scale: [1280, 1280],
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
    max_translate_ratio: 0.2,
    scaling_ratio_range: [0.1, 2],
    border: [-640, -640],
    border_val: [114, 114, 114],
  },
];
const mosiac9_pipeline = [
  {
    type: 'Mosaic9',
    img_scale: [1280, 1280],
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
    max_translate_ratio: 0.2,
    scaling_ratio_range: [0.1, 2],
    border: [-640, -640],
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
    prob: 0.15,
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
const test_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'YOLOv5KeepRatioResize', scale: [1280, 1280] },
  { type: 'LetterResize', scale: [1280, 1280], allow_scale_up: false, pad_val: { img: 114 } },
  { type: 'LoadAnnotations', with_bbox: true, _scope_: 'mmdet' },
  {
    type: 'mmdet.PackDetInputs',
    meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_param'],
  },
];
const val_dataloader = { dataset: { pipeline: test_pipeline, batch_shapes_cfg: { img_size: 1280, size_divisor: 64 } } };

export default {
  _base_: './yolov7_l_syncbn_fast_8x16b-300e_coco',
  default_hooks: { param_scheduler: { lr_factor: 0.2 } },
  _multiscale_resize_transforms,
  tta_pipeline: [
    { type: 'LoadImageFromFile', backend_args: null },
    {
      type: 'TestTimeAug',
      transforms: [
        _multiscale_resize_transforms,
        [
          { type: 'mmdet.RandomFlip', prob: 1 },
          { type: 'mmdet.RandomFlip', prob: 0 },
        ],
        [{ type: 'mmdet.LoadAnnotations', with_bbox: true }],
        [
          {
            type: 'mmdet.PackDetInputs',
            meta_keys: [
              'img_id',
              'img_path',
              'ori_shape',
              'img_shape',
              'scale_factor',
              'pad_param',
              'flip',
              'flip_direction',
            ],
          },
        ],
      ],
    },
  ],
  anchors,
  img_scale: [1280, 1280],
  batch_shapes_cfg: { img_size: 1280, size_divisor: 64 },
  strides: [8, 16, 32, 64],
  num_det_layers: 4,
  simota_candidate_topk: 20,
  obj_level_weights: [4, 1, 0.25, 0.06],
  lr_factor: 0.2,
  model: {
    backbone: { arch: 'W', out_indices: [2, 3, 4, 5] },
    neck: {
      in_channels: [256, 512, 768, 1024],
      out_channels: [128, 256, 384, 512],
      use_maxpool_in_downsample: false,
      use_repconv_outs: false,
    },
    bbox_head: {
      head_module: {
        type: 'YOLOv7p6HeadModule',
        in_channels: [128, 256, 384, 512],
        featmap_strides: [8, 16, 32, 64],
        norm_cfg: { type: 'BN', momentum: 0.03, eps: 0.001 },
        act_cfg: { type: 'SiLU', inplace: true },
      },
      prior_generator: { base_sizes: anchors, strides: [8, 16, 32, 64] },
      loss_cls: { loss_weight: 0.22499999999999998 },
      loss_bbox: { loss_weight: 0.037500000000000006 },
      loss_obj: { loss_weight: 2.0999999999999996 },
      obj_level_weights: [4, 1, 0.25, 0.06],
      simota_candidate_topk: 20,
    },
  },
  mosiac4_pipeline,
  mosiac9_pipeline,
  randchoice_mosaic_pipeline: { transforms: [mosiac4_pipeline, mosiac9_pipeline] },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  test_pipeline,
  val_dataloader,
  test_dataloader: val_dataloader,
  tta_img_scales: [
    [1280, 1280],
    [1024, 1024],
    [1536, 1536],
  ],
};
