// Global context blocks in the last three stages of a ResNet, by their ratio: the changes to a model on it.

export const r16 = {
  backbone: {
    norm_cfg: { type: 'SyncBN' as const, requires_grad: true },
    norm_eval: false,
    plugins: [
      {
        cfg: { type: 'ContextBlock' as const, ratio: 0.0625 },
        stages: [false, true, true, true],
        position: 'after_conv3' as const,
      },
    ],
  },
};

export const r4 = {
  backbone: {
    norm_cfg: { type: 'SyncBN' as const, requires_grad: true },
    norm_eval: false,
    plugins: [
      {
        cfg: { type: 'ContextBlock' as const, ratio: 0.25 },
        stages: [false, true, true, true],
        position: 'after_conv3' as const,
      },
    ],
  },
};

export default {};
