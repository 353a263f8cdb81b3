// `report.curves()`: precision-recall, precision / recall / F1 against the score, and calibration, of all classes and each.

import type { BootstrapOptions } from '../analysis/bootstrap';
import { calibration } from '../analysis/calibration';
import { f1Bands } from '../analysis/f1-band';
import { meanPrecisionRecall, type PrecisionRecall, precisionRecall } from '../analysis/precision-recall';
import { type PooledMatches, pooledMatches } from '../analysis/ranked-matches';
import { choosePoint, pointAt, type ScoreCounts, scoreCounts } from '../analysis/score-curves';
import type { EvaluationResults } from '../evaluation';
import { drawingPng } from '../visualization/chart';
import type { MimeBundle } from '../visualization/display';
import {
  type CurveSeries,
  type CurvesOfIou,
  curvePlots,
  curvesHtml,
  seriesCells,
  seriesColumns,
} from '../visualization/evaluation-curves';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableMarkdown, tableText } from '../visualization/table';
import { plotsFile, plotsPng } from '../visualization/unit-plot';

/** At which IoU, and for which classes, curves are drawn. */
export interface CurvesOptions extends BootstrapOptions {
  /** IoU from which a detection finds an object, or several to choose from. Default 0.5. */
  iou?: number | readonly number[];
  /** Bins of the calibration, equally wide. Default 10. */
  bins?: number;
  /** Match masks instead of boxes. */
  masks?: boolean;
}

/** Up to as many distinct scores, every one is in the curves. */
const EXACT_SCORES = 400;
const GRID = 200;
const KEPT_POINTS = 300;
/** With more classes, only the curve of all has a band. */
const BANDED_CLASSES = 20;
/** Precisions whose thresholds are exact in curves of many scores. */
const GOALS = [
  'best',
  ...[0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99].map((precision) => ({ precision })),
] as const;

/** The curves of an evaluation: displayed with a rule to drag; saved as .html, .svg, .png, .csv or .json. */
export class ReportCurves extends SavableDisplay {
  protected readonly what = 'curves';

  constructor(
    /** Per IoU, all classes first, then each in label order. */
    readonly data: readonly CurvesOfIou[],
    /** Name of the dataset. */
    readonly title: string,
    private readonly note: string,
  ) {
    super();
  }

  protected formats(): Formats {
    return {
      png: () => plotsPng(curvePlots(this.data[0])),
      svg: () => plotsFile(curvePlots(this.data[0]), 'white'),
      html: () => this.html(),
      csv: () => this.csv(),
      json: () => ({ data: this.title, note: this.note, ious: this.data }),
      txt: () => `${this}\n`,
    };
  }

  /** The curves alone, for notebooks and pages. */
  html(): Promise<string> {
    return curvesHtml(this.data, this.title, this.note);
  }

  private csv(): string {
    const rows = this.data.flatMap(({ iou, series }) =>
      series.flatMap(({ name, positives, counts: { scores, trues, counted } }) =>
        scores.map((score, i) => {
          const wrong = counted[i] - trues[i];
          const rates = [trues[i] / counted[i], trues[i] / positives, (2 * trues[i]) / (counted[i] + positives)];
          return [iou, name, score, trues[i], wrong, positives, ...rates];
        }),
      ),
    );
    const counts = ['true_positives', 'false_positives', 'truths'];
    return csvText(['iou', 'class', 'score', ...counts, 'precision', 'recall', 'f1'], rows);
  }

  private tables(): Table[] {
    return this.data.map(({ iou, series }) => ({
      title: this.title,
      columns: seriesColumns(iou).map((title, i) => ({
        title,
        align: i === 0 ? ('left' as const) : ('right' as const),
      })),
      rows: series.map(seriesCells),
      strong: [0],
      note: this.note,
    }));
  }

  protected async bundle(): Promise<MimeBundle> {
    return {
      'text/html': await this.html(),
      'text/markdown': this.tables().map(tableMarkdown).join('\n\n'),
      'image/png': (await drawingPng(plotsFile(curvePlots(this.data[0]), 'white'))).toString('base64'),
      'text/plain': this.toString(),
    };
  }

  toString(): string {
    return this.tables().map(tableText).join('\n\n');
  }
}

/**
 * @param matches those at the IoUs, where they are at hand
 * @throws DetLabError for an IoU that is none
 */
export function reportCurves(
  results: EvaluationResults,
  options: CurvesOptions = {},
  matches?: PooledMatches,
): ReportCurves {
  const { iou = 0.5, masks, resamples, seed } = options;
  const ious = [...new Set([iou].flat())].sort((a, b) => a - b);
  const { maxDets, images, ...found } = matches ?? pooledMatches(results, { ious, masks });
  const data = ious.map((value, t) => ({ iou: value, series: seriesOf(found, t, options) }));
  const note =
    `All classes: precision-recall is the mean of the classes, the rest counts the detections of all classes together. ` +
    `COCO's matching, at most ${maxDets} detections of a class and image, crowds left out. Pale band: 95% of ${resamples ?? 1000} ` +
    `draws of the ${images} images (seed ${seed ?? 0})`;
  return new ReportCurves(data, results.dataset.name, note);
}

function seriesOf(
  { classes, pool }: Pick<PooledMatches, 'classes' | 'pool'>,
  t: number,
  options: CurvesOptions,
): CurveSeries[] {
  const { bins, resamples, seed } = options;
  const all = [pool, ...classes];
  const curves = classes.map((one) => precisionRecall(one, t));
  const banded = classes.length <= BANDED_CLASSES ? all : [pool];
  const bands = pool.truths.length > 0 ? f1Bands(banded, { iou: t, resamples, seed }) : [];
  return all.map((one, s) => {
    const curve: PrecisionRecall = s === 0 ? meanPrecisionRecall(curves) : curves[s - 1];
    const counts = scoreCounts(one, t);
    const { ece, mce, count, bins: list } = calibration(one, t, bins);
    return {
      name: one.name,
      positives: one.positives,
      ap: curve.ap,
      envelope: Array.from(curve.envelope),
      points: thinned(curve.points),
      counts: shownCounts(counts),
      best: choosePoint(counts, 'best'),
      band: bands[s],
      calibration: {
        ece: finite(ece),
        mce: finite(mce),
        count,
        bins: list.map((bin) => ({ ...bin, confidence: finite(bin.confidence), accuracy: finite(bin.accuracy) })),
      },
    };
  });
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function thinned<T>(points: readonly T[]): T[] {
  const step = Math.max(1, Math.ceil(points.length / KEPT_POINTS));
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

/** The counts at every score, or, of many, at even scores and those that thresholds are asked for. */
function shownCounts(counts: ScoreCounts): CurveSeries['counts'] {
  const { scores, trues, counted } = counts;
  if (scores.length <= EXACT_SCORES)
    return { scores: Array.from(scores), trues: Array.from(trues), counted: Array.from(counted) };
  const even = Array.from({ length: GRID + 1 }, (_, i) => i / GRID);
  const exact = GOALS.flatMap((goal) => choosePoint(counts, goal)?.score ?? []);
  const kept = [...new Set([...even, ...exact])].sort((a, b) => b - a).filter((score) => score <= scores[0]);
  const points = kept.map((score) => pointAt(counts, score));
  return {
    scores: kept,
    trues: points.map(({ truePositives }) => truePositives),
    counted: points.map(({ truePositives, falsePositives }) => truePositives + falsePositives),
  };
}
