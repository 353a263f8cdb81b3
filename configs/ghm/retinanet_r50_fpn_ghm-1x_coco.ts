import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../retinanet/retinanet_r50_fpn_1x_coco',
  model: {
    bbox_head: {
      loss_cls: { _delete_: true, type: 'GHMC', bins: 30, momentum: 0.75, use_sigmoid: true, loss_weight: 1 },
      loss_bbox: { _delete_: true, type: 'GHMR', mu: 0.02, bins: 10, momentum: 0.7, loss_weight: 10 },
    },
  },
  optim_wrapper: { clip_grad: { max_norm: 35, norm_type: 2 } },
});
