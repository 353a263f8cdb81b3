// Layer normalisation over the channels (Ba, Kiros and Hinton, 2016), as PyTorch's nn.LayerNorm(channels).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { layerNorm } from '../ops/layer-norm';
import { ones, zeros } from './initializers';
import { Module, type Parameter } from './module';

/** Options of `LayerNorm`, named after torch's. */
export interface LayerNormConfig {
  channels: number;
  epsilon?: number;
  /** Whether there are weight and bias; default true. */
  affine?: boolean;
  requiresGrad?: boolean;
}

/** `norm_cfg` of transformers. */
export const layerNormCfg = z.strictObject({
  type: z.literal('LN').describe('Layer normalisation'),
  eps: z.number().nonnegative().optional().describe('Epsilon added to the variance (1e-5)'),
  requires_grad: z.boolean().optional().describe('Whether weight and bias are trained (true)'),
});
/** Config of a layer norm, as in MMDetection. */
export type LayerNormCfg = z.input<typeof layerNormCfg>;

/** Builds the layer norm of a `norm_cfg`. */
export const buildLayerNorm = ({ eps, requires_grad }: LayerNormCfg, channels: number): LayerNorm =>
  new LayerNorm({ channels, epsilon: eps, requiresGrad: requires_grad });

/**
 * @example new LayerNorm({ channels: 96 }).forward(tokens) // [..., 96] -> the same shape
 */
export class LayerNorm extends Module {
  readonly layerNames = ['LayerNorm', 'LN'];
  readonly weight?: Parameter;
  readonly bias?: Parameter;
  readonly epsilon: number;

  constructor({ channels, epsilon = 1e-5, affine = true, requiresGrad = true }: LayerNormConfig) {
    super();
    this.epsilon = epsilon;
    if (!affine) return;
    this.weight = this.addParameter('weight', [channels], ones, undefined, requiresGrad);
    this.bias = this.addParameter('bias', [channels], zeros, undefined, requiresGrad);
  }

  /** [..., C] -> the same shape. */
  forward<T extends tf.Tensor>(x: T): T {
    return layerNorm(x, { scale: this.weight?.variable, offset: this.bias?.variable, epsilon: this.epsilon });
  }
}
