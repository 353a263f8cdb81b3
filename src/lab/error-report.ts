// `report.errors()`: kinds of error with their numbers and the AP that each costs; filtered, image by image, and as a gallery.

import path from 'node:path';
import { type Correction, type ErrorCosts, errorCosts } from '../analysis/error-costs';
import { checkFilter, type ErrorFilter, filterText, selection } from '../analysis/error-filter';
import {
  classifyErrors,
  codeOf,
  ERROR_KINDS,
  type ErrorInput,
  type ErrorKind,
  type ErrorKindOptions,
  type ErrorRows,
  errorInput,
  TIDE_NAMES,
} from '../analysis/error-kinds';
import { apByImage } from '../analysis/image-ap';
import { errorsByImage, type ImageErrors } from '../analysis/image-errors';
import { pooledMatches } from '../analysis/ranked-matches';
import { DetLabError } from '../errors';
import type { EvaluationResults } from '../evaluation';
import { counted } from '../visualization/ap-table';
import type { MimeBundle } from '../visualization/display';
import type { DrawingOptions } from '../visualization/drawing-options';
import { sheetBytes } from '../visualization/image-figure';
import { LiveImages } from '../visualization/live-images';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableHtml, tableMarkdown, tableText } from '../visualization/table';
import { tableSvg } from '../visualization/table-svg';
import { classColours } from './class-colours';
import { ConfusionMatrix } from './confusion-matrix';
import { evaluatedImage } from './evaluated-images';
import { ImageErrorTable } from './image-error-table';
import { checkMethod } from './method-options';
import { reportCurves } from './report-curves';
import { ReportPage } from './report-page';
import { reportThreshold } from './report-threshold';

/** Options of `report.errors`. */
export interface ErrorsOptions extends ErrorKindOptions {
  /** Loss of images by id, for galleries and tables; `model.errors(data, { losses: true })` computes it. */
  losses?: ReadonlyMap<number, number>;
}

/** Which images a gallery of errors shows, and how they are drawn. */
export interface GalleryOptions extends DrawingOptions {
  /** Number of images. Default 20. */
  worst?: number;
  /** AP of the image alone, lowest first; its loss, highest first; or a kind: the errors of it, weighted by score. Default AP. */
  by?: 'AP' | 'loss' | ErrorKind;
}

/** What a page of errors shows first. */
export interface ErrorPageOptions {
  /** Number of worst images. Default 10. */
  worst?: number;
  /** The precision that a threshold is chosen for. Default 0.9. */
  precision?: number;
  /** Lowest score of the boxes that are shown at first, and of the confusion matrix. Default 0.3. */
  score?: number;
}

/** One kind of error. */
export interface KindCount {
  kind: ErrorKind;
  /** Detections, or missed objects. */
  count: number;
  /** Detections that would be of this kind, but are ignored: matched to a crowd or a difficult object. tidecv counts them too. */
  ignored: number;
  /** AP that would be gained without these errors. */
  dAP: number;
  /** Of the sum over all kinds. */
  share: number;
}

/** What is classified and computed once, whatever the filter. */
interface Shared {
  results: EvaluationResults;
  input: ErrorInput;
  rows: ErrorRows;
  losses?: ReadonlyMap<number, number>;
  ap?: Table;
  aps?: Float64Array;
}

/** The errors of a detector by kind, and the AP that each kind costs (TIDE). */
export class ErrorReport extends SavableDisplay {
  protected readonly what = 'errors';
  private readonly selected: Correction | undefined;
  private known?: ErrorCosts;

  private constructor(
    private readonly shared: Shared,
    /** What is looked at: see `filter`. */
    readonly filters: ErrorFilter,
  ) {
    super();
    Object.defineProperty(this, 'shared', { enumerable: false });
    const { rows, results } = shared;
    const isFiltered = Object.values(filters).some((value) => value !== undefined);
    this.selected = isFiltered ? selection(rows, results.dataset.classes, filters) : undefined;
  }

  /**
   * @param ap the table of AP, for pages
   * @throws DetLabError for thresholds that are none
   */
  static of(results: EvaluationResults, { losses, ...options }: ErrorsOptions = {}, ap?: Table): ErrorReport {
    const input = errorInput(results);
    return new ErrorReport({ results, input, rows: classifyErrors(input, options), losses, ap }, {});
  }

  /** IoU from which a detection finds an object. */
  get iou(): number {
    return this.shared.rows.matcher.iou;
  }

  /** All detections and objects with their kinds, as columns. */
  get rows(): ErrorRows {
    return this.shared.rows;
  }

  /** The AP that each kind costs; of a filtered report, that its errors cost. */
  get costs(): ErrorCosts {
    const { rows, results } = this.shared;
    this.known ??= errorCosts(rows, rows.matcher.classAgnostic ? 1 : results.dataset.classes.length, this.selected);
    return this.known;
  }

