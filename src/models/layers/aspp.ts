// Atrous spatial pyramid pooling (Chen et al., DeepLab, 2018) as DetectoRS has it: dilated convolutions side by side, the last
// of them on the mean of the map.

import * as tf from '@tensorflow/tfjs';
import { Conv2d } from '../../nn/conv2d';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';

/**
 * @example new ASPP(256, 64, [1, 3, 6, 1]).forward(x) // [N, H, W, 256] -> [N, H, W, 4 * 64]
 */
export class ASPP extends Module {
  private readonly branches: ModuleList<Conv2d>;

  constructor(inChannels: number, outChannels: number, dilations: number[]) {
    super();
    this.branches = this.addChild(
      'aspp',
      new ModuleList(
        dilations.map((dilation) => {
          const shape = dilation > 1 ? { kernelSize: 3, padding: dilation, dilation } : { kernelSize: 1 };
          return new Conv2d({ inChannels, outChannels, ...shape });
        }),
      ),
    );
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const last = this.branches.length - 1;
      const maps = [...this.branches].map((conv, i) =>
        conv.forward(i === last ? tf.mean<tf.Tensor4D>(x, [1, 2], true) : x, { activation: 'relu' }),
      );
      maps[last] = tf.tile(maps[last], [1, x.shape[1], x.shape[2], 1]);
      return tf.concat(maps, 3);
    });
  }
}
