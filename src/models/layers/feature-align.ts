// FeatureAlign of FoveaBox and FeatureAdaption of guided anchoring: a deformable convolution whose offsets are predicted from the
// box of each cell, or from its size.

import * as tf from '@tensorflow/tfjs';
import { Conv2d, DeformConv2d, Module, normal, zeros } from '../../nn';

export class FeatureAlign extends Module {
  private readonly offset: Conv2d;
  private readonly adaption: DeformConv2d;

  /** @param numbers that describe a box: 4 sides, or 2 for its size */
  constructor(inChannels: number, outChannels: number, deformGroups: number, numbers = 4) {
    super();
    const kernelSize = 3;
    const offsets = deformGroups * kernelSize * kernelSize * 2;
    this.offset = this.addChild(
      'conv_offset',
      new Conv2d({ inChannels: numbers, outChannels: offsets, kernelSize: 1, bias: false }),
    );
    this.adaption = this.addChild(
      'conv_adaption',
      new DeformConv2d({ inChannels, outChannels, kernelSize, padding: 1, deformGroups }),
    );
    this.offset.weight.initializer = zeros;
    this.adaption.weight.initializer = normal(0.01);
  }

  /** Features [N, H, W, C] and sizes [N, H, W, 4 or 2] -> [N, H, W, C]. */
  forward(x: tf.Tensor4D, shape: tf.Tensor4D): tf.Tensor4D {
    return tf.relu(this.adaption.forward(x, this.offset.forward(shape)));
  }
}
