// The network of AFLink: whether one track continues another, from the times and places of the last boxes of the one and the first of
// the other (Du et al., StrongSORT, IEEE TMM 2023).

import * as tf from '@tensorflow/tfjs';
import { BatchNorm2d, Conv2d, Linear, Module, Sequential } from '../../../nn';

/** Frame, x and y of the boxes of a track are columns; each has a norm of its own. */
class TemporalBlock extends Module {
  private readonly conv: Conv2d;
  private readonly norms: BatchNorm2d[];

  constructor(inChannels: number, outChannels: number) {
    super();
    this.conv = this.addChild('conv', new Conv2d({ inChannels, outChannels, kernelSize: [7, 1], bias: false }));
    this.norms = ['bnf', 'bnx', 'bny'].map((name) => this.addChild(name, new BatchNorm2d({ channels: outChannels })));
  }

  /** [B, T, 3, in] -> [B, T - 6, 3, out]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    const y = this.conv.forward(x);
    const columns = tf.split(y, 3, 2).map((column, i) => this.norms[i].forward(column as tf.Tensor4D));
    return tf.relu(tf.concat(columns, 2));
  }
}

class FusionBlock extends Module {
  private readonly conv: Conv2d;
  private readonly bn: BatchNorm2d;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.conv = this.addChild('conv', new Conv2d({ inChannels, outChannels, kernelSize: [1, 3], bias: false }));
    this.bn = this.addChild('bn', new BatchNorm2d({ channels: outChannels }));
  }

  /** [B, T, 3, in] -> [B, T, 1, out]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.relu(this.bn.forward(this.conv.forward(x)));
  }
}

class Classifier extends Module {
  private readonly fc1: Linear;
  private readonly fc2: Linear;

  constructor(channels: number, classes: number) {
    super();
    this.fc1 = this.addChild('fc1', new Linear({ inFeatures: 2 * channels, outFeatures: channels / 2 }));
    this.fc2 = this.addChild('fc2', new Linear({ inFeatures: channels / 2, outFeatures: classes }));
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return this.fc2.forward(this.fc1.forward(x, { activation: 'relu' }));
  }
}

const CHANNELS = [1, 32, 64, 128, 256];

export class AFLinkModel extends Module {
  private readonly temporal: Sequential<TemporalBlock>[];
  private readonly fusion: FusionBlock[];
  private readonly classifier: Classifier;

  constructor() {
    super();
    const last = CHANNELS[CHANNELS.length - 1];
    const blocks = () => CHANNELS.slice(1).map((channels, i) => new TemporalBlock(CHANNELS[i], channels));
    this.temporal = [1, 2].map((k) => this.addChild(`TemporalModule_${k}`, new Sequential(blocks())));
    this.fusion = [1, 2].map((k) => this.addChild(`FusionBlock_${k}`, new FusionBlock(last, last)));
    this.classifier = this.addChild('classifier', new Classifier(last, 2));
  }

  /** Two tracks of each pair [B, 30, 3, 1] -> probability that they are one [B]. */
  forward(first: tf.Tensor4D, second: tf.Tensor4D): tf.Tensor1D {
    const features = [first, second].map((x, k) => {
      const y = this.fusion[k].forward(this.temporal[k].forward(x));
      return tf.mean<tf.Tensor2D>(y, [1, 2]);
    });
    return tf
      .softmax(this.classifier.forward(tf.concat(features, 1)))
      .slice([0, 1], [-1, 1])
      .reshape([-1]);
  }
}
