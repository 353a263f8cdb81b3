// The small network of each instance whose weights a dense head predicts: 1x1 convolutions with ReLU between them on a map of the
// image, with the place of each pixel relative to the instance (Tian et al., CondInst, ECCV 2020).
// n instances, C channels of the map, F hidden channels.

import * as tf from '@tensorflow/tfjs';

export interface DynamicNetwork {
  /** C. */
  inChannels: number;
  /** F. */
  hidden: number;
  layers: number;
}

/** [inputs, outputs] of each layer; the first reads the place before the map. */
export const layerShapes = ({ inChannels, hidden, layers }: DynamicNetwork): [number, number][] =>
  Array.from({ length: layers }, (_, i) => [i === 0 ? inChannels + 2 : hidden, i === layers - 1 ? 1 : hidden]);

/** Weights of all layers, then biases. */
export const countParameters = (network: DynamicNetwork): number =>
  layerShapes(network).reduce((sum, [inputs, outputs]) => sum + inputs * outputs + outputs, 0);

export interface DynamicInputs {
  /** The map [h, w, C]. */
  features: tf.Tensor3D;
  /** Weights and biases [n, countParameters]. */
  parameters: tf.Tensor2D;
  /** Relative place of each column [n, w] and of each row [n, h]. */
  x: Float32Array;
  y: Float32Array;
}

/** Logits [n, h, w]. */
export function dynamicMasks({ features, parameters, x, y }: DynamicInputs, network: DynamicNetwork): tf.Tensor3D {
  const n = parameters.shape[0];
  const [h, w, channels] = features.shape;
  const layers = layerShapes(network);
  let at = 0;
  const next = (count: number) => {
    const part = tf.slice(parameters, [0, at], [n, count]);
    at += count;
    return part;
  };
  const weights = layers.map(([inputs, outputs]) => next(inputs * outputs).reshape<tf.Tensor3D>([n, outputs, inputs]));
  const biases = layers.map(([, outputs]) => next(outputs).reshape<tf.Tensor3D>([n, outputs, 1]));
  const pixels = features.reshape<tf.Tensor2D>([h * w, channels]);
  const [, first] = layers[0];
  // the place is linear in both directions, so that it is added to what is computed of the map: it is never repeated n times
  const part = (from: number, count: number) => tf.slice(weights[0], [0, 0, from], [n, first, count]);
  const ofMap = tf.matMul(part(2, channels).reshape<tf.Tensor2D>([n * first, channels]), pixels, false, true);
  const ofColumns = tf.mul(part(0, 1).reshape([n, first, 1, 1]), tf.tensor4d(x, [n, 1, 1, w]));
  const ofRows = tf.mul(part(1, 1).reshape([n, first, 1, 1]), tf.tensor4d(y, [n, 1, h, 1]));
  const placed = tf.add(tf.add(ofMap.cast('float32').reshape([n, first, h, w]), ofColumns), ofRows);
  let values = tf.add<tf.Tensor3D>(placed.reshape([n, first, h * w]), biases[0]);
  for (let i = 1; i < layers.length; i++) values = tf.add(tf.matMul(weights[i], tf.relu(values)), biases[i]);
  return values.cast('float32').reshape<tf.Tensor3D>([n, h, w]);
}
