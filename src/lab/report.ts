// The report of an evaluation, with its speed, displayed as a table of AP.

import { inspect } from 'node:util';
import type { ThresholdGoal } from '../analysis/score-curves';
import type { DataProblem } from '../data';
import { DetLabError } from '../errors';
import type { ClassReport, EvaluationReport, EvaluationResults, MetricValues } from '../evaluation';
import { mmdetectionNames } from '../evaluation';
import { apTable } from '../visualization/ap-table';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import type { LiveImages } from '../visualization/live-images';
import { csvText, saveAs } from '../visualization/savable';
import { type Table, tablesBundle, tableText } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';
import { type CocoErrors, type CocoErrorsOptions, cocoErrorsOf } from './coco-errors';
import { ConfusionMatrix, type ConfusionMatrixOptions } from './confusion-matrix';
import { type ErrorPageOptions, ErrorReport, type ErrorsOptions } from './error-report';
import { checkMethod } from './method-options';
import { type CurvesOptions, type ReportCurves, reportCurves } from './report-curves';
import { type ReportGalleryOptions, reportGallery } from './report-gallery';
import type { ReportPage } from './report-page';
import { type ReportSlices, reportSlices, type Slice } from './report-slices';
import { type ReportThreshold, reportThreshold, type ThresholdOptions } from './report-threshold';
import type { Robustness } from './robustness';

const DEFAULT_SLICES: readonly Slice[] = ['size', 'objects', 'crowding'];

export interface ReportParts {
  /** Of a run that was stopped: after what this evaluation was made, and where the run ended. */
  unfinished?: string;
  results?: EvaluationResults;
  /** Files that the metrics wrote. */
  files?: readonly string[];
  /** Of an evaluation with `slices`. */
  sliced?: ReportSlices;
  /** Of an evaluation with `corruptions`. */
  robustness?: Robustness;
  /** Of a semi-supervised detector whose teacher and student were evaluated; this report is of one of them. */
  twins?: readonly { name: string; report: Report }[];
}

/** The metrics of an evaluation, over all classes and of each: of `evaluate` and `fit`. Those of COCO are from 0 to 1. */
export class Report implements EvaluationReport, Displayable {
  readonly metric: string;
  readonly metrics: MetricValues;
  readonly perClass: ClassReport[];
  readonly images: number;
  readonly truths: number;
  readonly detections: number;
  readonly problems: DataProblem[];
  /** Of a run that was stopped: after what this evaluation was made, and where the run ended. */
  readonly unfinished: string | undefined;
  /** The files that the metrics wrote (`outfile_prefix`, DumpDetResults), absolute. */
  readonly files: readonly string[];
  /** What a run logs of it, under MMDetection's names. */
  readonly logged: MetricValues | undefined;
  /**
   * The evaluated images with their detections: { dataset, images: [{ imageId, record, detections }], metric }. Not enumerable, so
   * that a printed or serialized report stays small. Undefined in a report that was not made by `evaluate` or `fit`.
   */
  declare readonly results: EvaluationResults | undefined;
  /** The slices of `evaluate(data, { slices: [...] })`, displayed below the table. Not enumerable. */
  declare readonly sliced: ReportSlices | undefined;
  /** P, mPC and rPC of `evaluate(data, { corruptions: 'benchmark' })`, displayed below the table. Not enumerable. */
  declare readonly robustness: Robustness | undefined;
  /** Those of teacher and student, where both were evaluated (TeacherStudentValLoop). Not enumerable. */
  declare readonly twins: ReportParts['twins'];

  constructor(
    report: EvaluationReport,
    /** Name of the dataset. */
    readonly data: string,
    /** Wall-clock time of loading, prediction and metric. */
    readonly seconds: number,
    { unfinished, results, files = [], sliced, robustness, twins }: ReportParts = {},
  ) {
    this.metric = report.metric;
    this.metrics = report.metrics;
    this.perClass = report.perClass;
    this.images = report.images;
    this.truths = report.truths;
    this.detections = report.detections;
    this.problems = report.problems;
    this.unfinished = unfinished;
    this.files = files;
    this.logged = report.logged;
    Object.defineProperty(this, 'results', { value: results, enumerable: false });
    Object.defineProperty(this, 'sliced', { value: sliced, enumerable: false });
    Object.defineProperty(this, 'robustness', { value: robustness, enumerable: false });
    Object.defineProperty(this, 'twins', { value: twins, enumerable: false });
  }

