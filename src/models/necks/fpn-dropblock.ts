// FPN with DropBlock after every addition of the top-down path: MMDetection's FPN_DropBlock, the custom neck of its
// tutorial. In evaluation mode it is FPN.

import type * as tf from '@tensorflow/tfjs';
import type { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DropBlock, dropBlockCfg } from '../layers/drop-block';
import type { FeatureSpec } from '../types';
import { FPN } from './fpn';
import { fpnOptions, inferFPN } from './fpn-options';

const options = fpnOptions.extend({
  plugin: dropBlockCfg
    .nullable()
    .default({ type: 'DropBlock', drop_prob: 0.3, block_size: 3, warmup_iters: 0 })
    .describe('Dropout layer; null: none'),
});
type Options = z.output<typeof options> & { in_channels: number[] };

/**
 * @example new FPN_DropBlock({ ...fpnDropBlock.options.parse({ out_channels: 256, num_outs: 5 }), in_channels: [256, 512] })
 */
export class FPN_DropBlock extends FPN {
  private readonly plugin?: DropBlock;

  constructor({ plugin, ...rest }: Options, inputs?: FeatureSpec[]) {
    super(rest, inputs);
    if (plugin) this.plugin = this.addChild('plugin', new DropBlock(plugin));
  }

  protected override merged(x: tf.Tensor4D): tf.Tensor4D {
    return this.plugin ? this.plugin.forward(x) : x;
  }
}

export const fpnDropBlock = defineModule({
  kind: 'neck',
  type: 'FPN_DropBlock',
  summary: 'FPN with DropBlock on its merged levels while training.',
  paper: 'Ghiasi, Lin and Le: DropBlock: A regularization method for convolutional networks, NeurIPS 2018',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_outs levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'FPN_DropBlock', out_channels: 256, num_outs: 5 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer: (o, context) => inferFPN('FPN_DropBlock', o, context),
  build: (o, { inputs }) => new FPN_DropBlock({ ...o, in_channels: o.in_channels! }, inputs),
});
