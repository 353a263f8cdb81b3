// AppearanceFreeLink: joins the tracks of a whole video, each of which ends where another may go on, by a network that sees times and
// places alone (Du et al., StrongSORT, IEEE TMM 2023). MMDetection's takes the places of tracks in its list for their ids; they are the
// ids here, which is the same unless ids are missing.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { takeInstances } from '../../../data/instances';
import type { Detections } from '../../../data/types';
import { linearAssignment } from '../../../geometry/linear-assignment';
import { Module } from '../../../nn';
import { AFLinkModel } from './aflink-model';

export const appearanceFreeLink = z.strictObject({
  type: z.literal('AppearanceFreeLink'),
  checkpoint: z.string().describe("File or address of the network's weights; '': those of the whole model"),
  temporal_threshold: z
    .tuple([z.int(), z.int()])
    .default([0, 30])
    .describe('Frames from the end of a track to the beginning of one that may continue it, least and most'),
  spatial_threshold: z.number().positive().default(75).describe('Pixels between the two, at most'),
  confidence_threshold: z.number().min(0).max(1).default(0.95).describe('Probability from which on they are joined'),
});
type Options = z.output<typeof appearanceFreeLink>;

/** Boxes of a track that the network sees. */
const LENGTH = 30;
/** Cost of a pair that is no pair. */
const NEVER = 1e5;

type Moment = readonly [frame: number, x: number, y: number];

export class AppearanceFreeLink extends Module {
  private readonly model: AFLinkModel;

  constructor(private readonly options: Options) {
    super();
    this.model = this.addChild('model', new AFLinkModel());
  }

  /** Frames of a video in order, with ids -> the same with the ids of joined tracks, one box of each in a frame, by rising id. */
  link(frames: readonly Detections[]): Detections[] {
    const roots = this.roots(tracksOf(frames));
    return frames.map((frame) => {
      const ids = Array.from(frame.instanceIds ?? [], (id) => roots.get(id) ?? id);
      const first = [...ids.keys()].filter((i) => ids.indexOf(ids[i]) === i).sort((a, b) => ids[a] - ids[b]);
      return { ...takeInstances(frame, first), instanceIds: Int32Array.from(first, (i) => ids[i]) };
    });
  }

  /** Of each track that continues another, the id of the first of them all. */
  private roots(tracks: ReadonlyMap<number, Moment[]>): Map<number, number> {
    const ids = [...tracks.keys()];
    const costs = new Float64Array(ids.length ** 2).fill(NEVER);
    const pairs = this.possiblePairs(ids.map((id) => tracks.get(id)!));
    const confidences = this.confidences(pairs.map(({ first, second }) => normalized(first, second)));
    for (const [k, { at }] of pairs.entries())
      if (confidences[k] >= Math.fround(this.options.confidence_threshold)) costs[at] = Math.fround(1 - confidences[k]);
    const { rows, columns } = linearAssignment(costs, ids.length, ids.length);
    const roots = new Map<number, number>();
    for (const [k, row] of rows.entries())
      if (costs[row * ids.length + columns[k]] < NEVER) roots.set(ids[columns[k]], roots.get(ids[row]) ?? ids[row]);
    return roots;
  }

  private possiblePairs(tracks: readonly Moment[][]) {
    const {
      temporal_threshold: [least, most],
      spatial_threshold: far,
    } = this.options;
    return tracks.flatMap((first, i) =>
      tracks.flatMap((second, j) => {
        const [end, start] = [first[first.length - 1], second[0]];
        const gap = start[0] - end[0];
        const isPossible =
          i !== j && gap >= least && gap <= most && !(Math.hypot(end[1] - start[1], end[2] - start[2]) > far);
        return isPossible ? [{ first, second, at: i * tracks.length + j }] : [];
      }),
    );
  }

  private confidences(pairs: readonly [Float32Array, Float32Array][]): Float32Array {
    if (pairs.length === 0) return new Float32Array();
    return tf.tidy(() => {
      const [first, second] = [0, 1].map((k) =>
        tf.stack(pairs.map((pair) => tf.tensor3d(pair[k], [LENGTH, 3, 1]))),
      ) as tf.Tensor4D[];
      return this.model.forward(first, second).dataSync<'float32'>();
    });
  }
}

/** When and where each object was seen, by id in the order in which they come. */
function tracksOf(frames: readonly Detections[]): Map<number, Moment[]> {
  const tracks = new Map<number, Moment[]>();
  for (const [t, { bboxes, instanceIds = [] }] of frames.entries())
    for (const [i, id] of instanceIds.entries()) {
      const track = tracks.get(id) ?? [];
      tracks.set(id, [...track, [t + 1, bboxes[4 * i], bboxes[4 * i + 1]]]);
    }
  return tracks;
}

/** The end of the one and the beginning of the other, filled with zeros, each column to -1 .. 1 over both. */
function normalized(first: readonly Moment[], second: readonly Moment[]): [Float32Array, Float32Array] {
  const zeros = (track: readonly Moment[]) => Array<Moment>(Math.max(LENGTH - track.length, 0)).fill([0, 0, 0]);
  const parts = [
    [...zeros(first), ...first.slice(-LENGTH)],
    [...second.slice(0, LENGTH), ...zeros(second)],
  ];
  const columns = [0, 1, 2].map((k) => {
    const values = parts.flat().map((moment) => moment[k]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return { middle: (high + low) / 2, half: (high - low) / 2 + 1e-5 };
  });
  const [a, b] = parts.map((part) =>
    Float32Array.from(part.flatMap((moment) => columns.map(({ middle, half }, k) => (moment[k] - middle) / half))),
  );
  return [a, b];
}
