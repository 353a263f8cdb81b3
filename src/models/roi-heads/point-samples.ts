// Samples of feature maps at points of RoIs.

import * as tf from '@tensorflow/tfjs';
import { pointSample } from '../../ops/point-sample';

/**
 * Maps [N, H, W, C] at points of RoIs -> [K, P, C]; zero outside of the map.
 *
 * @param rois flat, five numbers each, in any order of images
 * @param points x and y in the RoI, 0 to 1: P for each RoI, flat
 * @param aligned false: 0 and 1 are the middles of the outer pixels of a map, not their edges
 */
export function sampleInRois(
  maps: tf.Tensor4D,
  rois: Float32Array,
  points: Float32Array,
  spatialScale: number,
  aligned = true,
): tf.Tensor3D {
  const f = Math.fround;
  const [images, height, width, channels] = maps.shape;
  const count = rois.length / 5;
  const perRoI = points.length / 2 / count;
  const inMap = (share: number, length: number) => (aligned ? share : (share * (length - 1) + 0.5) / length);
  // of every image a row of points: those of the other images are not read back
  const byImage = Array.from({ length: images }, (_, n) =>
    Array.from({ length: count }, (_of, k) => k).filter((k) => rois[5 * k] === n),
  );
  const sampled = byImage.flatMap((ofImage, n) => {
    if (ofImage.length === 0) return [];
    const at = new Float32Array(2 * perRoI * ofImage.length);
    for (const [i, k] of ofImage.entries()) {
      const [, x1, y1, x2, y2] = rois.subarray(5 * k, 5 * k + 5);
      for (let p = 0; p < perRoI; p++) {
        const [from, to] = [2 * (k * perRoI + p), 2 * (i * perRoI + p)];
        at[to] = inMap(f(f(f(points[from] * f(x2 - x1)) + x1) / width) * spatialScale, width);
        at[to + 1] = inMap(f(f(f(points[from + 1] * f(y2 - y1)) + y1) / height) * spatialScale, height);
      }
    }
    const map = tf.slice(maps, [n, 0, 0, 0], [1, height, width, channels]);
    return [pointSample(map, tf.tensor3d(at, [1, at.length / 2, 2])).reshape([ofImage.length, perRoI, channels])];
  });
  const all = (sampled.length === 1 ? sampled[0] : tf.concat(sampled, 0)) as tf.Tensor3D;
  const order = byImage.flat();
  if (order.every((k, i) => k === i)) return all;
  const place = new Int32Array(count);
  order.forEach((k, i) => {
    place[k] = i;
  });
  return tf.gather(all, tf.tensor1d(place, 'int32'));
}
