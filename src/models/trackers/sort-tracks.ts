// What SORTTracker and StrongSORTTracker do in a frame: confirmed tracks are matched by appearance, as far as the motion allows
// it, then by their overlap with those that were there in the frame before. The appearance costs and the noise of a detection
// are theirs.

import { takeInstances } from '../../data/instances';
import type { Detections, GrayFrame } from '../../data/types';
import { DetLabError } from '../../errors';
import type { CameraMotion } from '../task-modules/tracking/camera-motion-compensation';
import { warpBox } from '../task-modules/tracking/camera-motion-compensation';
import { BoxFilter } from './box-filter';
import { continuing, type FrameTrack } from './frame-tracks';
import { above, boxOf, finitePairs, pairCosts, stateOf } from './match-tracks';
import { meanRows } from './track-embeddings';
import type { Tracker } from './tracker';

export interface SortOptions {
  motion: { center_only: boolean };
  obj_score_thr: number;
  reid: { num_samples: number | null; match_score_thr: number } | null;
  match_iou_thr: number;
  momentums: { embeds: number } | null;
  num_tentatives: number;
  num_frames_retain: number;
}

export interface SortTrack extends FrameTrack {
  filter: BoxFilter;
  label: number;
  /** Where it was last seen, in the pixels of this frame if the camera is known to move. */
  box: Float32Array;
  /** How it looked, from old to new; one that is averaged over time with `momentums`. */
  embeddings: Float32Array[];
}

/** Squared Mahalanobis distances that 95% of the measurements stay below: of a centre, of a whole box. */
const GATE = { center: 5.9915, box: 9.4877 };

const f = Math.fround;

export abstract class SortTracks implements Tracker {
  private tracks: SortTrack[] = [];
  private frame = -1;
  private count = 0;
  private lastImage?: GrayFrame;

  /** @param type of the tracker, for messages */
  constructor(
    private readonly type: string,
    protected readonly options: SortOptions,
    private readonly camera?: CameraMotion,
  ) {}

  /**
   * Costs of confirmed tracks and detections, row-major. `motion`: squared Mahalanobis distances, NaN where a detection is out
   * of reach.
   */
  protected abstract appearanceCosts(
    tracks: readonly { embedding: Float32Array }[],
    detections: readonly Float32Array[],
    motion: Float64Array,
  ): Float32Array | Float64Array;

  /** Factor on the deviation that a detection of this score has. */
  protected abstract noise(score: number): number;

  track({ image, ...detections }: Detections): Detections {
    this.frame++;
    const { embeddings, ...kept } = takeInstances(detections, above(detections.scores, this.options.obj_score_thr));
    const looks = this.looks(kept.scores.length, embeddings);
    const owners: (SortTrack | undefined)[] =
      this.tracks.length === 0 || kept.scores.length === 0
        ? Array(kept.scores.length).fill(undefined)
        : this.match(kept, looks, image);
    this.lastImage = image;
    const ids = owners.map((track, i) => this.see(kept, i, looks[i], track));
    this.tracks = continuing(this.tracks, this.frame, this.options.num_frames_retain);
    return { ...kept, instanceIds: Int32Array.from(ids) };
  }

  /** The embedding of each detection; none without a model of appearance. */
  private looks(count: number, embeddings: Float32Array | undefined): Float32Array[] {
    if (!this.options.reid || count === 0) return [];
    if (!embeddings)
      throw new DetLabError(
        `Cannot track with ${this.type}: it compares what objects look like (reid), but the detections have no embeddings. ` +
          'Use a model with a reid, such as DeepSORT, or set reid of the tracker to null',
      );
    const length = embeddings.length / count;
    return Array.from({ length: count }, (_, i) => embeddings.subarray(i * length, (i + 1) * length));
  }