  /** The six kinds of error. */
  get kinds(): KindCount[] {
    const { detections, truths } = this.rows;
    const { kinds } = this.costs;
    const sum = ERROR_KINDS.reduce((total, kind) => total + kinds[kind], 0);
    return ERROR_KINDS.map((kind) => {
      const code = codeOf(kind);
      let [count, ignored] = [0, 0];
      for (let row = 0; row < detections.count; row++) {
        if (detections.cause[row] !== code || !(this.selected?.detection(row) ?? true)) continue;
        if (detections.ignored[row] === 1) ignored++;
        else count++;
      }
      if (kind === 'missed')
        for (let row = 0; row < truths.count; row++)
          if (truths.kind[row] === code && (this.selected?.truth(row) ?? true)) count++;
      return { kind, count, ignored, dAP: kinds[kind], share: sum === 0 ? 0 : kinds[kind] / sum };
    });
  }

  /** Detections that found an object. */
  get truePositives(): number {
    const { detections } = this.rows;
    let found = 0;
    for (let row = 0; row < detections.count; row++)
      if (detections.cause[row] === 0 && (this.selected?.detection(row) ?? true)) found++;
    return found;
  }

  /**
   * The errors of a class, size, score or kind; filters add up. The AP that they cost is gained if only they are corrected.
   *
   * @example report.errors().filter({ class: 'Platelets', size: 'small', score: [0.5, 1] }).gallery()
   * @throws DetLabError for an unknown class, size or kind, with the nearest
   */
  filter(filter: ErrorFilter): ErrorReport {
    const checked = checkFilter(filter, this.shared.results.dataset.classes);
    return new ErrorReport(this.shared, { ...this.filters, ...checked });
  }

  /** Errors image by image, worst first: a table that is sorted by a click on a column. */
  perImage(): ImageErrorTable {
    const { results, rows, losses } = this.shared;
    const images = this.ordered('AP').map((errors) => ({
      name: this.nameOf(errors.image),
      id: results.images[errors.image].imageId,
      ...errors,
      ap: this.aps[errors.image],
      loss: losses?.get(results.images[errors.image].imageId),
    }));
    return new ImageErrorTable(images, this.title, rows.matcher.iou);
  }

  /**
   * The worst images, truths on the left and predictions on the right.
   *
   * @example run.report.errors().gallery({ worst: 10, by: 'missed' })
   * @throws DetLabError for a `by` that is none, or the loss where it is not known
   */
  gallery(options: GalleryOptions = {}): LiveImages {
    checkMethod('ErrorReport.gallery', options);
    const { worst = 20, by = 'AP', ...drawing } = options;
    const chosen = this.ordered(by).slice(0, worst);
    const { results, rows, losses } = this.shared;
    const values = (image: number): Record<string, number> => {
      const loss = losses?.get(results.images[image].imageId);
      return { AP: this.aps[image], ...(loss !== undefined && { loss }) };
    };
    const images = chosen.map((errors, i) => {
      const shown = evaluatedImage({ results, rows, selected: this.selected, values }, errors.image);
      return { ...shown, caption: `${i + 1}. ${shown.source}: ${this.caption(errors)}` };
    });
    return new LiveImages(images, {
      ...classColours(results.dataset),
      title: `${images.length} images with the ${by === 'AP' ? 'lowest AP' : by === 'loss' ? 'highest loss' : `most errors: ${by}`}`,
      sideBySide: true,
      columns: 2,
      limit: Math.max(1, images.length),
      threshold: this.filters.score ? Math.max(0, this.filters.score[0]) : 0.3,
      ...drawing,
    });
  }

  /**
   * One page with the kinds of error, the worst images, the confusion matrix, curves and thresholds; `.save('errors.html')` of the
   * errors writes it too.
   */
  page(options: ErrorPageOptions = {}): ReportPage {
    checkMethod('ErrorReport.page', options);
    const { worst = 10, precision = 0.9, score = 0.3 } = options;
    const { results, rows } = this.shared;
    const { iou, masks } = rows.matcher;
    const gallery = this.gallery({ worst, threshold: score });
    const matches = pooledMatches(results, { ious: [iou], masks });
    const [costliest] = [...this.kinds].sort((a, b) => b.dAP - a.dAP);
    return new ReportPage({
      data: results.dataset.name,
      ap: this.shared.ap,
      kinds: this.table,
      costliest: `Most AP is lost to the kind "${costliest.kind}": ${costliest.dAP.toFixed(3)}, by ${counted(costliest.count, 'error')}`,
      gallery,
      confusion: ConfusionMatrix.of(results, { score, iou }),
      curves: reportCurves(results, { iou, masks }, matches),
      thresholds: [{ precision }, 'best' as const].map((goal) =>
        reportThreshold(results, goal, { iou, masks }, matches),
      ),
    });
  }

