// The curves of an evaluation: precision against recall, precision, recall and F1 against the score with a rule to drag, and
// calibration. As SVG, and as HTML that a browser script (browser/evaluation-curves.ts) makes interactive.

import { drawingPng } from './chart';
import { escapeHtml } from './escape';
import { interactiveHtml } from './interactive';
import { colourOf } from './palette';
import { FRAME, plotsFile, plotX, plotY, type UnitPlot, unitPlot } from './unit-plot';

/** What is counted among the detections with at least a score. */
export interface ScorePoint {
  score: number;
  truePositives: number;
  falsePositives: number;
  missed: number;
  precision: number;
  recall: number;
  f1: number;
}

/** A class, or all of them; JSON values only. */
export interface CurveSeries {
  name: string;
  positives: number;
  /** -1 without objects. */
  ap: number;
  /** Precision at the recalls 0, 0.01 .. 1. */
  envelope: number[];
  /** [recall, precision] after each true positive, thinned. */
  points: [number, number][];
  /** Counts at descending scores. */
  counts: { scores: number[]; trues: number[]; counted: number[] };
  /** Highest F1. */
  best?: ScorePoint;
  /** 95% band of F1 at the scores 0, 0.01 .. 1. */
  band?: { low: number[]; high: number[] };
  calibration: {
    /** Null where there is nothing to average. */
    ece: number | null;
    mce: number | null;
    count: number;
    bins: { low: number; high: number; count: number; confidence: number | null; accuracy: number | null }[];
  };
}

export interface CurvesOfIou {
  iou: number;
  /** All classes first, then each in label order. */
  series: CurveSeries[];
}

const COLOURS = { precision: '#0a84ff', recall: '#2fb344', f1: '#e6194b' };
/** With more classes than these, only one is drawn at a time. */
const DRAWN_CLASSES = 10;

export const seriesColour = (index: number): string => (index === 0 ? 'currentColor' : colourOf(index - 1));

function recallPlot({ iou, series }: CurvesOfIou): UnitPlot {
  const curve = ({ envelope }: CurveSeries) => envelope.map((precision, r): [number, number] => [r / 100, precision]);
  const shown = series.length - 1 <= DRAWN_CLASSES ? series.slice(1) : [];
  const classes = shown.map((one, c) => ({
    part: `class ${c + 1}`,
    points: one.ap < 0 ? [] : curve(one),
    colour: seriesColour(c + 1),
    width: 1.3,
    opacity: 0.8,
    title: `${one.name}: AP ${one.ap.toFixed(3)}`,
  }));
  const raw = { part: 'raw', points: [], colour: 'currentColor', width: 1, opacity: 0.5 };
  const mean = { part: 'envelope', points: curve(series[0]), colour: 'currentColor', width: 2.5 };
  const dot = { part: 'operating point', at: [-1, -1] as const, colour: COLOURS.f1 };
  return {
    title: `Precision and recall, IoU ${iou}`,
    x: 'recall',
    y: 'precision',
    lines: [...classes, raw, mean],
    dots: [dot],
  };
}

/** [score, value] at each score, as steps: a count holds down to the next score. */
function steps({ counts: { scores } }: CurveSeries, value: (i: number) => number): [number, number][] {
  return scores.flatMap((score, i): [number, number][] => [
    [score, value(i)],
    [scores[i + 1] ?? 0, value(i)],
  ]);
}

function scorePlot(series: CurveSeries, rule: number | undefined): UnitPlot {
  const { counts, positives, band } = series;
  const { trues, counted } = counts;
  const values = {
    precision: (i: number) => trues[i] / counted[i],
    recall: (i: number) => trues[i] / positives,
    f1: (i: number) => (2 * trues[i]) / (counted[i] + positives),
  };
  const names = ['precision', 'recall', 'f1'] as const;
  const even = (list: number[]) => list.map((value, i): [number, number] => [i / (list.length - 1), value]);
  const x = plotX(rule ?? -1).toFixed(1);
  return {
    title: 'Against the score',
    x: 'score from which detections are kept',
    y: 'precision, recall, F1',
    legend: names.map((name) => ({ text: name === 'f1' ? 'F1' : name, colour: COLOURS[name] })),
    areas: [
      {
        part: 'band',
        points: band ? [...even(band.low), ...even(band.high).reverse()] : [],
        colour: COLOURS.f1,
        opacity: 0.15,
      },
    ],
    lines: names.map((name) => ({ part: name, points: steps(series, values[name]), colour: COLOURS[name] })),
    over: `<path data-part="rule" d="M${x} ${FRAME.top}V${plotY(0)}" stroke="currentColor" stroke-width="1.5" stroke-dasharray="4 3"/>`,
  };
}

function calibrationPlot({ calibration: { bins } }: CurveSeries): UnitPlot {
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const diagonal = { part: 'diagonal', points: [[0, 0] as const, [1, 1] as const], colour: 'currentColor' };
  return {
    title: 'Calibration',
    x: 'score',
    y: 'share that is right',
    lines: [{ ...diagonal, width: 1.2, dash: '5 4', opacity: 0.7 }],
    bars: bins.map(({ low, high, count, accuracy, confidence }) => ({
      from: low,
      to: high,
      height: accuracy ?? 0,
      colour: '#8e44ec',
      opacity: count === 0 ? 0 : 0.25 + 0.6 * Math.sqrt(count / most),
      title: `${count} detections of score ${low.toFixed(2)} to ${high.toFixed(2)}: ${(accuracy ?? 0).toFixed(3)} right, mean score ${(confidence ?? 0).toFixed(3)}`,
    })),
  };
}

