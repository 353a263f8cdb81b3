export default {
  _base_: './yolov5_s-v61_syncbn_8xb16-300e_coco',
  model: {
    data_preprocessor: { type: 'YOLOv5DetDataPreprocessor', mean: [0, 0, 0], std: [255, 255, 255], bgr_to_rgb: true },
  },
  train_dataloader: { collate_fn: { type: 'yolov5_collate' } },
};
