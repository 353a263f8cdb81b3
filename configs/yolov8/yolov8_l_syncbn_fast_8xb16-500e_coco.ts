const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  {
    type: 'Mosaic',
    img_scale: [640, 640],
    pad_val: 114.0,
    pre_transform: [
      { type: 'LoadImageFromFile', backend_args: null },
      { type: 'LoadAnnotations', with_bbox: true },
    ],
  },
  {
    type: 'YOLOv5RandomAffine',
    max_rotate_degree: 0.0,
    max_shear_degree: 0.0,
    max_aspect_ratio: 100,
    scaling_ratio_range: [0.09999999999999998, 1.9],
    border: [-320, -320],
    border_val: [114, 114, 114],
  },
  {
    type: 'YOLOv5MixUp',
    prob: 0.15,
    pre_transform: [
      { type: 'LoadImageFromFile', backend_args: null },
      { type: 'LoadAnnotations', with_bbox: true },
      {
        type: 'Mosaic',
        img_scale: [640, 640],
        pad_val: 114.0,
        pre_transform: [
          { type: 'LoadImageFromFile', backend_args: null },
          { type: 'LoadAnnotations', with_bbox: true },
        ],
      },
      {
        type: 'YOLOv5RandomAffine',
        max_rotate_degree: 0.0,
        max_shear_degree: 0.0,
        max_aspect_ratio: 100,
        scaling_ratio_range: [0.09999999999999998, 1.9],
        border: [-320, -320],
        border_val: [114, 114, 114],
      },
    ],
  },
  {
    type: 'mmdet.Albu',
    transforms: [
      { type: 'Blur', p: 0.01 },
      { type: 'MedianBlur', p: 0.01 },
      { type: 'ToGray', p: 0.01 },
      { type: 'CLAHE', p: 0.01 },
    ],
    bbox_params: { type: 'BboxParams', format: 'pascal_voc', label_fields: ['gt_bboxes_labels', 'gt_ignore_flags'] },
    keymap: { img: 'image', gt_bboxes: 'bboxes' },
  },
  { type: 'YOLOv5HSVRandomAug' },
  { type: 'mmdet.RandomFlip', prob: 0.5 },
  {
    type: 'mmdet.PackDetInputs',
    meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'flip', 'flip_direction'],
  },
];

export default {
  _base_: './yolov8_m_syncbn_fast_8xb16-500e_coco',
  deepen_factor: 1.0,
  widen_factor: 1.0,
  last_stage_out_channels: 512,
  mixup_prob: 0.15,
  pre_transform: [
    { type: 'LoadImageFromFile', backend_args: null },
    { type: 'LoadAnnotations', with_bbox: true },
  ],
  mosaic_affine_transform: [
    {
      type: 'Mosaic',
      img_scale: [640, 640],
      pad_val: 114.0,
      pre_transform: [
        { type: 'LoadImageFromFile', backend_args: null },
        { type: 'LoadAnnotations', with_bbox: true },
      ],
    },
    {
      type: 'YOLOv5RandomAffine',
      max_rotate_degree: 0.0,
      max_shear_degree: 0.0,
      max_aspect_ratio: 100,
      scaling_ratio_range: [0.09999999999999998, 1.9],
      border: [-320, -320],
      border_val: [114, 114, 114],
    },
  ],
  last_transform: [
    {
      type: 'mmdet.Albu',
      transforms: [
        { type: 'Blur', p: 0.01 },
        { type: 'MedianBlur', p: 0.01 },
        { type: 'ToGray', p: 0.01 },
        { type: 'CLAHE', p: 0.01 },
      ],
      bbox_params: { type: 'BboxParams', format: 'pascal_voc', label_fields: ['gt_bboxes_labels', 'gt_ignore_flags'] },
      keymap: { img: 'image', gt_bboxes: 'bboxes' },
    },
    { type: 'YOLOv5HSVRandomAug' },
    { type: 'mmdet.RandomFlip', prob: 0.5 },
    {
      type: 'mmdet.PackDetInputs',
      meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'flip', 'flip_direction'],
    },
  ],
  model: {
    backbone: { last_stage_out_channels: 512, deepen_factor: 1.0, widen_factor: 1.0 },
    neck: { deepen_factor: 1.0, widen_factor: 1.0, in_channels: [256, 512, 512], out_channels: [256, 512, 512] },
    bbox_head: { head_module: { widen_factor: 1.0, in_channels: [256, 512, 512] } },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
};
