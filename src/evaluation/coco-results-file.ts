// The files that CocoMetric and LVISMetric write with `outfile_prefix`: PREFIX.bbox.json, and PREFIX.segm.json of a detector
// that predicts masks, as COCO's and LVIS's servers take them.

import type { Dataset } from '../data/types';
import { rleToSegmentation } from '../masks';
import type { BoxDetections } from './report';
import { writeInFolder } from './write-whole';

export class CocoResultsFile {
  private readonly images: { imageId: number; detections: BoxDetections }[] = [];
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

  add(imageId: number, detections: BoxDetections): void {
    this.images.push({ imageId, detections });
  }

  /** @returns the absolute paths */
  async write(): Promise<string[]> {
    const hasMasks = this.images.some(({ detections }) => detections.masks !== undefined);
    const files = [await writeInFolder(`${this.prefix}.bbox.json`, this.entries(false))];
    if (hasMasks) files.push(await writeInFolder(`${this.prefix}.segm.json`, this.entries(true)));
    return files;
  }

  private *entries(withMasks: boolean): Iterable<string> {
    let separator = '[';
    for (const { imageId, detections } of this.images) {
      const { bboxes, labels, masks, scores } = detections;
      let text = '';
      for (let i = 0; i < scores.length; i++) {
        const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => bboxes[4 * i + k]);
        const entry = {
          image_id: imageId,
          bbox: [x1, y1, x2 - x1, y2 - y1],
          score: scores[i],
          category_id: this.categories[labels[i]],
          ...(withMasks && masks && { segmentation: rleToSegmentation(masks[i]) }),
        };
        text += separator + JSON.stringify(entry);
        separator = ',\n';
      }
      yield text;
    }
    yield separator === '[' ? '[]' : ']';
  }
}
