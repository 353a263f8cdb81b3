export default {
  _base_: './yolov5_s-v61_syncbn_fast_8xb16-300e_coco',
  deepen_factor: 0.33,
  widen_factor: 0.25,
  model: {
    backbone: { deepen_factor: 0.33, widen_factor: 0.25 },
    neck: { deepen_factor: 0.33, widen_factor: 0.25 },
    bbox_head: { head_module: { widen_factor: 0.25 } },
  },
};
