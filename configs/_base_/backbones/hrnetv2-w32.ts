// HRNetV2p-W32 in the place of a ResNet, and the pyramid over its four branches.
export const hrnetv2_w32 = {
  _delete_: true,
  type: 'HRNet' as const,
  extra: {
    stage1: { num_modules: 1, num_branches: 1, block: 'BOTTLENECK' as const, num_blocks: [4], num_channels: [64] },
    stage2: { num_modules: 1, num_branches: 2, block: 'BASIC' as const, num_blocks: [4, 4], num_channels: [32, 64] },
    stage3: {
      num_modules: 4,
      num_branches: 3,
      block: 'BASIC' as const,
      num_blocks: [4, 4, 4],
      num_channels: [32, 64, 128],
    },
    stage4: {
      num_modules: 3,
      num_branches: 4,
      block: 'BASIC' as const,
      num_blocks: [4, 4, 4, 4],
      num_channels: [32, 64, 128, 256],
    },
  },
  init_cfg: { type: 'Pretrained' as const, checkpoint: 'open-mmlab://msra/hrnetv2_w32' },
};

export const hrfpn = { _delete_: true, type: 'HRFPN' as const, in_channels: [32, 64, 128, 256], out_channels: 256 };

export default { hrnetv2_w32, hrfpn };
