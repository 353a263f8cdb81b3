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
        { assigner: stage1.assigner, sampler: stage1.sampler, mask_size: 28, pos_weight: -1, debug: false },
        { assigner: stage2.assigner, sampler: stage2.sampler, mask_size: 28, pos_weight: -1, debug: false },
        { assigner: stage3.assigner, sampler: stage3.sampler, mask_size: 28, pos_weight: -1, debug: false },
      ],
    },
    test_cfg: { rcnn: { mask_thr_binary: 0.5 } },
  },
});
