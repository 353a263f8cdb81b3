// HRNetV2-W18 in place of W32: the changes to a model on it.

export const model = {
  backbone: {
    extra: {
      stage2: { num_channels: [18, 36] },
      stage3: { num_channels: [18, 36, 72] },
      stage4: { num_channels: [18, 36, 72, 144] },
    },
    init_cfg: { type: 'Pretrained' as const, checkpoint: 'open-mmlab://msra/hrnetv2_w18' },
  },
  neck: { type: 'HRFPN' as const, in_channels: [18, 36, 72, 144], out_channels: 256 },
};

export default {};
