// Maps [cells] of feature maps [cells, channels], flat and row-major: what a channel, all of them, or a gradient says of each
// place. Grad-CAM: Selvaraju et al., ICCV 2017. EigenCAM: Muhammad and Yeasin, IJCNN 2020.

/** Mean over the channels. */
export function channelMean(features: Float32Array, channels: number): Float32Array {
  return perCell(features, channels, (cell) => cell.reduce((sum, v) => sum + v, 0) / channels);
}

/** Largest absolute value of the channels. */
export function channelMax(features: Float32Array, channels: number): Float32Array {
  return perCell(features, channels, (cell) => cell.reduce((most, v) => Math.max(most, Math.abs(v)), 0));
}

/** One channel. */
export function oneChannel(features: Float32Array, channels: number, channel: number): Float32Array {
  return perCell(features, channels, (cell) => cell[channel]);
}

function perCell(features: Float32Array, channels: number, of: (cell: Float32Array) => number): Float32Array {
  return Float32Array.from({ length: features.length / channels }, (_, i) =>
    of(features.subarray(i * channels, (i + 1) * channels)),
  );
}

/**
 * Grad-CAM: channels weighted by the mean of their gradient over all cells, summed; what lowers the score is cut to 0.
 *
 * @param gradient of the score with respect to the features, of their shape
 */
export function gradCam(features: Float32Array, gradient: Float32Array, channels: number): Float32Array {
  const cells = features.length / channels;
  const weights = new Float64Array(channels);
  for (let i = 0; i < gradient.length; i++) weights[i % channels] += gradient[i] / cells;
  return perCell(features, channels, (cell) =>
    Math.max(
      0,
      cell.reduce((sum, v, c) => sum + v * weights[c], 0),
    ),
  );
}

/**
 * LayerCAM (Jiang et al., TIP 2021): every place weighted by its own gradient where that is positive, so that of several like
 * objects only the one with this score is shown.
 */
export function layerCam(features: Float32Array, gradient: Float32Array, channels: number): Float32Array {
  const map = new Float32Array(features.length / channels);
  for (let i = 0; i < features.length; i++) map[Math.floor(i / channels)] += features[i] * Math.max(0, gradient[i]);
  return map.map((v) => Math.max(0, v));
}

/** Steps of the power iteration at most, and the change of the component below which it stops. */
const [MAX_STEPS, TOLERANCE] = [5000, 1e-12];

/**
 * EigenCAM: the projection of every cell on the first principal component of all cells, their mean subtracted. A component
 * has no sign; the one with which the map agrees with the strength of the features is taken, where pytorch-grad-cam takes
 * that of its SVD and may show the background.
 */
export function eigenCam(features: Float32Array, channels: number): Float32Array {
  const cells = features.length / channels;
  const mean = new Float64Array(channels);
  for (let i = 0; i < features.length; i++) mean[i % channels] += features[i] / cells;
  const centred = Float64Array.from(features, (v, i) => v - mean[i % channels]);
  const projected = project(centred, firstComponent(centred, channels));
  const strength = perCell(features, channels, (cell) => cell.reduce((sum, v) => sum + v * v, 0));
  const average = strength.reduce((sum, v) => sum + v, 0) / cells;
  const agreement = projected.reduce((sum, v, i) => sum + v * (strength[i] - average), 0);
  return Float32Array.from(projected, (v) => (agreement < 0 ? -v : v));
}

/** The right singular vector of the largest singular value, by power iteration; zeros where all cells are alike. */
function firstComponent(centred: Float64Array, channels: number): Float64Array {
  // starts from the cell that is farthest from the mean, which is not orthogonal to the component
  let [farthest, most] = [0, 0];
  for (let at = 0; at < centred.length; at += channels) {
    const length = centred.subarray(at, at + channels).reduce((sum, v) => sum + v * v, 0);
    if (length > most) [farthest, most] = [at, length];
  }
  let component = unit(centred.slice(farthest, farthest + channels));
  for (let step = 0; step < MAX_STEPS; step++) {
    const sums = new Float64Array(channels);
    for (const [i, v] of project(centred, component).entries())
      for (let c = 0; c < channels; c++) sums[c] += v * centred[i * channels + c];
    const next = unit(sums);
    const change = next.reduce((sum, v, c) => sum + (v - component[c]) ** 2, 0);
    component = next;
    if (change < TOLERANCE) break;
  }
  return component;
}

function project(centred: Float64Array, component: Float64Array): Float64Array {
  const channels = component.length;
  const out = new Float64Array(centred.length / channels);
  for (let i = 0, at = 0; i < out.length; i++)
    for (let c = 0; c < channels; c++, at++) out[i] += centred[at] * component[c];
  return out;
}

function unit(vector: Float64Array): Float64Array {
  const length = Math.sqrt(vector.reduce((sum, v) => sum + v * v, 0));
  return length > 0 ? vector.map((v) => v / length) : vector;
}

export interface FeatureStatistics {
  mean: number;
  /** Standard deviation over cells and channels. */
  deviation: number;
  absMax: number;
  /** Channels that are 0 in every cell. */
  silent: number;
}

export function featureStatistics(features: Float32Array, channels: number): FeatureStatistics {
  const peaks = new Float64Array(channels);
  let [sum, squares] = [0, 0];
  for (const [i, v] of features.entries()) {
    sum += v;
    squares += v * v;
    peaks[i % channels] = Math.max(peaks[i % channels], Math.abs(v));
  }
  const mean = sum / features.length;
  return {
    mean,
    deviation: Math.sqrt(Math.max(0, squares / features.length - mean * mean)),
    absMax: peaks.reduce((most, v) => Math.max(most, v), 0),
    silent: peaks.filter((v) => v === 0).length,
  };
}

/** Pearson's correlation of two maps of the same size; 0 where one of them is constant. */
export function mapCorrelation(a: Float32Array, b: Float32Array): number {
  const mean = (map: Float32Array) => map.reduce((sum, v) => sum + v, 0) / map.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squareA, squareB] = [0, 0, 0];
  for (const [i, v] of a.entries()) {
    product += (v - meanA) * (b[i] - meanB);
    squareA += (v - meanA) ** 2;
    squareB += (b[i] - meanB) ** 2;
  }
  return squareA > 0 && squareB > 0 ? product / Math.sqrt(squareA * squareB) : 0;
}
