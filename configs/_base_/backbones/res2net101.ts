// Res2Net-101 in place of a ResNet: the changes to a model on it.

export const model = {
  backbone: {
    type: 'Res2Net' as const,
    depth: 101 as const,
    scales: 4,
    base_width: 26,
    init_cfg: { type: 'Pretrained' as const, checkpoint: 'open-mmlab://res2net101_v1d_26w_4s' },
  },
};

export default {};
