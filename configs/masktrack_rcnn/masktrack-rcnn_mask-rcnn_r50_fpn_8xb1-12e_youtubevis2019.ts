import type { MetricConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const val_evaluator: MetricConfig = {
  type: 'YouTubeVISMetric',
  metric: 'youtube_vis_ap',
  outfile_prefix: './youtube_vis_results',
  format_only: true,
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
    detector: {
      type: 'MaskRCNN',
      backbone: {
        type: 'ResNet',
        depth: 50,
        num_stages: 4,
        out_indices: [0, 1, 2, 3],
        frozen_stages: 1,
        norm_cfg: {
          type: 'BN',
          requires_grad: true,
        },
        norm_eval: true,
        style: 'pytorch',
        init_cfg: {
          type: 'Pretrained',
          checkpoint: 'torchvision://resnet50',
        },
      },
      neck: {
        type: 'FPN',
        in_channels: [256, 512, 1024, 2048],
        out_channels: 256,
        num_outs: 5,
      },
      rpn_head: {
        type: 'RPNHead',
        in_channels: 256,
        feat_channels: 256,
        anchor_generator: {
          type: 'AnchorGenerator',
          scales: [8],
          ratios: [0.5, 1, 2],
          strides: [4, 8, 16, 32, 64],
        },
        bbox_coder: {
          type: 'DeltaXYWHBBoxCoder',
          target_means: [0, 0, 0, 0],
          target_stds: [1, 1, 1, 1],
        },
        loss_cls: {
          type: 'CrossEntropyLoss',
          use_sigmoid: true,
          loss_weight: 1,
        },
        loss_bbox: {
          type: 'L1Loss',
          loss_weight: 1,
        },
      },
      roi_head: {
        type: 'StandardRoIHead',
        bbox_roi_extractor: {
          type: 'SingleRoIExtractor',
          roi_layer: {
            type: 'RoIAlign',
            output_size: 7,
            sampling_ratio: 0,
          },
          out_channels: 256,
          featmap_strides: [4, 8, 16, 32],
        },
        bbox_head: {
          type: 'Shared2FCBBoxHead',
          in_channels: 256,
          fc_out_channels: 1024,
          roi_feat_size: 7,
          num_classes: 40,
          bbox_coder: {
            type: 'DeltaXYWHBBoxCoder',
            target_means: [0, 0, 0, 0],
            target_stds: [0.1, 0.1, 0.2, 0.2],
          },
          reg_class_agnostic: false,
          loss_cls: {
            type: 'CrossEntropyLoss',
            use_sigmoid: false,
            loss_weight: 1,
          },
          loss_bbox: {
            type: 'L1Loss',
            loss_weight: 1,
          },
        },
        mask_roi_extractor: {
          type: 'SingleRoIExtractor',
          roi_layer: {
            type: 'RoIAlign',
            output_size: 14,
            sampling_ratio: 0,
          },
          out_channels: 256,
          featmap_strides: [4, 8, 16, 32],
        },
        mask_head: {
          type: 'FCNMaskHead',
          num_convs: 4,
          in_channels: 256,
          conv_out_channels: 256,
          num_classes: 40,
          loss_mask: {
            type: 'CrossEntropyLoss',
            use_mask: true,
            loss_weight: 1,
          },
        },
      },
      train_cfg: {
        rpn: {
          assigner: {
            type: 'MaxIoUAssigner',
            pos_iou_thr: 0.7,
            neg_iou_thr: 0.3,
            min_pos_iou: 0.3,
            match_low_quality: true,
            ignore_iof_thr: -1,
          },
          sampler: {
            type: 'RandomSampler',
            num: 64,
            pos_fraction: 0.5,
            neg_pos_ub: -1,
            add_gt_as_proposals: false,
          },
          allowed_border: -1,
          pos_weight: -1,
          debug: false,
        },
        rpn_proposal: {
          nms_pre: 200,
          max_per_img: 200,
          nms: {
            type: 'nms',
            iou_threshold: 0.7,
          },
          min_bbox_size: 0,
        },
        rcnn: {
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
          mask_size: 28,
          pos_weight: -1,
          debug: false,
        },
      },
      test_cfg: {
        rpn: {
          nms_pre: 200,
          max_per_img: 200,
          nms: {
            type: 'nms',
            iou_threshold: 0.7,
          },
          min_bbox_size: 0,
        },
        rcnn: {
          score_thr: 0.01,
          nms: {
            type: 'nms',
            iou_threshold: 0.5,
          },
          max_per_img: 100,
          mask_thr_binary: 0.5,
        },
      },
      init_cfg: {
        type: 'Pretrained',
        checkpoint:
          'https://download.openmmlab.com/mmdetection/v2.0/mask_rcnn/mask_rcnn_r50_fpn_1x_coco/mask_rcnn_r50_fpn_1x_coco_20200205-d4b0c5d6.pth',
      },
    },
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
