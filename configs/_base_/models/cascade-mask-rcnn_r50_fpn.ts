import { defineConfig } from '../../../src/catalogue/define-config';
import { stage1, stage2, stage3 } from './cascade-rcnn_r50_fpn';
import { mask_branch } from './mask-rcnn_r50_fpn';

export default defineConfig({
  _base_: './cascade-rcnn_r50_fpn',
  model: {
    data_preprocessor: { pad_mask: true },
    roi_head: { ...mask_branch },
    train_cfg: {
      rcnn: [
        { ...stage1, mask_size: 28 },
        { ...stage2, mask_size: 28 },
        { ...stage3, mask_size: 28 },
      ],
    },
    test_cfg: { rcnn: { mask_thr_binary: 0.5 } },
  },
});
