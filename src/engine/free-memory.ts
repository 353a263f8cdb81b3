// How much memory training may take: what the machine, its container or its GPU has left, and what the engine holds already.

import { execFileSync } from 'node:child_process';
import { freemem } from 'node:os';
import type { Engine } from './engine';

/** Bytes, and whose they are. */
export interface FreeMemory {
  bytes: number;
  of: string;
}

/** Undefined where it cannot be known. */
export function freeMemory(engine: Engine): FreeMemory | undefined {
  const { bytesInUse, bytesCached } = engine.memory();
  if (engine.memoryLimit !== undefined) return { bytes: engine.memoryLimit, of: "the engine's memoryLimit" };
  if (engine.name !== 'torch') return undefined;
  const held = bytesInUse + bytesCached;
  if (engine.device === 'cpu') {
    // a container may have less than the machine
    const available = process.availableMemory?.() ?? freemem();
    return { bytes: available + held, of: 'the free memory of the machine' };
  }
  const gpu = /^cuda:(\d+)$/.exec(engine.device)?.[1];
  const free = gpu === undefined ? undefined : freeOfGpu(gpu);
  return free === undefined ? undefined : { bytes: free + held, of: `the free memory of ${engine.device}` };
}

function freeOfGpu(gpu: string): number | undefined {
  try {
    const options = ['--query-gpu=memory.free', '--format=csv,noheader,nounits', '-i', gpu];
    const text = execFileSync('nvidia-smi', options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const megabytes = Number.parseFloat(text);
    return Number.isFinite(megabytes) ? megabytes * 2 ** 20 : undefined;
  } catch {
    return undefined;
  }
}

/** Gives what the engine keeps of freed tensors back to the system, where it can. */
export function releaseKept(engine: Engine): void {
  if (engine.name !== 'torch' || engine.device !== 'cpu') return;
  const limit = engine.memoryLimit;
  engine.memoryLimit = 1;
  engine.memoryLimit = limit;
}
