import { defineConfig } from '../../src/catalogue/define-config';
import { rpn_head } from './ga-rpn_r50-caffe_fpn_1x_coco';

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50-caffe_fpn_1x_coco',
  model: {
    rpn_head,
    roi_head: { bbox_head: { bbox_coder: { target_stds: [0.05, 0.05, 0.1, 0.1] } } },
    train_cfg: {
      rpn: {
        ga_assigner: {
          type: 'ApproxMaxIoUAssigner',
          pos_iou_thr: 0.7,
          neg_iou_thr: 0.3,
          min_pos_iou: 0.3,
          ignore_iof_thr: -1,
        },
        ga_sampler: { type: 'RandomSampler', num: 256, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false },
        allowed_border: -1,
        center_ratio: 0.2,
        ignore_ratio: 0.5,
      },
      rpn_proposal: { nms_post: 1000, max_per_img: 300 },
      rcnn: {
        assigner: { pos_iou_thr: 0.6, neg_iou_thr: 0.6, min_pos_iou: 0.6 },
        sampler: { type: 'RandomSampler', num: 256 },
      },
    },
    test_cfg: { rpn: { nms_post: 1000, max_per_img: 300 }, rcnn: { score_thr: 0.001 } },
  },
  optim_wrapper: { clip_grad: { max_norm: 35, norm_type: 2 } },
});
