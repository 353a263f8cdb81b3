// MMYOLO's necks of YOLOX (Ge et al., 2021) and RTMDet (Lyu et al., 2022): the path aggregation of csp-pafpn.ts in the frame and
// with the names of MMYOLO's necks, channels scaled by a width and blocks by a depth factor.

import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { roundHalfEven } from '../../geometry/round-half-even';
import { ConvModule } from '../../nn/conv-module';
import { DepthwiseSeparableConvModule } from '../../nn/depthwise-separable-conv-module';
import { initCfg } from '../../nn/init-cfg';
import { convCfg } from '../../nn/layer-options';
import { Sequential } from '../../nn/module-list';
import { INTERPOLATION_MODES, type InterpolationMode } from '../../ops/interpolate';
import { CSPLayer, type CSPLayerConfig } from '../layers/csp-layer';
import { Interpolation } from '../layers/upsample-modules';
import { scaled } from '../shared-options/scale-model';
import type { FeatureSpec } from '../types';
import { inferScaledChannels, levelStrides } from './infer-scaled-channels';
import { YOLONeck, yoloNeckOptions } from './yolo-neck';

const shared = {
  ...yoloNeckOptions,
  out_channels: z.int().positive().describe('Channels of every output level, before widen_factor'),
  num_csp_blocks: z.int().min(0).default(3).describe('Blocks of each CSP layer, before deepen_factor'),
  use_depthwise: z.boolean().default(false).describe('Depthwise separable convolutions between the CSP layers'),
};
const yoloxOptions = z.strictObject({
  ...shared,
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: mmcv's own start"),
});
const cspnextOptions = z.strictObject({
  ...shared,
  expand_ratio: z.number().positive().default(0.5).describe('Channels of each half of a CSP layer over its output'),
  upsample_cfg: z
    .strictObject({
      scale_factor: z.literal(2).default(2).describe('Only 2'),
      mode: z.enum(INTERPOLATION_MODES).default('nearest').describe('Interpolation'),
    })
    .default({ scale_factor: 2, mode: 'nearest' })
    .describe('How a coarser level is enlarged'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type of the CSP layers'),
  norm_cfg: yoloNeckOptions.norm_cfg
    .unwrap()
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Norm'),
  init_cfg: initCfg
    .nullable()
    .default({
      ...{ type: 'Kaiming', layer: 'Conv2d', a: Math.sqrt(5), distribution: 'uniform', mode: 'fan_in' },
      ...{ nonlinearity: 'leaky_relu', bias: 0 },
    })
    .describe('Weight initialisation'),
});
type Options = z.output<typeof yoloxOptions> & { in_channels: number[]; upsample_cfg?: { mode: InterpolationMode } };

export class MMYOLOCSPPAFPN extends YOLONeck {
  /** @param out kernel size of the last convolution of a level; @param depthwise which other convolutions `use_depthwise` is for */
  constructor(
    o: Options,
    { out, csp, depthwise }: { out: 1 | 3; csp: Partial<CSPLayerConfig>; depthwise: 'all' | 'strided' },
    inputs?: FeatureSpec[],
  ) {
    const levels = o.in_channels.length;
    const widths = o.in_channels.map((channels) => scaled(channels, o.widen_factor));
    const outChannels = scaled(o.out_channels, o.widen_factor);
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const numBlocks = roundHalfEven(o.num_csp_blocks * o.deepen_factor);
    const join = (inChannels: number, to: number) =>
      new CSPLayer({ inChannels, outChannels: to, numBlocks, addIdentity: false, ...layers, ...csp });
    const conv = (inChannels: number, to: number, kernelSize: number, stride = 1) => {
      const separable = o.use_depthwise && (depthwise === 'all' || stride === 2);
      const Conv = separable ? DepthwiseSeparableConvModule : ConvModule;
      return new Conv({ inChannels, outChannels: to, kernelSize, stride, padding: kernelSize >> 1, ...layers });
    };
    const strides = levelStrides(levels, inputs);
    const { mode: enlarged = 'nearest' } = o.upsample_cfg ?? {};
    super(
      {
        ...{ levels, outputs: strides.map((stride) => ({ channels: outChannels, stride })) },
        ...{ freeze_all: o.freeze_all, init_cfg: o.init_cfg ?? undefined },
      },
      {
        reduce: (level) => (level === levels - 1 ? conv(widths[level], widths[level - 1], 1) : undefined),
        upsample: () => (enlarged === 'nearest' ? undefined : new Interpolation(enlarged)),
        topDown: (level) => {
          const joined = join(2 * widths[level - 1], widths[level - 1]);
          if (level === 1) return joined;
          return new Sequential<CSPLayer | ConvModule | DepthwiseSeparableConvModule>([
            ...[joined, conv(widths[level - 1], widths[level - 2], 1)],
          ]);
        },
        downsample: (level) => conv(widths[level], widths[level], 3, 2),
        bottomUp: (level) => join(2 * widths[level], widths[level + 1]),
        out: (level) => conv(widths[level], outChannels, out),
      },
    );
  }
}

function infer<O extends z.output<typeof yoloxOptions>>(
  type: string,
  o: O,
  context: BuildContext,
): O & { in_channels: number[] } {
  const in_channels = inferScaledChannels(type, o, context, (c) => scaled(c, o.widen_factor));
  if (type === 'mmyolo.YOLOXPAFPN' && in_channels.length !== 3)
    throw new DetLabError(
      `Cannot build neck "${type}"${context.path ? ` at ${context.path}` : ''}: expected 3 levels, received ${in_channels.length}`,
    );
  return { ...o, in_channels };
}

const about = {
  kind: 'neck',
  shapes:
    '[N, H/s, W/s, in_channels[i] * widen_factor] for each level -> as many levels of out_channels * widen_factor',
  inferred: { in_channels: "the backbone's channels over widen_factor" },
} as const;

export const mmyoloYOLOXPafpn = defineModule({
  ...about,
  type: 'mmyolo.YOLOXPAFPN',
  summary: "MMYOLO's neck of YOLOX: CSP layers on concatenated levels, scaled by a width and a depth factor.",
  paper: 'Ge et al.: YOLOX: Exceeding YOLO Series in 2021; MMYOLO',
  example: "{ type: 'mmyolo.YOLOXPAFPN', out_channels: 256, deepen_factor: 0.33, widen_factor: 0.5 }",
  options: yoloxOptions,
  infer: (o, context) => infer('mmyolo.YOLOXPAFPN', o, context),
  build: (o, { inputs }) => new MMYOLOCSPPAFPN(o as Options, { out: 1, csp: {}, depthwise: 'strided' }, inputs),
});

export const mmyoloCSPNeXtPafpn = defineModule({
  ...about,
  type: 'mmyolo.CSPNeXtPAFPN',
  summary: "MMYOLO's neck of RTMDet: CSPNeXt layers on concatenated levels, scaled by a width and a depth factor.",
  paper: 'Lyu et al.: RTMDet: An Empirical Study of Designing Real-Time Object Detectors, 2022; MMYOLO',
  example: "{ type: 'mmyolo.CSPNeXtPAFPN', out_channels: 256, deepen_factor: 0.33, widen_factor: 0.5 }",
  options: cspnextOptions,
  infer: (o, context) => infer('mmyolo.CSPNeXtPAFPN', o, context),
  build: (o, { inputs }) => {
    const csp = { useCSPNeXtBlock: true, expandRatio: o.expand_ratio, convCfg: o.conv_cfg };
    return new MMYOLOCSPPAFPN(o as unknown as Options, { out: 3, csp, depthwise: 'all' }, inputs);
  },
});
