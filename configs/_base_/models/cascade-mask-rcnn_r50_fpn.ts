import { defineConfig } from '../../../src/catalogue/define-config';

export default defineConfig({
  _base_: './cascade-rcnn_r50_fpn',
  model: {
    data_preprocessor: { pad_mask: true },
    roi_head: {
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
    },
    train_cfg: {
      rcnn: [
        {
          assigner: {
            type: 'MaxIoUAssigner',
            pos_iou_thr: 0.5,
            neg_iou_thr: 0.5,
            min_pos_iou: 0.5,
            match_low_quality: false,
            ignore_iof_thr: -1,
          },
          sampler: {
            type: 'RandomSampler',
            num: 512,
            pos_fraction: 0.25,
            neg_pos_ub: -1,
            add_gt_as_proposals: true,
          },
          mask_size: 28,
          pos_weight: -1,
          debug: false,
        },
        {
          assigner: {
            type: 'MaxIoUAssigner',
            pos_iou_thr: 0.6,
            neg_iou_thr: 0.6,
            min_pos_iou: 0.6,
            match_low_quality: false,
            ignore_iof_thr: -1,
          },
          sampler: {
            type: 'RandomSampler',
            num: 512,
            pos_fraction: 0.25,
            neg_pos_ub: -1,
            add_gt_as_proposals: true,
          },
          mask_size: 28,
          pos_weight: -1,
          debug: false,
        },
        {
          assigner: {
            type: 'MaxIoUAssigner',
            pos_iou_thr: 0.7,
            neg_iou_thr: 0.7,
            min_pos_iou: 0.7,
            match_low_quality: false,
            ignore_iof_thr: -1,
          },
          sampler: {
            type: 'RandomSampler',
            num: 512,
            pos_fraction: 0.25,
            neg_pos_ub: -1,
            add_gt_as_proposals: true,
          },
          mask_size: 28,
          pos_weight: -1,
          debug: false,
        },
      ],
    },
    test_cfg: { rcnn: { mask_thr_binary: 0.5 } },
  },
});
