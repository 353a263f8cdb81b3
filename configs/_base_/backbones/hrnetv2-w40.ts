// HRNetV2-W40 in place of W32: the changes to a model on it.

export const model = {
  backbone: {
    type: 'HRNet' as const,
    extra: {
      stage2: { num_channels: [40, 80] },
      stage3: { num_channels: [40, 80, 160] },
      stage4: { num_channels: [40, 80, 160, 320] },
    },
    init_cfg: { type: 'Pretrained' as const, checkpoint: 'open-mmlab://msra/hrnetv2_w40' },
  },
  neck: { type: 'HRFPN' as const, in_channels: [40, 80, 160, 320], out_channels: 256 },
};

export default {};
