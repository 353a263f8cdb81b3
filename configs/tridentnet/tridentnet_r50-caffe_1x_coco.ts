import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r50-caffe-c4',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  model: {
    type: 'TridentFasterRCNN',
    backbone: {
      type: 'TridentResNet',
      trident_dilations: [1, 2, 3],
      num_branch: 3,
      test_branch_idx: 1,
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet50_caffe' },
    },
    roi_head: { type: 'TridentRoIHead', num_branch: 3, test_branch_idx: 1 },
    train_cfg: {
      rpn_proposal: { max_per_img: 500 },
      rcnn: { sampler: { num: 128, pos_fraction: 0.5, add_gt_as_proposals: false } },
    },
  },
});
