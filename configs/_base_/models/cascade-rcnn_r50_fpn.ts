import { defineConfig } from '../../../src/catalogue/define-config';
import { data_preprocessor, parts } from './faster-rcnn_r50_fpn';

const roi_head = parts.roi_head;
const train_cfg = parts.train_cfg;

/** What all stages share; each has its own deviations of the box's coordinates. */
const bbox_head = {
  ...roi_head.bbox_head,
  reg_class_agnostic: true,
  loss_bbox: { type: 'SmoothL1Loss' as const, beta: 1.0, loss_weight: 1.0 },
};
const coder = roi_head.bbox_head.bbox_coder;

/** Training of the three stages. */
export const stage1 = train_cfg.rcnn;
export const stage2 = {
  ...stage1,
  assigner: { ...stage1.assigner, pos_iou_thr: 0.6, neg_iou_thr: 0.6, min_pos_iou: 0.6 },
};
export const stage3 = {
  ...stage1,
  assigner: { ...stage1.assigner, pos_iou_thr: 0.7, neg_iou_thr: 0.7, min_pos_iou: 0.7 },
};

// Cascade R-CNN with ResNet-50 and FPN (Cai and Vasconcelos, 2018): three stages of rising overlap.
export default defineConfig({
  model: {
    type: 'CascadeRCNN',
    data_preprocessor,
    backbone: parts.backbone,
    neck: parts.neck,
    rpn_head: { ...parts.rpn_head, loss_bbox: { type: 'SmoothL1Loss', beta: 1.0 / 9.0, loss_weight: 1.0 } },
    roi_head: {
      type: 'CascadeRoIHead',
      num_stages: 3,
      stage_loss_weights: [1, 0.5, 0.25],
      bbox_roi_extractor: roi_head.bbox_roi_extractor,
      bbox_head: [
        { ...bbox_head, bbox_coder: { ...coder, target_stds: [0.1, 0.1, 0.2, 0.2] } },
        { ...bbox_head, bbox_coder: { ...coder, target_stds: [0.05, 0.05, 0.1, 0.1] } },
        { ...bbox_head, bbox_coder: { ...coder, target_stds: [0.033, 0.033, 0.067, 0.067] } },
      ],
    },
    train_cfg: {
      rpn: { ...train_cfg.rpn, allowed_border: 0 },
      rpn_proposal: { ...train_cfg.rpn_proposal, max_per_img: 2000 },
      rcnn: [stage1, stage2, stage3],
    },
    test_cfg: parts.test_cfg,
  },
});
