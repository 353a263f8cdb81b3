// MemoryProfilerHook (MMDetection): a line of the log with the memory of the machine, of the process and of the engine, every so
// many iterations and after evaluations.

import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { engine } from '../../engine';
import type { TrainRun } from '../train-run';
import type { TrainHook } from './hook';
import { PRIORITIES, priority } from './priority';

const MB = 2 ** 20;
const megabytes = (bytes: number): string => `${Math.round(bytes / MB)} MB`;

/** Free and used swap in bytes; undefined where the system does not say. */
function swap(): { free: number; used: number } | undefined {
  let text: string;
  try {
    text = readFileSync('/proc/meminfo', 'utf8');
  } catch {
    return undefined;
  }
  const value = (name: string) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  const [total, free] = [value('SwapTotal'), value('SwapFree')];
  return Number.isNaN(total + free) ? undefined : { free, used: total - free };
}

/** With MMDetection's names, and the engine's tensors. */
export function memoryLine(): string {
  const [total, available] = [totalmem(), freemem()];
  const used = total - available;
  const { bytesInUse, bytesPeak } = engine().memory();
  const swapped = swap();
  return [
    'Memory information',
    `available_memory: ${megabytes(available)}`,
    `used_memory: ${megabytes(used)}`,
    `memory_utilization: ${((100 * used) / total).toFixed(1)} %`,
    ...(swapped
      ? [`available_swap_memory: ${megabytes(swapped.free)}`, `used_swap_memory: ${megabytes(swapped.used)}`]
      : []),
    `current_process_memory: ${megabytes(process.memoryUsage().rss)}`,
    `tensors: ${megabytes(bytesInUse)} (at most ${megabytes(bytesPeak)})`,
  ].join('  ');
}

export class MemoryProfilerHook implements TrainHook {
  readonly name = 'MemoryProfilerHook';
  priority: number = PRIORITIES.NORMAL;

  /** @param interval iterations between two lines */
  constructor(private readonly interval = 50) {}

  afterTrainIter(run: TrainRun): void {
    if (run.state.step % this.interval === 0) run.log(memoryLine());
  }

  afterVal(run: TrainRun): void {
    run.log(memoryLine());
  }
}

export const memoryProfilerHookDefinition = defineModule({
  kind: 'hook',
  type: 'MemoryProfilerHook',
  summary: 'Logs the memory of the machine, the process and the engine every interval iterations',
  origin: 'MMDetection',
  shapes: 'an iteration or evaluation -> a line of the log',
  example: "{ type: 'MemoryProfilerHook', interval: 50 }",
  options: z.strictObject({
    interval: z.int().positive().default(50).describe('Iterations between two lines'),
    priority,
  }),
  build: ({ interval }) => new MemoryProfilerHook(interval),
});
