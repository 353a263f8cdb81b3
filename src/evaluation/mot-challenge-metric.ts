// MOTChallengeMetric: HOTA, CLEAR and Identity of the tracks of pedestrians in videos, equal to MMDetection's, which has TrackEval
// count. As there, boxes are those of MOTChallenge's files: objects in whole pixels, tracks to a thousandth. Unlike there,
// track_iou_thr is acted on, and a folder of earlier results is not deleted.

import path from 'node:path';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../catalogue/ignored-option';
import { defineModule } from '../catalogue/registry';
import type { Dataset, VideoFrame } from '../data/types';
import { DetLabError } from '../errors';
import { roundHalfEven } from '../geometry/round-half-even';
import { interpolated, interpolateTracklets, type TrackRow } from './interpolate-tracklets';
import { acceptedOptions, NOTHING_TO_DO, resultsFileOptions, writesOrComputes } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory, MetricValues } from './report';
import { clearCounts } from './tracking-clear';
import { hotaCounts, hotaValues } from './tracking-hota';
import { identityCounts } from './tracking-identity';
import { type MeasuredSequence, measuredSequence, type TrackingFrame } from './tracking-sequence';
import { writeInFolder } from './write-whole';

const kind = z.enum(['HOTA', 'CLEAR', 'Identity']);
const TRACKER = 'default-tracker';

export const MOTChallengeMetric = defineModule({
  kind: 'metric',
  type: 'MOTChallengeMetric',
  summary: 'How well pedestrians are tracked in videos: HOTA, MOTA, IDF1 and what they are made of',
  paper: 'Luiten et al., HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking, IJCV 2021',
  shapes: 'tracked detections per frame -> HOTA, AssA, DetA; MOTA, MOTP, IDSW, ..; IDF1, IDP, IDR, ..',
  example: "{ type: 'MOTChallengeMetric', metric: ['HOTA', 'CLEAR', 'Identity'] }",
  options: z
    .strictObject({
      metric: z
        .union([kind, z.array(kind).min(1)])
        .default(['HOTA', 'CLEAR', 'Identity'])
        .describe('HOTA: finding and keeping alike; CLEAR: misses and switches; Identity: one track an object'),
      ...resultsFileOptions(`PREFIX/${TRACKER}/VIDEO.txt`),
      track_iou_thr: z.number().gt(0).max(1).default(0.5).describe('IoU of a match, of CLEAR and Identity'),
      benchmark: z
        .enum(['MOT15', 'MOT16', 'MOT17', 'MOT20', 'DanceTrack'])
        .default('MOT17')
        .describe('Whose rules hold: which classes are neither right nor wrong'),
      use_postprocess: ignoredOption('the tracks of a model that joins them in the end (StrongSORT) come joined', {
        schema: z.boolean().default(false),
        harmless: anyValue,
      }),
      postprocess_tracklet_cfg: z
        .array(interpolateTracklets)
        .default([])
        .describe('What is done to the tracks of a whole video: InterpolateTracklets'),
      ...acceptedOptions,
      prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: motchallenge-metric'),
    })
    .refine(writesOrComputes, NOTHING_TO_DO),
  build:
    (options): MetricFactory =>
    async (dataset) =>
      new MotChallengeEvaluation(dataset, options),
});

type Options = z.output<(typeof MOTChallengeMetric)['options']>;

interface Video {
  length: number;
  frames: Map<number, VideoFrame>;
  rows: TrackRow[];
}

class MotChallengeEvaluation implements BoxMetric {
  private readonly frames: ReadonlyMap<number, VideoFrame>;
  private readonly videos = new Map<string, Video>();
  private images = 0;
  private detections = 0;

  constructor(
    { name, videos }: Dataset,
    private readonly options: Options,
  ) {
    if (!videos)
      throw new DetLabError(
        `Cannot evaluate tracks on "${name}": its images are no frames of videos. Load it as a MOTChallengeDataset`,
      );
    this.frames = videos;
  }

