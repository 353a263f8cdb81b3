// The detections in one image: an array of { label, score, bbox, mask }, displayed as the image with its boxes and masks as data.

import { inspect } from 'node:util';
import type { Detections, PixelImage } from '../data';
import { DetLabError } from '../errors';
import type { Rle } from '../masks';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import { checkDrawing, type DrawingOptions } from '../visualization/drawing-options';
import { type LiveImage, LiveImages } from '../visualization/live-images';
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
const THRESHOLD = 0.3;

/** Checks how predictions are to be displayed: there is no truth in them, so that states and sorting are of evaluations. */
export function checkPredictionDrawing(
  given: DrawingOptions,
  what: string,
  classes: readonly string[],
): DrawingOptions {
  const drawing = checkDrawing(given, what, classes);
  const bad = drawing.sideBySide
    ? 'sideBySide'
    : drawing.color === 'state'
      ? 'color'
      : drawing.sortBy
        ? 'sortBy'
        : undefined;
  if (bad === undefined) return drawing;
  throw new DetLabError(
    `Cannot ${what}: ${bad}: expected an evaluation, as predictions have neither truths nor values. ` +
      'Use (await model.evaluate(data)).gallery()',
  );
}

export class Predictions extends Array<Prediction> implements Displayable {
  // map and filter return plain arrays
  static override get [Symbol.species]() {
    return Array;
  }

  private constructor(
    /** Path of the image, or `image` for pixels and bytes. */
    readonly source: string,
    private readonly image: PixelImage,
    readonly classes: readonly string[],
    private readonly drawing: DrawingOptions,
  ) {
    super();
    for (const name of ['source', 'image', 'classes', 'drawing'])
      Object.defineProperty(this, name, { enumerable: false });
  }

  /** @param drawing how they are displayed; its threshold (default 0.3) is of the drawing, the array has all */
  static create(
    source: string,
    image: PixelImage,
    { bboxes, scores, labels, masks }: Detections,
    classes: readonly string[],
    drawing: DrawingOptions = {},
  ): Predictions {
    const result = new Predictions(source, image, classes, drawing);
    for (const [i, label] of labels.entries())
      result.push({
        label: classes[label],
        score: scores[i],
        bbox: [...bboxes.subarray(4 * i, 4 * i + 4)] as Prediction['bbox'],
        ...(masks ? { mask: masks[i] } : {}),
      });
    return result;
  }

  /** Minimum score of the boxes that are drawn and printed. */
  get threshold(): number {
    return this.drawing.threshold ?? THRESHOLD;
  }

  /** Predictions with at least the threshold's score: those drawn and printed. */
  get confident(): Prediction[] {
    return this.filter((p) => p.score >= this.threshold);
  }

  /**
   * The image with its boxes as data: a display with a score slider, which `.save()` writes as PNG, JPEG, SVG, HTML, CSV or JSON.
   * @example predictions.show({ threshold: 0.5, palette: { car: '#ff8800' }, labels: 'score' })
   */
  show(drawing: DrawingOptions = {}): LiveImages {
    const { classes, source } = this;
    return new LiveImages([this.liveImage()], { title: source, classes, ...this.drawing }).with(
      checkPredictionDrawing(drawing, `show ${source}`, classes),
    );
  }

  /** The image as galleries take it. */
  liveImage(): LiveImage {
    const { source, image, classes } = this;
    const { width, height } = image;
    const boxes = Array.from(this, ({ label, ...box }) => ({ ...box, label: classes.indexOf(label) }));
    return { source, pixels: image, width, height, boxes };
  }

  /**
   * PNG of the image with its boxes and masks.
   * @example writeFileSync('street.png', await predictions.draw({ width: 1600, fontSize: 20 }))
   */
  draw(drawing: DrawingOptions = {}): Promise<Buffer> {
    return this.show(drawing).png();
  }

  /** Writes a .png, .jpg, .svg, .html, .csv or .json; returns the absolute path. */
  save(file: string): Promise<string> {
    return this.show().save(file);
  }

  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    return { ...(await this.show()[JUPYTER_DISPLAY]()), 'text/plain': this.toString() };
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
