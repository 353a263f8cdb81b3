import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
  model: {
    roi_head: { type: 'PISARoIHead', bbox_head: { loss_bbox: { type: 'SmoothL1Loss', beta: 1, loss_weight: 1 } } },
    train_cfg: {
      rpn_proposal: { nms_pre: 2000, max_per_img: 2000, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 0 },
      rcnn: {
        sampler: {
          type: 'ScoreHLRSampler',
          num: 512,
          pos_fraction: 0.25,
          neg_pos_ub: -1,
          add_gt_as_proposals: true,
          k: 0.5,
          bias: 0,
        },
        isr: { k: 2, bias: 0 },
        carl: { k: 1, bias: 0.2 },
      },
    },
    test_cfg: { rpn: { nms_pre: 2000, max_per_img: 2000, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 0 } },
  },
});
