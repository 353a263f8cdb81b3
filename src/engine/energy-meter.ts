// Joules that the machine has used, from what it counts itself: RAPL of processors (Linux), power of the GPU by nvidia-smi. Where
// neither can be read it says why; nothing is estimated.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface EnergyMeter {
  /** Since the meter was opened. */
  joules(): number;
  /** What is counted: `RAPL package-0 (the whole processor)`. */
  readonly source: string;
  close(): void;
}

/** A meter, or the reason why there is none. */
export type Metered = { meter: EnergyMeter } | { unreadable: string };

const POWERCAP = '/sys/class/powercap';
/** Milliseconds between two readings of a GPU's power. */
const SAMPLING = 500;

/**
 * @param device of the engine: of a GPU its power is measured beside the processor's energy
 * @param root of the kernel's counters
 */
export function openEnergyMeter(device: string, root = POWERCAP): Metered {
  const gpu = /^cuda:(\d+)$/.exec(device)?.[1];
  const rapl = raplMeter(root);
  if (gpu === undefined) return rapl;
  const card = gpuMeter(gpu);
  if ('unreadable' in rapl) return { meter: card };
  const { meter } = rapl;
  return {
    meter: {
      source: `${meter.source} and ${card.source}`,
      joules: () => meter.joules() + card.joules(),
      close() {
        meter.close();
        card.close();
      },
    },
  };
}

interface Counter {
  file: string;
  name: string;
  /** Joules at which it begins anew. */
  range: number;
  last: number;
  sum: number;
}

/** The packages of RAPL, of Intel and AMD alike; parts of a package (`intel-rapl:0:0`) are in it. */
function raplMeter(root: string): Metered {
  if (!existsSync(root))
    return { unreadable: `there is no ${root}: RAPL needs Linux on a processor that counts its energy` };
  const zones = readdirSync(root).filter((name) => /^intel-rapl:\d+$/.test(name));
  if (zones.length === 0) return { unreadable: `${root} has no intel-rapl packages` };
  try {
    const counters = zones.map((zone): Counter => {
      const text = (name: string) => readFileSync(path.join(root, zone, name), 'utf8').trim();
      const file = path.join(root, zone, 'energy_uj');
      return { file, name: text('name'), range: Number(text('max_energy_range_uj')) / 1e6, last: read(file), sum: 0 };
    });
    const timer = setInterval(() => counters.forEach(advance), 10_000); // a counter is full after minutes
    timer.unref();
    return {
      meter: {
        source: `RAPL ${counters.map(({ name }) => name).join(', ')} (the whole processor, other programs included)`,
        joules() {
          counters.forEach(advance);
          return counters.reduce((sum, counter) => sum + counter.sum, 0);
        },
        close: () => clearInterval(timer),
      },
    };
  } catch (error) {
    return { unreadable: `the counters of RAPL cannot be read: ${(error as Error).message}` };
  }
}

const read = (file: string): number => Number(readFileSync(file, 'utf8')) / 1e6;

function advance(counter: Counter): void {
  const now = read(counter.file);
  const step = now - counter.last;
  counter.sum += step < 0 ? step + counter.range : step;
  counter.last = now;
}

/** The power of a GPU, integrated over time (trapezoids). */
function gpuMeter(gpu: string): EnergyMeter {
  const query = ['--query-gpu=power.draw', '--format=csv,noheader,nounits', '-i', gpu, '-lms', String(SAMPLING)];
  const child: ChildProcess = spawn('nvidia-smi', query, { stdio: ['ignore', 'pipe', 'ignore'] });
  let joules = 0;
  let last: { at: number; watts: number } | undefined;
  let has = false;
  child.on('error', () => {}); // without nvidia-smi nothing comes
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) {
      const watts = Number.parseFloat(line);
      if (!Number.isFinite(watts)) continue;
      const at = performance.now() / 1000;
      if (last) joules += ((watts + last.watts) / 2) * (at - last.at);
      last = { at, watts };
      has = true;
    }
  });
  child.unref();
  return {
    source: `nvidia-smi of GPU ${gpu}`,
    joules: () => (has ? joules : Number.NaN),
    close: () => void child.kill(),
  };
}
