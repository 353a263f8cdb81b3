import type { DetectorConfig, MetricConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { parts } from '../_base_/models/faster-rcnn_r50_fpn';
import { mask_branch } from '../_base_/models/mask-rcnn_r50_fpn';

const val_evaluator: MetricConfig = {
  type: 'YouTubeVISMetric',
  metric: 'youtube_vis_ap',
  outfile_prefix: './youtube_vis_results',
  format_only: true,
};

// Mask R-CNN of 40 classes, trained and tested on fewer regions
const rpn = parts.train_cfg.rpn;
const rcnn = parts.train_cfg.rcnn;
const proposals = { ...parts.test_cfg.rpn, nms_pre: 200, max_per_img: 200 };
const detector: DetectorConfig = {
  type: 'MaskRCNN',
  ...parts,
  roi_head: {
    ...parts.roi_head,
    bbox_head: { ...parts.roi_head.bbox_head, num_classes: 40 },
    mask_roi_extractor: mask_branch.mask_roi_extractor,
    mask_head: { ...mask_branch.mask_head, num_classes: 40 },
  },
  train_cfg: {
    rpn: { ...rpn, sampler: { ...rpn.sampler, num: 64 } },
    rpn_proposal: proposals,
    rcnn: {
      ...rcnn,
      assigner: { ...rcnn.assigner, match_low_quality: true },
      sampler: { ...rcnn.sampler, num: 128 },
      mask_size: 28,
    },
  },
  test_cfg: { rpn: proposals, rcnn: { ...parts.test_cfg.rcnn, score_thr: 0.01, mask_thr_binary: 0.5 } },
  init_cfg: {
    type: 'Pretrained',
    checkpoint:
      'https://download.openmmlab.com/mmdetection/v2.0/mask_rcnn/mask_rcnn_r50_fpn_1x_coco/mask_rcnn_r50_fpn_1x_coco_20200205-d4b0c5d6.pth',
  },
};

export default defineConfig({
  _base_: ['../_base_/datasets/youtube_vis', '../_base_/default_runtime'],
  train_dataloader: {
    batch_size: 1,
    sampler: {
      _delete_: true,
      type: 'TrackImgSampler',
    },
  },
  default_hooks: {
    visualization: {
      type: 'TrackVisualizationHook',
      draw: false,
    },
  },
  visualizer: {
    type: 'TrackLocalVisualizer',
  },
  model: {
    type: 'MaskTrackRCNN',
    data_preprocessor: {
      type: 'TrackDataPreprocessor',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      bgr_to_rgb: true,
      pad_mask: true,
      pad_size_divisor: 32,
    },
    detector,
    track_head: {
      type: 'RoITrackHead',
      roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: {
          type: 'RoIAlign',
          output_size: 7,
          sampling_ratio: 0,
        },
        out_channels: 256,
        featmap_strides: [4, 8, 16, 32],
      },
      embed_head: {
        type: 'RoIEmbedHead',
        num_fcs: 2,
        roi_feat_size: 7,
        in_channels: 256,
        fc_out_channels: 1024,
      },
      train_cfg: {
        assigner: {
          type: 'MaxIoUAssigner',
          pos_iou_thr: 0.5,
          neg_iou_thr: 0.5,
          min_pos_iou: 0.5,
          match_low_quality: true,
          ignore_iof_thr: -1,
        },
        sampler: {
          type: 'RandomSampler',
          num: 128,
          pos_fraction: 0.25,
          neg_pos_ub: -1,
          add_gt_as_proposals: true,
        },
        pos_weight: -1,
        debug: false,
      },
    },
    tracker: {
      type: 'MaskTrackRCNNTracker',
      match_weights: {
        det_score: 1,
        iou: 2,
        det_label: 10,
      },
      num_frames_retain: 20,
    },
  },
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: {
      type: 'SGD',
      lr: 0.00125,
      momentum: 0.9,
      weight_decay: 0.0001,
    },
    clip_grad: {
      max_norm: 35,
      norm_type: 2,
    },
  },
  param_scheduler: [
    {
      type: 'LinearLR',
      start_factor: 0.3333333333333333,
      by_epoch: false,
      begin: 0,
      end: 500,
    },
    {
      type: 'MultiStepLR',
      begin: 0,
      end: 12,
      by_epoch: true,
      milestones: [8, 11],
      gamma: 0.1,
    },
  ],
  train_cfg: {
    type: 'EpochBasedTrainLoop',
    max_epochs: 12,
    val_begin: 13,
  },
  val_cfg: {
    type: 'ValLoop',
  },
  test_cfg: {
    type: 'TestLoop',
  },
  val_evaluator: val_evaluator,
  test_evaluator: val_evaluator,
});
