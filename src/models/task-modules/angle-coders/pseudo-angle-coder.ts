// PseudoAngleCoder: the angle itself is predicted (MMRotate).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { AngleCoder } from '../types';

export class PseudoAngleCoder implements AngleCoder {
  readonly encodeSize = 1;

  encode(angles: Float32Array): Float32Array {
    return angles;
  }

  decode<T extends tf.Tensor>(codes: T): T {
    return codes;
  }
}

export const pseudoAngleCoderDefinition = defineModule({
  kind: 'angle_coder',
  type: 'PseudoAngleCoder',
  summary: 'Predicts the angle of a rotated box as it is, in radians',
  origin: 'MMRotate',
  shapes: 'angles [n, 1] <-> codes [n, 1]',
  example: "{ type: 'PseudoAngleCoder' }",
  options: z.strictObject({}),
  build: () => new PseudoAngleCoder(),
});
