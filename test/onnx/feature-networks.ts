// Small backbones and necks, for the tests of their maps as nodes.

import type { ModuleConfig } from '../../src/catalogue/registry';

export const resnet = { type: 'ResNet', depth: 18, base_channels: 8 };
const fpn = { type: 'FPN', out_channels: 32, num_outs: 5 };
const swin = { type: 'SwinTransformer', embed_dims: 12, depths: [2, 2, 2, 2], num_heads: [1, 2, 3, 4] };
const pvt = { embed_dims: 8, num_layers: [1, 1, 1, 1], mlp_ratios: [2, 2, 2, 2] };
const vit = {
  type: 'VisionTransformer',
  arch: { embed_dims: 16, num_layers: 2, num_heads: 2, feedforward_channels: 32 },
  img_size: 64,
  out_type: 'featmap',
  out_indices: [0, 1],
};
const detectors = {
  type: 'DetectoRS_ResNet',
  depth: 50,
  base_channels: 8,
  sac: { type: 'SAC', use_deform: true },
  stage_with_sac: [false, true, true, true],
  conv_cfg: { type: 'ConvAWS' },
};
const plugin = (cfg: object, position: string) => ({
  ...resnet,
  depth: 50,
  plugins: [{ cfg, stages: [false, false, true, true], position }],
});
const small = { out_channels: 32, num_outs: 5 };
const joins = { out_channels: [8, 16, 32], num_csp_blocks: 2 };

export const BACKBONES: Record<string, ModuleConfig> = {
  ResNet: resnet,
  ResNetV1d: { ...resnet, type: 'ResNetV1d' },
  'ResNet of depth 50': { ...resnet, depth: 50, style: 'caffe' },
  'ResNet with GN': { ...resnet, base_channels: 32, norm_cfg: { type: 'GN', num_groups: 32 } },
  'ResNet with DCN': {
    ...resnet,
    dcn: { type: 'DCN', deform_groups: 1, fallback_on_stride: false },
    stage_with_dcn: [false, true, true, true],
    depth: 50,
  },
  'ResNet with DCNv2': {
    ...resnet,
    dcn: { type: 'DCNv2', deform_groups: 2, fallback_on_stride: false },
    stage_with_dcn: [false, false, true, true],
    depth: 50,
  },
  ConvNeXt: {
    type: 'ConvNeXt',
    arch: { depths: [1, 1, 2, 1], channels: [8, 16, 24, 32] },
    out_indices: [0, 1, 2, 3],
    gap_before_final_norm: false,
    use_grn: true,
  },
  EfficientNet: { type: 'EfficientNet', out_indices: [1, 2, 3] },
  'EfficientNet-EdgeTPU': { type: 'EfficientNet', arch: 'es', out_indices: [1, 2, 3] },
  TIMMBackbone: { type: 'TIMMBackbone', model_name: 'efficientnet_b0', features_only: true, out_indices: [1, 2, 3, 4] },
  PVT: { type: 'PyramidVisionTransformer', ...pvt },
  'PVT v2': { type: 'PyramidVisionTransformerV2', ...pvt },
  ResNeSt: { ...resnet, type: 'ResNeSt', depth: 50 },
  HourglassNet: {
    type: 'HourglassNet',
    downsample_times: 2,
    stage_channels: [8, 8, 12],
    stage_blocks: [1, 1, 2],
    feat_channel: 16,
  },
  ResNeXt: { ...resnet, type: 'ResNeXt', depth: 50, groups: 4, base_width: 4 },
  Res2Net: { type: 'Res2Net', depth: 50, scales: 4, base_width: 8, base_channels: 16 },
  RegNet: { type: 'RegNet', arch: 'regnetx_400mf' },
  HRNet: {
    type: 'HRNet',
    extra: {
      stage1: { num_modules: 1, num_branches: 1, block: 'BOTTLENECK', num_blocks: [1], num_channels: [8] },
      stage2: { num_modules: 1, num_branches: 2, block: 'BASIC', num_blocks: [1, 1], num_channels: [8, 16] },
      stage3: { num_modules: 1, num_branches: 3, block: 'BASIC', num_blocks: [1, 1, 1], num_channels: [8, 16, 32] },
      stage4: {
        num_modules: 1,
        num_branches: 4,
        block: 'BASIC',
        num_blocks: [1, 1, 1, 1],
        num_channels: [8, 16, 32, 64],
      },
    },
  },
  'ResNet with GCNet': plugin({ type: 'ContextBlock', ratio: 0.25 }, 'after_conv3'),
  'ResNet with NonLocal': plugin({ type: 'NonLocal2d' }, 'after_conv2'),
  'ResNet with GeneralizedAttention': plugin(
    { type: 'GeneralizedAttention', spatial_range: -1, num_heads: 4, attention_type: '1111', kv_stride: 2 },
    'after_conv2',
  ),
  'ResNet with CBAM': plugin({ type: 'CBAM', reduce_ratio: 4 }, 'after_conv3'),
  'CSPDarknet53 with SAM': {
    type: 'CSPDarknet53',
    deepen_factor: 0.125,
    widen_factor: 0.125,
    plugins: [{ cfg: { type: 'SAM', mode: 'pointwise' } }],
  },
  'ResNet with weight standardisation': {
    ...resnet,
    base_channels: 32,
    conv_cfg: { type: 'ConvWS' },
    norm_cfg: { type: 'GN', num_groups: 32 },
  },
  SSDVGG: { type: 'SSDVGG', depth: 11, out_feature_indices: [12, 24] },
  SwinTransformer: swin,
  'SwinTransformer, windows of 4': { ...swin, window_size: 4 },
  VisionTransformer: vit,
  'VisionTransformer, bilinear, no token': { ...vit, with_cls_token: false, interpolate_mode: 'bilinear' },
  DetectoRS_ResNet: detectors,
  DetectoRS_ResNeXt: {
    ...{ type: 'DetectoRS_ResNeXt', depth: 50, base_channels: 8, groups: 2, base_width: 4 },
    ...{ num_stages: 2, strides: [1, 2], dilations: [1, 1], out_indices: [1] },
  },
  MobileNetV2: { type: 'MobileNetV2', widen_factor: 0.25 },
  CSPDarknet: { type: 'CSPDarknet', deepen_factor: 0.33, widen_factor: 0.125 },
  CSPNeXt: { type: 'CSPNeXt', deepen_factor: 0.167, widen_factor: 0.125 },
  YOLOv8CSPDarknet: { type: 'YOLOv8CSPDarknet', deepen_factor: 0.33, widen_factor: 0.125 },
};

