import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/rpn_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  // whatever their class, how many truths do the proposals cover
  val_evaluator: { metric: 'proposal_fast' },
  test_evaluator: { metric: 'proposal_fast' },
});
