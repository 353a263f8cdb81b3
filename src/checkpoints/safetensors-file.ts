// Files of safetensors: reads and writes them.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { DetLabError } from '../errors';
import type { StateDict } from '../nn/module';
import { encodeState, type StoredState } from '../nn/stored-tensor';
import { parseSafetensors, type SafetensorsFile, safetensorsParts } from './safetensors';

/**
 * Reads a whole file.
 * @throws DetLabError naming the file and, if only one tensor is invalid, the tensor.
 * @example const { tensors, metadata } = readSafetensors('test/golden/neck_fpn_basic.safetensors');
 */
export function readSafetensors(path: string): SafetensorsFile {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new DetLabError(`Cannot read the tensors of "${path}": ${(error as Error).message}`);
  }
  return parseSafetensors(bytes, path);
}

/** Writes a file, not atomically; training checkpoints are written to survive a crash. */
export function writeSafetensors(path: string, tensors: StateDict, metadata: Record<string, string> = {}): void {
  writeStored(path, encodeState(tensors), metadata);
}

/** Writes a file in the tensors' dtypes. */
export function writeStored(path: string, tensors: StoredState, metadata: Record<string, string> = {}): void {
  const file = openSync(path, 'w');
  try {
    for (const piece of safetensorsParts(tensors, metadata)) writeAll(file, piece);
  } finally {
    closeSync(file);
  }
}

/** Writes in several calls, since one `write` is limited to 2 GiB. */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at, Math.min(bytes.byteLength - at, 2 ** 30));
}