export const NECKS: Record<string, ModuleConfig | ModuleConfig[]> = {
  FPN: fpn,
  PAFPN: { ...small, type: 'PAFPN' },
  FPN_DropBlock: { ...small, type: 'FPN_DropBlock' },
  AugFPN: { ...small, type: 'AugFPN' },
  NASFPN: { ...small, type: 'NASFPN', stack_times: 2, start_level: 1 },
  FPG: {
    ...small,
    type: 'FPG',
    stack_times: 2,
    paths: ['bu', 'bu'],
    across_down_trans: { type: 'interpolation_conv', kernel_size: 3 },
  },
  BFP: [fpn, { type: 'BFP', refine_level: 2, refine_type: 'non_local' }],
  ChannelMapper: { type: 'ChannelMapper', ...small, norm_cfg: { type: 'GN', num_groups: 8 } },
  NASFCOS_FPN: { ...small, type: 'NASFCOS_FPN', start_level: 1 },
  HRFPN: { type: 'HRFPN', out_channels: 32 },
  FPN_CARAFE: { ...small, type: 'FPN_CARAFE' },
  DilatedEncoder: {
    type: 'DilatedEncoder',
    out_channels: 32,
    block_mid_channels: 8,
    num_residual_blocks: 4,
    block_dilations: [2, 4, 6, 8],
  },
  DyHead: [fpn, { type: 'DyHead', out_channels: 32, num_blocks: 2 }],
  BiFPN: { type: 'BiFPN', num_stages: 2, out_channels: 16, start_level: 1 },
  ASFF: { type: 'ASFF', compress_channels: 8 },
  SFAM: { type: 'SFAM', base_channels: [16, 16], planes: 16, num_levels: 2, num_scales: 3 },
  SPP: { type: 'SPP' },
  ASPP: { type: 'ASPP', dilations: [1, 2, 3] },
  RFB: { type: 'RFB', levels: [-2, -1] },
  SAM: [fpn, { type: 'SAM' }],
  'SAM, pointwise': [fpn, { type: 'SAM', mode: 'pointwise' }],
  CBAM: [fpn, { type: 'CBAM' }],
  YOLOV4Neck: { type: 'YOLOV4Neck' },
  SSH: { type: 'SSH', out_channels: [16, 16, 16, 16] },
  CTResNetNeck: {
    type: 'CTResNetNeck',
    num_deconv_filters: [32, 16, 16],
    num_deconv_kernels: [4, 4, 4],
    use_dcn: false,
  },
  'CTResNetNeck with DCN': {
    type: 'CTResNetNeck',
    num_deconv_filters: [32, 16, 16],
    num_deconv_kernels: [4, 4, 4],
    use_dcn: true,
  },
  YOLOv6RepBiPAFPN: { type: 'YOLOv6RepBiPAFPN', ...joins },
  YOLOv6CSPRepBiPAFPN: { type: 'YOLOv6CSPRepBiPAFPN', ...joins },
  'FPN, bilinear': { ...fpn, upsample_cfg: { mode: 'bilinear' } },
  'FPN_CARAFE, pixel shuffle': {
    ...small,
    type: 'FPN_CARAFE',
    upsample_cfg: { type: 'pixel_shuffle', upsample_kernel: 3 },
  },
};

/** A backbone that goes on into a neck of its kind. */
export const RECURSIVE: [ModuleConfig, ModuleConfig] = [
  { ...detectors, output_img: true },
  {
    type: 'RFP',
    ...small,
    rfp_steps: 2,
    aspp_out_channels: 8,
    aspp_dilations: [1, 3, 6, 1],
    rfp_backbone: { ...detectors, rfp_inplanes: 32 },
  },
];

/** Those that come in their full width alone. */
export const WIDE: Record<string, ModuleConfig> = {
  Darknet: { type: 'Darknet', depth: 53 },
};

/** What depends on the size in a way that has no rule: refused at sizes that change. */
export const FIXED_ONLY: readonly string[] = ['AugFPN'];

/** Necks that pool and enlarge by whole factors. */
export const COARSE: readonly string[] = [
  'BiFPN',
  'YOLOV4Neck',
  'NASFPN',
  'FPG',
  'BFP',
  'FPN_CARAFE',
  'FPN_CARAFE, pixel shuffle',
];
