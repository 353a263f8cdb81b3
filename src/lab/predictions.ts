// The detections in one image: an array of { label, score, bbox, mask }, displayed as the image with boxes and masks.

import { inspect } from 'node:util';
import type { Detections, PixelImage } from '../data';
import type { Rle } from '../masks';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import { drawBoxes } from '../visualization/draw-boxes';
import { tableText } from '../visualization/table';

export interface Prediction {
  label: string;
  /** 0 to 1. */
  score: number;
  /** x1, y1, x2, y2 in the image's pixels. */
  bbox: [number, number, number, number];
  /** Run-length encoded mask of the image's size, if the model predicts masks. */
  mask?: Rle;
}

const MAX_LISTED = 50;

export class Predictions extends Array<Prediction> implements Displayable {
  // map and filter return plain arrays
  static override get [Symbol.species]() {
    return Array;
  }

  private constructor(
    /** Path of the image, or `image` for pixels and bytes. */
    readonly source: string,
    private readonly image: PixelImage,
    private readonly classes: readonly string[],
    private readonly threshold: number,
  ) {
    super();
    for (const name of ['source', 'image', 'classes', 'threshold'])
      Object.defineProperty(this, name, { enumerable: false });
  }

  /** @param threshold minimum score of the boxes in the drawing; the array has all */
  static create(
    source: string,
    image: PixelImage,
    { bboxes, scores, labels, masks }: Detections,
    classes: readonly string[],
    threshold: number,
  ): Predictions {
    const result = new Predictions(source, image, classes, threshold);
    for (const [i, label] of labels.entries())
      result.push({
        label: classes[label],
        score: scores[i],
        bbox: [...bboxes.subarray(4 * i, 4 * i + 4)] as Prediction['bbox'],
        ...(masks ? { mask: masks[i] } : {}),
      });
    return result;
  }

  /** Predictions with at least the threshold's score: those drawn and printed. */
  get confident(): Prediction[] {
    return this.filter((p) => p.score >= this.threshold);
  }

  /** PNG of the image with its boxes and masks. */
  draw(): Promise<Buffer> {
    // the highest score is drawn last, on top
    const boxes = this.confident.reverse().map(({ label, score, bbox, mask }) => ({
      bbox,
      mask,
      classIndex: this.classes.indexOf(label),
      text: `${label} ${score.toFixed(2)}`,
    }));
    return drawBoxes(this.image, boxes);
  }

  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    return { 'image/png': (await this.draw()).toString('base64'), 'text/plain': this.toString() };
  }

  override toString(): string {
    const shown = this.confident;
    const hidden = this.length - shown.length;
    return tableText({
      title: this.source,
      columns: [
        { title: 'label' },
        { title: 'score', align: 'right' },
        ...['x1', 'y1', 'x2', 'y2'].map((title) => ({ title, align: 'right' as const })),
      ],
      rows: shown.slice(0, MAX_LISTED).map((p) => [p.label, p.score.toFixed(3), ...p.bbox.map((v) => v.toFixed(1))]),
      note: `${shown.length} boxes${hidden > 0 ? `, ${hidden} more below a score of ${this.threshold}` : ''}`,
    });
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
