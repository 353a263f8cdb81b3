// Videos in COCO's JSON format, as MMDetection's converters write them: BaseVideoDataset and MOTChallengeDataset (Milan et al.,
// MOT16, arXiv 2016). Images are frames: they have a video_id and a frame_id, objects an instance_id. An epoch of training takes
// every frame with TrackImgSampler, one of each video with DefaultSampler. Unlike the reference, a frame without objects is no error.

import path from 'node:path';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { readJson } from '../loading/json-file';
import type { Dataset, ImageRecord, VideoFrame, VideoObject } from '../types';
import { loadCoco } from './coco';
import { fieldsOf, numberOf } from './coco/fields';
import { filterOf, selected, sharedOptions, usedPart } from './coco-options';
import type { DatasetLoader } from './dataset-loader';
import { namesOf } from './metainfo';

/** In the order of MOTChallenge's numbers, from 1. */
const CLASSES = [
  'pedestrian',
  'person_on_vehicle',
  'car',
  'bicycle',
  'motorbike',
  'non_mot_vehicle',
  'static_person',
  'distractor',
  'occluder',
  'occluder_on_ground',
  'occluder_full',
  'reflection',
  'crowd',
];

export const videoOptions = z.strictObject({
  ...sharedOptions,
  ann_file: z.string().describe("Annotation file in COCO's format, whose images have a video_id and a frame_id"),
  data_prefix: z
    .strictObject({ img_path: z.string().default('') })
    .default({ img_path: '' })
    .describe('img_path: folder of the videos, each a folder of frames'),
});
const motOptions = z.strictObject({
  ...videoOptions.shape,
  visibility_thr: z.literal(-1).default(-1).describe('Only -1: objects are used however much of them is hidden'),
});

/** @param defaults classes, where the config names none; the file need not have all of them */
export function videoLoader(
  options: z.output<typeof videoOptions>,
  { path: at }: BuildContext,
  defaults?: readonly string[],
) {
  const root = options.data_root ?? '';
  return {
    pipeline: options.pipeline as ModuleConfig[],
    load: async (given): Promise<Dataset> => {
      const file = path.resolve(root, options.ann_file);
      const named = namesOf(options.metainfo) ?? defaults;
      const loaded = await loadCoco(file, path.resolve(root, options.data_prefix.img_path), {
        classes: given?.classes ?? named,
        absentClasses: given?.classes || named === defaults ? 'note' : options.absent_classes,
        ...filterOf(options),
      });
      const content = await readVideos(file, named);
      const order = new Map([...content.frames.keys()].map((id, i) => [id, i]));
      const records = loaded.records
        .map((record) => asFrame(record, content))
        .sort((a, b) => order.get(a.id)! - order.get(b.id)!);
      const { indices } = options;
      const used = indices === null ? records : selected(videosOf(records), indices, loaded.name).flat();
      const dataset = usedPart({ ...loaded, records: used }, { ...options, indices: null }, at);
      return { ...dataset, videos: new Map(used.map(({ id }) => [id, content.frames.get(id)!])) };
    },
  } satisfies DatasetLoader;
}

/** The frames of each video, in order: `indices` selects videos. */
function videosOf(frames: readonly ImageRecord[]): ImageRecord[][] {
  const videos = new Map<string, ImageRecord[]>();
  for (const record of frames) {
    const { video } = record.frame!;
    videos.set(video, [...(videos.get(video) ?? []), record]);
  }
  return [...videos.values()];
}

const listOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.map(fieldsOf).filter((fields) => fields !== undefined) : [];

