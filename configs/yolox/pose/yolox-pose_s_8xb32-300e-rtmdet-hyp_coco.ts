import { ema_hook_rtmdet } from '../../_base_/mmyolo/yolo_coco';

const metainfo = 'configs/_base_/pose/coco.py';
const pre_transform = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_keypoints: true },
];
const squared = [
  { type: 'Resize', scale: [640, 640], keep_ratio: true },
  { type: 'mmdet.Pad', pad_to_square: true, pad_val: { img: [114, 114, 114] } },
];
const augmented = [
  { type: 'mmdet.YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'FilterAnnotations', by_keypoints: true, keep_empty: false },
];
const train_pipeline_stage1 = [
  ...pre_transform,
  { type: 'Mosaic', img_scale: [640, 640], pad_val: 114, pre_transform },
  { type: 'RandomAffine', scaling_ratio_range: [0.75, 1], border: [-320, -320] },
  { type: 'YOLOXMixUp', img_scale: [640, 640], ratio_range: [0.8, 1.6], pad_val: 114, pre_transform },
  ...augmented,
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape'] },
];
const train_pipeline_stage2 = [...pre_transform, ...squared, ...augmented, { type: 'PackDetInputs' }];
const test_pipeline = [
  ...pre_transform,
  ...squared,
  {
    type: 'PackDetInputs',
    meta_keys: ['id', 'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip_indices'],
  },
];
const evaluated = {
  dataset: {
    type: 'PoseCocoDataset',
    data_mode: 'bottomup',
    ann_file: 'annotations/person_keypoints_val2017.json',
    pipeline: test_pipeline,
  },
};
const evaluator = {
  type: 'mmpose.CocoMetric',
  ann_file: 'data/coco/annotations/person_keypoints_val2017.json',
  score_mode: 'bbox',
};

export default {
  _base_: '../yolox_s_fast_8xb32-300e-rtmdet-hyp_coco',
  load_from:
    'https://download.openmmlab.com/mmyolo/v0/yolox/yolox_s_fast_8xb32-300e-rtmdet-hyp_coco/yolox_s_fast_8xb32-300e-rtmdet-hyp_coco_20230210_134645-3a8dfbd7.pth',
  num_keypoints: 17,
  scaling_ratio_range: [0.75, 1],
  mixup_ratio_range: [0.8, 1.6],
  num_last_epochs: 20,
  model: {
    bbox_head: {
      type: 'YOLOXPoseHead',
      head_module: { type: 'YOLOXPoseHeadModule', num_classes: 1, num_keypoints: 17 },
      loss_pose: { type: 'OksLoss', metainfo, loss_weight: 30 },
    },
    train_cfg: {
      assigner: {
        type: 'PoseSimOTAAssigner',
        center_radius: 2.5,
        oks_weight: 3,
        iou_calculator: { type: 'mmdet.BboxOverlaps2D' },
        oks_calculator: { type: 'OksLoss', metainfo },
      },
    },
    test_cfg: { score_thr: 0.01 },
  },
  pre_transform,
  train_pipeline_stage1,
  train_pipeline_stage2,
  test_pipeline,
  dataset_type: 'PoseCocoDataset',
  train_dataloader: {
    dataset: {
      type: 'PoseCocoDataset',
      data_mode: 'bottomup',
      ann_file: 'annotations/person_keypoints_train2017.json',
      pipeline: train_pipeline_stage1,
    },
  },
  val_dataloader: evaluated,
  test_dataloader: evaluated,
  val_evaluator: { _delete_: true, ...evaluator },
  test_evaluator: { _delete_: true, ...evaluator },
  default_hooks: { checkpoint: { save_best: 'coco/AP', rule: 'greater' } },
  visualizer: { type: 'mmpose.PoseLocalVisualizer' },
  custom_hooks: [
    { type: 'YOLOXModeSwitchHook', num_last_epochs: 20, new_train_pipeline: train_pipeline_stage2, priority: 48 },
    { type: 'mmdet.SyncNormHook', priority: 48 },
    ema_hook_rtmdet,
  ],
};
