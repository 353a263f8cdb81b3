import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: ['../detr/detr_r50_8xb2-150e_coco'],
  model: {
    type: 'ConditionalDETR',
    num_queries: 300,
    decoder: {
      num_layers: 6,
      layer_cfg: {
        self_attn_cfg: { _delete_: true, embed_dims: 256, num_heads: 8, attn_drop: 0.1, cross_attn: false },
        cross_attn_cfg: { _delete_: true, embed_dims: 256, num_heads: 8, attn_drop: 0.1, cross_attn: true },
      },
    },
    bbox_head: {
      type: 'ConditionalDETRHead',
      loss_cls: { _delete_: true, type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 2 },
    },
    train_cfg: {
      assigner: {
        type: 'HungarianAssigner',
        match_costs: [
          { type: 'FocalLossCost', weight: 2 },
          { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' },
          { type: 'IoUCost', iou_mode: 'giou', weight: 2 },
        ],
      },
    },
  },
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 50, val_interval: 1 },
  param_scheduler: [{ type: 'MultiStepLR', end: 50, milestones: [40] }],
});
