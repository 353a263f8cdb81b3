// The cells that searched pyramids (NAS-FPN, NAS-FCOS) are made of, as mmcv has them: two maps are resized to one size, fused
// by a sum, a concatenation or a global gate, and convolved.

import * as tf from '@tensorflow/tfjs';
import { ConvModule, type ConvModuleConfig } from '../../nn/conv-module';
import type { ConvCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { maxPool2d } from '../../ops/max-pool2d';
import { resizeNearest } from '../../ops/resize-nearest';

export interface MergeCellConfig {
  /** sum: a + b; concat: [a, b]; global_pooling: b + sigmoid(mean of b) a. */
  operation: 'sum' | 'concat' | 'global_pooling';
  channels: number;
  /** Convolution of the output; false for none. */
  outConv?: false | Partial<Pick<ConvModuleConfig, 'kernelSize' | 'padding' | 'groups' | 'bias' | 'normCfg' | 'order'>>;
  /** Convolves the inputs before, each or none. */
  inputConvs?: [boolean, boolean];
  inputConvCfg?: ConvCfg | null;
  inputNormCfg?: NormCfg | null;
}

/**
 * @example new MergeCell({ operation: 'sum', channels: 256 }).forward(p4, p3, [40, 40]) // [N, 40, 40, 256]
 */
export class MergeCell extends Module {
  private readonly outConv?: ConvModule;
  private readonly inputConvs: (ConvModule | undefined)[];

  constructor(private readonly config: MergeCellConfig) {
    super();
    const { operation, channels, outConv = {}, inputConvs = [false, false] } = config;
    if (outConv)
      this.outConv = this.addChild(
        'out_conv',
        new ConvModule({
          ...{ kernelSize: 3, padding: 1, bias: true, order: ['act', 'conv', 'norm'] },
          ...outConv,
          inChannels: operation === 'concat' ? 2 * channels : channels,
          outChannels: channels,
        }),
      );
    this.inputConvs = inputConvs.map((hasConv, i) => {
      if (!hasConv) return undefined;
      const shape = { inChannels: channels, outChannels: channels, kernelSize: 3, padding: 1, bias: true };
      const conv = new ConvModule({ ...shape, convCfg: config.inputConvCfg, normCfg: config.inputNormCfg });
      return this.addChild(`input${i + 1}_conv`, conv);
    });
  }

  /** Without a size the larger of the two. */
  forward(x1: tf.Tensor4D, x2: tf.Tensor4D, size?: [number, number]): tf.Tensor4D {
    return tf.tidy(() => {
      const sizes = [x1, x2].map((x) => [x.shape[1], x.shape[2]] as [number, number]);
      const target = size ?? (less(sizes[0], sizes[1]) ? sizes[1] : sizes[0]);
      const [a, b] = [x1, x2].map((x, i) => resize(this.inputConvs[i]?.forward(x) ?? x, target));
      const y = join(this.config.operation, a, b);
      return this.outConv ? this.outConv.forward(y) : y;
    });
  }
}

function join(operation: MergeCellConfig['operation'], a: tf.Tensor4D, b: tf.Tensor4D): tf.Tensor4D {
  if (operation === 'sum') return tf.add(a, b);
  if (operation === 'concat') return tf.concat([a, b], 3);
  return tf.add(b, tf.mul(tf.sigmoid(tf.mean(b, [1, 2], true)), a));
}

/** By height, then by width. */
const less = (a: number[], b: number[]) => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

/** Nearest where the map grows; max pooling, padded with zeros all around to a multiple, where it shrinks. */
function resize(x: tf.Tensor4D, size: [number, number]): tf.Tensor4D {
  const current = [x.shape[1], x.shape[2]];
  if (current[0] === size[0] && current[1] === size[1]) return x;
  if (less(current, size)) return resizeNearest(x, size);
  const pads = [0, 1].map((axis) => {
    const missing = Math.ceil(current[axis] / size[axis]) * size[axis] - current[axis];
    return [Math.floor(missing / 2), Math.ceil(missing / 2)] as [number, number];
  });
  const padded = pads.flat().some((n) => n > 0) ? tf.pad4d(x, [[0, 0], pads[0], pads[1], [0, 0]]) : x;
  return maxPool2d(padded, { size: [padded.shape[1] / size[0], padded.shape[2] / size[1]] });
}
