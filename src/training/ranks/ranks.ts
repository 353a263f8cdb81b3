// The processes that train one model together, as a run sees them: what they agree on, and what is the mean over them.
// Everything here is called by all ranks in the same order.

import { createHash } from 'node:crypto';
import type * as tf from '@tensorflow/tfjs';
import { withUrgencyOf } from '../../engine/interruption';
import type { ProcessGroup } from '../../engine/torch/process-group';
import { DetLabError } from '../../errors';
import type { Module } from '../../nn/module';
import { Random } from '../../random';
import type { OptimWrapper } from '../optim-wrapper';
import { LostRanks } from './lost-ranks';
import { checkSameFacts, type Facts, parameterFacts } from './same-facts';

/** Milliseconds after Stop for which an answer of the others is waited for. */
const STOP_MS = 2000;

/** Thrown where Stop does not wait for ranks that do not answer. */
export class LeftRanks extends Error {}

/** Losses and other scalars of an iteration that the ranks can exchange. */
const SCALARS = 256;

export class Ranks {
  readonly rank: number;
  readonly size: number;
  /** Aborted when the ranks have agreed to stop; urgent when the signal of this process is. */
  readonly agreed: AbortSignal;
  private readonly agreement = new AbortController();
  private readonly lost: LostRanks;
  private checked?: readonly tf.Variable[];
  private left = false;
  private stoppedAt?: number;
  /** Seconds that iterations have waited for the others, beyond their own work, and how many iterations. */
  waited = 0;
  iterations = 0;

  /** @param signal of this process: the run stops when that of any rank is aborted */
  constructor(
    readonly group: ProcessGroup,
    readonly signal?: AbortSignal,
  ) {
    this.rank = group.rank;
    this.size = group.size;
    this.agreed = withUrgencyOf(this.agreement.signal, signal);
    this.lost = new LostRanks(group);
    signal?.addEventListener('abort', () => {
      this.stoppedAt = performance.now();
    });
    group.onWait = () => this.look();
  }

  /** Rank 0 writes logs and checkpoints. */
  get isFirst(): boolean {
    return this.rank === 0;
  }

  /**
   * Compares what all ranks must have, and gives their models the weights and buffers of rank 0.
   * @throws DetLabError naming the first differences
   */
  async begin(model: Module, facts: Facts): Promise<void> {
    await this.explained(async () => {
      await checkSameFacts(this.group, facts);
      await this.group.broadcast([...model.named()].map(([, { variable }]) => variable));
    });
  }

  /** Compares the parameters that are trained, where they are others than at the last call. */
  async checkParameters(wrapper: OptimWrapper, model: Module): Promise<void> {
    const { variables } = wrapper;
    const { checked } = this;
    if (checked?.length === variables.length && checked.every((variable, i) => variable === variables[i])) return;
    await this.explained(() => checkSameFacts(this.group, parameterFacts(model)));
    this.checked = variables;
  }

  /** Which of these are true on any rank. */
  async any(flags: readonly boolean[]): Promise<boolean[]> {
    const sums = await this.explained(() => this.group.sum(flags.map(Number)));
    return Array.from(sums, (sum) => sum > 0);
  }

  /** Whether any rank was asked to stop, or has no batch left. */
  async stopsOrEnds(ends: boolean): Promise<{ stops: boolean; ends: boolean }> {
    const [stops, anyEnds] = await this.any([this.signal?.aborted === true, ends]);
    if (stops) this.agreement.abort();
    return { stops, ends: anyEnds };
  }

  /**
   * The means over the ranks of an iteration's scalars.
   * @param problem why this rank cannot go on
   * @throws DetLabError on all ranks where one has a problem, or other losses than rank 0
   */
  async means(scalars: Record<string, number>, problem: string | undefined): Promise<Record<string, number>> {
    const names = Object.keys(scalars);
    if (names.length > SCALARS)
      throw new DetLabError(
        `Cannot train in several processes: the model has ${names.length} losses, more than ${SCALARS}`,
      );
    const { rank, size } = this;
    const numbers = new Float64Array(2 * size + SCALARS);
    numbers[rank] = problem === undefined ? 0 : 1;
    numbers[size + rank] = createHash('sha256').update(names.join()).digest().readUInt32LE(0);
    if (problem === undefined) numbers.set(Object.values(scalars), 2 * size);
    const sums = await this.explained(() => this.group.sum(numbers));
    if (sums.subarray(0, size).some((flag) => flag > 0)) {
      const problems = await this.group.gatherJson(problem ?? null);
      const reasons = problems.flatMap((text, of) => (text === null ? [] : [`rank ${of}: ${text}`]));
      throw new DetLabError(`Cannot continue training: ${reasons.join('; ') || 'a rank cannot go on'}`);
    }
    const odd = sums.subarray(size, 2 * size).findIndex((hash) => hash !== sums[size]);
    if (odd >= 0) {
      const all = await this.group.gatherJson(names);
      throw new DetLabError(
        `Cannot train in several processes: the losses of rank ${odd} are ${all[odd].join(', ')}; those of rank 0 are ${all[0].join(', ')}`,
      );
    }
    return Object.fromEntries(names.map((name, i) => [name, sums[2 * size + i] / size]));
  }

