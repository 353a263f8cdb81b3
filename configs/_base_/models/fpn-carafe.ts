// An FPN that enlarges by CARAFE, for the four levels of a ResNet-50.
export const fpn_carafe = {
  type: 'FPN_CARAFE' as const,
  in_channels: [256, 512, 1024, 2048],
  out_channels: 256,
  num_outs: 5,
  start_level: 0,
  end_level: -1,
  norm_cfg: null,
  act_cfg: null,
  order: ['conv', 'norm', 'act'] as ('conv' | 'norm' | 'act')[],
  upsample_cfg: {
    type: 'carafe' as const,
    up_kernel: 5,
    up_group: 1,
    encoder_kernel: 3,
    encoder_dilation: 1,
    compressed_channels: 64,
  },
};

export default fpn_carafe;
