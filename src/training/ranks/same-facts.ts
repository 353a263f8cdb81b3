// What all ranks must have: the engine sums whatever it is given, and where one rank has another shape of the same size, another
// order or another frozen part, the numbers are mixed without a word.

import { createHash } from 'node:crypto';
import type { ProcessGroup } from '../../engine/torch/process-group';
import { DetLabError } from '../../errors';
import type { Module } from '../../nn/module';

/** Values by name, in an order that counts. */
export type Facts = readonly (readonly [name: string, value: string])[];

const SHOWN = 3;

/** Name, shape, dtype of each parameter and buffer, and whether it is trained. */
export const parameterFacts = (model: Module): Facts =>
  [...model.named()].map(([name, { variable, kind, requiresGrad }]) => {
    const use = kind === 'buffer' ? 'buffer' : requiresGrad ? 'trained' : 'frozen';
    return [name, `${variable.dtype} [${variable.shape}] ${use}`] as const;
  });

/** Names of what no log shows. */
const SECRET = /token|secret|password|api_?key/i;

/** The values of a config by their paths; of secrets their digests. */
export function configFacts(config: unknown, path = 'config'): Facts {
  if (typeof config !== 'object' || config === null) {
    const text = JSON.stringify(config) ?? 'undefined';
    return [[path, SECRET.test(path) ? createHash('sha256').update(text).digest('hex').slice(0, 8) : text]];
  }
  return Object.entries(config).flatMap(([key, value]) => configFacts(value, `${path}.${key}`));
}

/** @throws DetLabError on all ranks, naming the first differences of each from rank 0 */
export async function checkSameFacts(group: ProcessGroup, facts: Facts): Promise<void> {
  const own = createHash('sha256').update(JSON.stringify(facts)).digest();
  const digests = await group.gather(own);
  if (digests.every((digest) => Buffer.compare(digest, digests[0]) === 0)) return;
  const [first, ...others] = await group.gatherJson(facts);
  const lines = others.flatMap((other, i) => {
    const found = differences(first, other, i + 1);
    return found.length === 0 ? [] : [found.slice(0, SHOWN).join('; ') + (found.length > SHOWN ? '; ...' : '')];
  });
  throw new DetLabError(
    `Cannot train in ${group.size} processes: they are not of one run. ${lines.join('. ')}. ` +
      'Start all ranks with the same config, options and data',
  );
}

function differences(first: Facts, other: Facts, rank: number): string[] {
  const values = new Map(other);
  const names = new Set(first.map(([name]) => name));
  const found = first.flatMap(([name, value]) => {
    const there = values.get(name);
    return there === value ? [] : [`${name} is ${value} on rank 0, ${there ?? 'absent'} on rank ${rank}`];
  });
  found.push(...other.filter(([name]) => !names.has(name)).map(([name]) => `${name} is on rank ${rank} alone`));
  return found.length > 0 ? found : [`their order on rank ${rank} is another than on rank 0`];
}
