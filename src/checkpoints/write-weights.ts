// Writes weights to a file, in the format of its extension.

import path from 'node:path';
import { DetLabError } from '../errors';
import type { StoredState } from '../nn/stored-tensor';
import type { Writable } from './pickle-writer';
import { writeStored } from './safetensors-file';
import { writeTorchFile } from './write-torch-file';

/**
 * Writes `.safetensors`, or `.pth` / `.pt` under `state_dict`; PyTorch loads both.
 * @param meta strings stored with the tensors; class names where PyTorch's tools expect them
 * @throws DetLabError for another extension
 */
export function writeWeights(
  file: string,
  tensors: StoredState,
  { detlab, classes }: { detlab?: string; classes?: readonly string[] } = {},
): void {
  const extension = path.extname(file);
  if (extension === '.safetensors') {
    writeStored(file, tensors, {
      format: 'pt',
      ...(detlab !== undefined && { detlab }),
      ...(classes && { classes: JSON.stringify(classes) }),
    });
    return;
  }
  if (extension !== '.pth' && extension !== '.pt')
    throw new DetLabError(`Cannot write weights to "${file}": expected the extension .safetensors, .pth or .pt`);
  const meta: Record<string, Writable> = {};
  if (classes) meta.dataset_meta = { classes: [...classes] };
  if (detlab !== undefined) meta.detlab = detlab;
  writeTorchFile(file, tensors, { meta });
}
