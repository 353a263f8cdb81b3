// ResNet-50 as detectors start from it; a config imports one by its name.

export const resnet50 = {
  type: 'ResNet' as const,
  depth: 50 as const,
  num_stages: 4 as const,
  out_indices: [0, 1, 2, 3],
  frozen_stages: 1,
  norm_cfg: { type: 'BN' as const, requires_grad: true },
  norm_eval: true,
  style: 'pytorch' as const,
  init_cfg: { type: 'Pretrained' as const, checkpoint: 'torchvision://resnet50' },
};
/** With weights and pixels of Detectron2. */
export const resnet50_caffe = {
  type: 'ResNet' as const,
  depth: 50 as const,
  num_stages: 4 as const,
  out_indices: [0, 1, 2, 3],
  frozen_stages: 1,
  norm_cfg: { type: 'BN' as const, requires_grad: false },
  norm_eval: true,
  style: 'caffe' as const,
  init_cfg: { type: 'Pretrained' as const, checkpoint: 'open-mmlab://detectron2/resnet50_caffe' },
};
/** The same in place of a ResNet-50 of torchvision. */
export const caffe_instead = {
  norm_cfg: { requires_grad: false },
  norm_eval: true,
  style: 'caffe' as const,
  init_cfg: { type: 'Pretrained' as const, checkpoint: 'open-mmlab://detectron2/resnet50_caffe' },
};

export default {};
