import { defineConfig } from '../../src/catalogue/define-config';
import { train_pipeline } from '../_base_/pipelines/range-mask';

export default defineConfig({
  _base_: [
    '../_base_/models/mask-rcnn_r50_fpn',
    '../_base_/datasets/coco_instance',
    '../_base_/schedules/schedule_2x',
    '../_base_/default_runtime',
  ],
  model: {
    backbone: {
      frozen_stages: 0,
      norm_cfg: { type: 'SyncBN', requires_grad: true },
      norm_eval: false,
      init_cfg: { type: 'Pretrained', checkpoint: './mocov2_r50_800ep_pretrain.pth' },
    },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
});