/** The three plots of one IoU; of one class, or of all (0). */
export function curvePlots(curves: CurvesOfIou, index = 0): UnitPlot[] {
  const series = curves.series[index];
  return [recallPlot(curves), scorePlot(series, series.best?.score), calibrationPlot(series)];
}

const digits = (value: number | null | undefined): string =>
  value === undefined || value === null || !Number.isFinite(value) || value < 0 ? '–' : value.toFixed(3);

/** The cells of a class in the table below the plots. */
export function seriesCells({ name, positives, ap, best, calibration }: CurveSeries): string[] {
  return [
    name,
    positives.toLocaleString('en'),
    digits(ap),
    digits(best?.score),
    digits(best?.precision),
    digits(best?.recall),
    digits(best?.f1),
    digits(calibration.ece),
  ];
}

export const seriesColumns = (iou: number): string[] => [
  'class',
  'truths',
  `AP at IoU ${iou}`,
  'best score',
  'precision',
  'recall',
  'F1',
  'ECE',
];

function seriesTable({ iou, series }: CurvesOfIou): string {
  const cell = (tag: string, text: string, i: number, extra = '') =>
    `<${tag} style="text-align:${i === 0 ? 'left' : 'right'};padding:3px 8px;font-variant-numeric:tabular-nums" ${extra}>${text}</${tag}>`;
  const head = seriesColumns(iou).map((text, i) => cell('th', escapeHtml(text), i));
  const rows = series.map((one, s) => {
    const swatch = `<span style="display:inline-block;width:.8em;height:.8em;margin-right:.5em;background:${seriesColour(s)}"></span>`;
    const cells = seriesCells(one).map((text, i) => cell('td', (i === 0 ? swatch : '') + escapeHtml(text), i));
    return `<tr data-series="${s}" style="cursor:pointer"${s === 0 ? ' aria-selected="true"' : ''}>${cells.join('')}</tr>`;
  });
  return `<table style="border-collapse:collapse;margin:8px 0"><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** One line: what the detections from a score on are. */
export function pointText(point: ScorePoint | undefined): string {
  if (!point) return 'nothing is right at this IoU';
  const { score, precision, recall, f1, truePositives, falsePositives, missed } = point;
  return (
    `score ${score.toFixed(3)}: precision ${digits(precision)}, recall ${digits(recall)}, F1 ${digits(f1)} ` +
    `(${truePositives} right, ${falsePositives} wrong, ${missed} missed)`
  );
}

export function calibrationText({ ece, mce, count }: CurveSeries['calibration']): string {
  return `ECE ${digits(ece)}, MCE ${digits(mce)}, ${count.toLocaleString('en')} detections`;
}

/** The curves with a rule to drag, a precision to ask for, and a table of which each row is a class to look at. */
export async function curvesHtml(all: readonly CurvesOfIou[], title: string, note: string): Promise<string> {
  const [first] = all;
  const [series] = first.series;
  const button = 'style="font:inherit;margin-left:.6em"';
  const ious =
    all.length < 2
      ? ''
      : `<label>IoU <select data-part="iou" style="font:inherit">${all.map(({ iou }, i) => `<option value="${i}">${iou}</option>`).join('')}</select></label>`;
  const plot = (one: UnitPlot, below: string) => `<div style="min-width:0">${unitPlot(one)}${below}</div>`;
  const small = 'style="margin:2px 8px;min-height:2.6em;font-variant-numeric:tabular-nums"';
  const [recall, score, calibration] = curvePlots(first);
  const html = `<div style="font-weight:600;margin:4px 0">${escapeHtml(title)} <span data-part="name" style="font-weight:400">– ${escapeHtml(series.name)}</span> ${ious}</div>
<div style="display:grid;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr));gap:8px">
${plot(recall, `<p data-part="ap" ${small}>AP ${digits(series.ap)}</p>`)}
${plot(
  score,
  `<p data-part="numbers" role="status" ${small}>${escapeHtml(pointText(series.best))}</p>
<div data-part="controls" hidden style="margin:2px 8px"><button type="button" data-part="best" style="font:inherit">best F1</button><label style="margin-left:.6em">precision <input data-part="asked" type="number" min="0" max="1" step="0.01" value="0.9" style="font:inherit;width:5em"></label><button type="button" data-part="reach" ${button}>reach</button></div>`,
)}
${plot(calibration, `<p data-part="calibration" ${small}>${escapeHtml(calibrationText(series.calibration))}</p>`)}
</div>
<div data-part="table" style="overflow-x:auto">${seriesTable(first)}</div>
<p style="margin:2px 8px;opacity:.75">${escapeHtml(note)}</p>`;
  const tables = all.map(seriesTable);
  const plots = all.map((curves) => curves.series.map((_, s) => unitPlot(calibrationPlot(curves.series[s]))));
  // SVG inside of HTML is removed where scripts are not run: there it is an image
  const png = (await drawingPng(plotsFile([recall, score, calibration], 'white'))).toString('base64');
  const body =
    `<p style="font-weight:600;margin:4px 0">${escapeHtml(title)}</p>` +
    `<img alt="curves of ${escapeHtml(title)}" width="960" style="max-width:100%;height:auto" src="data:image/png;base64,${png}">` +
    `<div style="overflow-x:auto">${seriesTable(first)}</div><p style="opacity:.75">${escapeHtml(note)}</p>`;
  return interactiveHtml({
    body,
    data: {
      html,
      frame: FRAME,
      ious: all,
      tables: all.length > 1 ? tables : [],
      calibrations: plots,
      colours: first.series.map((_, s) => seriesColour(s)),
    },
    scripts: ['evaluation-curves'],
    entry: 'showEvaluationCurves',
  });
}
