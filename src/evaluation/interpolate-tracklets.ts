// InterpolateTracklets: fills the gaps of tracks by straight lines (Zhang et al., ByteTrack, ECCV 2022), or smooths them by a
// Gaussian process (Du et al., StrongSORT, arXiv 2022). Tracks of one or two frames are left out, as in MMDetection, which fails
// where nothing is left.

import { z } from 'zod';

/** One box of a track. */
export interface TrackRow {
  /** From 1. */
  frame: number;
  id: number;
  /** x, y, w, h. */
  box: readonly number[];
  score: number;
}

export const interpolateTracklets = z.strictObject({
  type: z.literal('InterpolateTracklets'),
  min_num_frames: z.int().min(0).default(5).describe('Tracks of no more frames are not filled'),
  max_num_frames: z.int().positive().default(20).describe('Gaps of so many frames or more are not filled'),
  use_gsi: z.boolean().default(false).describe('Smooth tracks by a Gaussian process too'),
  smooth_tau: z.number().positive().default(10).describe('How smooth, with use_gsi'),
});
export type InterpolateOptions = z.output<typeof interpolateTracklets>;

/** The rows of whole tracks, by frame. */
export function interpolated(rows: readonly TrackRow[], options: InterpolateOptions): TrackRow[] {
  const ids = [...new Set(rows.map(({ id }) => id))].sort((a, b) => a - b);
  const tracks = ids.flatMap((id) => {
    const track = rows.filter((row) => row.id === id);
    if (track.length <= 2) return [];
    const filled = track.length > options.min_num_frames ? [...track, ...gaps(track, options.max_num_frames)] : track;
    return options.use_gsi ? smoothed(filled, options.smooth_tau) : filled;
  });
  return tracks.sort((a, b) => a.frame - b.frame);
}

function gaps(track: readonly TrackRow[], limit: number): TrackRow[] {
  return track.slice(1).flatMap((right, i) => {
    const left = track[i];
    const length = right.frame - left.frame;
    if (length <= 1 || length >= limit) return [];
    return Array.from({ length: length - 1 }, (_, j) => {
      const box = left.box.map((v, k) => ((j + 1) / length) * (right.box[k] - v) + v);
      return { frame: left.frame + j + 1, id: left.id, box, score: 1 };
    });
  });
}

/** Noise of the observations: scikit-learn's. */
const NOISE = 1e-10;

/** Each coordinate is the posterior mean of a Gaussian process over the frames, whose length depends on that of the track. */
function smoothed(track: readonly TrackRow[], tau: number): TrackRow[] {
  const length = Math.min(Math.max(tau * Math.log(tau ** 3 / track.length), 1 / tau), tau ** 2);
  const n = track.length;
  const kernel = track.map((a) => track.map((b) => Math.exp(-0.5 * ((a.frame - b.frame) / length) ** 2)));
  const lower = cholesky(kernel.map((row, i) => row.map((v, j) => (i === j ? v + NOISE : v))));
  const columns = track[0].box.map((_, k) => {
    const weights = solved(
      lower,
      track.map(({ box }) => box[k]),
    );
    return kernel.map((row) => row.reduce((sum, v, j) => sum + v * weights[j], 0));
  });
  return Array.from({ length: n }, (_, i) => ({ ...track[i], box: columns.map((column) => column[i]) }));
}

function cholesky(matrix: readonly number[][]): number[][] {
  const lower = matrix.map((row) => row.map(() => 0));
  for (let i = 0; i < matrix.length; i++)
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i][j];
      for (let k = 0; k < j; k++) rest -= lower[i][k] * lower[j][k];
      lower[i][j] = i === j ? Math.sqrt(Math.max(rest, NOISE * NOISE)) : rest / lower[j][j];
    }
  return lower;
}

/** x of L L' x = y. */
function solved(lower: readonly number[][], y: readonly number[]): number[] {
  const n = y.length;
  const forward = new Array<number>(n);
  for (let i = 0; i < n; i++) {
    forward[i] = y[i];
    for (let k = 0; k < i; k++) forward[i] -= lower[i][k] * forward[k];
    forward[i] /= lower[i][i];
  }
  const x = new Array<number>(n);
  for (let i = n - 1; i >= 0; i--) {
    x[i] = forward[i];
    for (let k = i + 1; k < n; k++) x[i] -= lower[k][i] * x[k];
    x[i] /= lower[i][i];
  }
  return x;
}
