import type { DetectorConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { parts } from '../_base_/models/faster-rcnn_r50_fpn';

const rpn_head = parts.rpn_head;
const roi_head = parts.roi_head;
const bbox_head = roi_head.bbox_head;
const detector: DetectorConfig = {
  type: 'FasterRCNN',
  ...parts,
  backbone: {
    ...parts.backbone,
    norm_cfg: { type: 'BN', requires_grad: false },
    style: 'caffe',
    init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet50_caffe' },
  },
  rpn_head: {
    ...rpn_head,
    bbox_coder: { ...rpn_head.bbox_coder, clip_border: false },
    loss_bbox: { type: 'SmoothL1Loss', beta: 1.0 / 9.0, loss_weight: 1.0 },
  },
  roi_head: {
    ...roi_head,
    bbox_head: { ...bbox_head, num_classes: 1, bbox_coder: { ...bbox_head.bbox_coder, clip_border: false } },
  },
  init_cfg: {
    type: 'Pretrained',
    checkpoint:
      'https://download.openmmlab.com/mmdetection/v2.0/faster_rcnn/faster_rcnn_r50_fpn_1x_coco-person/faster_rcnn_r50_fpn_1x_coco-person_20201216_175929-d022e227.pth',
  },
};

export default defineConfig({
  _base_: '../_base_/default_runtime',
  default_hooks: {
    visualization: {
      type: 'TrackVisualizationHook',
      draw: false,
    },
  },
  visualizer: {
    type: 'TrackLocalVisualizer',
  },
  detector: detector,
  model: {
    type: 'QDTrack',
    data_preprocessor: {
      type: 'TrackDataPreprocessor',
      mean: [103.53, 116.28, 123.675],
      std: [1, 1, 1],
      bgr_to_rgb: false,
      pad_size_divisor: 32,
    },
    detector: detector,
    track_head: {
      type: 'QuasiDenseTrackHead',
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
        type: 'QuasiDenseEmbedHead',
        num_convs: 4,
        num_fcs: 1,
        embed_channels: 256,
        norm_cfg: {
          type: 'GN',
          num_groups: 32,
        },
        loss_track: {
          type: 'MultiPosCrossEntropyLoss',
          loss_weight: 0.25,
        },
        loss_track_aux: {
          type: 'MarginL2Loss',
          neg_pos_ub: 3,
          pos_margin: 0,
          neg_margin: 0.1,
          hard_mining: true,
          loss_weight: 1,
        },
      },
      loss_bbox: {
        type: 'L1Loss',
        loss_weight: 1,
      },
      train_cfg: {
        assigner: {
          type: 'MaxIoUAssigner',
          pos_iou_thr: 0.7,
          neg_iou_thr: 0.5,
          min_pos_iou: 0.5,
          match_low_quality: false,
          ignore_iof_thr: -1,
        },
        sampler: {
          type: 'CombinedSampler',
          num: 256,
          pos_fraction: 0.5,
          neg_pos_ub: 3,
          add_gt_as_proposals: true,
          pos_sampler: {
            type: 'InstanceBalancedPosSampler',
          },
          neg_sampler: {
            type: 'RandomSampler',
          },
        },
      },
    },
    tracker: {
      type: 'QuasiDenseTracker',
      init_score_thr: 0.9,
      obj_score_thr: 0.5,
      match_score_thr: 0.5,
      memo_tracklet_frames: 30,
      memo_backdrop_frames: 1,
      memo_momentum: 0.8,
      nms_conf_thr: 0.5,
      nms_backdrop_iou_thr: 0.3,
      nms_class_iou_thr: 0.7,
      with_cats: true,
      match_metric: 'bisoftmax',
    },
  },
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: {
      type: 'SGD',
      lr: 0.02,
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
      type: 'MultiStepLR',
      begin: 0,
      end: 4,
      by_epoch: true,
      milestones: [3],
    },
  ],
  train_cfg: {
    type: 'EpochBasedTrainLoop',
    max_epochs: 4,
    val_interval: 4,
  },
  val_cfg: {
    type: 'ValLoop',
  },
  test_cfg: {
    type: 'TestLoop',
  },
  custom_hooks: [
    {
      type: 'SyncBuffersHook',
    },
  ],
});
