import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './faster-rcnn_r50_fpn_1x_coco',
  model: { roi_head: { bbox_head: { reg_decoded_bbox: true, loss_bbox: { type: 'IoULoss', loss_weight: 10.0 } } } },
});
