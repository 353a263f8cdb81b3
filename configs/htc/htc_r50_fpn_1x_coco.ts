import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true, with_seg: true },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
export default defineConfig({
  _base_: './htc-without-semantic_r50_fpn_1x_coco',
  model: {
    data_preprocessor: { pad_seg: true },
    roi_head: {
      semantic_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 14, sampling_ratio: 0 },
        out_channels: 256,
        featmap_strides: [8],
      },
      semantic_head: {
        type: 'FusedSemanticHead',
        num_ins: 5,
        fusion_level: 1,
        seg_scale_factor: 0.125,
        num_convs: 4,
        in_channels: 256,
        conv_out_channels: 256,
        num_classes: 183,
        loss_seg: { type: 'CrossEntropyLoss', ignore_index: 255, loss_weight: 0.2 },
      },
    },
  },
  train_pipeline,
  train_dataloader: {
    dataset: { data_prefix: { img: 'train2017/', seg: 'stuffthingmaps/train2017/' }, pipeline: train_pipeline },
  },
});
