// MaskTrackRCNNTracker: each detection continues the track that it is most like, in appearance, place and class, or begins one. Yang,
// Fan and Xu, ICCV 2019; equal to MMDetection 3.3, but that of several detections that are most like one track only the best keeps its id.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { takeInstances } from '../../data/instances';
import type { Detections } from '../../data/types';
import { bboxOverlaps } from '../../geometry/boxes';
import { dot, embeddingsOf, largest, softmax } from './embeddings';
import { type Tracker, trackerOptions } from './tracker';

const weight = (meaning: string, value: number) => z.number().default(value).describe(meaning);
const options = z.strictObject({
  match_weights: z
    .strictObject({
      det_score: weight('Of the logarithm of the score', 1),
      iou: weight('Of the overlap with where the track was last seen', 2),
      det_label: weight('Of being of one class', 10),
    })
    .default({ det_score: 1, iou: 2, det_label: 10 })
    .describe('Weights beside the appearance'),
  num_frames_retain: trackerOptions.num_frames_retain,
});
type Options = z.output<typeof options>;

export const MaskTrackRCNNTracker = defineModule({
  kind: 'tracker',
  type: 'MaskTrackRCNNTracker',
  summary: 'Gives the objects of a video identities by appearance, place and class',
  paper: 'Yang, Fan and Xu, Video Instance Segmentation, ICCV 2019',
  shapes: 'detections of a frame with embeddings -> those that are tracked, with ids',
  example: "{ type: 'MaskTrackRCNNTracker', num_frames_retain: 20 }",
  options,
  build: (given): (() => Tracker) => {
    return () => new MaskTracks(given);
  },
});

interface Track {
  id: number;
  box: Float32Array;
  label: number;
  embedding: Float32Array;
  lastFrame: number;
}

class MaskTracks implements Tracker {
  private tracks: Track[] = [];
  private frame = -1;
  private count = 0;

  constructor(private readonly options: Options) {}

  track(given: Detections): Detections {
    this.frame++;
    const vectors = embeddingsOf(given, 'MaskTrackRCNNTracker');
    const { embeddings: _, ...detections } = given;
    const { bboxes, labels } = detections;
    if (vectors.length === 0) return { ...detections, instanceIds: new Int32Array(0) };
    const ids = this.tracks.length > 0 ? this.match(detections, vectors) : vectors.map(() => this.count++);
    const kept = [...ids.keys()].filter((i) => ids[i] >= 0);
    for (const i of kept) {
      const seen = {
        box: bboxes.slice(4 * i, 4 * i + 4),
        label: labels[i],
        embedding: vectors[i],
        lastFrame: this.frame,
      };
      const track = this.tracks.find(({ id }) => id === ids[i]);
      if (track) Object.assign(track, seen);
      else this.tracks.push({ id: ids[i], ...seen });
    }
    this.tracks = this.tracks.filter(({ lastFrame }) => this.frame - lastFrame < this.options.num_frames_retain);
    return { ...takeInstances(detections, kept), instanceIds: Int32Array.from(kept, (i) => ids[i]) };
  }

  /** Of each detection the id, -1 of those that are less like a track than another one. */
  private match(
    { bboxes, scores, labels }: Omit<Detections, 'embeddings'>,
    vectors: readonly Float32Array[],
  ): number[] {
    const { det_score, iou, det_label } = this.options.match_weights;
    const { tracks } = this;
    const known = Float32Array.from(tracks.flatMap(({ box }) => [...box]));
    const overlaps = bboxOverlaps(bboxes, known);
    const best = tracks.map(() => ({ score: -1e6, detection: -1 }));
    const ids = vectors.map((vector, i) => {
      const alike = softmax([0, ...tracks.map(({ embedding }) => dot(vector, embedding))]);
      const values = alike.map((likely, k) => {
        const [overlap, same] =
          k === 0 ? [0, 1] : [overlaps[i * tracks.length + k - 1], Number(labels[i] === tracks[k - 1].label)];
        return Math.log(likely) + det_score * Math.log(scores[i]) + iou * overlap + det_label * same;
      });
      const chosen = largest(values);
      if (chosen === 0) return this.count++;
      const rival = best[chosen - 1];
      if (values[chosen] > rival.score) best[chosen - 1] = { score: values[chosen], detection: i };
      return -1;
    });
    for (const [t, { detection }] of best.entries()) if (detection >= 0) ids[detection] = tracks[t].id;
    return ids;
  }
}
