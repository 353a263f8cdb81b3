// Feature Pyramid Grids of nine bottom-up paths, all with batch norm.
const norm_cfg = { type: 'BN' as const, requires_grad: true };
type Step = 'act' | 'conv' | 'norm';
const order: [Step, Step, Step] = ['act', 'conv', 'norm'];
const paths: ('bu' | 'td')[] = ['bu', 'bu', 'bu', 'bu', 'bu', 'bu', 'bu', 'bu', 'bu'];
const lateral = { type: 'conv' as const, kernel_size: 1, norm_cfg, inplace: false, order };

export default {
  type: 'FPG' as const,
  in_channels: [256, 512, 1024, 2048],
  out_channels: 256,
  inter_channels: 256,
  num_outs: 5,
  stack_times: 9,
  paths,
  same_down_trans: null,
  same_up_trans: { type: 'conv' as const, kernel_size: 3, stride: 2, padding: 1, norm_cfg, inplace: false, order },
  across_lateral_trans: lateral,
  across_down_trans: {
    type: 'interpolation_conv' as const,
    mode: 'nearest' as const,
    kernel_size: 3,
    norm_cfg,
    order,
    inplace: false,
  },
  across_up_trans: null,
  across_skip_trans: lateral,
  output_trans: { type: 'last_conv' as const, kernel_size: 3, order, inplace: false },
  norm_cfg,
  skip_inds: [[0, 1, 2, 3], [0, 1, 2], [0, 1], [0], []],
};
