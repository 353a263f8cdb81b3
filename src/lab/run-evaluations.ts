// The evaluations inside a run: AP, the validation loss, the watched images, and which of the reports is the run's.

import type { Detector } from '../models/types';
import type { Ranks } from '../training/ranks/ranks';
import type { BestEvaluation, TrainResult } from '../training/train';
import { evaluate } from './evaluate';
import type { EvaluationDrawings } from './evaluation-drawings';
import type { LabDataset } from './lab-dataset';
import type { RunPlan } from './plan';
import { evaluateInRanks } from './ranks/evaluate-in-ranks';
import type { Report } from './report';
import type { RunView } from './run-view';
import { evaluatedTwins, evaluateTwins } from './twin-evaluation';
import { validationLosses } from './validation-loss';
import type { Watched } from './watched';

interface Place {
  epoch: number;
  step: number;
}

export interface EvaluationParts {
  detector: Detector;
  data: LabDataset;
  config: Parameters<typeof evaluate>[2];
  plan: RunPlan;
  precision: Parameters<typeof validationLosses>[3]['precision'];
  signal?: AbortSignal;
  view: RunView;
  /** The processes of the run, where it has several: rank 0 has the reports. */
  ranks?: Ranks;
  watched: Watched | undefined;
  /** Of a config with a DetVisualizationHook that draws. */
  drawings?: EvaluationDrawings;
  workDir?: string;
  log: (line: string) => void;
}

/** An evaluation that was made in this run. */
interface Made {
  report: Report;
  place: Place;
}

export class RunEvaluations {
  private newest?: Made;
  /** In a run with patience: the one whose weights the model will have. */
  private best?: Made & { value: number };
  private isCostSaid = false;

  constructor(private readonly parts: EvaluationParts) {}

  /** Metrics by their names in the log; undefined without validation images, or when it was interrupted. */
  async evaluate(place: Place): Promise<Record<string, number> | undefined> {
    const { plan, ranks } = this.parts;
    const report = await this.report(place);
    // rank 0 has the report, unless the ranks have stopped
    const goesOn = report !== undefined || (ranks?.isFirst === false && !ranks.agreed.aborted);
    const losses = goesOn && plan.valLoss ? await this.losses(place, report) : {};
    const measured = report && losses ? { ...report.logNames(), ...losses } : undefined;
    const metrics = ranks && !ranks.hasLeft ? ((await ranks.ofFirst(measured ?? null)) ?? undefined) : measured;
    if (!metrics || !report) return metrics;
    this.newest = { report, place };
    const value = plan.bestWeights?.improvement(metrics, this.best?.value);
    if (value !== undefined) this.best = { report, place, value };
    await this.watch(this.newest);
    if (report.results) await this.parts.drawings?.draw(report.results, { step: place.step, words: this.at(place) });
    return metrics;
  }

  private async report(place: Place): Promise<Report | undefined> {
    const { config, data, detector, precision, ranks, signal, view } = this.parts;
    const options = { precision, signal, onProgress: view.evaluating(place) };
    const { val } = data;
    if (!val) return undefined;
    const report = () =>
      ranks ? evaluateInRanks(detector, val, config, options, ranks) : evaluate(detector, val, config, options);
    const twins = evaluatedTwins(detector, config);
    return twins.length > 0 ? evaluateTwins(detector, twins, report) : report();
  }

  private async watch({ report, place }: Made): Promise<void> {
    const { view, watched } = this.parts;
    if (!watched || watched.place === this.at(place)) return;
    watched.take(report.results?.images ?? [], this.at(place));
    await view.show?.('watched', watched);
  }

  private async losses(place: Place, report: Report | undefined): Promise<Record<string, number> | undefined> {
    const { config, data, detector, log, plan, precision, ranks, signal, view } = this.parts;
    if (!data.val) return {};
    const started = performance.now();
    const { batchSize } = plan;
    const onProgress = view.evaluating(place, 'validation loss');
    const losses = await validationLosses(detector, data.val, config, {
      batchSize,
      precision,
      signal,
      onProgress,
      ranks,
      ...place,
    });
    const spent = (performance.now() - started) / 1000;
    if (losses && report && !this.isCostSaid)
      log(
        `val/loss: ${spent.toFixed(1)} s for ${data.val.records.length} images, beside ${report.seconds.toFixed(1)} s for AP`,
      );
    this.isCostSaid = true;
    return losses;
  }

  /** The report of a run that has ended, with the weights that it leaves: the best ones, where it has patience. */
  async finish(result: TrainResult): Promise<{ report?: Report; restored?: BestEvaluation }> {
    const { interrupted, stop } = result;
    const restored = interrupted ? undefined : this.restoreBest(result);
    const place = restored ? placeOf(restored, this.parts.plan) : { epoch: result.epoch, step: result.step };
    let made = restored ? this.madeAt(place) : this.newest;
    // evaluated before this run was resumed: its results are in the history, but there is no report
    const { ranks } = this.parts;
    const isDue = !made && !interrupted;
    if (ranks && !ranks.hasLeft ? await ranks.ofFirst(isDue) : isDue) {
      const report = await this.report(place);
      made = report && { report, place };
    }
    if (!made) return { restored };
    await this.watch(made);
    const ends = stop
      ? `evaluated after ${this.at(made.place)}; the run was ${stop.where}`
      : endsOf(result, restored && this.at(place));
    return { report: ends === '' ? made.report : made.report.ofUnfinished(ends), restored };
  }

  private restoreBest({ best }: TrainResult): BestEvaluation | undefined {
    const { detector, log, plan, workDir } = this.parts;
    if (!plan.bestWeights || !best) return undefined;
    const place = placeOf(best, plan);
    const isRestored = plan.bestWeights.putBack(detector, best, workDir);
    log(
      isRestored
        ? `the model has its best weights again, those after ${this.at(place)} (${best.value.toFixed(3)})`
        : `the best weights, those after ${this.at(place)}, are not kept: the model has its last ones`,
    );
    return isRestored ? best : undefined;
  }

  private madeAt(place: Place): Made | undefined {
    return [this.best, this.newest].find((made) => made && this.at(made.place) === this.at(place));
  }

  private at({ epoch, step }: Place): string {
    return this.parts.plan.loop.unit === 'epoch' ? `epoch ${epoch}` : `iteration ${step}`;
  }
}

const placeOf = ({ epoch, iteration = 0 }: BestEvaluation, { loop }: RunPlan): Place =>
  loop.unit === 'epoch' ? { epoch, step: 0 } : { epoch, step: iteration };

/** What a report says of the run's end. */
const endsOf = ({ early }: TrainResult, best: string | undefined): string =>
  [...(early ? [early] : []), ...(best ? [`the weights are those after ${best}, the best`] : [])].join('; ');
