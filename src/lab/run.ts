// The result of a complete or interrupted training run: model, report, curves and history.

import { inspect } from 'node:util';
import type { DataProblem } from '../data';
import type { History } from '../training/history';
import type { LoopPlan } from '../training/loops/loop-plan';
import { type Stop, wayOn } from '../training/stop';
import type { BestEvaluation, TrainResult } from '../training/train';
import { counted } from '../visualization/ap-table';
import { renderPng, svgFile } from '../visualization/chart';
import { panelsSpec } from '../visualization/chart-panel';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import { lossChart, lossChartHtml, lossChartText, lossPanels } from '../visualization/loss-chart';
import { clock } from '../visualization/progress';
import { type Formats, SavableDisplay, saveAs } from '../visualization/savable';
import { type Table, tablesBundle, tableText } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';
import { curvesCsv, type TrainingCurves } from '../visualization/training-curves';
import type { Model } from './model';
import type { Report } from './report';
import type { EnergyReading } from './run-energy';
import type { HookError } from './run-hooks';
import type { Watched } from './watched';

export interface RunParts {
  model: Model;
  report?: Report;
  result: TrainResult;
  /** The evaluation whose weights the model has, where they are not the last. */
  restored?: BestEvaluation;
  watched: Watched | undefined;
  curves: TrainingCurves;
  problems: DataProblem[];
  hookErrors: readonly HookError[];
  energy: EnergyReading;
  seconds: number;
  loop: LoopPlan;
  images: number;
  waitSeconds: number;
  workDir: string | undefined;
}

/** The loss chart of a run, saved as PNG, SVG, HTML, CSV (a row for each iteration and evaluation) or JSON. */
export class Curves extends SavableDisplay {
  protected readonly what: string;

  constructor(
    readonly data: TrainingCurves,
    private readonly options: { title: string; total: number },
  ) {
    super();
    this.what = `curves of ${options.title}`;
  }

  protected bundle(): Promise<MimeBundle> {
    return lossChart(this.data, this.options);
  }

  protected formats(): Formats {
    const { data, options } = this;
    const panels = () => lossPanels(data, options);
    return {
      png: () => renderPng(panelsSpec(panels())),
      svg: () => svgFile(panelsSpec(panels())),
      html: () => lossChartHtml(data, options),
      csv: () => curvesCsv(data),
      json: () => data,
    };
  }

  toString(): string {
    return lossChartText(this.data);
  }
}

/** What `fit` returns, also where it was stopped: the model, its report, and the history of its losses and metrics. */
export class Run implements Displayable {
  readonly model: Model;
  /**
   * The last evaluation (with patience the best, whose weights the model has), `unfinished` in a run that was stopped; undefined
   * without validation images, or when stopped before the first.
   */
  readonly report: Report | undefined;
  /** Log records with MMDetection's names. */
  readonly history: History;
  readonly curves: Curves;
  /** The evaluation with the highest AP. */
  readonly best: BestEvaluation | undefined;
  /** True when Stop or Ctrl-C ended it; `fit` with `resume: true` continues. */
  readonly interrupted: boolean;
  /** `stopped early at epoch 4 of 12`, of a run that early stopping ended. */
  readonly early: string | undefined;
  /** The evaluation whose weights the model has, in a run with patience; undefined: they are the last. */
  readonly restored: BestEvaluation | undefined;
  /** The watched validation images with their newest detections. */
  readonly watched: Watched | undefined;
  /** Number of complete epochs. */
  readonly epoch: number;
  /** Number of iterations. */
  readonly step: number;
  /** Broken images encountered in training, by file and id. */
  readonly problems: DataProblem[];
  /** What failed in `hooks` of `fit`: the hook, its point and the message. */
  readonly hookErrors: readonly HookError[];
  readonly seconds: number;
  /** What the machine has counted during the run (RAPL, nvidia-smi), or why that cannot be read: never an estimate. */
  readonly energy: EnergyReading;
  /** Training images per second of the whole run, evaluations included. */
  readonly imagesPerSecond: number;
  /** Share of the time spent waiting for images. */
  readonly waiting: number;
  readonly workDir: string | undefined;
  /** Folder of the last checkpoint, written or gone on from. */
  readonly checkpoint: string | undefined;
  /** Where Stop or Ctrl-C ended it, and the checkpoint to go on from. */
  readonly stop: Stop | undefined;
  private readonly loop: LoopPlan;

  constructor(parts: RunParts) {
    const { loop, model, result, seconds } = parts;
    this.model = model;
    this.report = parts.report;
    this.history = result.history;
    this.curves = new Curves(parts.curves, { title: model.name, total: loop.total });
    this.best = result.best;
    this.interrupted = result.interrupted;
    this.stop = result.stop;
    this.early = result.early;
    this.restored = parts.restored;
    this.watched = parts.watched;
    this.epoch = result.epoch;
    this.step = result.step;
    this.problems = parts.problems;
    this.hookErrors = parts.hookErrors;
    this.seconds = seconds;
    this.energy = parts.energy;
    this.imagesPerSecond = parts.images / Math.max(seconds, 1e-9);
    this.waiting = parts.waitSeconds / Math.max(seconds, 1e-9);
    this.workDir = parts.workDir;
    this.checkpoint = result.checkpoint;
    this.loop = loop;
  }

  /** One line: epochs, time, best AP. */
  get headline(): string {
    const { best, early, epoch, loop, model, restored, step, stop } = this;
    const epochs = loop.unit === 'epoch';
    const done = epochs ? counted(epoch, 'epoch') : counted(step, 'iteration');
    const at = (evaluation: BestEvaluation) =>
      epochs ? `epoch ${evaluation.epoch}` : `iteration ${evaluation.iteration}`;
    return [
      `${model.name}: ${stop?.where ?? early ?? done} in ${clock(this.seconds)}`,
      ...(best ? [`best ${best.metric.replace(/^.*mAP$/, 'AP')} ${best.value.toFixed(3)} after ${at(best)}`] : []),
      ...(restored ? ['whose weights the model has'] : []),
      ...(this.problems.length > 0 ? [counted(this.problems.length, 'bad image')] : []),
      ...this.hookErrors.map(({ hook, point }) => `"${hook}" failed in ${point}`),
    ].join(', ');
  }

  private tables(): [Table, ...Table[]] {
    const [table, ...others] = this.report?.mainTables(this.headline) ?? [
      {
        title: this.headline,
        columns: [{ title: this.stop ? 'stopped before the first evaluation' : 'not evaluated' }],
        rows: [],
      },
    ];
    if (!this.stop) return [table, ...others];
    const note = [table.note, wayOn(this.stop)].filter((line) => line !== undefined).join('; ');
    return [{ ...table, note }, ...others];
  }

  /** Writes the table as .html, .csv, .json, .svg, .png or .txt; returns the absolute path. */
  save(file: string): Promise<string> {
    const { headline, report, history, best, workDir, checkpoint } = this;
    const json = { headline, report, best, workDir, checkpoint, evaluations: history.evaluations };
    return saveAs(`the run of ${this.model.name}`, tableFormats(json, ...this.tables()), file);
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
