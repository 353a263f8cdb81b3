// ByteTracker: gives the objects of a video identities, from the detections of frame after frame. Confident detections are
// matched to where the tracks should be, then those of low scores to what is left. Zhang et al., ByteTrack, ECCV 2022; equal
// to MMDetection 3.3.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { takeInstances } from '../../data/instances';
import type { Detections } from '../../data/types';
import { bboxOverlaps, takeBoxes } from '../../geometry/boxes';
import { linearAssignment } from '../task-modules/assigners/linear-assignment';
import { BoxFilter, type BoxState } from './box-filter';

export interface Tracker {
  /** The tracked objects of the next frame, with `instanceIds`. */
  track(detections: Detections): Detections;
}

declare module '../../catalogue/registry' {
  interface Built {
    tracker: () => Tracker;
  }
}

const score = z.number().min(0).max(1);

const trackerOptions = z.strictObject({
  motion: z
    .strictObject({
      type: z.literal('KalmanFilter'),
      center_only: z.literal(false).optional().describe('Only false: concerns appearance models'),
      use_nsa: z.literal(false).optional().describe('Only false'),
    })
    .default({ type: 'KalmanFilter' })
    .describe('Where a track is expected in the next frame'),
  obj_score_thrs: z
    .strictObject({ high: score, low: score })
    .default({ high: 0.6, low: 0.1 })
    .describe('Scores above which detections are matched first, and second'),
  init_track_thr: score.default(0.7).describe('Score above which a detection of the first frame begins a track'),
  weight_iou_with_det_scores: z.boolean().default(true).describe('Multiply the IoU of the first match by the score'),
  match_iou_thrs: z
    .strictObject({ high: score, low: score, tentative: score })
    .default({ high: 0.1, low: 0.5, tentative: 0.3 })
    .describe(
      'IoU from which on a detection is a track: of the first match, of the second, and of tracks to be confirmed',
    ),
  num_tentatives: z.int().positive().default(3).describe('Frames after which a track is confirmed'),
  num_frames_retain: z.int().positive().default(10).describe('Frames after which a track that is lost ends'),
});

export const ByteTracker = defineModule({
  kind: 'tracker',
  type: 'ByteTracker',
  summary: 'Gives the objects of a video identities by where they move, also those of low scores',
  paper: 'Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Detection Box, ECCV 2022',
  shapes: 'detections of a frame -> those that are tracked, with ids',
  example: "{ type: 'ByteTracker', num_frames_retain: 30 }",
  options: trackerOptions,
  build: (given): (() => Tracker) => {
    return () => new ByteTracks(given);
  },
});

interface Track {
  id: number;
  filter: BoxFilter;
  label: number;
  /** Frames in which it was seen. */
  seen: number;
  lastFrame: number;
  isTentative: boolean;
}

class ByteTracks implements Tracker {
  private tracks: Track[] = [];
  private frame = -1;
  private count = 0;

  constructor(private readonly options: z.output<typeof trackerOptions>) {}

  track(detections: Detections): Detections {
    this.frame++;
    const matches =
      this.tracks.length === 0 || detections.scores.length === 0
        ? above(detections.scores, this.options.init_track_thr).map((index) => ({ index, track: undefined }))
        : this.match(detections);
    const ids = matches.map(({ index, track }) => this.see(detections, index, track));
    this.end();
    const kept = takeInstances(
      detections,
      matches.map(({ index }) => index),
    );
    return { ...kept, instanceIds: Int32Array.from(ids) };
  }

