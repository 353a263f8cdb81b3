// Deformable RoI pooling that predicts its offsets, by fully connected layers on the bins where they are (Dai et al., ICCV 2017), and in
// its modulated form a weight of each bin too (Zhu et al., Deformable ConvNets v2, CVPR 2019).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { Linear, Module, zeros } from '../../../nn';
import { inferHeadChannels } from '../../inferred-options/infer-head-channels';
import type { MovedBins, RoILayer } from '../types';
import { DeformRoIPool, deformRoIPoolOptions } from './deform-roi-pool';

const size = z.number().int().positive();
const options = z.strictObject({
  ...deformRoIPoolOptions,
  output_channels: size.optional().describe('Channels of the features'),
  deform_fc_channels: size.default(1024).describe('Channels of the layers that predict offsets and weights'),
});
type Options = z.output<typeof options> & { output_channels: number };

export class DeformRoIPoolPack extends Module implements RoILayer {
  readonly outputSize: [number, number];
  private readonly pool: DeformRoIPool;
  private readonly offsets: Linear[];
  private readonly weights?: Linear[];

  constructor(options: Options, { modulated }: { modulated: boolean }) {
    super();
    this.pool = new DeformRoIPool(options);
    this.outputSize = this.pool.outputSize;
    const bins = this.outputSize[0] * this.outputSize[1];
    const layers = (name: string, hidden: number, outFeatures: number): Linear[] =>
      Array.from({ length: hidden + 1 }, (_, i) => {
        const inFeatures = i === 0 ? bins * options.output_channels : options.deform_fc_channels;
        const layer =
          i < hidden
            ? new Linear({
                inFeatures,
                outFeatures: options.deform_fc_channels,
                chw: i === 0 ? [options.output_channels, ...this.outputSize] : undefined,
              })
            : new Linear({ inFeatures, outFeatures, init: zeros, biasInit: zeros });
        return this.addChild(`${name}.${2 * i}`, layer);
      });
    this.offsets = layers('offset_fc', 2, 2 * bins);
    if (modulated) this.weights = layers('mask_fc', 1, bins);
  }

  get sampling(): { samplingRatio: number; aligned: boolean } {
    return this.pool.sampling;
  }

  forward(features: tf.Tensor4D, rois: tf.Tensor2D, spatialScale: number): tf.Tensor4D {
    return tf.tidy(() => {
      const { offset, weights } = this.predicted(this.pool.forward(features, rois, spatialScale));
      const moved = this.pool.forward(features, rois, spatialScale, offset);
      return weights ? tf.mul(moved, weights) : moved;
    });
  }

  movedBins(pooled: tf.Tensor4D): MovedBins {
    return tf.tidy(() => {
      const { offset, weights } = this.predicted(pooled);
      return { shifts: tf.mul<tf.Tensor4D>(offset, this.pool.gamma), weights };
    });
  }

  /** Of the bins [K, height, width, 2] and [K, height, width, 1]. */
  private predicted(pooled: tf.Tensor4D): { offset: tf.Tensor4D; weights?: tf.Tensor4D } {
    const [count, height, width, channels] = pooled.shape;
    const flat = pooled.reshape<tf.Tensor2D>([count, height * width * channels]);
    const axes = predict(this.offsets, flat).reshape([count, 2, height * width]); // x of all bins, then y
    const offset = tf.transpose(axes, [0, 2, 1]).reshape<tf.Tensor4D>([count, height, width, 2]);
    if (!this.weights) return { offset };
    return { offset, weights: tf.sigmoid(predict(this.weights, flat)).reshape<tf.Tensor4D>([count, height, width, 1]) };
  }
}

const predict = (layers: readonly Linear[], x: tf.Tensor2D): tf.Tensor2D =>
  layers.reduce((y, layer, i) => layer.forward(y, { activation: i < layers.length - 1 ? 'relu' : 'linear' }), x);

const definition = <const T extends string>(type: T, modulated: boolean, summary: string, paper: string) =>
  defineModule({
    kind: 'roi_layer',
    type,
    summary,
    paper,
    shapes: 'features [N, H, W, C], RoIs [K, 5] -> [K, height, width, C]',
    example: `{ type: '${type}', output_size: 7, output_channels: 256 }`,
    options,
    inferred: { output_channels: "the extractor's channels" },
    infer: (given, context) => ({
      ...given,
      output_channels: inferHeadChannels(type, given.output_channels, context, 'output_channels'),
    }),
    build: (given) => new DeformRoIPoolPack(given as Options, { modulated }),
  });

export const deformRoIPoolPackDefinition = definition(
  'DeformRoIPoolPack',
  false,
  'Pools an RoI in bins that are moved by offsets predicted of them',
  'Dai et al., Deformable Convolutional Networks, ICCV 2017',
);

export const modulatedDeformRoIPoolPackDefinition = definition(
  'ModulatedDeformRoIPoolPack',
  true,
  'Pools an RoI in bins that are moved and weighted by what is predicted of them',
  'Zhu, Hu, Lin and Dai, Deformable ConvNets v2, CVPR 2019',
);
