// A whole config against the catalogue: model, data, transforms, metrics, optimizer, schedules, hooks. Every type name that
// is not there and every wrong option, all at once.

import { DetLabError, nearMisses } from '../errors';
import { findSchemaProblems, problemsText } from './check-model';
import { configSchema, withStandardTypes } from './config-schema';
import type { OptionProblem } from './option-problems';
import type { Registry } from './registry';

/**
 * Everything in a config that is not as the catalogue has it; empty when all of it is there and right.
 *
 * @example findConfigProblems(loadConfig('retinanet_r50_fpn_1x_coco').config, catalogue)
 */
export function findConfigProblems(config: Record<string, unknown>, registry: Registry): OptionProblem[] {
  const problems = findSchemaProblems(configSchema, withStandardTypes(config), registry, '');
  // a pipeline is often three loaders' at once, and a fault in it is one
  const seen = new Set<string>();
  return [...misnamed(config), ...problems].filter(({ path, message }) => {
    const at = `${path.replace(/^(val|test)_/, 'test_')} ${message}`;
    return seen.has(at) ? false : seen.add(at);
  });
}

/**
 * @throws DetLabError listing all problems.
 */
export function checkConfig(config: Record<string, unknown>, registry: Registry, what = 'Cannot use the config'): void {
  const problems = findConfigProblems(config, registry);
  if (problems.length > 0) throw new DetLabError(problemsText(what, problems));
}

/** Keys that nothing reads and that are nearly one that is. */
const misnamed = (config: Record<string, unknown>): OptionProblem[] =>
  nearMisses(config, Object.keys(configSchema.shape)).map(([key, meant]) => ({
    path: key,
    message: `nothing reads this name. Did you mean "${meant}"?`,
  }));
