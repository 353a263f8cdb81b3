// Balanced Feature Pyramid (Pang et al., Libra R-CNN, CVPR 2019): all levels are resized to one size, averaged, refined,
// and added back to each. It follows an FPN: neck: [{ type: 'FPN', ... }, { type: 'BFP', ... }].

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { NonLocal2d } from '../../nn/non-local2d';
import { adaptiveMaxPool2d } from '../../ops/adaptive-max-pool2d';
import { resizeNearest } from '../../ops/resize-nearest';
import type { FeatureSpec, Neck } from '../types';
import { inferSingleChannels } from './infer-single-channels';

const options = z.strictObject({
  in_channels: z.int().positive().optional().describe('Channels of every level'),
  num_levels: z.int().positive().optional().describe('Number of levels'),
  refine_level: z.int().min(0).default(2).describe('Level whose size all levels are resized to before averaging'),
  refine_type: z
    .enum(['conv', 'non_local'])
    .nullable()
    .default(null)
    .describe('Refinement of the averaged level; null: none'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg.nullable().default(null).describe('Norm in the refinement; null: none'),
  init_cfg: ignoredOption('as in MMDetection, the refinement starts as its own layer does', {
    schema: initCfg.nullable().default({ type: 'Xavier', layer: 'Conv2d', distribution: 'uniform' }),
  }),
});
type Options = z.output<typeof options> & { in_channels: number; num_levels: number };

/**
 * @example new BFP({ ...bfp.options.parse({ refine_type: 'non_local' }), in_channels: 256, num_levels: 5 })
 */
export class BFP extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly refine?: ConvModule | NonLocal2d;

  constructor(
    private readonly options: Options,
    inputs?: FeatureSpec[],
  ) {
    super();
    const { in_channels: channels, num_levels, conv_cfg: convCfg, norm_cfg: normCfg } = options;
    const shape = { inChannels: channels, outChannels: channels };
    if (options.refine_type === 'conv')
      this.refine = this.addChild('refine', new ConvModule({ ...shape, kernelSize: 3, padding: 1, convCfg, normCfg }));
    if (options.refine_type === 'non_local')
      this.refine = this.addChild(
        'refine',
        new NonLocal2d({ inChannels: channels, reduction: 1, useScale: false, convCfg, normCfg }),
      );
    this.outputs = inputs ?? Array.from({ length: num_levels }, (_, i) => ({ channels, stride: 4 * 2 ** i }));
    applyInitCfg(this, options.init_cfg, [this.refine]);
  }

  /** Levels of one number of channels -> the same shapes. */
  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const { refine_level } = this.options;
      const size = (x: tf.Tensor4D): [number, number] => [x.shape[1], x.shape[2]];
      const gathering = size(inputs[refine_level]);
      const gathered = inputs.map((x, i) => (i < refine_level ? adaptiveMaxPool2d : resizeNearest)(x, gathering));
      const mean = tf.div<tf.Tensor4D>(tf.addN(gathered), inputs.length);
      const refined = this.refine ? this.refine.forward(mean) : mean;
      return inputs.map((x, i) => tf.add(x, (i < refine_level ? resizeNearest : adaptiveMaxPool2d)(refined, size(x))));
    });
  }
}

export const bfp = defineModule({
  kind: 'neck',
  type: 'BFP',
  summary: 'Balanced feature pyramid: the refined average of all levels is added to each level.',
  paper:
    'Pang, Chen, Shi, Feng, Ouyang and Lin: Libra R-CNN: Towards Balanced Learning for Object Detection, CVPR 2019',
  shapes: 'levels [N, H/s, W/s, in_channels] -> the same shapes',
  example: "{ type: 'BFP', in_channels: 256, num_levels: 5, refine_level: 2, refine_type: 'non_local' }",
  options,
  inferred: { in_channels: 'the channels of the neck before it', num_levels: 'the number of its levels' },
  infer(o, context) {
    const { inputs, path } = context;
    const fail = (what: string): never => {
      throw new DetLabError(`Cannot build neck "BFP"${path ? ` at ${path}` : ''}: ${what}`);
    };
    const num_levels = o.num_levels ?? inputs?.length;
    if (num_levels === undefined) return fail('num_levels is neither given nor known from a neck before it');
    if (inputs && num_levels !== inputs.length)
      fail(`num_levels is ${num_levels}, but the neck or backbone before it gives ${inputs.length} levels`);
    if (o.refine_level >= num_levels)
      fail(`refine_level is ${o.refine_level}, but there are ${num_levels} levels (0 to ${num_levels - 1})`);
    return inferSingleChannels('BFP', { ...o, num_levels }, context, 'all');
  },
  build: (o, { inputs }) => new BFP(o as Options, inputs),
});