/** The frames by image id, video after video, and the identity of each annotation. */
async function readVideos(file: string, classes: readonly string[] | undefined) {
  const { images, annotations, categories } = fieldsOf((await readJson(file)).json) ?? {};
  const used = new Set(
    listOf(categories).flatMap(({ id, name }) => (!classes || classes.includes(String(name)) ? [id] : [])),
  );
  const objects = new Map<unknown, VideoObject[]>();
  const instances = new Map<unknown, number>();
  const sizes = new Map(listOf(images).map(({ id, width, height }) => [id, [numberOf(width), numberOf(height)]]));
  for (const entry of listOf(annotations)) {
    const { id, image_id: image, category_id: category, instance_id: instance, ignore, area } = entry;
    const list = objects.get(image) ?? [];
    const identity = numberOf(instance) ?? list.length;
    instances.set(id, identity);
    const box = boxOf(entry.bbox, sizes.get(image) ?? []);
    if (!box || ignore || (numberOf(area) ?? 1) <= 0 || !used.has(category)) continue;
    const [confidence, visibility] = [numberOf(entry.mot_conf) ?? 1, numberOf(entry.visibility) ?? 1];
    objects.set(image, [...list, { id: identity, box, category: Number(category), confidence, visibility }]);
  }
  const videos = new Map<unknown, Record<string, unknown>[]>();
  for (const image of listOf(images)) {
    const video = image.video_id ?? `image ${image.id}`;
    videos.set(video, [...(videos.get(video) ?? []), image]);
  }
  const frames = new Map<number, VideoFrame>();
  for (const [position, [video, list]] of [...videos].entries())
    for (const [i, { id, file_name: name, frame_id: given }] of list.entries()) {
      const frame = numberOf(given) ?? i;
      if (frame < 0 || frame >= list.length)
        throw new DetLabError(
          `Cannot use "${file}": expected frame_id of "${name}" to be 0 to ${list.length - 1}, one less than its video has frames, received ${frame}`,
        );
      // video/img1/000001.jpg
      const video_name = String(name).split(/[\\/]/).at(-3) ?? String(video);
      const own = { video: video_name, videoId: numberOf(video) ?? position, frame, length: list.length };
      frames.set(Number(id), { ...own, objects: objects.get(id) ?? [] });
    }
  return { frames, instances };
}

/** xyxy; undefined for a box that is no box, or outside the image. */
function boxOf(given: unknown, [width, height]: (number | undefined)[]): VideoObject['box'] | undefined {
  const [x, y, w, h] = Array.isArray(given) ? given.map(numberOf) : [];
  if (x === undefined || y === undefined || w === undefined || h === undefined || w < 1 || h < 1) return undefined;
  const inside = (from: number, to: number, side: number | undefined) =>
    Math.min(to, side ?? Number.POSITIVE_INFINITY) - Math.max(from, 0) > 0;
  return inside(x, x + w, width) && inside(y, y + h, height) ? [x, y, x + w, y + h] : undefined;
}

/** With its place in its video and the identities of its objects. */
function asFrame(
  record: ImageRecord,
  { frames, instances }: { frames: ReadonlyMap<number, VideoFrame>; instances: ReadonlyMap<unknown, number> },
): ImageRecord {
  const { videoId, frame } = frames.get(record.id)!;
  record.frame = { video: String(videoId), number: frame };
  const instanceIds = Int32Array.from(record.annotationIds, (id, i) => instances.get(id) ?? i);
  record.truths = { ...record.truths, instanceIds };
  return record;
}

const shapes = 'a JSON file and folders of frames -> images with boxes [k, 4], labels [k] and identities [k]';

export const BaseVideoDataset = defineModule({
  kind: 'dataset',
  type: 'BaseVideoDataset',
  summary: "Frames of videos with boxes and identities in COCO's JSON format",
  origin: 'MMDetection',
  shapes,
  example: "{ type: 'BaseVideoDataset', ann_file: 'val.json', data_prefix: { img_path: 'videos/' } }",
  options: videoOptions,
  build: (options, context): DatasetLoader => videoLoader(options, context),
});

export const MOTChallengeDataset = defineModule({
  kind: 'dataset',
  type: 'MOTChallengeDataset',
  summary: "MOTChallenge's videos of pedestrians, in COCO JSON files",
  paper: 'Milan et al., MOT16: A Benchmark for Multi-Object Tracking, arXiv 2016',
  shapes,
  example:
    "{ type: 'MOTChallengeDataset', data_root: 'data/MOT17/', ann_file: 'annotations/half-val_cocoformat.json', data_prefix: { img_path: 'train' } }",
  options: motOptions,
  build: ({ visibility_thr: _, ...options }, context): DatasetLoader => videoLoader(options, context, CLASSES),
});
