// `report.cocoErrors()`: COCO's error analysis as MMDetection's coco_error_analysis.py draws it, with the mean precision of every
// stage and class as a table.

import {
  type ClassErrorCurves,
  cocoErrorAnalysis,
  ERROR_AREAS,
  ERROR_STAGES,
  supercategoriesOf,
} from '../analysis/coco-error-analysis';
import { DetLabError, didYouMean } from '../errors';
import { type EvaluationResults, evaluatesMasks, MaskOverlaps, truthsOfRecord } from '../evaluation';
import type { MimeBundle } from '../visualization/display';
import { errorAnalysisSvg } from '../visualization/error-analysis-chart';
import { sheetBytes } from '../visualization/image-figure';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableHtml, tablesBundle, tableText } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';

export interface CocoErrorsOptions {
  /** Size of the objects that the chart and the table are of. Default 'allarea'. */
  area?: (typeof ERROR_AREAS)[number];
  /** The class of the chart; default: the mean over all. */
  class?: string;
  /** Of masks instead of boxes. Default false. */
  masks?: boolean;
}

/** What each stage counts as right, or no longer as an error. */
const FORGIVEN = [
  'IoU 0.75',
  'IoU 0.5',
  'any place, IoU 0.1',
  'similar class',
  'any class',
  'on the background',
  'missed',
];

export class CocoErrors extends SavableDisplay {
  protected readonly what = 'error analysis';

  constructor(
    readonly data: string,
    /** Of each class, [stages][areas][101]: precision at recalls 0, 0.01 .. 1. */
    readonly classes: readonly ClassErrorCurves[],
    private readonly shown: CocoErrorsOptions = {},
  ) {
    super();
    for (const key of ['what', 'shown']) Object.defineProperty(this, key, { enumerable: false });
    const names = classes.map((row) => row.class);
    if (shown.class !== undefined && !names.includes(shown.class))
      throw new DetLabError(
        `Cannot show the errors of "${shown.class}": there is no such class.${didYouMean(shown.class, names)} Classes: ${names.join(', ')}`,
      );
  }

  private get area(): number {
    return ERROR_AREAS.indexOf(this.shown.area ?? 'allarea');
  }

  private get sizes(): string {
    const area = ERROR_AREAS[this.area];
    return area === 'allarea' ? 'all sizes' : `${area} objects`;
  }

  /** Of each stage, C75 to FN, the mean over some classes. */
  private stages(classes: readonly ClassErrorCurves[]): Float64Array[] {
    return ERROR_STAGES.map((_, stage) => {
      const curves = classes.map((row) => row.curves[stage][this.area]);
      return Float64Array.from(
        { length: 101 },
        (_, k) => curves.reduce((sum, curve) => sum + curve[k], 0) / curves.length,
      );
    });
  }

  private table(): Table {
    const rows = [{ class: 'all', stages: this.stages(this.classes) }];
    for (const row of this.classes) rows.push({ class: row.class, stages: this.stages([row]) });
    const mean = (curve: Float64Array) => curve.reduce((a, b) => a + b, 0) / curve.length;
    return {
      title: `${this.data}: precision as errors are forgiven, ${this.sizes}`,
      columns: [{ title: 'class' }, ...ERROR_STAGES.map((title) => ({ title, align: 'right' as const }))],
      rows: rows.map((row) => [row.class, ...row.stages.map((curve) => mean(curve).toFixed(3))]),
      strong: [0],
      note:
        'C75, C50, Loc: IoU 0.75, 0.5, 0.1; Sim, Oth: without confusions within the supercategory, with any class; BG: without ' +
        'errors on the background; the rest to 1 is missed',
    };
  }

  private svg(): string {
    const { class: name } = this.shown;
    const classes = name === undefined ? this.classes : this.classes.filter((row) => row.class === name);
    const curves = this.stages(classes).map((precision, i) => ({
      name: ERROR_STAGES[i],
      meaning: FORGIVEN[i],
      precision,
    }));
    return errorAnalysisSvg({ title: `${name ?? 'all classes'}, ${this.sizes}`, curves });
  }

  protected formats(): Formats {
    const svg = () => this.svg();
    const rows = this.classes.flatMap(({ class: name, curves }) =>
      curves.flatMap((areas, stage) =>
        areas.flatMap((curve, area) =>
          Array.from(curve, (precision, k) => [name, ERROR_STAGES[stage], ERROR_AREAS[area], k / 100, precision]),
        ),
      ),
    );
    const json = {
      data: this.data,
      stages: ERROR_STAGES,
      areas: ERROR_AREAS,
      classes: this.classes.map((row) => ({
        class: row.class,
        curves: row.curves.map((areas) => areas.map((curve) => [...curve])),
      })),
    };
    return {
      ...tableFormats(json, this.table()),
      html: () => `${this.svg()}\n${tableHtml(this.table())}`,
      csv: () => csvText(['class', 'stage', 'area', 'recall', 'precision'], rows),
      svg,
      png: () => sheetBytes(svg(), 'png'),
    };
  }

  protected bundle(): MimeBundle {
    const bundle = tablesBundle(this.table());
    return { ...bundle, 'text/html': `${this.svg()}\n${bundle['text/html']}` };
  }

  toString(): string {
    return tableText(this.table());
  }
}

export function cocoErrorsOf(
  data: string,
  { dataset: { classes, categories }, images, metric }: EvaluationResults,
  options: CocoErrorsOptions = {},
): CocoErrors {
  if (options.masks && !evaluatesMasks(metric))
    throw new DetLabError(
      "Cannot analyse the errors of masks: expected a metric with 'segm'. Evaluate with metric: ['bbox', 'segm']",
    );
  const analysed = images.map(({ record, detections }) => ({ truths: truthsOfRecord(record), detections }));
  const overlaps = options.masks ? () => new MaskOverlaps() : undefined;
  const curves = cocoErrorAnalysis(analysed, classes, supercategoriesOf(classes, categories), overlaps);
  return new CocoErrors(data, curves, options);
}
