// UniformRefFrameSample (MMDetection): draws frames of the same video, near the frame of the sample, that a model learns from together
// with it. Unlike there, a range without other frames is an error that says so.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule, type ModuleConfig } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { ImageRecord } from '../types';
import { otherImagesOf } from './other-images';
import { type OtherImages, sampleOf, type Transform } from './sample';

const KEYS = ['video_id', 'video_length'] as const;

export const UniformRefFrameSample = defineModule({
  kind: 'transform',
  type: 'UniformRefFrameSample',
  summary: 'Draws frames of the same video that are learned together with the frame of the sample',
  origin: 'MMDetection',
  shapes: 'a frame -> the same, with num_ref_imgs others in the order of the video',
  example: "{ type: 'UniformRefFrameSample', num_ref_imgs: 1, frame_range: 10 }",
  options: z.strictObject({
    num_ref_imgs: z.int().positive().default(1).describe('Number of other frames'),
    frame_range: z
      .union([z.int().min(0), z.tuple([z.int().max(0), z.int().min(0)])])
      .default(10)
      .describe('How many frames they are away at most; a pair: before (negative) and after'),
    filter_key_img: z.boolean().default(true).describe('The frame itself is not drawn'),
    collect_video_keys: ignoredOption('a frame has all its entries', {
      schema: z.array(z.enum(KEYS)).default([...KEYS]),
    }),
  }),
  build: ({ num_ref_imgs: count, frame_range: range, filter_key_img: isFiltered }): Transform => {
    const [back, ahead] = typeof range === 'number' ? [-range, range] : range;
    return (sample, random) => {
      const dataset = otherImagesOf(sample, 'UniformRefFrameSample');
      const own = requireFrame(sample.record);
      const isAlone = reach(dataset, own, 1, 1) + reach(dataset, own, -1, 1) === 0;
      const first = dataset.index - reach(dataset, own, -1, -back);
      const last = dataset.index + reach(dataset, own, 1, ahead);
      const all = Array.from({ length: last - first + 1 }, (_, i) => first + i);
      const near = isAlone || !isFiltered ? all : all.filter((index) => index !== dataset.index);
      if (near.length === 0)
        throw new DetLabError(
          `Cannot draw frames near "${sample.record.path}": frame_range [${back}, ${ahead}] has none but the frame itself. Widen it`,
        );
      // as often as needed where there are too few
      const pool =
        near.length < count ? Array.from({ length: count * near.length }, (_, i) => near[i % near.length]) : near;
      const drawn = Array.from(random.permutation(pool.length, count), (i) => pool[i]).sort((a, b) => a - b);
      const others = drawn.map((index) => ({ ...sampleOf(dataset.record(index)), otherImages: sample.otherImages }));
      return { ...sample, clip: { others, before: drawn.filter((index) => index < dataset.index).length } };
    };
  },
});

function requireFrame({ frame, path }: ImageRecord): NonNullable<ImageRecord['frame']> {
  if (frame) return frame;
  throw new DetLabError(
    `Cannot draw frames near "${path}": it is no frame of a video. Use UniformRefFrameSample with a YouTubeVISDataset, ` +
      'MOTChallengeDataset or BaseVideoDataset',
  );
}

/** How many records of the same video there are in one direction, `most` at most. */
function reach(dataset: OtherImages, { video, number }: NonNullable<ImageRecord['frame']>, way: 1 | -1, most: number) {
  let [steps, last] = [0, number];
  while (steps < most) {
    const at = dataset.index + way * (steps + 1);
    const frame = at >= 0 && at < dataset.count ? dataset.record(at).frame : undefined;
    // a dataset that is repeated begins anew
    if (!frame || frame.video !== video || way * (frame.number - last) <= 0) break;
    last = frame.number;
    steps++;
  }
  return steps;
}

/** @throws DetLabError for a step after UniformRefFrameSample that would see one of the frames alone */
export function requireBroadcasting(config: readonly ModuleConfig[], path: string): void {
  const bare = config.map(({ type }) => type.slice(type.lastIndexOf('.') + 1));
  const start = bare.indexOf('UniformRefFrameSample');
  if (start < 0) return;
  const fits = (type: string, i: number) =>
    i <= start || type === 'TransformBroadcaster' || (type === 'PackTrackInputs' && i === bare.length - 1);
  const bad = bare.findIndex((type, i) => !fits(type, i));
  if (bad >= 0)
    throw new DetLabError(
      `Cannot build ${path}: after UniformRefFrameSample every step is of several frames, expected TransformBroadcaster with ` +
        `${bare[bad]} in it and PackTrackInputs at the end, received "${bare[bad]}" at ${path}.${bad}`,
    );
}
