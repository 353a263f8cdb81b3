// The validation images that a run watches: the same few at every evaluation, with their ground truth and the newest detections.
// Their pixels are read anew for each drawing, and only the newest detections are kept.

import path from 'node:path';
import { inspect } from 'node:util';
import { type Dataset, decodeImage, type ImageRecord } from '../data';
import { DetLabError, didYouMean } from '../errors';
import type { BoxDetections } from '../evaluation';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import { type LiveBox, LiveImages } from '../visualization/live-images';
import { classColours } from './class-colours';
import { truthBoxes } from './record-image';

/** How many images, or which: ids of the annotation file, or file names. False: none. */
export type WatchOption = number | false | readonly (number | string)[];

/** A watched image after the newest evaluation. */
export interface WatchedImage {
  id: number;
  file: string;
  record: ImageRecord;
  /** Undefined before the first evaluation, and of an unreadable image. */
  detections: BoxDetections | undefined;
}

/** Lower scores are not kept in the display: its slider goes down to here. */
const LOWEST_SCORE = 0.05;

/** The images that a run shows after each epoch. */
export class Watched implements Displayable {
  /** What they were evaluated after: `epoch 3`. */
  place: string | undefined;
  private newest = new Map<number, BoxDetections>();

  constructor(
    private readonly records: readonly ImageRecord[],
    private readonly data: Pick<Dataset, 'classes' | 'palette'>,
  ) {}

  get images(): WatchedImage[] {
    return this.records.map((record) => ({
      id: record.id,
      file: path.basename(record.path),
      record,
      detections: this.newest.get(record.id),
    }));
  }

  /** Takes the detections of an evaluation in place of those before. */
  take(images: readonly { imageId: number; detections: BoxDetections }[], place: string): void {
    const ids = new Set(this.records.map(({ id }) => id));
    const found = images.filter(({ imageId }) => ids.has(imageId));
    this.newest = new Map(found.map(({ imageId, detections }) => [imageId, detections]));
    this.place = place;
  }

  /** The images with their boxes, as the galleries of predictions show them. Unreadable ones are left out. */
  show(): LiveImages {
    const seen = this.images.filter(({ detections }) => this.place === undefined || detections !== undefined);
    // masks of a detector that predicts some
    const withMasks = seen.some(({ detections }) => detections?.masks !== undefined);
    const images = seen.map(({ record, file, detections }) => ({
      source: file,
      pixels: () => decodeImage(record.path, record.id),
      width: record.width,
      height: record.height,
      skeleton: record.keypoints?.skeleton,
      boxes: [...truthsOf(record, withMasks), ...detectionsOf(detections)],
      caption: captionOf(file, record, detections),
    }));
    const title = this.place === undefined ? 'watched images' : `watched images after ${this.place}`;
    return new LiveImages(images, { ...classColours(this.data), title });
  }

  /** Writes them to a file (PNG, JPEG, SVG, HTML, CSV or JSON by its extension); returns the absolute path. */
  save(file: string): Promise<string> {
    return this.show().save(file);
  }

  [JUPYTER_DISPLAY](): MimeBundle | Promise<MimeBundle> {
    return this.show()[JUPYTER_DISPLAY]();
  }

  toString(): string {
    return this.show().toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

const truthsOf = (record: ImageRecord, withMasks: boolean): LiveBox[] =>
  truthBoxes(record).map((box) => (withMasks ? box : { ...box, mask: undefined }));

function detectionsOf(detections: BoxDetections | undefined): LiveBox[] {
  if (!detections) return [];
  const { bboxes, rboxes, labels, masks, scores, keypoints } = detections;
  const points = (keypoints?.length ?? 0) / Math.max(1, scores.length);
  return Array.from(scores, (score, i) => ({
    bbox: [0, 1, 2, 3].map((k) => bboxes[4 * i + k]),
    ...(rboxes && { rbox: [...rboxes.subarray(5 * i, 5 * i + 5)] }),
    label: labels[i],
    score,
    mask: masks?.[i],
    ...(keypoints && { keypoints: [...keypoints.subarray(points * i, points * (i + 1))] }),
  })).filter(({ score }) => score >= LOWEST_SCORE);
}

function captionOf(file: string, { truths }: ImageRecord, detections: BoxDetections | undefined): string {
  const count = truths.labels.length;
  const objects = `${count} object${count === 1 ? '' : 's'}`;
  if (!detections) return `${file}: ${objects}`;
  const best = Math.max(0, ...Array.from(detections.scores));
  return `${file}: ${objects}, best score ${best.toFixed(2)}`;
}

/**
 * The images to watch: `count` spread evenly over those with objects, or those asked for.
 * @throws DetLabError for an id or name that no validation image has
 */
export function watchedImages(data: Dataset, option: WatchOption): Watched | undefined {
  if (option === false || option === 0) return undefined;
  if (typeof option === 'number') {
    if (!Number.isInteger(option) || option < 0)
      throw new DetLabError(`Cannot watch ${option} images: expected a whole number, false, or a list of image ids`);
    return new Watched(spread(data.records, option), data);
  }
  const byName = new Map<number | string, ImageRecord>();
  for (const record of data.records) byName.set(record.id, record).set(path.basename(record.path), record);
  const records = option.map((name) => {
    const record = byName.get(name);
    if (record) return record;
    const names = [...byName.keys()].map(String);
    throw new DetLabError(
      `Cannot watch ${typeof name === 'string' ? `"${name}"` : name}: "${data.name}" has no image of this ` +
        `${typeof name === 'string' ? 'file name' : 'id'}.${didYouMean(String(name), names)} Its first are ` +
        data.records
          .slice(0, 3)
          .map((one) => `${one.id} (${path.basename(one.path)})`)
          .join(', '),
    );
  });
  return records.length > 0 ? new Watched([...new Set(records)], data) : undefined;
}

function spread(records: readonly ImageRecord[], count: number): ImageRecord[] {
  const filled = records.filter(({ truths }) => truths.labels.length > 0);
  const from = filled.length > 0 ? filled : records;
  const used = Math.min(count, from.length);
  return Array.from({ length: used }, (_, i) => from[Math.floor(((i + 0.5) * from.length) / used)]);
}
