// `detlab convert A.pth B.safetensors`: converts weights between formats, keeping dtypes.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { readWeights, writeWeights } from '../checkpoints';
import { DetLabError } from '../errors';
import { fetchWeights } from '../lab/weights/fetch-weights';
import { isWeightsAddress } from '../lab/weights/hub-address';
import { EXIT, output, phase } from './outcome';

export interface ConvertArguments {
  key?: string;
  force?: boolean;
  json?: boolean;
}

export async function convertCommand(from: string, to: string, options: ConvertArguments): Promise<number> {
  const out = output(options.json === true);
  await phase(EXIT.usage, () => {
    if (path.resolve(from) === path.resolve(to))
      throw new DetLabError(`Cannot convert "${from}": input and output are the same file`);
    if (existsSync(to) && !options.force)
      throw new DetLabError(`Cannot write "${to}": the file exists. Use --force to overwrite it`);
  });
  const weights = await phase(EXIT.data, async () => {
    const file = isWeightsAddress(from) ? await fetchWeights(from) : from;
    return readWeights(file, { key: options.key });
  });
  const { tensors, key, skipped, classes, detlab } = weights;
  await phase(EXIT.usage, () => writeWeights(to, tensors, { classes, detlab }));
  const bytes = [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes.byteLength, 0);
  out.event('converted', { from, to, tensors: tensors.size, bytes, key, skipped, classes });
  out.print(
    `${tensors.size} tensors (${(bytes / 1e6).toFixed(1)} MB)${key ? ` under "${key}"` : ''} from ${from} to ${to}` +
      (skipped.length > 0 ? `\nnot converted: ${skipped.join(', ')}` : ''),
  );
  return EXIT.ok;
}
