// `fit(data, { processes: 2 })`: this process is rank 0 and starts the others. They meet in a file of a folder of this run, so that
// nothing listens but the ranks' own connections on 127.0.0.1, and no port can be taken.

import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startEngine } from '../../engine';
import { engineThreads, joinGroup, type ProcessGroup } from '../../engine/torch/process-group';
import { DetLabError } from '../../errors';
import { Ranks } from '../../training/ranks/ranks';
import { notebook } from '../../visualization/display';
import type { RecipeSpec } from '../build-model';
import { fit } from '../fit';
import type { PreparedOptions } from '../fit-options';
import type { LabDataset } from '../lab-dataset';
import { processesOf } from '../plan';
import type { Run } from '../run';
import { namesUserModule } from '../user-modules';
import { configuredTimeout } from './configured-timeout';
import { writeRankJob } from './rank-job';

/** Milliseconds that the other processes have to end by themselves. */
const ENDING_MS = 500;
/** Bytes of what a process has written that its error shows. */
const SHOWN = 2000;

/** One of the other processes, and what it has said. */
interface OtherRank {
  rank: number;
  child: ChildProcess;
  words: string;
  ended?: { code: number | null; signal: string | null };
}

/** @throws DetLabError where there are no such devices, or when a rank fails: with its number and reason */
export async function fitInProcesses(spec: RecipeSpec, data: LabDataset, options: PreparedOptions): Promise<Run> {
  const size = processesOf(options);
  const { processes: _, devices, ...rest } = options;
  if (size === 1 && devices === undefined) return fit(spec, data, rest);
  await startOwnEngine(devices);
  if (spec.config.custom_imports === undefined && namesUserModule(spec.config))
    throw new DetLabError(
      `Cannot train in ${size} processes: the config names modules that were registered in this process alone. Write them into a ` +
        "file, and name it in the config: custom_imports: { imports: ['./my-modules.ts'] }",
    );
  const folder = mkdtempSync(path.join(tmpdir(), 'detlab-ranks-'));
  const others: OtherRank[] = [];
  const threads = engineThreads(threadsOf(size));
  const meeting = new AbortController();
  let joined: Promise<ProcessGroup> | undefined;
  try {
    const job = path.join(folder, 'job');
    const file = path.join(folder, 'meeting');
    const timeout = configuredTimeout(spec.config);
    writeRankJob(job, { spec, data, options, meeting: file, timeout, cwd: process.cwd() });
    for (let rank = 1; rank < size; rank++) others.push(startRank(job, rank, size, devices?.[rank]));
    joined = joinGroup({ rank: 0, size, meeting: { file }, timeout, signal: meeting.signal });
    joined.catch(() => {}); // where another rank has failed before
    const group = await Promise.race([joined, failureOf(others)]);
    const ranks = new Ranks(group, options.signal ?? notebook()?.signal);
    const run = await fit(spec, data, rest, ranks);
    ranks.close(true);
    return run;
  } catch (error) {
    meeting.abort(); // where the others have not come
    (await joined?.catch(() => undefined))?.close(false);
    throw await explained(error, others);
  } finally {
    engineThreads(threads);
    await end(others);
    rmSync(folder, { recursive: true, force: true });
  }
}

const threadsOf = (size: number): number => Math.max(1, Math.floor(availableParallelism() / size));

async function startOwnEngine(devices: readonly number[] | undefined): Promise<void> {
  const device = devices && `cuda:${devices[0]}`;
  const engine = await startEngine(device === undefined ? {} : { device });
  if (device === undefined || engine.device === device) return;
  const used = /^cuda:(\d+)$/.exec(engine.device)?.[1];
  throw new DetLabError(
    `Cannot train on devices ${devices?.join(', ')}: this process uses ${engine.device} already. ` +
      (used === undefined
        ? `On CPUs use processes: ${devices?.length}; for GPUs start a new process, with a CUDA build of torch in .venv`
        : `Put ${used} first, or start a new process`),
  );
}

function startRank(job: string, rank: number, size: number, device: number | undefined): OtherRank {
  const compiled = path.join(__dirname, 'rank-process.js');
  const file = existsSync(compiled) ? compiled : path.join(__dirname, 'rank-process.ts');
  const env = {
    ...process.env,
    OMP_NUM_THREADS: String(threadsOf(size)),
    ...(device !== undefined && { DETLAB_DEVICE: `cuda:${device}` }),
  };
  const child = fork(file, [job, String(rank), String(size)], { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const other: OtherRank = { rank, child, words: '' };
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    other.words = (other.words + text).slice(-SHOWN);
  });
  child.once('exit', (code, signal) => {
    other.ended = { code, signal };
  });
  child.once('error', (error) => {
    other.words += error.message;
  });
  return other;
}

/** Rejects when one of them ends before all have met. */
function failureOf(others: readonly OtherRank[]): Promise<never> {
  return new Promise((_, reject) => {
    for (const other of others)
      other.child.once('close', () => reject(new DetLabError(`Cannot train: ${endOf(other)}`)));
  });
}

/** `rank 1 (process 4242) was ended by SIGKILL`. */
function endOf({ rank, child, words, ended }: OtherRank): string {
  const how = ended?.signal ? `was ended by ${ended.signal}` : `has ended with exit code ${ended?.code}`;
  const reason = words.trim().split('\n').slice(-5).join('\n');
  return `rank ${rank} (process ${child.pid}) ${how}${reason ? `: ${reason}` : ''}`;
}

/** The error of the run, or of the process that it is about. */
async function explained(error: unknown, others: readonly OtherRank[]): Promise<unknown> {
  await setTimeout(100); // the news of an end comes by the event loop
  const failed = others.filter(({ ended }) => ended && (ended.signal !== null || ended.code !== 0));
  const isLoss = error instanceof DetLabError && /has ended without a word/.test(error.message);
  if (failed.length === 0 || !isLoss) return error;
  return new DetLabError(
    `Cannot continue training: ${failed.map(endOf).join('; ')}. The newest checkpoint is whole: go on with fit(..., { resume: true })`,
  );
}

/** Ends what has not ended by itself. */
async function end(others: readonly OtherRank[]): Promise<void> {
  const left = () => others.filter(({ child, ended }) => !ended && child.pid !== undefined);
  for (const until = performance.now() + ENDING_MS; left().length > 0 && performance.now() < until; )
    await setTimeout(20);
  for (const { child } of left()) child.kill('SIGKILL');
  while (left().length > 0) await setTimeout(10);
}
