// The files that CocoPanopticMetric writes with `outfile_prefix`, as COCO's server takes them: PREFIX.panoptic.json, and of every image a
// map of its segments in PREFIX.panoptic.

import path from 'node:path';
import type { Dataset, ImageRecord } from '../data/types';
import type { PanopticSegment } from '../masks';
import { foreground, rleArea } from '../masks';
import { panopticPng } from '../masks/panoptic-png';
import { writeInFolder } from './write-whole';

/** Segments have ids from 1 in each image. */
export class PanopticResultsFiles {
  private readonly images: { record: ImageRecord; segments: readonly PanopticSegment[] }[] = [];
  /** By label. */
  private readonly categories: number[];

  /** @param dataset whose category ids the entries have; of data without ids, the classes are numbered from 1 */
  constructor(
    { classes, categories }: Pick<Dataset, 'classes' | 'categories'>,
    private readonly prefix: string,
  ) {
    const idOf = new Map(categories?.map(({ id, label }) => [label, id]));
    this.categories = classes.map((_, label) => idOf.get(label) ?? label + 1);
  }

  add(record: ImageRecord, segments: readonly PanopticSegment[]): void {
    this.images.push({ record, segments });
  }

  /** @returns the absolute path of the JSON file */
  async write(): Promise<string[]> {
    const annotations = [];
    for (const { record, segments } of this.images) {
      const file = `${path.basename(record.path, path.extname(record.path))}.png`;
      await writeInFolder(path.join(`${this.prefix}.panoptic`, file), mapOf(record, segments));
      annotations.push({
        image_id: record.id,
        file_name: file,
        segments_info: segments.map(({ label, isThing, mask }, i) => ({
          id: i + 1,
          category_id: this.categories[label],
          area: rleArea(mask),
          isthing: isThing ? 1 : 0,
        })),
      });
    }
    return [await writeInFolder(`${this.prefix}.panoptic.json`, JSON.stringify({ annotations }))];
  }
}

function mapOf({ width, height }: ImageRecord, segments: readonly PanopticSegment[]): Buffer {
  const data = new Int32Array(width * height);
  for (const [i, { mask }] of segments.entries())
    for (const [from, to] of foreground(mask))
      for (let p = from; p < to; p++) data[(p % height) * width + Math.floor(p / height)] = i + 1;
  return panopticPng({ width, height, data });
}
