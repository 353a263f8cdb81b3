import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './reppoints-moment_r50_fpn-gn_head-gn_1x_coco',
  model: {
    bbox_head: { transform_method: 'minmax', use_grid_points: true },
    train_cfg: {
      init: {
        assigner: {
          _delete_: true,
          type: 'MaxIoUAssigner',
          pos_iou_thr: 0.5,
          neg_iou_thr: 0.4,
          min_pos_iou: 0,
          ignore_iof_thr: -1,
        },
      },
    },
  },
});
