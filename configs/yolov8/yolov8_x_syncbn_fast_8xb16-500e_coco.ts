export default {
  _base_: './yolov8_l_syncbn_fast_8xb16-500e_coco',
  deepen_factor: 1.0,
  widen_factor: 1.25,
  model: {
    backbone: { deepen_factor: 1.0, widen_factor: 1.25 },
    neck: { deepen_factor: 1.0, widen_factor: 1.25 },
    bbox_head: { head_module: { widen_factor: 1.25 } },
  },
};
