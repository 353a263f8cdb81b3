// A file for publication of a checkpoint: weights alone, named by the first eight digits of its SHA-256, which torch.hub and
// MMDetection's model zoo check a download by.

import { createHash } from 'node:crypto';
import { createReadStream, renameSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { writeWeights } from '../checkpoints';
import { encodeState } from '../nn/stored-tensor';
import { readCheckpoint } from './checkpoint';

/** What a published file may hold beside the weights: classes and config, as `model.save` writes them. */
export const PUBLISHED = ['state_dict', 'meta'] as const;
export type Published = (typeof PUBLISHED)[number];

/**
 * Writes `<folder>-<hash>.pth` beside a checkpoint's folder.
 * @returns its path
 */
export async function publishWeights(folder: string, keys: readonly Published[]): Promise<string> {
  const { model, state } = readCheckpoint(folder);
  const { classes } = state.meta as { classes?: readonly string[] };
  const meta = keys.includes('meta') ? { detlab: JSON.stringify(state.meta), classes } : {};
  const draft = `${folder}-unnamed.pth`;
  writeWeights(draft, encodeState(model), meta);
  const hash = createHash('sha256');
  await pipeline(createReadStream(draft), hash);
  const file = `${folder}-${hash.digest('hex').slice(0, 8)}.pth`;
  renameSync(draft, file);
  return path.resolve(file);
}
