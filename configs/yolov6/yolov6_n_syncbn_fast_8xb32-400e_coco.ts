export default {
  _base_: './yolov6_s_syncbn_fast_8xb32-400e_coco',
  default_hooks: { param_scheduler: { lr_factor: 0.02 } },
  widen_factor: 0.25,
  lr_factor: 0.02,
  model: {
    backbone: { widen_factor: 0.25 },
    neck: { widen_factor: 0.25 },
    bbox_head: { head_module: { widen_factor: 0.25 }, loss_bbox: { iou_mode: 'siou' } },
  },
};
