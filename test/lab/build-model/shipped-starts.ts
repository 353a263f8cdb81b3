// How every parameter of the shipped models starts, against the reference: golden/shipped_starts.json, by
// golden/generate/shipped_starts.py.

import { expect } from 'vitest';
import { type Module, type Parameter, torchShape } from '../../../src/nn/module';
import { Random } from '../../../src/random';
import { goldenJson } from '../../golden-data';
import { expectAlike, type Start } from '../../starting-values';

interface Golden {
  /** By `name [shape]`, with N for numbers in the name: the ways such parameters start; most have one. */
  starts: Record<string, Start[]>;
  /** By model: the parameters that do not start in the first way, and in which. */
  models: Record<string, Record<string, number>>;
}
let golden: Golden | undefined;

export function hasReferenceStart(name: string): boolean {
  golden ??= goldenJson<Golden>('shipped_starts');
  return Object.hasOwn(golden.models, name);
}

/** @param largest number of values of the parameters compared: fewer take less time */
export function expectReferenceStart(name: string, network: Module, largest = Number.POSITIVE_INFINITY): void {
  golden ??= goldenJson<Golden>('shipped_starts');
  const { starts, models } = golden;
  const wrong: string[] = [];
  const seen = new Set<Parameter>(); // shared ones have the first of their names
  for (const [path, parameter] of network.named()) {
    if (parameter.kind !== 'parameter' || parameter.variable.size > largest || seen.has(parameter)) continue;
    seen.add(parameter);
    const key = `${path} [${torchShape(parameter)}]`;
    const start = starts[key.replaceAll(/(?<=\.)\d+(?=\.)/g, 'N')]?.[models[name][key] ?? 0];
    try {
      expect(start, `${key} is in the reference`).toBeDefined();
      expectAlike(path, drawn(parameter), start);
    } catch (error) {
      wrong.push((error as Error).message.split('\n')[0]);
    }
  }
  expect(wrong, wrong.join('\n')).toEqual([]);
}

const drawn = ({ initializer, variable }: Parameter) => initializer(variable.shape, Random.seeded(1)) as Float32Array;
