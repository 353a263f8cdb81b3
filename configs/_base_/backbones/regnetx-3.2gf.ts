// RegNetX-3.2GF in place of a ResNet: the changes to a model on it.

export const model = {
  data_preprocessor: { mean: [103.53, 116.28, 123.675], std: [57.375, 57.12, 58.395], bgr_to_rgb: false },
  backbone: {
    _delete_: true,
    type: 'RegNet' as const,
    arch: 'regnetx_3.2gf',
    out_indices: [0, 1, 2, 3],
    frozen_stages: 1,
    norm_cfg: { type: 'BN' as const, requires_grad: true },
    norm_eval: true,
    style: 'pytorch' as const,
    init_cfg: { type: 'Pretrained' as const, checkpoint: 'open-mmlab://regnetx_3.2gf' },
  },
  neck: { type: 'FPN' as const, in_channels: [96, 192, 432, 1008], out_channels: 256, num_outs: 5 },
};

export default {};
