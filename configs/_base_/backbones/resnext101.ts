// ResNeXt-101 in the place of a ResNet, by groups and width of a group.
const resnext101 = {
  type: 'ResNeXt' as const,
  depth: 101 as const,
  num_stages: 4,
  out_indices: [0, 1, 2, 3],
  frozen_stages: 1,
  style: 'pytorch' as const,
};
const norm_cfg = { type: 'BN' as const, requires_grad: true };

const x32x4d = {
  ...resnext101,
  groups: 32,
  base_width: 4,
  norm_cfg,
  init_cfg: { type: 'Pretrained' as const, checkpoint: 'open-mmlab://resnext101_32x4d' },
};

const x64x4d = {
  ...resnext101,
  groups: 64,
  base_width: 4,
  norm_cfg,
  init_cfg: { type: 'Pretrained' as const, checkpoint: 'open-mmlab://resnext101_64x4d' },
};

// its weights come from Detectron2 and see pixels of this kind
const x32x8d = {
  ...resnext101,
  groups: 32,
  base_width: 8,
  norm_cfg: { type: 'BN' as const, requires_grad: false },
  init_cfg: { type: 'Pretrained' as const, checkpoint: 'open-mmlab://detectron2/resnext101_32x8d' },
};

const pixels32x8d = {
  mean: [103.53, 116.28, 123.675],
  std: [57.375, 57.12, 58.395],
  bgr_to_rgb: false,
};

export default { x32x4d, x64x4d, x32x8d, pixels32x8d };
