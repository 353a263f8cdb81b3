// FeatureRelayHead: from the features that an RoI is classified by to a map that its mask is predicted from (Vu, Kang and Yoo, SCNet,
// AAAI 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { applyInitCfg, type InitCfg, initCfg, Linear, Module } from '../../../nn';
import { interpolate } from '../../../ops';

const size = z.number().int().positive();
const start: InitCfg = { type: 'Kaiming', layer: 'Linear' };
const options = z.strictObject({
  in_channels: size.default(1024).describe('Features of an RoI'),
  out_conv_channels: size.default(256).describe('Channels of the map'),
  roi_feat_size: size.default(7).describe('Side of the map before it is enlarged'),
  scale_factor: size.default(2).describe('Factor by which the map is enlarged'),
  init_cfg: initCfg.nullable().default(start).describe('Weight initialisation'),
});

export class FeatureRelayHead extends Module {
  private readonly fc: Linear;

  constructor(private readonly config: z.output<typeof options>) {
    super();
    const { in_channels: inFeatures, out_conv_channels, roi_feat_size } = config;
    this.fc = this.addChild('fc', new Linear({ inFeatures, outFeatures: out_conv_channels * roi_feat_size ** 2 }));
    applyInitCfg(this, config.init_cfg);
  }

  /** [K, features] -> [K, h, h, C]. */
  forward(rows: tf.Tensor2D): tf.Tensor4D {
    const { out_conv_channels: channels, roi_feat_size: side, scale_factor: scaleFactor } = this.config;
    return tf.tidy(() => {
      const map = this.fc.forward(rows).reshape([rows.shape[0], channels, side, side]);
      const size: [number, number] = [side * scaleFactor, side * scaleFactor];
      return interpolate(tf.transpose(map, [0, 2, 3, 1]) as tf.Tensor4D, {
        size,
        mode: 'bilinear',
        alignCorners: true,
      });
    });
  }
}

declare module '../../../catalogue/registry' {
  interface Built {
    feat_relay_head: FeatureRelayHead;
  }
}

export const featureRelayHeadDefinition = defineModule({
  kind: 'feat_relay_head',
  type: 'FeatureRelayHead',
  summary: 'A map for the mask of an RoI from the features that it is classified by',
  paper: 'Vu, Kang and Yoo, SCNet: Training Inference Sample Consistency for Instance Segmentation, AAAI 2021',
  shapes: 'features of RoIs [K, in_channels] -> [K, h, h, out_conv_channels]',
  example: "{ type: 'FeatureRelayHead', in_channels: 1024, out_conv_channels: 256 }",
  options,
  build: (given) => new FeatureRelayHead(given),
});
