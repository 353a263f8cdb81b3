// Deformable convolutions in the last three stages of a ResNet: the changes to a model on it.

export const model = {
  backbone: {
    dcn: { type: 'DCN' as const, deform_groups: 1, fallback_on_stride: false },
    stage_with_dcn: [false, true, true, true],
  },
};

export default {};
