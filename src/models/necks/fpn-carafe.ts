// FPN with learned upsampling, CARAFE by default (Wang et al., ICCV 2019). Extra levels take part in the top-down path and
// are made from the last input by strided convolutions.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg } from '../../nn/init-cfg';
import { actCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { buildUpsampleModule, type UpsampleModule, upsampleModuleCfg } from '../layers/upsample-modules';
import type { FeatureSpec, Neck } from '../types';
import { fpnOptions, inferFPN, pyramid, pyramidOutputs } from './fpn-options';

const ORDERS = [
  ['conv', 'norm', 'act'],
  ['act', 'conv', 'norm'],
] as const;

const options = fpnOptions
  .pick({ in_channels: true, out_channels: true, num_outs: true, start_level: true, end_level: true })
  .extend({
    norm_cfg: normCfg.nullable().default(null).describe('Norm after every convolution; null: none'),
    act_cfg: actCfg.nullable().default(null).describe('Activation; null: none'),
    order: z
      .array(z.enum(['conv', 'norm', 'act']))
      .default(['conv', 'norm', 'act'])
      .refine((order) => ORDERS.some((known) => known.join() === order.join()), {
        error: "expected ['conv', 'norm', 'act'] or ['act', 'conv', 'norm']",
      })
      .describe('Order of convolution, norm and activation'),
    upsample_cfg: upsampleModuleCfg
      .default({
        ...{ type: 'carafe', up_kernel: 5, up_group: 1, encoder_kernel: 3, encoder_dilation: 1 },
        compressed_channels: 64,
      })
      .describe('How a level is upsampled to the size of the next finer one'),
    init_cfg: z
      .null({ error: 'cannot be given: this neck starts its parts in different ways' })
      .default(null)
      .describe('Must be null'),
  });
type Options = z.output<typeof options> & { in_channels: number[] };

/**
 * @example new FPN_CARAFE({ ...fpnCarafe.options.parse({ out_channels: 256, num_outs: 5 }), in_channels: [256, 512, 1024, 2048] })
 */
export class FPN_CARAFE extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly lateralConvs: ModuleList<ConvModule>;
  private readonly fpnConvs: ModuleList<ConvModule>;
  private readonly upsampleModules: ModuleList<UpsampleModule>;

  constructor(
    private readonly options: Options,
    inputs?: FeatureSpec[],
  ) {
    super();
    const { in_channels, out_channels: outChannels, num_outs, start_level, norm_cfg: normCfg } = options;
    const { end, used } = pyramid({ ...options, add_extra_convs: false });
    const order = ORDERS.find((known) => known.join() === options.order.join());
    const layers = { outChannels, normCfg, actCfg: options.act_cfg, bias: normCfg === null, order };
    const entering = in_channels.slice(start_level, end);
    const laterals = entering.map((inChannels) => new ConvModule({ ...layers, inChannels, kernelSize: 1 }));
    for (let i = used; i < num_outs; i++) {
      const inChannels = i === used ? in_channels[end - 1] : outChannels;
      laterals.push(new ConvModule({ ...layers, inChannels, kernelSize: 3, stride: 2, padding: 1 }));
    }
    this.lateralConvs = this.addChild('lateral_convs', new ModuleList(laterals));
    this.fpnConvs = this.addChild(
      'fpn_convs',
      new ModuleList(
        laterals.map(() => new ConvModule({ ...layers, inChannels: outChannels, kernelSize: 3, padding: 1 })),
      ),
    );
    this.upsampleModules = this.addChild(
      'upsample_modules',
      new ModuleList(laterals.slice(1).map(() => buildUpsampleModule(options.upsample_cfg, outChannels))),
    );
    for (const part of [this.lateralConvs, this.fpnConvs])
      applyInitCfg(part, { type: 'Xavier', distribution: 'uniform', layer: 'Conv2d' });
    this.outputs = pyramidOutputs(options, inputs);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const { in_channels, start_level } = this.options;
      const { end, used } = pyramid({ ...this.options, add_extra_convs: false });
      const levels: tf.Tensor4D[] = [];
      for (const [i, conv] of [...this.lateralConvs].entries())
        levels.push(
          conv.forward(i <= used ? inputs[Math.min(i + start_level, in_channels.length - 1)] : levels[i - 1]),
        );
      for (let i = levels.length - 1; i > 0; i--) {
        const large = this.upsampleModules.at(i - 1).forward(levels[i]);
        levels[i - 1] = tf.add(levels[i - 1], cut(large, levels[i - 1], i + end - used));
      }
      return levels.map((x, i) => this.fpnConvs.at(i).forward(x));
    });
  }
}

/** Crops an upsampled level to the size of the next finer one. */
function cut(x: tf.Tensor4D, like: tf.Tensor4D, level: number): tf.Tensor4D {
  const [n, h, w, c] = like.shape;
  if (x.shape[1] === h && x.shape[2] === w) return x;
  if (x.shape[1] < h || x.shape[2] < w)
    throw new DetLabError(
      `Cannot add level ${level} of FPN_CARAFE to the one below: enlarged it is ${x.shape[1]} x ${x.shape[2]}, but the ` +
        `level below is ${h} x ${w}`,
    );
  return tf.slice(x, [0, 0, 0, 0], [n, h, w, c]);
}

export const fpnCarafe = defineModule({
  kind: 'neck',
  type: 'FPN_CARAFE',
  summary: 'FPN with learned upsampling (CARAFE, deconvolution or pixel shuffle).',
  paper: 'Wang, Chen, Xu, Liu, Loy and Lin: CARAFE: Content-Aware ReAssembly of FEatures, ICCV 2019',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_outs levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'FPN_CARAFE', out_channels: 256, num_outs: 5 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer(given, context) {
    const o = inferFPN('FPN_CARAFE', given, context);
    const fail = (what: string): never => {
      throw new DetLabError(`Cannot build neck "FPN_CARAFE" at ${context.path}: ${what}`);
    };
    const up = o.upsample_cfg;
    if (up.type === 'carafe') {
      if (up.up_kernel % 2 === 0) fail(`expected an odd upsample_cfg.up_kernel, received ${up.up_kernel}`);
      if (o.out_channels % up.up_group !== 0)
        fail(`upsample_cfg.up_group ${up.up_group} does not divide out_channels ${o.out_channels}`);
    }
    if (up.type === 'deconv' && ![2, 3, 4].includes(up.upsample_kernel))
      fail(
        `a transposed kernel of ${up.upsample_kernel} does not double a level: expected upsample_cfg.upsample_kernel 2, 3 or 4`,
      );
    return o;
  },
  build: (o, { inputs }) => new FPN_CARAFE({ ...o, in_channels: o.in_channels! }, inputs),
});