  add(imageId: number, { bboxes, scores, instanceIds }: BoxDetections): void {
    const frame = this.frames.get(imageId);
    if (!frame) throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such frame`);
    if (!instanceIds)
      throw new DetLabError(
        'Cannot evaluate tracks: the detections have no ids. Use a model that tracks, such as ByteTrack or OCSORT',
      );
    const video: Video = this.videos.get(frame.video) ?? { length: frame.length, frames: new Map(), rows: [] };
    this.videos.set(frame.video, video);
    video.frames.set(frame.frame, frame);
    for (let i = 0; i < scores.length; i++) {
      const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => bboxes[4 * i + k]);
      const box = [x1, y1, Math.fround(x2 - x1), Math.fround(y2 - y1)];
      video.rows.push({ frame: frame.frame + 1, id: instanceIds[i], box, score: scores[i] });
    }
    this.images++;
    this.detections += scores.length;
  }

  compute(): EvaluationReport {
    const { format_only, metric, prefix, benchmark, track_iou_thr: threshold } = this.options;
    const sequences = [...this.videos.values()].map((video) => measuredSequence(this.framesOf(video), benchmark));
    const metrics: MetricValues = {};
    const kinds = format_only ? [] : [metric].flat();
    if (kinds.includes('HOTA')) Object.assign(metrics, hotaValues(sequences.map(hotaCounts)));
    if (kinds.includes('CLEAR')) Object.assign(metrics, clearValues(sequences, threshold));
    if (kinds.includes('Identity')) Object.assign(metrics, identityValues(sequences, threshold));
    const logged = Object.fromEntries(
      Object.entries(metrics).map(([name, value]) => [`${prefix ?? 'motchallenge-metric'}/${name}`, value]),
    );
    const truths = sequences.reduce((sum, { objectBoxes }) => sum + objectBoxes, 0);
    const { images, detections } = this;
    return { metric: 'MOTChallengeMetric', metrics, logged, perClass: [], problems: [], images, truths, detections };
  }

  private tracksOf({ rows }: Video): TrackRow[] {
    return this.options.postprocess_tracklet_cfg.reduce(interpolated, rows);
  }

  /** As its files would be read. */
  private framesOf(video: Video): TrackingFrame[] {
    const frames = Array.from({ length: video.length }, (_, t): TrackingFrame => {
      const objects = (video.frames.get(t)?.objects ?? []).map(
        ({ id, box: [x1, y1, x2, y2], category, confidence }) => ({
          id,
          box: [x1, y1, x2 - x1, y2 - y1].map(Math.trunc),
          category,
          counts: Math.trunc(confidence) !== 0,
        }),
      );
      return { objects, tracks: [] };
    });
    for (const { frame, id, box } of this.tracksOf(video))
      frames[frame - 1].tracks.push({ id, box: box.map((v) => roundHalfEven(v * 1000) / 1000) });
    return frames;
  }

  /** MOTChallenge's files: frame, id, x, y, w, h, score and three numbers without a meaning in 2D. */
  async write(): Promise<string[]> {
    const { outfile_prefix: prefix } = this.options;
    if (prefix === null) return [];
    const files: string[] = [];
    for (const [name, video] of this.videos) {
      const lines = this.tracksOf(video).map(({ frame, id, box, score }) => {
        const numbers = [...box, score].map((v) => (roundHalfEven(v * 1000) / 1000).toFixed(3));
        return `${frame},${id},${numbers.join(',')},-1,-1,-1\n`;
      });
      files.push(await writeInFolder(path.join(prefix, TRACKER, `${name}.txt`), lines.join('')));
    }
    return files;
  }
}

const totals = <T extends object>(all: readonly T[]): Record<keyof T, number> => {
  const sums: Record<string, number> = {};
  for (const one of all) for (const [key, value] of Object.entries(one)) sums[key] = (sums[key] ?? 0) + value;
  return sums as Record<keyof T, number>;
};

function clearValues(sequences: readonly MeasuredSequence[], threshold: number): MetricValues {
  const {
    TP = 0,
    FP = 0,
    FN = 0,
    IDSW = 0,
    Frag = 0,
    MT = 0,
    ML = 0,
    overlap = 0,
  } = totals(sequences.map((sequence) => clearCounts(sequence, threshold)));
  const MOTA = (TP - FP - IDSW) / Math.max(1, TP + FN);
  return { MOTA, MOTP: overlap / Math.max(1, TP), IDSW, TP, FP, FN, Frag, MT, ML };
}

function identityValues(sequences: readonly MeasuredSequence[], threshold: number): MetricValues {
  const { IDTP = 0, IDFN = 0, IDFP = 0 } = totals(sequences.map((sequence) => identityCounts(sequence, threshold)));
  return {
    IDF1: IDTP / Math.max(1, IDTP + 0.5 * IDFP + 0.5 * IDFN),
    IDTP,
    IDFN,
    IDFP,
    IDP: IDTP / Math.max(1, IDTP + IDFP),
    IDR: IDTP / Math.max(1, IDTP + IDFN),
  };
}
