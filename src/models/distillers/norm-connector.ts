// NormConnector (mmrazor): a norm alone, which brings the channels of a map to one scale.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { anyNormCfg, applyInitCfg, buildNorm, initCfg, Module, type Norm } from '../../nn';
import type { Connector } from './connector';

const options = z.strictObject({
  in_channels: z.int().positive().describe('Channels of the map'),
  norm_cfg: anyNormCfg.describe('Norm'),
  init_cfg: initCfg.nullish().describe('Weight initialisation'),
});

export class NormConnector extends Module implements Connector {
  private readonly norm: Norm;

  constructor(o: z.output<typeof options>) {
    super();
    this.norm = this.addChild('norm', buildNorm(o.norm_cfg, o.in_channels).norm);
    if (o.init_cfg) applyInitCfg(this, o.init_cfg);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.norm.forward(x);
  }
}

export const normConnectorDefinition = defineModule({
  kind: 'connector',
  type: 'NormConnector',
  summary: 'A norm that brings the channels of a recorded map to one scale',
  origin: 'mmrazor',
  shapes: '[N, H, W, C] -> the same shape',
  example:
    "{ type: 'NormConnector', in_channels: 256, norm_cfg: { type: 'BN', affine: false, track_running_stats: false } }",
  options,
  build: (given) => new NormConnector(given),
});
