import { expect, test } from 'vitest';
import {
  channelMax,
  channelMean,
  eigenCam,
  featureStatistics,
  gradCam,
  layerCam,
  mapCorrelation,
  oneChannel,
} from '../../src/analysis/activation-maps';

// numpy.linalg.svd of the centred matrix [12, 5]: its product with the first right singular vector
const FEATURES = Float32Array.of(
  ...[0.41, 0.1, -0.17, -0.69, -0.45, -1.92, 0.52, 1.11, -0.96, -0.62, 0.74, 0.23, 0.17, -0.8, -0.03],
  ...[-1.68, -0.16, -1.05, -3.09, -1.29, -3.0, 0.34, -1.56, -0.31, 0.16, -0.58, -2.32, -0.64, -0.24, 0.11],
  ...[0.27, -1.38, -0.53, 0.09, 1.06, 1.48, -1.18, 1.46, 0.56, -0.11, -2.54, 1.39, -1.89, -1.25, 1.36],
  ...[-3.14, 1.65, -0.28, -1.44, 2.0, 2.06, -1.85, 0.4, 1.22, -0.19, -3.3, 1.93, -0.33, -0.55, -0.68],
);
const PROJECTED = [
  -1.012366, 0.76057, -1.214029, 1.35117, 2.009687, -1.417783, -1.657088, -3.213871, 2.643616, 2.966949, -3.95075,
  2.733896,
];

test('EigenCAM is the projection on the first principal component, as numpy computes it', () => {
  const map = eigenCam(FEATURES, 5);
  const sign = Math.sign(map[7] / PROJECTED[7]);
  for (const [i, v] of map.entries()) expect(v * sign).toBeCloseTo(PROJECTED[i], 4);
  // the sign with which strong cells are high
  const strength = (i: number) => FEATURES.subarray(5 * i, 5 * i + 5).reduce((sum, v) => sum + v * v, 0);
  expect(
    mapCorrelation(
      map,
      Float32Array.from(map, (_, i) => strength(i)),
    ),
  ).toBeGreaterThan(0);
});

test('EigenCAM of cells that are all alike is zero', () => {
  expect([...eigenCam(Float32Array.of(1, 2, 1, 2, 1, 2), 2)]).toEqual([0, 0, 0]);
});

test('Grad-CAM: channels weighted by their mean gradient, negative sums cut', () => {
  const features = Float32Array.of(1, 2, 3, -1, 0, 4);
  const gradient = Float32Array.of(0.3, -0.5, 0.6, 0.2, 0, 0);
  // weights 0.3 and -0.1
  expect([...gradCam(features, gradient, 2)].map((v) => Number(v.toFixed(6)))).toEqual([0.1, 1, 0]);
});

test('LayerCAM: every place weighted by its own positive gradient', () => {
  const features = Float32Array.of(1, 2, 3, -1, 0, 4);
  const gradient = Float32Array.of(0.5, -0.5, 0, 0.25, 0, 1);
  expect([...layerCam(features, gradient, 2)]).toEqual([0.5, 0, 4]);
});

test('maps of channels', () => {
  const features = Float32Array.of(1, -3, 2, 0, 0, 5);
  expect([...channelMean(features, 3)]).toEqual([0, Math.fround(5 / 3)]);
  expect([...channelMax(features, 3)]).toEqual([3, 5]);
  expect([...oneChannel(features, 3, 2)]).toEqual([2, 5]);
});

test('statistics name silent channels', () => {
  expect(featureStatistics(Float32Array.of(1, 0, -3, 0), 2)).toEqual({
    mean: -0.5,
    deviation: Math.sqrt(2.25),
    absMax: 3,
    silent: 1,
  });
});

test('correlation of maps', () => {
  expect(mapCorrelation(Float32Array.of(1, 2, 3), Float32Array.of(2, 4, 6))).toBeCloseTo(1, 6);
  expect(mapCorrelation(Float32Array.of(1, 2, 3), Float32Array.of(3, 2, 1))).toBeCloseTo(-1, 6);
  expect(mapCorrelation(Float32Array.of(1, 1, 1), Float32Array.of(3, 2, 1))).toBe(0);
});
