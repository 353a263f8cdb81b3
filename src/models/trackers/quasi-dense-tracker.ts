// QuasiDenseTracker: detections continue the tracks that they are like in both directions; those that belong to no track are
// remembered for a frame, so that nothing is taken for them. Pang et al., QDTrack, CVPR 2021; equal to MMDetection 3.3.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { takeInstances } from '../../data/instances';
import type { Detections } from '../../data/types';
import { bboxOverlaps } from '../../geometry/boxes';
import { dot, embeddingsOf, largest, softmax } from './embeddings';
import { score, type Tracker } from './tracker';

const frames = z.int().min(0);
const options = z.strictObject({
  init_score_thr: score.default(0.8).describe('Score above which a detection begins a track'),
  obj_score_thr: score.default(0.5).describe('Score above which a detection continues a track'),
  match_score_thr: score.default(0.5).describe('Likeness above which a detection is a track'),
  memo_tracklet_frames: frames.default(10).describe('Frames after which a track that is lost ends'),
  memo_backdrop_frames: frames.default(1).describe('Frames for which detections without a track are remembered'),
  memo_momentum: score.default(0.8).describe('Share of the newest in what a track looks like'),
  nms_conf_thr: score
    .default(0.5)
    .describe('Likeness above which a detection of a low score is a track that is not continued'),
  nms_backdrop_iou_thr: score.default(0.3).describe('IoU above which a detection of a low score is a duplicate'),
  nms_class_iou_thr: score.default(0.7).describe('IoU above which a detection is a duplicate, also of another class'),
  with_cats: z.boolean().default(true).describe('A track has one class'),
  match_metric: z.enum(['bisoftmax', 'softmax', 'cosine']).default('bisoftmax').describe('How alike two vectors are'),
});
type Options = z.output<typeof options>;

export const QuasiDenseTracker = defineModule({
  kind: 'tracker',
  type: 'QuasiDenseTracker',
  summary: 'Gives the objects of a video identities by their appearance',
  paper: 'Pang et al., Quasi-Dense Similarity Learning for Multiple Object Tracking, CVPR 2021',
  shapes: 'detections of a frame with embeddings -> those that are tracked, with ids',
  example: "{ type: 'QuasiDenseTracker', init_score_thr: 0.9, memo_tracklet_frames: 30 }",
  options,
  build: (given): (() => Tracker) => {
    return () => new QuasiDenseTracks(given);
  },
});

/** Something that was seen: of a track, or a detection without one. */
interface Known {
  embedding: Float32Array;
  label: number;
}
interface Track extends Known {
  lastFrame: number;
}

/** No track, and none begins: a low score where a track is. */
const [NONE, HIDDEN] = [-1, -2];

class QuasiDenseTracks implements Tracker {
  private readonly tracks = new Map<number, Track>();
  /** Those without a track, of the last frames, newest first. */
  private backdrops: Known[][] = [];
  private frame = -1;
  private count = 0;

  constructor(private readonly options: Options) {}

  track(detections: Detections): Detections {
    this.frame++;
    const all = embeddingsOf(detections, 'QuasiDenseTracker');
    const { embeddings: _, ...rest } = detections;
    if (all.length === 0) return { ...rest, instanceIds: new Int32Array(0) };
    const order = this.distinct(detections);
    const found = takeInstances(rest, order);
    const seen = order.map((i): Known => ({ embedding: all[i], label: detections.labels[i] }));
    const ids = this.tracks.size > 0 ? this.match(found, seen) : seen.map(() => NONE);
    for (const [i, id] of ids.entries())
      if (id === NONE && found.scores[i] > Math.fround(this.options.init_score_thr)) ids[i] = this.count++;
    this.remember(found, seen, ids);
    const tracked = [...ids.keys()].filter((i) => ids[i] >= 0);
    return { ...takeInstances(found, tracked), instanceIds: Int32Array.from(tracked, (i) => ids[i]) };
  }

  /** In descending order of scores, without duplicates. */
  private distinct({ bboxes, scores }: Detections): number[] {
    const { nms_backdrop_iou_thr, nms_class_iou_thr, obj_score_thr } = this.options;
    const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
    const overlaps = bboxOverlaps(bboxes, bboxes);
    return order.filter((i, at) => {
      const most = Math.fround(scores[i] < Math.fround(obj_score_thr) ? nms_backdrop_iou_thr : nms_class_iou_thr);
      return !order.slice(0, at).some((j) => overlaps[i * scores.length + j] > most);
    });
  }

  private match({ scores }: Omit<Detections, 'embeddings'>, seen: readonly Known[]): number[] {
    const { match_score_thr, obj_score_thr, nms_conf_thr } = this.options;
    const known = [...this.tracks.values(), ...this.backdrops.flat()];
    const idsOfKnown = [...this.tracks.keys()];
    const alike = this.likeness(seen, known);
    return seen.map((_, i) => {
      const best = largest(alike[i]);
      if (!(alike[i][best] > match_score_thr)) return NONE;
      const id = idsOfKnown[best] ?? NONE;
      if (id === NONE) return NONE;
      if (!(scores[i] > Math.fround(obj_score_thr))) return alike[i][best] > nms_conf_thr ? HIDDEN : NONE;
      for (const [j, row] of alike.entries()) if (j !== i) row[best] = 0;
      return id;
    });
  }

  private likeness(seen: readonly Known[], known: readonly Known[]): number[][] {
    const { match_metric: metric, with_cats: isWithinClass } = this.options;
    const length = (v: Float32Array) => Math.max(Math.sqrt(dot(v, v)), 1e-12);
    const products = seen.map(({ embedding: a }) =>
      known.map(({ embedding: b }) => (metric === 'cosine' ? dot(a, b) / (length(a) * length(b)) : dot(a, b))),
    );
    const byRow = metric === 'cosine' ? products : products.map(softmax);
    const columns = known.map((_, k) => (metric === 'bisoftmax' ? softmax(products.map((row) => row[k])) : []));
    return byRow.map((row, i) =>
      row.map((value, k) => {
        if (isWithinClass && seen[i].label !== known[k].label) return 0;
        return metric === 'bisoftmax' ? (value + columns[k][i]) / 2 : value;
      }),
    );
  }

  private remember({ bboxes }: Omit<Detections, 'embeddings'>, seen: readonly Known[], ids: readonly number[]): void {
    const { memo_momentum: share, memo_tracklet_frames, memo_backdrop_frames, nms_backdrop_iou_thr } = this.options;
    for (const [i, id] of ids.entries()) {
      if (id < 0) continue;
      const { embedding, label } = seen[i];
      const before = this.tracks.get(id)?.embedding;
      const mean = before ? embedding.map((v, k) => (1 - share) * before[k] + share * v) : embedding;
      this.tracks.set(id, { embedding: mean, label, lastFrame: this.frame });
    }
    const overlaps = bboxOverlaps(bboxes, bboxes);
    const isAlone = (i: number) =>
      !overlaps.subarray(i * ids.length, i * ids.length + i).some((v) => v > Math.fround(nms_backdrop_iou_thr));
    this.backdrops.unshift(seen.filter((_, i) => ids[i] === NONE && isAlone(i)));
    for (const [id, { lastFrame }] of this.tracks)
      if (this.frame - lastFrame >= memo_tracklet_frames) this.tracks.delete(id);
    this.backdrops = this.backdrops.slice(0, memo_backdrop_frames);
  }
}
