// YOLACT's protonet: convolutions and upsamplings with ReLU between them, which give the prototypes of masks; and its semantic
// branch (Bolya et al., ICCV 2019). Layers without weights keep their place in the numbering of PyTorch's Sequential.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { applyInitCfg, Conv2d, Module } from '../../nn';
import { interpolate } from '../../ops';

export interface ProtonetConfig {
  in_channels: number;
  proto_channels: (number | null)[];
  proto_kernel_sizes: number[];
  include_last_relu: boolean;
  num_protos: number;
}

type Step = Conv2d | { factor: number };

export class Protonet extends Module {
  private readonly steps: Step[];

  constructor(
    private readonly config: ProtonetConfig,
    path: string,
  ) {
    super();
    const { proto_channels: widths, proto_kernel_sizes: sizes, num_protos } = config;
    const fail = (what: string): never => {
      throw new DetLabError(`Cannot build YOLACTProtonet at ${path}: ${what}`);
    };
    if (widths.length !== sizes.length)
      fail(`expected as many proto_channels as proto_kernel_sizes, received ${widths.length} and ${sizes.length}`);
    let inChannels = config.in_channels;
    this.steps = widths.map((outChannels, i): Step => {
      const kernelSize = sizes[i];
      if (kernelSize < 0 === (outChannels !== null))
        fail(
          `layer ${i} has ${outChannels} channels and kernel size ${kernelSize}: null goes with minus the factor of an upsampling`,
        );
      if (outChannels === null) return { factor: -kernelSize };
      const conv = new Conv2d({ inChannels, outChannels, kernelSize, padding: Math.floor(kernelSize / 2) });
      inChannels = outChannels;
      return this.addChild(String(2 * i), conv);
    });
    if (inChannels !== num_protos)
      fail(`num_protos is ${num_protos}, but the last of proto_channels gives ${inChannels}. Make both equal`);
  }

  /** [N, h, w, C] -> prototypes [N, H, W, num_protos]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      let y = x;
      for (const [i, step] of this.steps.entries()) {
        y = step instanceof Conv2d ? step.forward(y) : interpolate(y, { scaleFactor: step.factor, mode: 'bilinear' });
        if (this.config.include_last_relu || i < this.steps.length - 1) y = tf.relu(y);
      }
      return y;
    });
  }
}

export class SegmentationModule extends Module {
  private readonly conv: Conv2d;

  constructor(inChannels: number, numClasses: number) {
    super();
    this.conv = this.addChild('segm_conv', new Conv2d({ inChannels, outChannels: numClasses, kernelSize: 1 }));
    applyInitCfg(this, { type: 'Xavier', distribution: 'uniform', override: { name: 'segm_conv' } });
  }

  /** Logits [N, h, w, classes]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.conv.forward(x);
  }
}
