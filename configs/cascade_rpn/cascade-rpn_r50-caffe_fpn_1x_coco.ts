import { defineConfig } from '../../src/catalogue/define-config';
import cascade from '../_base_/models/cascade_rpn';

export default defineConfig({
  _base_: '../rpn/rpn_r50-caffe_fpn_1x_coco',
  model: {
    rpn_head: {
      _delete_: true,
      type: 'CascadeRPNHead',
      num_stages: 2,
      stages: [
        { ...cascade.stage1, sampling: false, loss_bbox: { type: 'IoULoss', linear: true, loss_weight: 10 } },
        {
          ...cascade.stage2,
          sampling: true,
          loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 },
          loss_bbox: { type: 'IoULoss', linear: true, loss_weight: 10 },
        },
      ],
    },
    train_cfg: {
      rpn: [
        cascade.regions,
        {
          ...cascade.by_overlap,
          assigner: { ...cascade.by_overlap.assigner, iou_calculator: { type: 'BboxOverlaps2D' } },
        },
      ],
    },
    test_cfg: { rpn: { max_per_img: 2000, nms: { iou_threshold: 0.8 } } },
  },
  optim_wrapper: { clip_grad: { max_norm: 35, norm_type: 2 } },
});
