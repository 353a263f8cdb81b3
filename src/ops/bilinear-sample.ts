// Bilinear sampling of a zero-padded feature map, differentiable in map, positions and weights: the fallback of deformable
// convolution and deformable attention on engines without those kernels.

import * as tf from '@tensorflow/tfjs';

/**
 * Samples `x` [N, H, W, C] at `positions` [N, M, G, 2] (y, x in pixels), position [n, m, g] for channel group g of G. Samples
 * are multiplied by `weights` [N, M, G]. Returns [N, M, C].
 *
 * @example bilinearSample(tf.ones([1, 4, 4, 2]), tf.zeros([1, 5, 1, 2]), tf.ones([1, 5, 1])).shape // [1, 5, 2]
 */
export function bilinearSample(x: tf.Tensor4D, positions: tf.Tensor4D, weights: tf.Tensor3D): tf.Tensor3D {
  const sample = tf.customGrad<tf.Tensor3D>((_map, _positions, _weights, save) => {
    const tensors = [x, positions, weights];
    (save as tf.GradSaveFunc)(tensors);
    return { value: gather(tensors), gradFunc: (dy, saved) => scatter(saved, dy.dataSync<'float32'>()) };
  });
  return sample(x, positions, weights);
}

const read = (tensors: tf.Tensor[]) => tensors.map((t) => t.dataSync<'float32'>());

/** The four pixels around a position (-1: outside the map), their weights and the derivatives of these by y and x. */
interface Tap {
  pixel: Int32Array;
  weight: Float64Array;
  byY: Float64Array;
  byX: Float64Array;
}

const tap: Tap = {
  pixel: new Int32Array(4),
  weight: new Float64Array(4),
  byY: new Float64Array(4),
  byX: new Float64Array(4),
};

/** Fills `tap`; false if the position is outside the map by a pixel or more. */
function locate(y: number, x: number, height: number, width: number): boolean {
  if (!(y > -1 && x > -1 && y < height && x < width)) return false;
  const top = Math.floor(y);
  const left = Math.floor(x);
  for (let corner = 0; corner < 4; corner++) {
    const down = corner < 2 ? 0 : 1;
    const right = corner % 2;
    const inside = top + down >= 0 && top + down < height && left + right >= 0 && left + right < width;
    const wy = down ? y - top : 1 - (y - top);
    const wx = right ? x - left : 1 - (x - left);
    tap.pixel[corner] = inside ? (top + down) * width + left + right : -1;
    tap.weight[corner] = wy * wx;
    tap.byY[corner] = down ? wx : -wx;
    tap.byX[corner] = right ? wy : -wy;
  }
  return true;
}

/** Calls `f` for every sample inside the map with its index, output offset, and offset of its channels in pixel 0. */
function visit(
  shape: number[],
  [, m, g]: number[],
  positions: Float32Array,
  f: (sample: number, out: number, source: number) => void,
): void {
  const [n, height, width, channels] = shape;
  const perGroup = channels / g;
  for (let sample = 0; sample < n * m * g; sample++) {
    if (!locate(positions[2 * sample], positions[2 * sample + 1], height, width)) continue;
    const image = Math.floor(sample / (m * g));
    f(sample, sample * perGroup, image * height * width * channels + (sample % g) * perGroup);
  }
}

function gather([x, positions, weights]: tf.Tensor[]): tf.Tensor3D {
  const [map, coordinates, factors] = read([x, positions, weights]);
  const channels = x.shape[3] as number;
  const [n, m, g] = weights.shape;
  const out = new Float32Array(n * m * channels);
  visit(x.shape, weights.shape, coordinates, (sample, to, from) => {
    for (let corner = 0; corner < 4; corner++) {
      if (tap.pixel[corner] < 0) continue;
      const weight = tap.weight[corner] * factors[sample];
      const source = from + tap.pixel[corner] * channels;
      for (let c = 0; c < channels / g; c++) out[to + c] += weight * map[source + c];
    }
  });
  return tf.tensor3d(out, [n, m, channels]);
}

function scatter([x, positions, weights]: tf.Tensor[], dy: Float32Array): tf.Tensor[] {
  const [map, coordinates, factors] = read([x, positions, weights]);
  const channels = x.shape[3] as number;
  const perGroup = channels / (weights.shape[2] as number);
  const dMap = new Float32Array(map.length);
  const dPositions = new Float32Array(coordinates.length);
  const dWeights = new Float32Array(factors.length);
  visit(x.shape, weights.shape, coordinates, (sample, to, from) => {
    const factor = factors[sample];
    for (let corner = 0; corner < 4; corner++) {
      if (tap.pixel[corner] < 0) continue;
      const source = from + tap.pixel[corner] * channels;
      const weight = tap.weight[corner] * factor;
      let product = 0;
      for (let c = 0; c < perGroup; c++) {
        product += dy[to + c] * map[source + c];
        dMap[source + c] += weight * dy[to + c];
      }
      dPositions[2 * sample] += factor * product * tap.byY[corner];
      dPositions[2 * sample + 1] += factor * product * tap.byX[corner];
      dWeights[sample] += product * tap.weight[corner];
    }
  });
  return [tf.tensor(dMap, x.shape), tf.tensor(dPositions, positions.shape), tf.tensor(dWeights, weights.shape)];
}
