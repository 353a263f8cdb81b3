import { defineConfig } from '../../src/catalogue/define-config';
import cascade from '../_base_/models/cascade_rpn';

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50-caffe_fpn_1x_coco',
  model: {
    rpn_head: {
      _delete_: true,
      type: 'CascadeRPNHead',
      num_stages: 2,
      stages: [
        { ...cascade.stage1, loss_bbox: { type: 'IoULoss', linear: true, loss_weight: 7 } },
        {
          ...cascade.stage2,
          loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 0.7 },
          loss_bbox: { type: 'IoULoss', linear: true, loss_weight: 7 },
        },
      ],
    },
    roi_head: {
      bbox_head: {
        bbox_coder: { target_stds: [0.04, 0.04, 0.08, 0.08] },
        loss_cls: { loss_weight: 1.5 },
        loss_bbox: { type: 'SmoothL1Loss', beta: 1 },
      },
    },
    train_cfg: {
      rpn: [cascade.regions, cascade.by_overlap],
      rpn_proposal: { max_per_img: 300, nms: { iou_threshold: 0.8 } },
      rcnn: { assigner: { pos_iou_thr: 0.65, neg_iou_thr: 0.65, min_pos_iou: 0.65 }, sampler: { num: 256 } },
    },
    test_cfg: { rpn: { max_per_img: 300, nms: { iou_threshold: 0.8 } }, rcnn: { score_thr: 0.001 } },
  },
  optim_wrapper: { clip_grad: { max_norm: 35, norm_type: 2 } },
  rpn_weight: 0.7,
});
