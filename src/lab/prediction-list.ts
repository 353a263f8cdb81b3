// The predictions of several images: an array of `Predictions`, displayed as a gallery.

import { inspect } from 'node:util';
import type { SourceProblem } from '../data';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import type { DrawingOptions } from '../visualization/drawing-options';
import { LiveImages } from '../visualization/live-images';
import { checkMethod } from './method-options';
import { outcomeLines, type PredictionOutcome, WHOLE } from './prediction/outcome';
import { type SavePredictionsOptions, savePredictions } from './prediction/save-predictions';
import { checkPredictionDrawing, type Predictions } from './predictions';

/** The predictions of several images, in their order: an array of `Predictions`, displayed as a gallery. */
export class PredictionList extends Array<Predictions> implements Displayable {
  // map returns a plain array
  static override get [Symbol.species]() {
    return Array;
  }

  private constructor(
    readonly classes: readonly string[],
    private readonly drawing: DrawingOptions,
    private readonly outcome: PredictionOutcome,
  ) {
    super();
    for (const name of ['classes', 'drawing', 'outcome']) Object.defineProperty(this, name, { enumerable: false });
  }

  static create(
    all: readonly Predictions[],
    classes: readonly string[],
    drawing: DrawingOptions = {},
    outcome: PredictionOutcome = WHOLE,
  ): PredictionList {
    const result = new PredictionList(classes, drawing, outcome);
    for (const predictions of all) result.push(predictions);
    return result;
  }

  /** Images that could not be used, with the reason. */
  get skipped(): readonly SourceProblem[] {
    return this.outcome.skipped;
  }

  /** Whether Stop ended it before the last image. */
  get stopped(): boolean {
    return this.outcome.stopped;
  }

  /** Those of some images: a gallery again. */
  override filter(...[test, thisArg]: Parameters<Array<Predictions>['filter']>): PredictionList {
    return PredictionList.create(super.filter(test, thisArg), this.classes, this.drawing);
  }

  override slice(start?: number, end?: number): PredictionList {
    return PredictionList.create(super.slice(start, end), this.classes, this.drawing);
  }

  /**
   * A gallery with a score slider and switches of classes; a click enlarges an image.
   * @example predictions.show({ threshold: 0.5, columns: 4 }).save('predictions.html')
   */
  show(drawing: DrawingOptions = {}): LiveImages {
    const images = Array.from(this, (predictions) => predictions.liveImage());
    const notes = outcomeLines(this.outcome, this.length);
    return new LiveImages(images, { title: 'predictions', classes: this.classes, notes, ...this.drawing }).with(
      checkPredictionDrawing(drawing, 'show the predictions', this.classes),
    );
  }

  /**
   * Writes .csv, .jsonl, .json or COCO results (.coco.json) of all, a gallery of those shown (.html, .png, .jpg, .svg), or a folder
   * of drawn images, crops by class, YOLO or labelme files. Returns the absolute path.
   *
   * @example await predictions.save('results.coco.json', { data }) // pycocotools: coco.loadRes('results.coco.json')
   * @example await predictions.save('labels/', { as: 'labelme', threshold: 0.5 })
   * @throws DetLabError for an extension that is none of these, and for annotation files that are there
   */
  async save(target: string, options?: SavePredictionsOptions): Promise<string> {
    checkMethod('PredictionList.save', options);
    const { classes } = this;
    const display = (file: string) => this.show().save(file);
    return savePredictions({ list: this, classes, what: 'the predictions', display }, target, options);
  }

  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    return { ...(await this.show()[JUPYTER_DISPLAY]()), 'text/plain': this.toString() };
  }

  override toString(): string {
    const lines = outcomeLines(this.outcome, this.length).join('\n');
    return [...this, ...(lines === '' ? [] : [lines])].join('\n\n');
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
