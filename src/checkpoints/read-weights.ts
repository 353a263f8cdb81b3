// Reads weights from a PyTorch (zip or legacy) or safetensors file, recognised by content, not by extension.

import { DetLabError } from '../errors';
import type { StoredState } from '../nn/stored-tensor';
import { type ByteSource, inMemory, openFile } from './byte-source';
import { findWeights, metaOfPickle } from './find-weights';
import { parseStored } from './safetensors';
import { readTorchFile } from './torch-file';
import { isZip } from './zip-archive';

/** The tensors of a weights file, by name, and what else the file says. */
export interface Weights {
  /** The file's name in messages. */
  source: string;
  format: 'safetensors' | 'zip' | 'legacy';
  /** In the file's order and dtypes. */
  tensors: StoredState;
  /** The key they were found under (`state_dict`); '' for the file itself. */
  key: string;
  /** Entries of the file that are not weights or were refused. */
  skipped: string[];
  /** Class names the file was saved with. */
  classes?: string[];
  /** DetLab's metadata (JSON). */
  detlab?: string;
  /** Text of the Python config that MMDetection trained it with. */
  config?: string;
}

/**
 * @param key of the weights in a PyTorch file (`state_dict_ema`)
 * @throws DetLabError naming the file, what is wrong with it and what to do
 * @example readWeights('faster_rcnn_r50_fpn_1x_coco.pth').tensors.get('backbone.conv1.weight')?.shape // [64, 3, 7, 7]
 */
export function readWeights(file: string, { key }: { key?: string } = {}): Weights {
  const source = openFile(file);
  try {
    return readFrom(source, key);
  } finally {
    source.close();
  }
}

/** Reads weights from memory. */
export const parseWeights = (bytes: Uint8Array, name?: string): Weights => readFrom(inMemory(bytes, name));

function readFrom(source: ByteSource, key?: string): Weights {
  if (looksLikeSafetensors(source)) {
    if (key !== undefined)
      throw new DetLabError(
        `Cannot read "${key}" of "${source.name}": a safetensors file has no keys, only one set of tensors`,
      );
    const { tensors, metadata } = parseStored(source.read(0, source.size, 'the file'), source.name);
    const detlab = metadata?.detlab;
    return {
      source: source.name,
      format: 'safetensors',
      tensors,
      key: '',
      skipped: [],
      classes: classNames(metadata?.classes),
      detlab: typeof detlab === 'string' ? detlab : undefined,
    };
  }
  const file = readTorchFile(source);
  const weights = findWeights(file.root, source, key);
  const tensors: StoredState = new Map();
  for (const [name, ref] of weights.tensors) tensors.set(name, file.read(ref, name));
  const { classes, detlab, config } = metaOfPickle(file.root);
  const { key: entry, skipped } = weights;
  return { source: source.name, format: file.format, tensors, key: entry, skipped, classes, detlab, config };
}

/** A header length within the file, followed by an opening brace. */
function looksLikeSafetensors(source: ByteSource): boolean {
  if (source.name.endsWith('.safetensors')) return true;
  if (source.size < 9 || isZip(source)) return false;
  const head = source.read(0, 9, 'the first bytes');
  const length = Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true));
  return head[8] === 0x7b && length <= source.size - 8;
}

function classNames(json: unknown): string[] | undefined {
  try {
    const value: unknown = JSON.parse(String(json));
    return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}
