import { albu } from '../_base_/mmyolo/yolo_coco';

const model_test_cfg = { nms: { iou_threshold: 0.6 }, min_bbox_size: 0, mask_thr_binary: 0.5, fast_test: true };
const pre_transform = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true, mask2bbox: true },
];
const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true, mask2bbox: true },
  { type: 'Mosaic', img_scale: [640, 640], pad_val: 114, pre_transform },
  {
    type: 'YOLOv5RandomAffine',
    max_rotate_degree: 0,
    max_shear_degree: 0,
    scaling_ratio_range: [0.5, 1.5],
    border: [-320, -320],
    border_val: [114, 114, 114],
    min_area_ratio: 0.01,
    max_aspect_ratio: 100,
    use_mask_refine: true,
  },
  albu,
  { type: 'YOLOv5HSVRandomAug' },
  { type: 'mmdet.RandomFlip', prob: 0.5 },
  { type: 'Polygon2Mask', downsample_ratio: 4, mask_overlap: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'flip', 'flip_direction'] },
];
const test_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'YOLOv5KeepRatioResize', scale: [640, 640] },
  { type: 'LetterResize', scale: [640, 640], allow_scale_up: false, half_pad_param: true, pad_val: { img: 114 } },
  { type: 'LoadAnnotations', with_bbox: true, _scope_: 'mmdet' },
  {
    type: 'mmdet.PackDetInputs',
    meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_param'],
  },
];
const val_dataloader = { dataset: { pipeline: test_pipeline } };

export default {
  _base_: './yolov5_s-v61_syncbn_fast_8xb16-300e_coco',
  model_test_cfg,
  model: {
    bbox_head: {
      type: 'YOLOv5InsHead',
      head_module: { type: 'YOLOv5InsHeadModule', mask_channels: 32, proto_channels: 256 },
      mask_overlap: true,
      loss_mask: { type: 'mmdet.CrossEntropyLoss', use_sigmoid: true, reduction: 'none' },
      loss_mask_weight: 0.05,
    },
    test_cfg: model_test_cfg,
  },
  pre_transform,
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  test_pipeline,
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator: { metric: ['bbox', 'segm'] },
  test_evaluator: { metric: ['bbox', 'segm'] },
  use_mask2refine: true,
  max_aspect_ratio: 100,
  min_area_ratio: 0.01,
  downsample_ratio: 4,
  mask_overlap: true,
  half_pad_param: true,
};
