import type { ConfigOf } from '../../../src/catalogue/config-types';
import { defineConfig } from '../../../src/catalogue/define-config';

// what a Mask R-CNN adds to the second stage
export const mask_branch = {
  mask_roi_extractor: {
    type: 'SingleRoIExtractor',
    roi_layer: { type: 'RoIAlign', output_size: 14, sampling_ratio: 0 },
    out_channels: 256,
    featmap_strides: [4, 8, 16, 32],
  },
  mask_head: {
    type: 'FCNMaskHead',
    num_convs: 4,
    in_channels: 256,
    conv_out_channels: 256,
    num_classes: 80,
    loss_mask: { type: 'CrossEntropyLoss', use_mask: true, loss_weight: 1 },
  },
} satisfies Partial<Extract<ConfigOf<'roi_head'>, { type: 'StandardRoIHead' }>>;

export default defineConfig({
  _base_: './faster-rcnn_r50_fpn',
  model: {
    type: 'MaskRCNN',
    data_preprocessor: { pad_mask: true },
    roi_head: {
      ...mask_branch,
    },
    train_cfg: { rcnn: { assigner: { match_low_quality: true }, mask_size: 28 } },
    test_cfg: { rcnn: { mask_thr_binary: 0.5 } },
  },
});