  /**
   * Precision-recall, precision / recall / F1 against the score, and calibration, of all classes and each.
   * @example report.curves({ iou: 0.75 }).save('curves.html')
   */
  curves(options?: CurvesOptions): ReportCurves {
    checkMethod('Report.curves', options);
    return reportCurves(resultsOf(this, 'draw the curves'), options);
  }

  /**
   * The threshold with the highest F1 ('best'), that which reaches a precision, or what a score gives, with its band.
   * @example report.threshold({ precision: 0.9 }).score
   */
  threshold(goal?: ThresholdGoal, options?: ThresholdOptions): ReportThreshold {
    checkMethod('Report.threshold', options);
    return reportThreshold(resultsOf(this, 'choose a threshold'), goal, options);
  }

  /**
   * Kinds of error (TIDE's six) with what each costs in AP; `.filter(...)`, `.gallery(...)` and `.perImage()` show where.
   *
   * @example run.report.errors().filter({ kind: 'missed', size: 'small' }).gallery({ worst: 10 })
   * @throws DetLabError for an unknown option and for thresholds that are none
   */
  errors(options?: ErrorsOptions): ErrorReport {
    checkMethod('Report.errors', options);
    return ErrorReport.of(resultsOf(this, 'list the errors'), options, this.table());
  }

  /**
   * COCO's error analysis (C75, C50, Loc, Sim, Oth, BG, FN) with MMDetection's chart: `.classes` has the curves.
   * @example report.cocoErrors({ class: 'car', area: 'small' }).save('car.png')
   * @throws DetLabError for a class that there is not
   */
  cocoErrors(options?: CocoErrorsOptions): CocoErrors {
    checkMethod('Report.cocoErrors', options);
    return cocoErrorsOf(this.data, resultsOf(this, 'analyse the errors'), options);
  }

  /**
   * The metrics of slices: by the size of objects, by groups of classes, and of images by crowding, brightness, number of objects,
   * any field of the annotation file, or a function.
   *
   * @example await report.slices(['size', 'weather', { groups: { vehicles: ['car', 'bus'] } }])
   * @throws DetLabError for a field that the images do not have, and for a class that there is not
   */
  async slices(slices: readonly Slice[] = DEFAULT_SLICES): Promise<ReportSlices> {
    checkMethod('Report.slices', { slices });
    return reportSlices(this, resultsOf(this, 'slice the evaluation'), slices);
  }

  /**
   * The confusion matrix: rows are the classes of the truths, columns those of the detections, the last is background. It counts
   * as MMDetection's confusion_matrix.py, where a detection counts for every object it overlaps; `rule: 'evaluator'` counts each
   * once, by the matches of AP. A click on a cell shows its images.
   *
   * @example report.confusion({ score: 0.3, iou: 0.5, normalize: true }).save('confusion.html')
   */
  confusion(options?: ConfusionMatrixOptions): ConfusionMatrix {
    checkMethod('Report.confusion', options);
    return ConfusionMatrix.of(resultsOf(this, 'draw the confusion matrix'), options);
  }

  /**
   * The evaluated images with truths and detections as live data: class, score, IoU and which truth it met.
   * @example report.gallery({ limit: 12, color: 'state' })
   */
  gallery(options?: ReportGalleryOptions): LiveImages {
    checkMethod('Report.gallery', options);
    return reportGallery(resultsOf(this, 'show the images'), options);
  }

  /**
   * One page that says where the model errs: kinds of error, the worst images, the confusion matrix, thresholds and curves.
   *
   * @example await report.page({ worst: 10, precision: 0.9 }).save('errors.html')
   */
  page(options: ErrorPageOptions & ErrorsOptions = {}): ReportPage {
    checkMethod('Report.page', options);
    const { worst, precision, score, ...kinds } = options;
    return this.errors(kinds).page({ worst, precision, score });
  }