  /** The track that each detection continues, if any. */
  private match(found: Detections, looks: readonly Float32Array[], image?: GrayFrame): (SortTrack | undefined)[] {
    if (this.camera && image && this.lastImage) this.followCamera(this.camera(this.lastImage, image));
    const motion = this.motionDistances(found);
    const n = found.scores.length;
    const owners: (SortTrack | undefined)[] = Array(n).fill(undefined);
    const confirmed = this.tracks.filter(({ isTentative }) => !isTentative);
    const { reid, match_iou_thr } = this.options;
    if (reid && confirmed.length > 0) {
      const reachable = Float64Array.from(confirmed.flatMap((track) => Array.from(motion.get(track)!)));
      const costs = this.appearanceCosts(
        confirmed.map((track) => ({ embedding: this.look(track) })),
        looks,
        reachable,
      );
      for (let k = 0; k < costs.length; k++)
        if (confirmed[Math.floor(k / n)].label !== found.labels[k % n]) costs[k] += 1e6;
      for (const [t, i] of finitePairs(costs, confirmed.length, n))
        if (costs[t * n + i] <= reid.match_score_thr) owners[i] = confirmed[t];
    }
    const active = this.tracks.filter((track) => !owners.includes(track) && track.lastFrame === this.frame - 1);
    const left = [...owners.keys()].filter((i) => !owners[i]);
    if (active.length === 0 || left.length === 0) return owners;
    const costs = pairCosts(active, found, left, false);
    for (const [t, i] of finitePairs(costs, active.length, left.length))
      if (costs[t * left.length + i] < 1 - match_iou_thr) owners[left[i]] = active[t];
    return owners;
  }

  /** Of every track, one frame on, to every detection; NaN beyond the gate. */
  private motionDistances({ bboxes, scores }: Detections): Map<SortTrack, Float64Array> {
    const { center_only: centerOnly } = this.options.motion;
    const states = Array.from(scores, (_, i) => stateOf(bboxes.subarray(4 * i, 4 * i + 4)));
    const gate = centerOnly ? GATE.center : GATE.box;
    const distances = this.tracks.map((track): [SortTrack, Float64Array] => {
      track.filter.predict();
      const row = states.map((state) => track.filter.distance(state, centerOnly));
      return [track, Float64Array.from(row, (distance) => (distance > gate ? Number.NaN : distance))];
    });
    return new Map(distances);
  }

  private followCamera(warp: ReturnType<CameraMotion>): void {
    for (const track of this.tracks) {
      track.box = warpBox(track.box, warp);
      track.filter.moveTo(stateOf(warpBox(Float32Array.from(boxOf(track.filter.box)), warp)));
    }
  }

  private look({ embeddings }: SortTrack): Float32Array {
    const samples = this.options.reid?.num_samples;
    return samples ? meanRows(embeddings.slice(-samples)) : embeddings[embeddings.length - 1];
  }

  /** Adds a detection to its track, or begins one; returns the id. */
  private see({ bboxes, scores, labels }: Detections, i: number, look?: Float32Array, track?: SortTrack): number {
    const box = bboxes.slice(4 * i, 4 * i + 4);
    const { momentums, num_tentatives, reid } = this.options;
    if (!track) {
      const filter = new BoxFilter(stateOf(box));
      const id = this.count++;
      const embeddings = look ? [look] : [];
      const fresh = {
        id,
        filter,
        label: labels[i],
        box,
        lastFrame: this.frame,
        seen: 1,
        isTentative: true,
        embeddings,
      };
      this.tracks.push(fresh);
      return id;
    }
    track.box = box;
    track.lastFrame = this.frame;
    track.seen++;
    if (track.seen >= num_tentatives) track.isTentative = false;
    if (look) {
      if (momentums) track.embeddings = [moved(track.embeddings[0], look, momentums.embeds)];
      else track.embeddings = [...track.embeddings, look].slice(-(reid?.num_samples ?? 1));
    }
    track.filter.update(stateOf(box), this.noise(scores[i]));
    return track.id;
  }
}

/** (1 - m) a + m b. */
const moved = (a: Float32Array, b: Float32Array, m: number): Float32Array =>
  a.map((v, k) => f(f(f(1 - m) * v) + f(f(m) * b[k])));
