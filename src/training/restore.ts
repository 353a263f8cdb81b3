// Goes on from the newest whole checkpoint of a run's folder, after checking that it belongs to this run.

import { DetLabError } from '../errors';
import { type Checkpoint, findCheckpoint, SOURCE_PREFIX } from './checkpoint';
import type { Runner } from './runner';

/**
 * Resumes model, hooks and state of `runner` from `root`; from the start when there is no checkpoint.
 * @param pattern names of checkpoints, where they have not the usual ones
 * @returns the folder of the checkpoint
 * @throws DetLabError when the checkpoint is of another run (seed, data, precision, loop) or of another model
 */
export async function restore(runner: Runner, root: string, pattern?: RegExp): Promise<string | undefined> {
  const { checkpoint, problems } = findCheckpoint(root, pattern);
  for (const problem of problems) runner.log(`skipped: ${problem}`);
  if (!checkpoint) {
    runner.log(`no checkpoint in ${root}: starting from the beginning`);
    return undefined;
  }
  await resumeFrom(runner, checkpoint);
  return checkpoint.directory;
}

/** Resumes from a checkpoint that was read. */
export async function resumeFrom(runner: Runner, checkpoint: Checkpoint): Promise<void> {
  const { hooks, state } = runner;
  checkSameRun(checkpoint, runner);
  loadModel(checkpoint, runner);
  await hooks.call('afterLoadCheckpoint', runner, checkpoint);
  // EMAHook takes these out
  if ([...checkpoint.optimizer.keys()].some((name) => name.startsWith(SOURCE_PREFIX)))
    throw new DetLabError(
      `Cannot resume from "${checkpoint.directory}": its weights are averages. Resume with the config's EMAHook`,
    );
  state.restore(checkpoint.state, checkpoint.optimizer);
  const lines = [`resumed from ${checkpoint.directory}: epoch ${state.epoch}, iteration ${state.iteration}`];
  lines.push(...changes(checkpoint, runner));
  for (const name of runner.restoreHooks(checkpoint.state.hooks ?? {}))
    runner.log(`the state of ${name} in the checkpoint is not used: this run has no such hook`);
  for (const line of lines) runner.log(line);
}

/** What goes on otherwise than it would have in the run of the checkpoint. */
function changes({ state: saved }: Checkpoint, { state }: Runner): string[] {
  const lines: string[] = [];
  const { batchesPerEpoch } = state.settings;
  if (saved.batchesPerEpoch !== batchesPerEpoch)
    lines.push(`an epoch has ${batchesPerEpoch} batches from here on, before ${saved.batchesPerEpoch}`);
  if (saved.withoutOptimizer)
    lines.push('the checkpoint was saved without the optimizer (save_optimizer: false), whose momentum starts anew');
  const { lr } = state.wrapper.optimizer.groups[0];
  const [before] = saved.schedule?.lr ?? [lr];
  if (Math.abs(lr - before) > 1e-9 * Math.max(lr, before))
    lines.push(`learning rate ${lr} from here on, by the schedule of this run (${before} in the checkpoint)`);
  return lines;
}

function checkSameRun({ directory, state }: Checkpoint, { state: now }: Runner): void {
  const { seed, batchesPerEpoch, images, unit } = now.settings;
  // of the same images, batches may have another size
  const counted = images !== undefined && state.images !== undefined;
  const facts: [name: string, before: unknown, now: unknown][] = [
    ['seed', state.seed, seed],
    counted
      ? ['number of training images', state.images, images]
      : ['batchesPerEpoch', state.batchesPerEpoch, batchesPerEpoch],
    ['precision', state.precision, now.wrapper.precision],
    ['unit of progress', state.unit ?? 'epoch', unit],
  ];
  const differing = facts.filter(([, before, after]) => before !== after);
  if (differing.length === 0) return;
  throw new DetLabError(
    `Cannot resume from "${directory}": ` +
      `${differing.map(([name, before, after]) => `its ${name} is ${before}, this run's is ${after}`).join('; ')}. ` +
      `Resume with the settings of the first run, or start a new one in another folder`,
  );
}

function loadModel({ directory, model }: Checkpoint, { detector }: Runner): void {
  const { missing, unexpected, mismatched } = detector.loadStateDict(model);
  const differing = [...missing, ...unexpected, ...mismatched.map(({ name }) => name)];
  if (differing.length === 0) return;
  throw new DetLabError(
    `Cannot resume from "${directory}": it holds another model. Tensors that do not agree: ` +
      `${differing.slice(0, 5).join(', ')}${differing.length > 5 ? ` and ${differing.length - 5} more` : ''}`,
  );
}
