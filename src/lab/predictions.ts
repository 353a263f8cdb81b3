// The detections in one image: an array of { label, score, bbox, mask, keypoints }, displayed as the image with them as data.

import { inspect } from 'node:util';
import type { Detections, PixelImage } from '../data';
import { DetLabError } from '../errors';
import { rleToBox } from '../masks';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import { checkDrawing, type DrawingOptions } from '../visualization/drawing-options';
import { type LiveBox, type LiveImage, LiveImages } from '../visualization/live-images';
import { shortScore } from '../visualization/short-score';
import { tableText } from '../visualization/table';
import { checkMethod } from './method-options';
import type { ImagePredictions, PredictedFrom, PredictedSegment, Prediction } from './prediction/image-predictions';
import { type SavePredictionsOptions, savePredictions } from './prediction/save-predictions';

export type { PredictedFrom, PredictedSegment, Prediction } from './prediction/image-predictions';

const MAX_LISTED = 50;
/** From which score on boxes are drawn and printed, unless something else is said. */
export const shownFrom = 0.3;

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

/** The image of predictions: its pixels, or how to have them, for many are not kept. */
export type PredictedImage = PixelImage | { width: number; height: number; again(): Promise<PixelImage> };

/** The detections in one image, an array of `Prediction` whose boxes are in its pixels, displayed drawn into it. */
export class Predictions extends Array<Prediction> implements Displayable, ImagePredictions {
  // map and filter return plain arrays
  static override get [Symbol.species]() {
    return Array;
  }

  private constructor(
    /** Path or address of the image, or `image` for pixels and bytes. */
    readonly source: string,
    private readonly image: PredictedImage,
    readonly classes: readonly string[],
    private readonly drawing: DrawingOptions,
    readonly from: PredictedFrom,
    /** The segments of the image, of a model that divides it into such (`panoptic_on`); they are what is drawn. */
    readonly segments?: readonly PredictedSegment[],
  ) {
    super();
    for (const name of ['source', 'image', 'classes', 'drawing', 'from', 'segments'])
      Object.defineProperty(this, name, { enumerable: false });
  }

  /** @param drawing how they are displayed; its threshold (default 0.3) is of the drawing, the array has all */
  static create(
    source: string,
    image: PredictedImage,
    { bboxes, rboxes, scores, labels, masks, keypoints, instanceIds, panoptic }: Detections,
    classes: readonly string[],
    drawing: DrawingOptions = {},
    from: PredictedFrom = {},
  ): Predictions {
    const segments = panoptic?.map(({ label, ...segment }) => ({ ...segment, label: classes[label] }));
    const result = new Predictions(source, image, classes, drawing, from, segments);
    const points = (keypoints?.length ?? 0) / Math.max(1, labels.length);
    for (const [i, label] of labels.entries())
      result.push({
        label: classes[label],
        score: scores[i],
        bbox: [...bboxes.subarray(4 * i, 4 * i + 4)] as Prediction['bbox'],
        ...(rboxes && { rbox: [...rboxes.subarray(5 * i, 5 * i + 5)] as Prediction['rbox'] }),
        ...(instanceIds && { id: instanceIds[i] }),
        ...(masks ? { mask: masks[i] } : {}),
        ...(keypoints && { keypoints: [...keypoints.subarray(points * i, points * (i + 1))] }),
      });
    return result;
  }

  /** Of the image, in pixels. */
  get width(): number {
    return this.image.width;
  }

  get height(): number {
    return this.image.height;
  }

  /** The image; it is read again where it was one of many. @throws DetLabError when it is not there any more */
  async pixels(): Promise<PixelImage> {
    return 'again' in this.image ? this.image.again() : this.image;
  }

  /** Minimum score of the boxes that are drawn and printed. */
  get threshold(): number {
    return this.drawing.threshold ?? shownFrom;
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
    const { source, image, classes, width, height, segments } = this;
    const pixels = 'again' in image ? () => image.again() : image;
    if (segments) return { source, pixels, width, height, boxes: segments.map((one) => segmentBox(one, classes)) };
    const boxes = Array.from(this, ({ label, ...box }) => ({
      ...box,
      label: classes.indexOf(label),
      ...(box.id !== undefined && { text: `#${box.id} ${label} ${box.score.toFixed(2)}` }),
    }));
    return { source, pixels, width, height, boxes, skeleton: this.from.skeleton };
  }

  /**
   * RGBA of the image with its boxes, at its own size: a frame of a video.
   * @param pixels of it, where they are known
   */
  frame(pixels?: PixelImage, threshold = this.threshold): Promise<{ data: Uint8Array; width: number; height: number }> {
    const { classes, source } = this;
    const image = { ...this.liveImage(), ...(pixels && { pixels }) };
    return new LiveImages([image], { title: source, classes, ...this.drawing, threshold }).frame();
  }

  /**
   * PNG of the image with its boxes and masks.
   * @example writeFileSync('street.png', await predictions.draw({ width: 1600, fontSize: 20 }))
   */
  draw(drawing: DrawingOptions = {}): Promise<Buffer> {
    return this.show(drawing).png();
  }

  /**
   * Writes a .png, .jpg, .svg, .html, .csv, .json, .jsonl or .coco.json, or a folder: see `PredictionList.save`.
   * @example await predictions.save('street.png')
   */
  async save(target: string, options?: SavePredictionsOptions): Promise<string> {
    checkMethod('Predictions.save', options);
    const { classes, source } = this;
    const display = (file: string) => this.show().save(file);
    return savePredictions({ list: [this], classes, what: source, display }, target, options);
  }

  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    return { ...(await this.show()[JUPYTER_DISPLAY]()), 'text/plain': this.toString() };
  }

  override toString(): string {
    const shown = this.confident;
    const hidden = this.length - shown.length;
    const isTracked = shown.some(({ id }) => id !== undefined);
    const isRotated = shown.some(({ rbox }) => rbox);
    return tableText({
      title: this.source,
      columns: [
        ...(isTracked ? [{ title: 'id', align: 'right' as const }] : []),
        { title: 'label' },
        { title: 'score', align: 'right' },
        ...(isRotated ? ['x', 'y', 'width', 'height', 'angle'] : ['x1', 'y1', 'x2', 'y2']).map((title) => ({
          title,
          align: 'right' as const,
        })),
      ],
      rows: shown
        .slice(0, MAX_LISTED)
        .map(({ id, label, score, bbox, rbox }) => [
          ...(isTracked ? [String(id ?? '')] : []),
          label,
          score.toFixed(3),
          ...(rbox?.map((v, k) => (k < 4 ? v.toFixed(1) : `${((v * 180) / Math.PI).toFixed(1)}°`)) ??
            bbox.map((v) => v.toFixed(1))),
        ]),
      note: `${shown.length} boxes${hidden > 0 ? `, ${hidden} more below a score of ${shortScore(this.threshold)}` : ''}`,
    });
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** A segment as displays take it: a mask with a label, without a box; one without a score is always shown. */
function segmentBox({ label, score = 1, mask }: PredictedSegment, classes: readonly string[]): LiveBox {
  const [x, y, width, height] = rleToBox(mask);
  return { bbox: [x, y, x + width, y + height], label: classes.indexOf(label), score, mask, text: label, region: true };
}
