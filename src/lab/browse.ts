// `data.browse({ class: 'car', page: 2 })`: a dataset page by page, with filters.

import type { Dataset, ImageRecord } from '../data';
import { DetLabError, didYouMean } from '../errors';
import type { DrawingOptions } from '../visualization/drawing-options';
import { LiveImages } from '../visualization/live-images';
import { classColours } from './class-colours';
import { recordImage } from './record-image';

export interface BrowseOptions extends Omit<DrawingOptions, 'limit'> {
  /** Only images with an object of this class, or of one of these. */
  class?: string | readonly string[];
  /** Which split; default `train`. */
  split?: 'train' | 'val';
  /** Minimum and maximum number of objects, ignored ones included. `[0, 0]`: images without objects. */
  objects?: readonly [minimum: number, maximum: number];
  /** The first page is 1. */
  page?: number;
  /** Images per page. Default 24. */
  size?: number;
}

/** A dataset of one split or two. */
interface Browsed {
  name: string;
  classes: readonly string[];
  train: Dataset;
  val: Dataset | undefined;
}

/** @throws DetLabError for an unknown class, with the nearest, a split that the dataset lacks, and a page that is not there */
export function browse(data: Browsed, options: BrowseOptions): LiveImages {
  const { class: names, split = 'train', objects, page = 1, size = 24, ...drawing } = options;
  const records = (split === 'val' ? data.val : data.train)?.records;
  if (!records) throw new DetLabError(`Cannot browse the val split of "${data.name}": it has none`);
  const labels = names === undefined ? undefined : new Set([names].flat().map((name) => labelOf(data.classes, name)));
  const [minimum, maximum] = objects ?? [0, Number.POSITIVE_INFINITY];
  const matches = ({ truths }: ImageRecord) =>
    truths.labels.length >= minimum &&
    truths.labels.length <= maximum &&
    (labels === undefined || truths.labels.some((label) => labels.has(label)));
  const found = records.filter(matches);
  const pages = Math.max(1, Math.ceil(found.length / size));
  if (!Number.isInteger(size) || size < 1 || !Number.isInteger(page) || page < 1 || page > pages)
    throw new DetLabError(
      `Cannot browse "${data.name}": expected a page from 1 to ${pages} and a size from 1 on, received page ${page}, size ${size}`,
    );
  const first = (page - 1) * size;
  const shown = found.slice(first, first + size);
  const range = found.length === 0 ? 'no images' : `images ${first + 1} to ${first + shown.length} of ${found.length}`;
  const what = names === undefined ? '' : ` with ${[names].flat().join(' or ')}`;
  const title = `${data.name} ${split}: ${range}${what}, page ${page} of ${pages}`;
  const images = shown.map((record) => recordImage(record));
  return new LiveImages(images, {
    title,
    ...classColours(data.train),
    color: 'class',
    labels: 'class',
    ...drawing,
    limit: Math.max(1, shown.length),
  });
}

function labelOf(classes: readonly string[], name: string): number {
  const label = classes.indexOf(name);
  if (label >= 0) return label;
  throw new DetLabError(
    `Cannot browse by the class "${name}": expected ${classes.slice(0, 12).join(', ')}${classes.length > 12 ? ', ...' : ''}.` +
      didYouMean(name, [...classes]),
  );
}
