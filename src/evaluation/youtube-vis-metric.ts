// YouTubeVISMetric: average precision of the masks of objects over whole videos, equal to MMDetection's, which has YouTube-VIS's
// evaluation count. Unlike there, objects of two videos may have the same number, an object without any mask is neither found nor
// missed, and no detections at all are no error.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord, VideoFrame } from '../data/types';
import { DetLabError } from '../errors';
import { type Rle, rleToSegmentation } from '../masks';
import { CocoBboxMetric } from './coco-bbox';
import { mmdetectionNames } from './coco-metric';
import { type ImageTruths, truthsOfRecord } from './image-truths';
import { acceptedOptions, NOTHING_TO_DO, resultsFileOptions, writesOrComputes } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory } from './report';
import { meanArea, type TubeMasks, TubeOverlaps } from './video-tubes';
import { writeInFolder } from './write-whole';
import { zipFile } from './zip-file';

/** Square pixels, of the mean over the frames: all, small, medium, large. */
const RANGES = [
  [0, 1e10],
  [0, 128 ** 2],
  [128 ** 2, 256 ** 2],
  [256 ** 2, 1e10],
] as const;
const KIND = 'youtube_vis_ap';
const ITEMS = ['mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l'] as const;
const MORE_ITEMS = ['AR@1', 'AR@10', 'AR@100', 'AR_s@100', 'AR_m@100', 'AR_l@100'] as const;

export const YouTubeVISMetric = defineModule({
  kind: 'metric',
  type: 'YouTubeVISMetric',
  summary: 'Average precision of the masks of objects over whole videos',
  paper: 'Yang, Fan and Xu, Video Instance Segmentation, ICCV 2019',
  shapes:
    'detections with masks and ids per frame -> AP, AP50, AP75, APs, APm, APl, AR@1, AR@10, AR@100, ARs, ARm, ARl',
  example: "{ type: 'YouTubeVISMetric' }",
  options: z
    .strictObject({
      metric: z
        .union([z.literal(KIND), z.array(z.literal(KIND)).min(1)])
        .default(KIND)
        .describe('Only youtube_vis_ap'),
      metric_items: z
        .array(z.enum([...ITEMS, ...MORE_ITEMS]))
        .min(1)
        .nullable()
        .default(null)
        .describe('The metrics that are logged; null: those of precision'),
      ...resultsFileOptions('PREFIX.json, and PREFIX.submission_file.zip with the same for the server'),
      ...acceptedOptions,
      prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: youtube_vis'),
    })
    .refine(writesOrComputes, NOTHING_TO_DO),
  build:
    (options): MetricFactory =>
    async (dataset) =>
      new YouTubeVisEvaluation(dataset, options),
});

type Options = z.output<(typeof YouTubeVISMetric)['options']>;

/** What was seen of an object, frame by frame. */
class Tube {
  readonly labels: number[] = [];
  readonly scores: number[] = [];
  readonly masks = new Map<number, Rle>();

  get score(): number {
    return this.scores.reduce((sum, score) => sum + score, 0) / this.scores.length;
  }

  /** The label that it has most often; of several the first. */
  get label(): number {
    const counts = new Map<number, number>();
    for (const label of this.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
    return [...counts].reduce((best, one) =>
      one[1] > best[1] || (one[1] === best[1] && one[0] < best[0]) ? one : best,
    )[0];
  }
}

interface Video {
  id: number;
  length: number;
  /** By identity, in the order in which they appear. */
  found: Map<number, Tube>;
  records: Map<number, ImageRecord>;
}

class YouTubeVisEvaluation implements BoxMetric {
  private readonly frames: ReadonlyMap<number, VideoFrame>;
  private readonly records: ReadonlyMap<number, ImageRecord>;
  private readonly videos = new Map<string, Video>();
  private images = 0;
  private detections = 0;

  constructor(
    private readonly dataset: Dataset,
    private readonly options: Options,
  ) {
    if (!dataset.videos)
      throw new DetLabError(
        `Cannot evaluate videos on "${dataset.name}": its images are no frames of videos. Load it as a YouTubeVISDataset`,
      );
    this.frames = dataset.videos;
    this.records = new Map(dataset.records.map((record) => [record.id, record]));
  }

