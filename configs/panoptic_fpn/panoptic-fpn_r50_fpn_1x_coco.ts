import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/mask-rcnn_r50_fpn',
    '../_base_/datasets/coco_panoptic',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  model: {
    type: 'PanopticFPN',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      bgr_to_rgb: true,
      pad_size_divisor: 32,
      pad_mask: true,
      mask_pad_value: 0,
      pad_seg: true,
      seg_pad_value: 255,
    },
    semantic_head: {
      type: 'PanopticFPNHead',
      num_things_classes: 80,
      num_stuff_classes: 53,
      in_channels: 256,
      inner_channels: 128,
      start_level: 0,
      end_level: 4,
      norm_cfg: { type: 'GN', num_groups: 32, requires_grad: true },
      conv_cfg: null,
      loss_seg: { type: 'CrossEntropyLoss', ignore_index: 255, loss_weight: 0.5 },
    },
    panoptic_fusion_head: { type: 'HeuristicFusionHead', num_things_classes: 80, num_stuff_classes: 53 },
    test_cfg: {
      rcnn: {
        score_thr: 0.6,
        nms: { type: 'nms', iou_threshold: 0.5, class_agnostic: true },
        max_per_img: 100,
        mask_thr_binary: 0.5,
      },
      panoptic: { mask_overlap: 0.5, stuff_area_limit: 4096 },
    },
  },
  custom_hooks: [],
});
