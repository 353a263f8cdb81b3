import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadProposals', num_max_proposals: 2000 },
  { type: 'LoadAnnotations', with_bbox: true },
  {
    type: 'ProposalBroadcaster',
    transforms: [
      { type: 'Resize', scale: [1333, 800], keep_ratio: true },
      { type: 'RandomFlip', prob: 0.5 },
    ],
  },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadProposals', num_max_proposals: null },
  { type: 'ProposalBroadcaster', transforms: [{ type: 'Resize', scale: [1333, 800], keep_ratio: true }] },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];
const val_dataloader = { dataset: { proposal_file: 'proposals/rpn_r50_fpn_1x_val2017.pkl', pipeline: test_pipeline } };

// Proposals of a trained RPN, as files next to the annotations.
export default defineConfig({
  _base_: [
    '../_base_/models/fast-rcnn_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { proposal_file: 'proposals/rpn_r50_fpn_1x_train2017.pkl', pipeline: train_pipeline } },
  val_dataloader,
  test_dataloader: val_dataloader,
});
