// FcModule: a fully connected layer with its norm and activation.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type ActCfg, type BatchNorm2d, buildActivation, buildNorm, Linear, Module } from '../../nn';
import { forwardRows } from './forward-rows';

/** Norms of rows [N, C]. */
export const fcNorm = z.strictObject({
  type: z.enum(['BN1d', 'SyncBN']).describe('Batch normalisation, of a process or over all of them'),
  requires_grad: z.boolean().default(true).describe('Whether weight and bias are trained'),
  eps: z.number().nonnegative().default(1e-5).describe('Epsilon added to the variance'),
  momentum: z.number().min(0).max(1).default(0.1).describe('Weight of the current batch in the running statistics'),
});

export class FcModule extends Module {
  private readonly fc: Linear;
  private readonly bn?: BatchNorm2d;
  private readonly activate: <T extends tf.Tensor>(x: T) => T;

  constructor(inFeatures: number, outFeatures: number, norm: z.output<typeof fcNorm> | null, act: ActCfg | null) {
    super();
    this.fc = this.addChild('fc', new Linear({ inFeatures, outFeatures }));
    if (norm) {
      const type = norm.type === 'SyncBN' ? norm.type : 'BN';
      this.bn = this.addChild('bn', buildNorm({ ...norm, type }, outFeatures).norm as BatchNorm2d);
    }
    const activation = act && buildActivation(act);
    this.activate = (x) => (activation ? activation.apply(x) : x);
  }

  /** [N, in] -> [N, out]. */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    const y = this.fc.forward(x);
    return this.activate(this.bn ? forwardRows(this.bn, y) : y);
  }
}
