// Recursive Feature Pyramid (Qiao et al., DetectoRS, CVPR 2021): the pyramid's levels are fed back into a second backbone, whose
// levels make the next pyramid; a gate per pixel blends the two. The first of the inputs is the image itself.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { Conv2d } from '../../nn/conv2d';
import { applyInitCfg } from '../../nn/init-cfg';
import { zeros } from '../../nn/initializers';
import { ModuleList } from '../../nn/module-list';
import { ASPP } from '../layers/aspp';
import type { Backbone, FeatureSpec } from '../types';
import { FPN } from './fpn';
import { fpnOptions, inferFPN } from './fpn-options';

/** A backbone that takes a pyramid's levels back in, such as DetectoRS_ResNet. */
export interface RecursiveBackbone extends Backbone {
  /** Image and pyramid (whose first level is not read) -> the backbone's levels. */
  rfpForward(image: tf.Tensor4D, pyramid: tf.Tensor4D[]): tf.Tensor4D[];
}

const isRecursive = (backbone: Backbone): backbone is RecursiveBackbone =>
  typeof Reflect.get(backbone, 'rfpForward') === 'function';

const options = fpnOptions.extend({
  rfp_steps: z.int().positive().describe('Number of pyramids'),
  rfp_backbone: moduleOption('backbone').describe('Backbone of the second and later pyramids'),
  aspp_out_channels: z.int().positive().describe('Channels of each branch of what goes back'),
  aspp_dilations: z
    .array(z.int().positive())
    .min(2)
    .default([1, 3, 6, 1])
    .refine((dilations) => dilations.at(-1) === 1, { error: 'expected a last dilation of 1' })
    .describe('Dilation of each branch; the last one, 1, reads the mean'),
  init_cfg: z
    .null({ error: 'cannot be given: this neck starts its parts in different ways' })
    .default(null)
    .describe('Must be null'),
});
type Options = z.output<typeof options> & { in_channels: number[] };

export class RFP extends FPN {
  private readonly backbones: ModuleList<RecursiveBackbone>;
  private readonly aspp: ASPP;
  private readonly gate: Conv2d;

  /** `inputs` are the levels without the image. */
  constructor(options: Options, backbones: RecursiveBackbone[], inputs?: FeatureSpec[]) {
    super(options, inputs);
    const { out_channels: channels, aspp_out_channels, aspp_dilations } = options;
    this.backbones = this.addChild('rfp_modules', new ModuleList(backbones));
    this.aspp = this.addChild('rfp_aspp', new ASPP(channels, aspp_out_channels, aspp_dilations));
    const shape = { inChannels: channels, outChannels: 1, kernelSize: 1 };
    this.gate = this.addChild('rfp_weight', new Conv2d({ ...shape, init: zeros, biasInit: zeros }));
    for (const part of [this.lateralConvs, this.fpnConvs])
      applyInitCfg(part, { type: 'Xavier', distribution: 'uniform', layer: 'Conv2d' });
  }

  /** The image [N, H, W, 3], then the backbone's levels. */
  override forward([image, ...levels]: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      let pyramid = super.forward(levels);
      for (const backbone of this.backbones) {
        const back = pyramid.map((x, i) => (i === 0 ? x : this.aspp.forward(x)));
        const next = super.forward(backbone.rfpForward(image, back));
        pyramid = next.map((x, i) => {
          const share = tf.sigmoid(this.gate.forward(x));
          return tf.add(tf.mul(share, x), tf.mul(tf.sub(1, share), pyramid[i]));
        });
      }
      return pyramid;
    });
  }
}

function infer(o: z.output<typeof options>, context: BuildContext) {
  const { inputs, path } = context;
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot attach neck "RFP"${path ? ` at ${path}` : ''}: ${what}`);
  };
  if (inputs && (inputs[0].stride !== 1 || inputs.length < 2))
    fail(
      `expected the image as the first level, received strides [${inputs.map((level) => level.stride).join(', ')}]. Take a ` +
        "backbone that hands it on: { type: 'DetectoRS_ResNet', output_img: true, ... }",
    );
  const width = o.aspp_out_channels * o.aspp_dilations.length;
  const reads = o.rfp_backbone.rfp_inplanes;
  if (typeof reads === 'number' && reads !== width)
    fail(
      `rfp_backbone.rfp_inplanes is ${reads}, but ${o.aspp_dilations.length} branches of aspp_out_channels ` +
        `${o.aspp_out_channels} go back, ${width} channels`,
    );
  return inferFPN('RFP', o, { ...context, inputs: inputs?.slice(1) });
}

function build(o: z.output<typeof options>, { registry, path, inputs }: BuildContext): RFP {
  const backbones = Array.from({ length: o.rfp_steps - 1 }, () => {
    const at = `${path}.rfp_backbone`;
    const backbone = registry.build('backbone', o.rfp_backbone, { path: at });
    const { type } = o.rfp_backbone;
    if (!isRecursive(backbone))
      throw new DetLabError(
        `Cannot build neck "RFP" at ${path}: expected a rfp_backbone that takes a pyramid back in (DetectoRS_ResNet), ` +
          `received ${type}`,
      );
    const found = backbone.outputs.map((level) => level.channels);
    if (found.join() !== o.in_channels?.join())
      throw new DetLabError(
        `Cannot build neck "RFP" at ${path}: in_channels are [${o.in_channels?.join(', ')}], but its rfp_backbone ${type} ` +
          `gives [${found.join(', ')}]`,
      );
    return backbone;
  });
  return new RFP(o as Options, backbones, inputs?.slice(1));
}

export const rfp = defineModule({
  kind: 'neck',
  type: 'RFP',
  summary: 'Recursive FPN: its levels are fed back into the backbone for each further step.',
  paper:
    'Qiao, Chen and Yuille: DetectoRS: Detecting Objects with Recursive Feature Pyramid and Switchable Atrous Convolution, CVPR 2021',
  shapes: 'image [N, H, W, 3] and [N, H/s, W/s, in_channels[i]] -> num_outs levels [N, H/s, W/s, out_channels]',
  example: `{
  type: 'RFP',
  out_channels: 256,
  num_outs: 5,
  rfp_steps: 1,
  aspp_out_channels: 64,
  rfp_backbone: { type: 'ResNet', depth: 50 },
}`,
  options,
  inferred: { in_channels: "the backbone's channels, without the image" },
  infer,
  build,
});
