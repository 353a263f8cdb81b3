export default {
  _base_: './yolov8_s_syncbn_fast_8xb16-500e_coco',
  deepen_factor: 0.33,
  widen_factor: 0.25,
  model: {
    backbone: { deepen_factor: 0.33, widen_factor: 0.25 },
    neck: { deepen_factor: 0.33, widen_factor: 0.25 },
    bbox_head: { head_module: { widen_factor: 0.25 } },
  },
};
