// `model.pseudoLabel(data)`: what a model detects in images without labels as labels to train on, after a look at them: accept, reject,
// edit, by words or in a file.

import { type Dataset, decodeImage } from '../data';
import { DetLabError, didYouMean, nameOfValue } from '../errors';
import { rotatedCorners } from '../geometry/rotated-boxes';
import type { MimeBundle } from '../visualization/display';
import type { DrawingOptions } from '../visualization/drawing-options';
import { LiveImages } from '../visualization/live-images';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableHtml, tableMarkdown, tableText } from '../visualization/table';
import { endsWithFile } from './file-end';
import { LabDataset } from './lab-dataset';
import { checkMethod } from './method-options';
import type { PredictionList } from './prediction-list';
import {
  datasetOfBoxes,
  type PseudoBox,
  type PseudoImage,
  type PseudoStatus,
  type PseudoThreshold,
  thresholdsOf,
  withoutOutline,
} from './pseudo-boxes';
import { cocoOfBoxes, reviewedBoxes } from './pseudo-file';

/** Which detections become labels. */
export interface PseudoLabelOptions {
  /** The score from which a detection is a label, for all classes or by class; the model's own threshold, or 0.7, by default. */
  threshold?: PseudoThreshold;
  /** Detections from this score up to the threshold are `unsure`: ignored in training. By default there are none. */
  ignore?: number;
  /**
   * `'score'`: the losses of what is assigned to a label are multiplied by its score, so that labels that are likely wrong teach less
   * (compare Soft Teacher, ICCV 2021). For RetinaNet and two-stage detectors of boxes; others are refused by `fit`.
   */
  weights?: 'score';
  /** Images per forward pass. */
  batch?: number;
  precision?: 'float32' | 'bfloat16' | 'float16';
  signal?: AbortSignal;
  onProgress?: (done: number, total: number | undefined) => void;
}

/** Which boxes: a function, or all of a class, an image, below or from a score. */
export type PseudoFilter =
  | ((box: PseudoBox) => boolean)
  | { label?: string; image?: string; below?: number; from?: number; id?: number | readonly number[] };

const SHOWN = 24;

/** Labels of a model, each with its score and status; immutable. `labelled.merge(pseudo)` adds them to other training images. */
export class PseudoLabels extends SavableDisplay {
  protected readonly what: string;

  constructor(
    readonly name: string,
    readonly classes: readonly string[],
    private readonly images: readonly PseudoImage[],
    readonly boxes: readonly PseudoBox[],
    /** What their losses are weighted by. */
    readonly weights?: 'score',
  ) {
    super();
    this.what = `pseudo-labels of ${name}`;
    for (const key of ['what', 'images', 'boxes']) Object.defineProperty(this, key, { enumerable: false });
  }

  /** Images with an accepted box as training images. */
  get train(): Dataset {
    return datasetOfBoxes(this.name, this.classes, this.images, this.boxes, this.weights);
  }

  get data(): LabDataset {
    return new LabDataset(this.name, this.train, undefined);
  }

  private with(boxes: readonly PseudoBox[]): PseudoLabels {
    return new PseudoLabels(this.name, this.classes, this.images, boxes, this.weights);
  }

  private set(filter: PseudoFilter, status: PseudoStatus): PseudoLabels {
    const matches = this.test(filter);
    return this.with(this.boxes.map((box) => (matches(box) ? { ...box, status } : box)));
  }

  /** @throws DetLabError for a class that there is not, and for words that are none */
  private test(filter: PseudoFilter): (box: PseudoBox) => boolean {
    if (typeof filter === 'function') return filter;
    checkMethod('PseudoLabels.filter', filter);
    const { label, image, below = Number.POSITIVE_INFINITY, from = Number.NEGATIVE_INFINITY, id } = filter;
    if (label !== undefined) this.requireClass(label);
    const ids = id === undefined ? undefined : new Set([id].flat());
    return (box) =>
      (label === undefined || box.label === label) &&
      (image === undefined || endsWithFile(box.image, image)) &&
      box.score < below &&
      box.score >= from &&
      (ids === undefined || ids.has(box.id));
  }

  private requireClass(label: string): void {
    if (!this.classes.includes(label))
      throw new DetLabError(
        `Cannot review "${label}": the classes are ${this.classes.join(', ')}.${didYouMean(label, [...this.classes])}`,
      );
  }

  /**
   * Boxes that are labels.
   * @example pseudo.accept({ label: 'car', from: 0.6 })
   */
  accept(filter: PseudoFilter): PseudoLabels {
    return this.set(filter, 'accepted');
  }

  /**
   * Boxes that are none.
   * @example pseudo.reject({ image: '00012.jpg' }).reject(({ bbox: [x1, , x2] }) => x2 - x1 < 8)
   */
  reject(filter: PseudoFilter): PseudoLabels {
    return this.set(filter, 'rejected');
  }

  /**
   * Another class or box for a label, by its number.
   * @throws DetLabError for a number that there is not
   */
  edit(id: number, change: { label?: string; bbox?: readonly [number, number, number, number] }): PseudoLabels {
    checkMethod('PseudoLabels.edit', change);
    const box = this.boxes.find((one) => one.id === id);
    if (!box)
      throw new DetLabError(`Cannot edit pseudo-label ${nameOfValue(id)}: expected one of 1 to ${this.boxes.length}`);
    if (change.label !== undefined) this.requireClass(change.label);
    const edited = { ...(change.bbox ? withoutOutline(box) : box), ...change, status: 'accepted' as const };
    return this.with(this.boxes.map((one) => (one.id === id ? edited : one)));
  }