  add(imageId: number, { scores, labels, masks, instanceIds }: BoxDetections): void {
    const [frame, record] = [this.frames.get(imageId), this.records.get(imageId)];
    if (!frame || !record)
      throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such frame`);
    if (scores.length > 0 && !instanceIds)
      throw new DetLabError(
        'Cannot evaluate objects of videos: the detections have no ids. Use a model that tracks, such as MaskTrackRCNN',
      );
    if (scores.length > 0 && masks?.length !== scores.length)
      throw new DetLabError(
        `Cannot evaluate the masks of image ${imageId}: expected one per object (${scores.length}), received ` +
          `${masks?.length ?? 'none'}. Use a model that predicts masks, such as MaskTrackRCNN`,
      );
    const key = `${frame.videoId ?? ''} ${frame.video}`;
    const id = frame.videoId ?? this.videos.size;
    const video: Video = this.videos.get(key) ?? { id, length: frame.length, found: new Map(), records: new Map() };
    this.videos.set(key, video);
    video.records.set(frame.frame, record);
    for (let i = 0; i < scores.length; i++) {
      const tube = video.found.get(instanceIds![i]) ?? new Tube();
      video.found.set(instanceIds![i], tube);
      tube.labels.push(labels[i]);
      tube.scores.push(scores[i]);
      tube.masks.set(frame.frame, masks![i]);
    }
    this.images++;
    this.detections += scores.length;
  }

  compute(): EvaluationReport {
    const { images, detections } = this;
    const { format_only, metric_items: items, prefix } = this.options;
    const whole = { metric: 'YouTubeVISMetric', images, detections, problems: [] };
    if (format_only) return { ...whole, metrics: {}, logged: {}, perClass: [], truths: 0 };
    // equal scores come in the order of the videos' numbers
    const videos = [...this.videos.values()]
      .sort((a, b) => a.id - b.id)
      .map((video, imageId) => ({ ...video, imageId, ...tubesOf(video) }));
    const overlaps = new TubeOverlaps(
      new Map(videos.map(({ imageId, found, objects }) => [imageId, { found: masksOf(found), objects }])),
    );
    const metric = new CocoBboxMetric(
      videos.map(({ truths, imageId }) => ({ ...truths, imageId })),
      { classes: this.dataset.classes, ranges: RANGES },
      overlaps,
    );
    for (const { found, imageId } of videos) {
      const tubes = [...found.values()];
      const rows = { scores: tubes.map(({ score }) => score), labels: tubes.map(({ label }) => label) };
      metric.add(imageId, { bboxes: new Float32Array(4 * tubes.length), ...rows });
    }
    const { metrics, perClass, truths } = metric.compute();
    const named = Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`segm_${name}`, value]));
    const log = prefix ?? 'youtube_vis';
    const wanted = (items ?? ITEMS).map((item) => `${log}/segm_${item}`);
    const all = mmdetectionNames({ metrics: named }, log);
    return { ...whole, metrics, perClass, truths, logged: Object.fromEntries(wanted.map((name) => [name, all[name]])) };
  }

  async write(): Promise<string[]> {
    const { outfile_prefix: prefix } = this.options;
    if (prefix === null) return [];
    const results = [...this.videos.values()].flatMap(({ id, length, found }) =>
      [...found.values()].map(({ score, label, masks }) => ({
        video_id: id,
        score,
        category_id: label + 1,
        segmentations: Array.from({ length }, (_, frame) => {
          const mask = masks.get(frame);
          return mask ? rleToSegmentation(mask) : null;
        }),
      })),
    );
    const text = JSON.stringify(results);
    const zip = zipFile('results.json', Buffer.from(text));
    return [await writeInFolder(`${prefix}.json`, text), await writeInFolder(`${prefix}.submission_file.zip`, zip)];
  }
}

const masksOf = (found: ReadonlyMap<number, Tube>): TubeMasks[] => [...found.values()].map(({ masks }) => masks);

interface AnnotatedObject {
  label: number;
  ignored: number;
  areas: number[];
  masks: Map<number, Rle>;
}

/** The objects of a video, each with what is known of it in its first frame. */
function tubesOf({ records }: Video): { objects: TubeMasks[]; truths: Omit<ImageTruths, 'imageId'> } {
  const objects = new Map<number, AnnotatedObject>();
  const [first] = records.values();
  for (const [frame, record] of [...records].sort(([a], [b]) => a - b)) {
    const { boxes, labels, ignored, maskless, mask } = truthsOfRecord(record);
    for (let g = 0; g < labels.length; g++) {
      const id = record.truths.instanceIds?.[g] ?? g;
      const fresh: AnnotatedObject = { label: labels[g], ignored: ignored[g], areas: [], masks: new Map() };
      const known = objects.get(id) ?? fresh;
      objects.set(id, known);
      known.areas.push(boxes[4 * g + 2] * boxes[4 * g + 3]);
      if (!maskless?.[g]) known.masks.set(frame, mask!(g, first));
    }
  }
  const list = [...objects.values()];
  return {
    objects: list.map(({ masks }) => masks),
    truths: {
      boxes: new Float64Array(4 * list.length),
      labels: Int32Array.from(list, ({ label }) => label),
      areas: Float64Array.from(list, ({ areas }) => meanArea(areas)),
      ignored: Uint8Array.from(list, ({ ignored, masks }) => (ignored || masks.size === 0 ? 1 : 0)),
    },
  };
}