  /** The means of gradients whose sums were begun. */
  meanGradients(variables: readonly tf.Variable[]): Promise<(tf.Tensor | undefined)[]> {
    return this.explained(() => this.group.meanGradients(variables));
  }

  /** The bytes of every rank. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]> {
    return this.explained(() => this.group.gather(bytes));
  }

  /** The JSON value of rank 0. */
  async ofFirst<T>(value: T | undefined): Promise<T> {
    const all = await this.explained(() => this.group.gatherJson(this.isFirst ? value : undefined));
    return all[0] as T;
  }

  /** Gives the buffers of the model (running statistics) the values of rank 0: all ranks evaluate one model. */
  async shareBuffers(model: Module): Promise<void> {
    const buffers = [...model.named()].filter(([, { kind }]) => kind === 'buffer');
    await this.explained(() => this.group.broadcast(buffers.map(([, { variable }]) => variable)));
  }

  /** Gives the buffers of the model (running statistics) their means over the ranks; counts stay. */
  async averageBuffers(model: Module): Promise<void> {
    const buffers = [...model.named()]
      .filter(([, { kind, variable }]) => kind === 'buffer' && variable.dtype === 'float32')
      .map(([, { variable }]) => variable);
    this.group.beginGradients(buffers, buffers);
    const means = await this.meanGradients(buffers);
    for (const [i, mean] of means.entries()) {
      if (mean) buffers[i].assign(mean);
      mean?.dispose();
    }
  }

  /**
   * Gives every rank the mean of what the ranks have accumulated, so that a checkpoint inside an accumulation has all of it. The
   * mean over ranks of their gradients stays what it was.
   */
  async shareAccumulated(wrapper: OptimWrapper): Promise<void> {
    if (!wrapper.isInside) return;
    const { variables } = wrapper;
    this.group.beginGradients(wrapper.accumulated(), variables);
    wrapper.replaceAccumulated(await this.meanGradients(variables));
  }

  /**
   * Random numbers of this rank's samplers in an iteration. Rank 0 has the run's stream, the others one from its seed and the
   * iteration: nothing of theirs is in a checkpoint.
   */
  randomAt(seed: number, step: number, ofRun: Random): Random {
    if (this.isFirst) return ofRun;
    return Random.seeded(
      Math.imul(seed + 1, 0x85ebca6b) ^ Math.imul(step + 1, 0x9e3779b1) ^ Math.imul(this.rank, 0x27d4eb2f),
    );
  }

  /** This process has left an iteration (Stop did not wait for it): the others cannot go on. */
  leave(): void {
    this.left = true;
    this.agreement.abort();
  }

  /** Whether this process has left the others. */
  get hasLeft(): boolean {
    return this.left;
  }

  /** What a failure of an exchange means: which rank has ended, and why. */
  async explained<T>(exchange: () => Promise<T>): Promise<T> {
    try {
      return await exchange();
    } catch (error) {
      throw await this.lost.explain(error);
    }
  }

  /** At every turn of a wait. */
  private look(): void {
    if (this.stoppedAt !== undefined && performance.now() - this.stoppedAt > STOP_MS) {
      this.leave();
      throw new LeftRanks('the other processes have not answered in time');
    }
    this.lost.look();
  }

  /** One iteration has waited so many milliseconds. */
  count(milliseconds: number): void {
    this.waited += milliseconds / 1000;
    this.iterations++;
  }

  /** A line for the log; undefined before the first iteration. */
  waitLine(): string | undefined {
    if (this.iterations === 0) return undefined;
    const milliseconds = (1000 * this.waited) / this.iterations;
    return `exchange with the other processes: ${milliseconds.toFixed(1)} ms an iteration, waiting for the slowest included`;
  }

  /** Leaves for the others why this process ends. */
  fail(error: unknown): void {
    this.lost.report(error);
  }

  /** Ends the connections. */
  close(inOrder: boolean): void {
    this.group.close(inOrder && !this.left);
  }
}