  /**
   * What a person has made of the file of `save('pseudo.json')`: boxes that are missing are rejected, others as they are there now.
   * @throws DetLabError for a file that is none, naming the annotation
   */
  review(file: string): PseudoLabels {
    return this.with(reviewedBoxes(file, this.classes, this.images, this.boxes));
  }

  /**
   * Images with their boxes, scores and numbers; those that are rejected are left out.
   * @example pseudo.browse({ limit: 48, threshold: 0.5 }).save('pseudo.html')
   */
  browse(options: DrawingOptions = {}): LiveImages {
    checkMethod('PseudoLabels.browse', options);
    const { limit = SHOWN, ...drawing } = options;
    const shown = this.images.filter(({ path }) =>
      this.boxes.some((box) => box.image === path && box.status !== 'rejected'),
    );
    const images = shown.slice(0, limit).map(({ id, path, width, height }) => ({
      source: path.split(/[\\/]/).at(-1) ?? path,
      pixels: () => decodeImage(path, id),
      width,
      height,
      boxes: this.boxes
        .filter(({ image, status }) => image === path && status !== 'rejected')
        .map((box) => ({
          bbox: [...box.bbox] as [number, number, number, number],
          label: this.classes.indexOf(box.label),
          score: box.score,
          ...(box.status === 'unsure' && { state: 'ignored' as const }),
          ...(box.mask && { mask: box.mask }),
          ...(box.corners && { corners: [...box.corners] }),
          note: `pseudo-label ${box.id}, ${box.status}`,
        })),
    }));
    return new LiveImages(images, {
      title: `${this.what}: ${images.length} of ${shown.length} images`,
      classes: [...this.classes],
      color: 'class',
      threshold: 0,
      limit: Math.max(1, images.length),
      ...drawing,
    });
  }

  /** Boxes by class and status, with the scores of those accepted. */
  table(): Table {
    const counts = (label: string | undefined, status: PseudoStatus) =>
      this.boxes.filter((box) => (label === undefined || box.label === label) && box.status === status);
    const row = (title: string, label: string | undefined) => {
      const accepted = counts(label, 'accepted');
      const mean = accepted.reduce((sum, { score }) => sum + score, 0) / Math.max(1, accepted.length);
      const numbers = [accepted, counts(label, 'unsure'), counts(label, 'rejected')].map(({ length }) =>
        length.toLocaleString('en'),
      );
      return [title, ...numbers, accepted.length > 0 ? mean.toFixed(3) : '–'];
    };
    const { records } = this.train;
    return {
      title: `${this.what}: ${records.length} of ${this.images.length} images`,
      columns: [
        { title: 'class' },
        ...['accepted', 'unsure', 'rejected', 'mean score'].map((title) => ({ title, align: 'right' as const })),
      ],
      rows: [...this.classes.map((name) => row(name, name)), row('all', undefined)],
      strong: [this.classes.length],
      note: 'look at them before training: .browse(), .reject({ label, below }), .save("pseudo.json") and .review("pseudo.json")',
    };
  }

  protected formats(): Formats {
    const { boxes, classes, images } = this;
    const rows = boxes.map(({ id, image, label, score, bbox, status }) => [id, image, label, score, ...bbox, status]);
    return {
      json: () => cocoOfBoxes(classes, images, boxes),
      csv: () => csvText(['id', 'image', 'label', 'score', 'x1', 'y1', 'x2', 'y2', 'status'], rows),
      html: async () => `${tableHtml(this.table())}\n${await this.browse().html()}`,
      png: () => this.browse().png(),
      txt: () => `${this}\n`,
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    return {
      'text/html': `${tableHtml(this.table())}\n${await this.browse().html()}`,
      'text/markdown': tableMarkdown(this.table()),
      'text/plain': this.toString(),
    };
  }

  toString(): string {
    return tableText(this.table());
  }
}

/** The detections of a model in the images, as labels by their scores. */
export function pseudoLabelsOf(
  name: string,
  found: PredictionList,
  ids: ReadonlyMap<string, number>,
  {
    threshold,
    ignore,
    weights,
    standard,
  }: Pick<PseudoLabelOptions, 'threshold' | 'ignore' | 'weights'> & { standard?: number },
): PseudoLabels {
  const { classes } = found;
  const thresholds = thresholdsOf(classes, threshold, standard);
  const images: PseudoImage[] = [];
  const boxes: PseudoBox[] = [];
  for (const [i, predictions] of found.entries()) {
    const { from, source, width, height } = predictions;
    const path = from.file ?? source;
    images.push({ id: ids.get(path) ?? i + 1, path, width, height });
    for (const { label, score, bbox, rbox, mask } of predictions) {
      const limit = thresholds.get(label) ?? 1;
      if (score < Math.min(limit, ignore ?? limit)) continue;
      const status = score >= limit ? 'accepted' : 'unsure';
      const corners = rbox && { corners: [...rotatedCorners(Float32Array.from(rbox))] };
      boxes.push({ id: boxes.length + 1, image: path, label, score, bbox, status, ...(mask && { mask }), ...corners });
    }
  }
  return new PseudoLabels(name, classes, images, boxes, weights);
}
