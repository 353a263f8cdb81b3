import type { MetricConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const ten = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1];

const val_evaluator: MetricConfig = {
  type: 'YouTubeVISMetric',
  metric: 'youtube_vis_ap',
  outfile_prefix: './youtube_vis_results',
  format_only: true,
};

export default defineConfig({
  _base_: ['../_base_/datasets/youtube_vis', '../_base_/default_runtime'],
  default_hooks: {
    checkpoint: {
      interval: 2000,
      by_epoch: false,
      save_last: true,
    },
    visualization: {
      type: 'TrackVisualizationHook',
      draw: false,
    },
  },
  visualizer: {
    type: 'TrackLocalVisualizer',
  },
  log_processor: {
    by_epoch: false,
  },
  num_classes: 40,
  num_frames: 2,
  model: {
    type: 'Mask2FormerVideo',
    data_preprocessor: {
      type: 'TrackDataPreprocessor',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      bgr_to_rgb: true,
      pad_mask: true,
      pad_size_divisor: 32,
    },
    backbone: {
      type: 'ResNet',
      depth: 50,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: -1,
      norm_cfg: {
        type: 'BN',
        requires_grad: false,
      },
      norm_eval: true,
      style: 'pytorch',
      init_cfg: {
        type: 'Pretrained',
        checkpoint: 'torchvision://resnet50',
      },
    },
    track_head: {
      type: 'Mask2FormerTrackHead',
      in_channels: [256, 512, 1024, 2048],
      strides: [4, 8, 16, 32],
      feat_channels: 256,
      out_channels: 256,
      num_classes: 40,
      num_queries: 100,
      num_frames: 2,
      num_transformer_feat_level: 3,
      pixel_decoder: {
        type: 'MSDeformAttnPixelDecoder',
        num_outs: 3,
        norm_cfg: {
          type: 'GN',
          num_groups: 32,
        },
        act_cfg: {
          type: 'ReLU',
        },
        encoder: {
          num_layers: 6,
          layer_cfg: {
            self_attn_cfg: {
              embed_dims: 256,
              num_heads: 8,
              num_levels: 3,
              num_points: 4,
              im2col_step: 128,
              dropout: 0,
              batch_first: true,
            },
            ffn_cfg: {
              embed_dims: 256,
              feedforward_channels: 1024,
              num_fcs: 2,
              ffn_drop: 0,
              act_cfg: {
                type: 'ReLU',
                inplace: true,
              },
            },
          },
        },
        positional_encoding: {
          num_feats: 128,
          normalize: true,
        },
      },
      enforce_decoder_input_project: false,
      positional_encoding: {
        type: 'SinePositionalEncoding3D',
        num_feats: 128,
        normalize: true,
      },
      transformer_decoder: {
        return_intermediate: true,
        num_layers: 9,
        layer_cfg: {
          self_attn_cfg: {
            embed_dims: 256,
            num_heads: 8,
            dropout: 0,
            batch_first: true,
          },
          cross_attn_cfg: {
            embed_dims: 256,
            num_heads: 8,
            dropout: 0,
            batch_first: true,
          },
          ffn_cfg: {
            embed_dims: 256,
            feedforward_channels: 2048,
            num_fcs: 2,
            ffn_drop: 0,
            act_cfg: {
              type: 'ReLU',
              inplace: true,
            },
          },
        },
        init_cfg: null,
      },
      loss_cls: {
        type: 'CrossEntropyLoss',
        use_sigmoid: false,
        loss_weight: 2,
        reduction: 'mean',
        class_weight: [...ten, ...ten, ...ten, ...ten, 0.1],
      },
      loss_mask: {
        type: 'CrossEntropyLoss',
        use_sigmoid: true,
        reduction: 'mean',
        loss_weight: 5,
      },
      loss_dice: {
        type: 'DiceLoss',
        use_sigmoid: true,
        activate: true,
        reduction: 'mean',
        naive_dice: true,
        eps: 1,
        loss_weight: 5,
      },
      train_cfg: {
        num_points: 12544,
        oversample_ratio: 3,
        importance_sample_ratio: 0.75,
        assigner: {
          type: 'HungarianAssigner',
          match_costs: [
            {
              type: 'ClassificationCost',
              weight: 2,
            },
            {
              type: 'CrossEntropyLossCost',
              weight: 5,
              use_sigmoid: true,
            },
            {
              type: 'DiceCost',
              weight: 5,
              pred_act: true,
              eps: 1,
            },
          ],
        },
        sampler: {
          type: 'MaskPseudoSampler',
        },
      },
    },
    init_cfg: {
      type: 'Pretrained',
      checkpoint:
        'https://download.openmmlab.com/mmdetection/v3.0/mask2former/mask2former_r50_8xb2-lsj-50e_coco/mask2former_r50_8xb2-lsj-50e_coco_20220506_191028-41b088b6.pth',
    },
  },
  embed_multi: {
    lr_mult: 1,
    decay_mult: 0,
  },
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: {
      type: 'AdamW',
      lr: 0.0001,
      weight_decay: 0.05,
      eps: 1e-8,
      betas: [0.9, 0.999],
    },
    paramwise_cfg: {
      custom_keys: {
        backbone: {
          lr_mult: 0.1,
          decay_mult: 1,
        },
        query_embed: {
          lr_mult: 1,
          decay_mult: 0,
        },
        query_feat: {
          lr_mult: 1,
          decay_mult: 0,
        },
        level_embed: {
          lr_mult: 1,
          decay_mult: 0,
        },
      },
      norm_decay_mult: 0,
    },
    clip_grad: {
      max_norm: 0.01,
      norm_type: 2,
    },
  },
  max_iters: 6000,
  param_scheduler: {
    type: 'MultiStepLR',
    begin: 0,
    end: 6000,
    by_epoch: false,
    milestones: [4000],
    gamma: 0.1,
  },
  train_cfg: {
    type: 'IterBasedTrainLoop',
    max_iters: 6000,
    val_interval: 6001,
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