  get secondsPerImage(): number {
    return this.seconds / Math.max(1, this.images);
  }

  /** Metrics with the names of MMDetection's logs: `coco/bbox_mAP`, `pascal_voc/mAP`. */
  logNames(): MetricValues {
    if (this.twins)
      return Object.fromEntries(
        this.twins.flatMap(({ name, report }) =>
          Object.entries(report.logNames()).map(([metric, value]) => [`${name}/${metric}`, value]),
        ),
      );
    if (this.logged || this.metric === 'CocoMetric') return this.logged ?? mmdetectionNames(this);
    return Object.fromEntries(Object.entries(this.metrics).map(([name, value]) => [`${this.metric}/${name}`, value]));
  }

  /** The same report with other parts. */
  private withParts(changes: ReportParts): Report {
    const { results, files, sliced, robustness, unfinished, twins } = this;
    const parts = { results, files, sliced, robustness, unfinished, twins, ...changes };
    return new Report(this, this.data, this.seconds, parts);
  }

  /** The same report as one of a run that was stopped. */
  ofUnfinished(unfinished: string): Report {
    return this.withParts({ unfinished });
  }

  /** The same report with slices, which are displayed below its table. */
  withSlices(sliced: ReportSlices): Report {
    return this.withParts({ sliced });
  }

  /** The same report with the robustness to corruptions, which is displayed below its table. */
  withRobustness(robustness: Robustness): Report {
    return this.withParts({ robustness });
  }

  /** The same report as one of several detectors in one, whose tables are displayed. */
  withTwins(twins: NonNullable<ReportParts['twins']>): Report {
    return this.withParts({ twins });
  }

  /** The tables of teacher and student, where both were evaluated; else its own. */
  mainTables(title = this.data): [Table, ...Table[]] {
    const [first, ...others] = (this.twins ?? []).map(({ name, report }) => report.table(`${title}, ${name}`));
    return first ? [first, ...others] : [this.table(title)];
  }

  /** The table, and those of slices and robustness. */
  private tables(): [Table, ...Table[]] {
    return [...this.mainTables(), ...[this.sliced, this.robustness].flatMap((part) => (part ? [part.table()] : []))];
  }

  table(title = this.data): Table {
    const table = apTable(this, title);
    const written = this.files.length > 0 ? `written: ${this.files.join(', ')}` : undefined;
    const notes = [table.note, this.unfinished, written].filter((line) => line !== undefined);
    return { ...table, note: notes.join('; ') };
  }

  /** Writes the numbers as .html, .csv, .json, .svg, .png or .txt; returns the absolute path. */
  save(file: string): Promise<string> {
    const { metric, metrics, perClass, images, truths, detections, problems, data, seconds, unfinished } = this;
    const names = Object.keys(metrics);
    const rows = [
      ['all', truths, ...names.map((name) => metrics[name])],
      ...perClass.map((one) => [one.class, one.truths, ...names.map((name) => one.metrics[name] ?? '')]),
    ];
    const twins = this.twins?.map(({ name, report }) => ({ name, metrics: report.metrics, perClass: report.perClass }));
    const numbers = { data, metric, metrics, perClass, images, truths, detections, problems, seconds, unfinished };
    const json = { ...numbers, ...(twins && { twins }) };
    const formats = {
      ...tableFormats(json, ...this.mainTables()),
      csv: () => csvText(['class', 'truths', ...names], rows),
    };
    return saveAs(`the report on ${data}`, formats, file);
  }

  [JUPYTER_DISPLAY](): MimeBundle {
    return tablesBundle(...this.tables());
  }

  toString(): string {
    return this.tables()
      .map((table) => tableText(table))
      .join('\n\n');
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** @throws DetLabError for a report that has only numbers */
export function resultsOf({ data, results }: Report, what: string): EvaluationResults {
  if (results && results.images.length > 0) return results;
  throw new DetLabError(
    `Cannot ${what} of "${data}": the report has no detections. Evaluate the model: await model.evaluate(data)`,
  );
}
