const test_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'YOLOv5KeepRatioResize', scale: [640, 640] },
  { type: 'LetterResize', scale: [640, 640], allow_scale_up: false, pad_val: { img: 114 } },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true, _scope_: 'mmdet' },
  {
    type: 'mmdet.PackDetInputs',
    meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_param'],
  },
];
const val_dataloader = { dataset: { pipeline: test_pipeline } };

export default {
  _base_: './rtmdet_s_syncbn_fast_8xb32-300e_coco',
  model: {
    bbox_head: {
      type: 'RTMDetInsSepBNHead',
      head_module: { type: 'RTMDetInsSepBNHeadModule', use_sigmoid_cls: true },
      loss_mask: { type: 'mmdet.DiceLoss', loss_weight: 2, eps: 0.000005, reduction: 'mean' },
    },
    test_cfg: {
      nms_pre: 1000,
      score_thr: 0.05,
      nms: { iou_threshold: 0.6 },
      max_per_img: 100,
      min_bbox_size: 0,
      mask_thr_binary: 0.5,
    },
  },
  test_pipeline,
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator: { metric: ['bbox', 'segm'] },
  test_evaluator: { metric: ['bbox', 'segm'] },
};
