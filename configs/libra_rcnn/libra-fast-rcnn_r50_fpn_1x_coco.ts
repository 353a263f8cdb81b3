import { defineConfig } from '../../src/catalogue/define-config';

const val_dataloader = { dataset: { proposal_file: 'libra_proposals/rpn_r50_fpn_1x_val2017.pkl' } };

export default defineConfig({
  _base_: '../fast_rcnn/fast-rcnn_r50_fpn_1x_coco',
  model: {
    neck: [
      { type: 'FPN', in_channels: [256, 512, 1024, 2048], out_channels: 256, num_outs: 5 },
      { type: 'BFP', in_channels: 256, num_levels: 5, refine_level: 2, refine_type: 'non_local' },
    ],
    roi_head: {
      bbox_head: {
        loss_bbox: { _delete_: true, type: 'BalancedL1Loss', alpha: 0.5, gamma: 1.5, beta: 1.0, loss_weight: 1.0 },
      },
    },
    train_cfg: {
      rcnn: {
        sampler: {
          _delete_: true,
          type: 'CombinedSampler',
          num: 512,
          pos_fraction: 0.25,
          add_gt_as_proposals: true,
          pos_sampler: { type: 'InstanceBalancedPosSampler' },
          neg_sampler: { type: 'IoUBalancedNegSampler', floor_thr: -1, floor_fraction: 0, num_bins: 3 },
        },
      },
    },
  },
  train_dataloader: { dataset: { proposal_file: 'libra_proposals/rpn_r50_fpn_1x_train2017.pkl' } },
  val_dataloader,
  test_dataloader: val_dataloader,
});
