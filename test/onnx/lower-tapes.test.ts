// Backbones and necks as nodes: the maps of the engine, at the size that was recorded and at sizes that were not.

import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { startEngine } from '../../src/engine';
import { mapDifference, network, type Size } from './lowered-maps';

beforeAll(async () => void (await startEngine()));

const FIXED: Size = [1, 96, 128];
const TRIED: Size[] = [
  [1, 288, 352],
  [2, 384, 256],
  [3, 224, 448],
];
const OTHER: Size[] = [
  [2, 160, 96],
  [1, 320, 192],
];

/** For pyramids that pool and enlarge by whole factors. */
const COARSE: Size[] = [
  [1, 1152, 384],
  [2, 384, 640],
  [3, 512, 256],
];
const COARSE_OTHER: Size[] = [[1, 256, 384]];
const COARSE_NECKS = ['NASFPN', 'FPG', 'BFP', 'FPN_CARAFE'];

const resnet = { type: 'ResNet', depth: 18, base_channels: 8 };
const recursive = { ...resnet, type: 'DetectoRS_ResNet', depth: 50, output_img: true };
const fpn = { type: 'FPN', out_channels: 32, num_outs: 5 };
const small = { out_channels: 32, num_outs: 5 };

const BACKBONES: Record<string, ModuleConfig> = {
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
  'ResNet with plugins': {
    ...resnet,
    depth: 50,
    plugins: [
      { cfg: { type: 'ContextBlock', ratio: 1 / 4 }, stages: [false, true, true, true], position: 'after_conv3' },
      {
        cfg: { type: 'GeneralizedAttention', num_heads: 4, attention_type: '1111', kv_stride: 2 },
        stages: [false, false, true, true],
        position: 'after_conv2',
      },
      { cfg: { type: 'NonLocal2d', reduction: 2 }, stages: [false, true, false, false], position: 'after_conv1' },
    ],
  },
  'ResNet with weight standardisation': {
    ...resnet,
    base_channels: 32,
    conv_cfg: { type: 'ConvWS' },
    norm_cfg: { type: 'GN', num_groups: 32 },
  },
  'DetectoRS_ResNet with SAC': {
    ...resnet,
    type: 'DetectoRS_ResNet',
    depth: 50,
    conv_cfg: { type: 'ConvAWS' },
    sac: { type: 'SAC', use_deform: true },
    stage_with_sac: [false, true, true, true],
  },
  SSDVGG: { type: 'SSDVGG', depth: 11, out_feature_indices: [12, 24] },
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
  MobileNetV2: { type: 'MobileNetV2', widen_factor: 0.25 },
  CSPDarknet: { type: 'CSPDarknet', deepen_factor: 0.33, widen_factor: 0.125 },
  CSPNeXt: { type: 'CSPNeXt', deepen_factor: 0.167, widen_factor: 0.125 },
  YOLOv8CSPDarknet: { type: 'YOLOv8CSPDarknet', deepen_factor: 0.33, widen_factor: 0.125 },
};

const NECKS: Record<string, ModuleConfig | ModuleConfig[]> = {
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
  SSH: { type: 'SSH', out_channels: [16, 16, 16, 16] },
  RFP: {
    ...small,
    type: 'RFP',
    rfp_steps: 2,
    aspp_out_channels: 8,
    aspp_dilations: [1, 3, 6, 1],
    rfp_backbone: { ...resnet, type: 'DetectoRS_ResNet', depth: 50, rfp_inplanes: 32 },
  },
  CTResNetNeck: {
    type: 'CTResNetNeck',
    num_deconv_filters: [32, 16, 16],
    num_deconv_kernels: [4, 4, 4],
    use_dcn: false,
  },
};

describe.each(Object.keys(BACKBONES))('backbone %s', (name) => {
  test('at the size recorded', async () => {
    const built = network(BACKBONES[name]);
    expect(await mapDifference(built, [FIXED], [FIXED])).toBeLessThan(1e-5);
    for (const module of built.modules) module.dispose();
  });

  test('at other sizes', async () => {
    const built = network(BACKBONES[name]);
    expect(await mapDifference(built, TRIED, OTHER)).toBeLessThan(1e-5);
    for (const module of built.modules) module.dispose();
  });
});

describe.each(Object.keys(NECKS))('neck %s', (name) => {
  const isCoarse = COARSE_NECKS.includes(name);

  test('at the size recorded', async () => {
    const built = network(name === 'RFP' ? recursive : resnet, NECKS[name]);
    const size: Size = isCoarse ? [1, 128, 256] : FIXED;
    expect(await mapDifference(built, [size], [size])).toBeLessThan(1e-5);
    for (const module of built.modules) module.dispose();
  });

  test.skipIf(name === 'AugFPN')('at other sizes', async () => {
    const built = network(name === 'RFP' ? recursive : resnet, NECKS[name]);
    const [tried, other] = isCoarse ? [COARSE, COARSE_OTHER] : [TRIED, OTHER];
    expect(await mapDifference(built, tried, other)).toBeLessThan(1e-5);
    for (const module of built.modules) module.dispose();
  });
});

test('says which layer has no form at changing sizes', async () => {
  const built = network(resnet, NECKS.AugFPN);
  await expect(mapDifference(built, TRIED, OTHER)).rejects.toThrow(
    /maps, at or after [a-z_.0-9]+: a table \[1, 1, 9\] depends on the size of the image/,
  );
  for (const module of built.modules) module.dispose();
});
