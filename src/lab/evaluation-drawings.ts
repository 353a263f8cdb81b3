// What DetVisualizationHook draws of the evaluations of a run: files of the vis_backends (`val_img_120.png`) and, in a notebook,
// a gallery where the watched images are.

import { setTimeout } from 'node:timers/promises';
import type { EvaluationResults } from '../evaluation';
import type { VisBackendsHook } from '../training/hooks/vis-backends-hook';
import { type DetVisualizationHook, spreadOver } from './det-visualization-hook';
import type { RunView } from './run-view';

/** Images of one evaluation: a small interval on a large dataset would write gigabytes. */
const MAX_DRAWN = 50;
/** Of them, those that a notebook shows. */
const MAX_SHOWN = 12;

export interface DrawingParts {
  hooks: readonly DetVisualizationHook[];
  backends: Pick<VisBackendsHook, 'image'>;
  view: Pick<RunView, 'show'>;
  /** Images of a batch of the validation. */
  batchSize: number;
  workDir?: string;
  signal?: AbortSignal;
  log: (line: string) => void;
}

export class EvaluationDrawings {
  private readonly said = new Set<string>();

  constructor(private readonly parts: DrawingParts) {}

  /**
   * Draws what the hooks choose of an evaluation. What cannot be drawn is a line of the log: the run goes on.
   * @param place when it was made: after `step` iterations, in words `epoch 3`
   */
  async draw(results: EvaluationResults, place: { step: number; words: string }): Promise<void> {
    for (const [i, hook] of this.parts.hooks.entries())
      try {
        await this.drawOf(hook, results, place, i);
      } catch (error) {
        this.say(`DetVisualizationHook: ${(error as Error).message}`);
      }
  }

  private async drawOf(
    hook: DetVisualizationHook,
    results: EvaluationResults,
    { step, words }: { step: number; words: string },
    index: number,
  ): Promise<void> {
    const { backends, batchSize, signal, view, workDir } = this.parts;
    const { interval, show, wait_time: wait } = hook.options;
    const due = drawnOf(results.images.length, { batchSize, step, interval });
    const chosen = spreadOver(due, MAX_DRAWN);
    if (chosen.length < due.length)
      this.say(
        `DetVisualizationHook: ${chosen.length} of ${due.length} images are drawn of each evaluation; a larger interval chooses fewer`,
      );
    if (show && !view.show) this.say('DetVisualizationHook: show needs a notebook; the images are written instead');
    const isStored = !(show && view.show);
    if (isStored && !view.show && workDir === undefined)
      return this.say('DetVisualizationHook: no images are written, since the run has no workDir');
    const imageOf = ({ index: at }: DrawnIndex) => results.images[at];
    if (isStored && workDir !== undefined)
      for (const one of chosen) {
        if (signal?.aborted) return;
        backends.image('val_img', await hook.png(imageOf(one), results), one.step);
      }
    if (!view.show || chosen.length === 0 || signal?.aborted) return;
    const key = `drawn ${index}`;
    const title = `drawn images after ${words}`;
    if (show && wait > 0)
      for (const one of spreadOver(chosen, MAX_SHOWN)) {
        await view.show(key, hook.images([imageOf(one)], results, title));
        await setTimeout(1000 * wait, undefined, { signal }).catch(() => {});
        if (signal?.aborted) return;
      }
    await view.show(key, hook.images(spreadOver(chosen, MAX_SHOWN).map(imageOf), results, title));
  }

  private say(line: string): void {
    if (this.said.has(line)) return;
    this.said.add(line);
    this.parts.log(line);
  }
}

/** An image by its place in the evaluation, and the step of its file. */
interface DrawnIndex {
  index: number;
  step: number;
}

/** As MMDetection chooses: the first image of each batch whose number, counted on from the iterations trained, is due. */
function drawnOf(
  count: number,
  { batchSize, step, interval }: { batchSize: number; step: number; interval: number },
): DrawnIndex[] {
  return Array.from({ length: Math.ceil(count / batchSize) }, (_, batch) => ({
    index: batch * batchSize,
    step: step + batch,
  })).filter((one) => one.step % interval === 0);
}
