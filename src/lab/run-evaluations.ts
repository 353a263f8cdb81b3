// The evaluations inside a run: AP, the validation loss, the watched images, and which of the reports is the run's.

import type { Detector } from '../models/types';
import type { BestEvaluation, TrainResult } from '../training/train';
import { evaluate } from './evaluate';
import type { LabDataset } from './lab-dataset';
import type { RunPlan } from './plan';
import type { Report } from './report';
import type { RunView } from './run-view';
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
  watched: Watched | undefined;
  workDir?: string;
  log: (line: string) => void;
}

export class RunEvaluations {
  /** The newest one. */
  private report?: Report;
  private place?: Place;
  private isCostSaid = false;

  constructor(private readonly parts: EvaluationParts) {}

  /** Metrics by their names in the log; undefined without validation images, or when it was interrupted. */
  async evaluate(place: Place): Promise<Record<string, number> | undefined> {
    const { config, data, detector, plan, precision, signal, view, watched } = this.parts;
    if (!data.val) return undefined;
    const report = await evaluate(detector, data.val, config, {
      precision,
      signal,
      onProgress: view.evaluating(place),
    });
    if (!report) return undefined;
    const losses = plan.valLoss ? await this.losses(place, report.seconds) : {};
    if (!losses) return undefined;
    this.report = report;
    this.place = place;
    if (watched) {
      watched.take(report.results?.images ?? [], this.at(place));
      await view.watch(watched);
    }
    return { ...report.logNames(), ...losses };
  }

  private async losses(place: Place, seconds: number): Promise<Record<string, number> | undefined> {
    const { config, data, detector, log, plan, precision, signal, view } = this.parts;
    if (!data.val) return {};
    const started = performance.now();
    const { batchSize } = plan;
    const onProgress = view.evaluating(place, 'validation loss');
    const losses = await validationLosses(detector, data.val, config, {
      batchSize,
      precision,
      signal,
      onProgress,
      ...place,
    });
    const spent = (performance.now() - started) / 1000;
    if (losses && !this.isCostSaid)
      log(
        `val/loss: ${spent.toFixed(1)} s for ${data.val.records.length} images, beside ${seconds.toFixed(1)} s for AP`,
      );
    this.isCostSaid = true;
    return losses;
  }

  /** The report of a run that has ended, with the weights that it leaves: the best ones, where it has patience. */
  async finish(result: TrainResult): Promise<{ report?: Report; restored?: BestEvaluation }> {
    const { interrupted, stop } = result;
    const restored = interrupted ? undefined : this.restoreBest(result);
    const place = restored ? placeOf(restored, this.parts.plan) : result;
    // a run that was complete when resumed has its results in the history, but no report
    const isMade = restored ? this.isOf(restored) : this.report !== undefined;
    if (!isMade && !interrupted) await this.evaluate(place);
    const { report } = this;
    if (!report || !this.place) return { restored };
    if (stop)
      return { report: report.ofUnfinished(`evaluated after ${this.at(this.place)}; the run was ${stop.where}`) };
    const ends = endsOf(result, restored && this.at(place));
    return { report: ends === '' ? report : report.ofUnfinished(ends), restored };
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

  private isOf({ epoch, iteration }: BestEvaluation): boolean {
    const { place } = this;
    return place !== undefined && (iteration === undefined ? place.epoch === epoch : place.step === iteration);
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
