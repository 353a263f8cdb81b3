// Hands the scalars and drawn images of a run to the vis_backends of its config.

import type { History, ScalarRecord } from '../history';
import type { RecordedRun, VisBackend } from '../record/vis-backend';
import type { TrainRun } from '../train-run';
import type { TrainHook } from './hook';
import { PRIORITIES } from './priority';

export class VisBackendsHook implements TrainHook {
  readonly name = 'VisBackendsHook';
  priority: number = PRIORITIES.HIGHEST;
  private hasBegun = false;

  /** @param config as an object, and as a Python file */
  constructor(
    private readonly backends: readonly VisBackend[],
    private readonly config: () => Pick<RecordedRun, 'config' | 'settings'>,
  ) {}

  beforeTrain({ loader, loop, state, workDir }: TrainRun): void {
    if (workDir === undefined) return;
    const config = this.config();
    const stepsPerEvaluation = loop.unit === 'epoch' ? loader.length : 1;
    const { history, step } = state;
    for (const backend of this.backends) backend.start({ workDir, ...config, history, step, stepsPerEvaluation });
    this.hasBegun = true;
  }

  afterRecord(_run: TrainRun, list: keyof History, entry: ScalarRecord): void {
    if (this.hasBegun) for (const backend of this.backends) backend.scalars(list, entry);
  }

  /** An image of the run, as a PNG; nothing before it has begun. */
  image(name: string, png: Uint8Array, step: number): void {
    if (this.hasBegun) for (const backend of this.backends) backend.image?.(name, png, step);
  }

  afterRun(): void {
    if (this.hasBegun) for (const backend of this.backends) backend.close?.();
    this.hasBegun = false;
  }
}
