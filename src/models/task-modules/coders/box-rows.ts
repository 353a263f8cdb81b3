// Boxes that codes are relative to, as a tensor: those of priors are plain numbers, those of a program that records the network
// tensors already.

import * as tf from '@tensorflow/tfjs';

/** Flat xyxy -> [n, 4]; tensors [..., n, 4] stay. */
export const boxRows = (boxes: Float32Array | tf.Tensor): tf.Tensor =>
  boxes instanceof tf.Tensor ? boxes : tf.tensor2d(boxes, [boxes.length / 4, 4]);
