import { defineConfig } from '../../src/catalogue/define-config';

export const mask_head = {
  type: 'DecoupledSOLOHead' as const,
  num_classes: 80,
  in_channels: 256,
  stacked_convs: 7,
  feat_channels: 256,
  strides: [8, 8, 16, 32, 32],
  scale_ranges: [
    [1, 96],
    [48, 192],
    [96, 384],
    [192, 768],
    [384, 2048],
  ] as [number, number][],
  pos_scale: 0.2,
  num_grids: [40, 36, 24, 16, 12],
  cls_down_index: 0,
  loss_mask: { type: 'DiceLoss' as const, use_sigmoid: true as const, activate: false, loss_weight: 3 },
  loss_cls: { type: 'FocalLoss' as const, use_sigmoid: true as const, gamma: 2, alpha: 0.25, loss_weight: 1 },
  norm_cfg: { type: 'GN' as const, num_groups: 32, requires_grad: true },
};

export default defineConfig({
  _base_: './solo_r50_fpn_1x_coco',
  model: {
    mask_head,
  },
});