  /** All images with errors of the filter, in order of a value. */
  private ordered(by: NonNullable<GalleryOptions['by']>): ImageErrors[] {
    const { losses, results } = this.shared;
    if (by === 'loss' && !losses)
      throw new DetLabError(
        'Cannot order images by their loss: the report does not know it. Use await model.errors(data, { losses: true })',
      );
    const lossOf = ({ image }: ImageErrors) => losses?.get(results.images[image].imageId) ?? Number.NaN;
    const images = errorsByImage(this.rows, this.selected).filter(({ selected }) => !this.selected || selected > 0);
    const weight = ({ weights }: ImageErrors) => ERROR_KINDS.reduce((sum, kind) => sum + weights[kind], 0);
    // what has no value comes last; ties by the weight of all errors
    const rank = (errors: ImageErrors): number => {
      const value = by === 'AP' ? this.aps[errors.image] : by === 'loss' ? -lossOf(errors) : -errors.weights[by];
      return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
    };
    const keyed = images.map((errors) => ({ errors, key: rank(errors), weight: weight(errors) }));
    keyed.sort((a, b) => (a.key === b.key ? b.weight - a.weight : a.key - b.key));
    return keyed.map(({ errors }) => errors);
  }

  private get aps(): Float64Array {
    this.shared.aps ??= apByImage(this.shared.results, this.shared.rows, this.shared.input);
    return this.shared.aps;
  }

  private pathOf(image: number): string {
    return this.shared.results.images[image].record.path;
  }

  private nameOf(image: number): string {
    return path.basename(this.pathOf(image));
  }

  private caption({ kinds }: ImageErrors): string {
    const parts = ERROR_KINDS.filter((kind) => kinds[kind] > 0).map((kind) => `${kinds[kind]} ${kind}`);
    return parts.length === 0 ? 'no errors' : parts.join(', ');
  }

  private get title(): string {
    const words = filterText(this.filters);
    return `Errors on ${this.shared.results.dataset.name} at IoU ${this.iou}${words === '' ? '' : ` (${words})`}`;
  }

  /** Kinds, numbers, costs. */
  get table(): Table {
    const { costs, selected } = this;
    const asked = this.filters.kind === undefined ? undefined : new Set<string>([this.filters.kind].flat());
    const kinds = this.kinds.filter(({ kind }) => asked?.has(kind) ?? true);
    const points = (value: number) => value.toFixed(4);
    const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
    const ignored = kinds.reduce((sum, kind) => sum + kind.ignored, 0);
    return {
      title: this.title,
      columns: [
        { title: 'kind' },
        { title: 'TIDE' },
        ...['count', 'dAP', 'share'].map((title) => ({ title, align: 'right' as const })),
      ],
      rows: [
        ...kinds.map(({ kind, count, dAP, share }) => [
          kind,
          TIDE_NAMES[kind],
          count.toLocaleString('en'),
          points(dAP),
          percent(share),
        ]),
        ...(selected
          ? []
          : [
              ['all false positives', 'FalsePos', '', points(costs.falsePositives), ''],
              ['all false negatives', 'FalseNeg', '', points(costs.falseNegatives), ''],
            ]),
      ],
      bars: { column: 4, values: kinds.map(({ share }) => share) },
      note: [
        `AP ${points(costs.ap)} at this IoU; dAP: what it gains without these errors`,
        ...(selected ? [] : [counted(this.truePositives, 'true positive')]),
        ...(ignored > 0 ? [`${counted(ignored, 'error')} on crowds or difficult objects, which do not count`] : []),
        ...this.truthless(),
      ].join('. '),
    };
  }

  /** tidecv's mean AP has classes that COCO's leaves out. */
  private truthless(): string[] {
    const { rows, results } = this.shared;
    const { detections, truths, matcher } = rows;
    if (!matcher.countsTruthless || matcher.classAgnostic) return [];
    const found = new Set(detections.label.subarray(0, detections.count));
    for (let row = 0; row < truths.count; row++)
      if (truths.kind[row] !== codeOf('ignored')) found.delete(truths.label[row]);
    const names = [...found].map((label) => results.dataset.classes[label]);
    return names.length === 0
      ? []
      : [`As in tidecv, classes that are detected without being there count as AP 0: ${names.join(', ')}`];
  }

  protected formats(): Formats {
    const svg = () => tableSvg(this.table);
    return {
      html: () => this.page().html(),
      csv: () =>
        csvText(
          ['kind', 'tide', 'count', 'ignored', 'dAP', 'share'],
          this.kinds.map(({ kind, count, ignored, dAP, share }) => [
            kind,
            TIDE_NAMES[kind],
            count,
            ignored,
            dAP,
            share,
          ]),
        ),
      json: () => this.json(),
      svg,
      png: () => sheetBytes(svg(), 'png'),
      txt: () => `${this}\n`,
    };
  }

  private json(): unknown {
    const { costs, filters, iou, kinds, truePositives } = this;
    const { background, matcher } = this.rows;
    return {
      data: this.shared.results.dataset.name,
      iou,
      background,
      masks: matcher.masks,
      ...(this.selected && { filter: filters }),
      ap: costs.ap,
      truePositives,
      kinds,
      falsePositives: costs.falsePositives,
      falseNegatives: costs.falseNegatives,
    };
  }

  protected bundle(): MimeBundle {
    return {
      'text/html': tableHtml(this.table),
      'text/markdown': tableMarkdown(this.table),
      'text/plain': this.toString(),
    };
  }

  toString(): string {
    return tableText(this.table);
  }
}
