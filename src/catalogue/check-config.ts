// Checks a whole config against the catalogue: model, data, transforms, metrics, optimizer, schedules, hooks. Reports every
// unknown type name and every invalid option at once.

import { DetLabError } from '../errors';
import { bestMetricProblems } from './best-metric';
import { findSchemaProblems, problemsText } from './check-model';
import { clashingMetrics } from './clashing-metrics';
import { configSchema, withStandardTypes } from './config-schema';
import type { OptionProblem } from './option-problems';
import type { ModuleConfig, Registry } from './registry';
import { scopeOf } from './type-origins';
import { misspeltKeys } from './unread-keys';

/**
 * Unknown type names and invalid options anywhere in a config; empty for a valid one.
 *
 * @example findConfigProblems(loadConfig('retinanet_r50_fpn_1x_coco').config, catalogue)
 */
export function findConfigProblems(config: Record<string, unknown>, registry: Registry): OptionProblem[] {
  const all = findSchemaProblems(configSchema, withStandardTypes(config), registry, '', {
    scope: scopeOf(config),
  });
  // options of a constructor that is not implemented cannot be judged
  const constructed = all.some(({ path, lacking }) => lacking && path === 'optim_wrapper.constructor');
  const problems = all.filter(({ path }) => !(constructed && path.startsWith('optim_wrapper.paramwise_cfg')));
  // three loaders often share one pipeline: its problems are reported once
  const seen = new Set<string>();
  const clashes = ['val_evaluator', 'test_evaluator'].flatMap((key) => clashingMetrics(metricsAt(config[key]), key));
  return [...misspeltKeys(config), ...problems, ...clashes, ...bestMetricProblems(config)].filter(
    ({ path, message }) => {
      const at = `${path.replace(/^(val|test)_/, 'test_')} ${message}`;
      return seen.has(at) ? false : seen.add(at);
    },
  );
}

/** The metrics of an evaluator that are of a type. */
const metricsAt = (evaluator: unknown): ModuleConfig[] =>
  Array.isArray(evaluator) ? evaluator.filter((one): one is ModuleConfig => typeof one?.type === 'string') : [];

/** @throws DetLabError listing all problems. */
export function checkConfig(config: Record<string, unknown>, registry: Registry, what = 'Cannot use the config'): void {
  const problems = findConfigProblems(config, registry);
  if (problems.length > 0) throw new DetLabError(problemsText(what, problems));
}