  /** Detections in the order of the matches, each with its track, if it has one already. */
  private match(detections: Detections): { index: number; track?: Track }[] {
    const { obj_score_thrs: scores, match_iou_thrs: overlaps, weight_iou_with_det_scores: weighted } = this.options;
    const first = above(detections.scores, scores.high);
    const second = above(detections.scores, scores.low).filter(
      (i) => !(detections.scores[i] > Math.fround(scores.high)),
    );
    const confirmed = this.tracks.filter(({ isTentative }) => !isTentative);
    for (const track of confirmed) {
      if (track.lastFrame !== this.frame - 1) track.filter.stopGrowing();
      track.filter.predict();
    }
    const found = new Map<number, Track>();
    const assign = (tracks: readonly Track[], indices: readonly number[], isWeighted: boolean, threshold: number) => {
      for (const [track, index] of assigned(tracks, detections, indices, isWeighted, threshold))
        found.set(index, track);
    };
    assign(confirmed, first, weighted, overlaps.high);
    const matched = first.filter((i) => found.has(i));
    const unmatched = first.filter((i) => !found.has(i));
    const taken = new Set(found.values());
    assign(
      this.tracks.filter(({ isTentative }) => isTentative),
      unmatched,
      weighted,
      overlaps.tentative,
    );
    const lost = confirmed.filter((track) => !taken.has(track) && track.lastFrame === this.frame - 1);
    assign(lost, second, false, overlaps.low);
    return [...matched, ...unmatched, ...second.filter((i) => found.has(i))].map((index) => ({
      index,
      track: found.get(index),
    }));
  }

  /** Adds a detection to its track, or begins one; returns the id. */
  private see({ bboxes, labels }: Detections, index: number, track?: Track): number {
    const box = stateOf(bboxes.subarray(4 * index, 4 * index + 4));
    if (track) {
      track.seen++;
      track.lastFrame = this.frame;
      if (track.seen >= this.options.num_tentatives) track.isTentative = false;
      track.filter.update(box);
      return track.id;
    }
    const id = this.count++;
    this.tracks.push({
      id,
      filter: new BoxFilter(box),
      label: labels[index],
      seen: 1,
      lastFrame: this.frame,
      isTentative: this.frame > 0,
    });
    return id;
  }

  /** Ends tracks that are lost for long, or were not confirmed at once. */
  private end(): void {
    const { num_frames_retain: retained } = this.options;
    this.tracks = this.tracks.filter(
      ({ lastFrame, isTentative }) => this.frame - lastFrame < retained && !(isTentative && lastFrame !== this.frame),
    );
  }
}

const f = Math.fround;

/** Indices of the scores above a threshold. */
function above(scores: Float32Array, threshold: number): number[] {
  return Array.from(scores.keys()).filter((i) => scores[i] > f(threshold));
}

function stateOf([x1, y1, x2, y2]: Float32Array): BoxState {
  const [w, h] = [f(x2 - x1), f(y2 - y1)];
  return [f(f(x2 + x1) / 2), f(f(y2 + y1) / 2), f(w / h), h];
}

function boxOf([x, y, aspect, h]: BoxState): number[] {
  const [cx, cy, height] = [f(x), f(y), f(h)];
  const width = f(f(aspect) * height);
  return [cx - f(width / 2), cy - f(height / 2), cx + f(width / 2), cy + f(height / 2)];
}

/** Cost of a pair of different classes. */
const OTHER_CLASS = 1e6;

/** Pairs of least total cost, where leaving a track and a detection alone costs 1 - threshold together. */
function assigned(
  tracks: readonly Track[],
  detections: Detections,
  indices: readonly number[],
  isWeighted: boolean,
  threshold: number,
): [track: Track, index: number][] {
  const [rows, columns] = [tracks.length, indices.length];
  if (rows === 0 || columns === 0) return [];
  const expected = Float32Array.from(tracks.flatMap(({ filter }) => boxOf(filter.box)));
  const overlaps = bboxOverlaps(expected, takeBoxes(detections.bboxes, indices));
  const size = rows + columns;
  const cost = new Float64Array(size * size);
  for (let i = 0; i < size; i++) cost.fill((1 - threshold) / 2, i * size, (i + 1) * size);
  for (let i = rows; i < size; i++) cost.fill(0, i * size + columns, (i + 1) * size);
  for (const [i, { label }] of tracks.entries())
    for (const [j, index] of indices.entries()) {
      const overlap = overlaps[i * columns + j];
      const counted = isWeighted ? f(overlap * detections.scores[index]) : overlap;
      cost[i * size + j] = f(f(1 - counted) + (detections.labels[index] === label ? 0 : OTHER_CLASS));
    }
  const { rows: of, columns: to } = linearAssignment(cost, size, size);
  return Array.from(of, (row, k): [number, number] => [row, to[k]])
    .filter(([row, column]) => row < rows && column < columns)
    .map(([row, column]) => [tracks[row], indices[column]]);
}
