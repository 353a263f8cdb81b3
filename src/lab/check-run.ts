// Checks what a run uses of a config before anything is built, so that all problems are reported at once, and lists the
// settings that the run does not act on.

import { findConfigProblems } from '../catalogue/check-config';
import { problemsText } from '../catalogue/check-model';
import { findIgnoredSettings, noticeLine } from '../catalogue/config-notices';
import { type OptionProblem, problemLine } from '../catalogue/option-problems';
import { KINDS, type Kind } from '../catalogue/registry';
import { findRelatedSettings } from '../catalogue/related-settings';
import { nearestElsewhere } from '../catalogue/type-origins';
import type { ConfigObject } from '../config';
import { DetLabError } from '../errors';
import { catalogue } from './catalogue';
import { pythonImports } from './custom-imports';
import { environmentNotices } from './run-environment';

/** Modules that a run can do without, and what it does then. */
const SPARE: [path: RegExp, instead: string][] = [
  [/^custom_hooks\b/, 'it is left out'],
  [/^default_hooks\.(timer|logger|param_scheduler|checkpoint)$/, 'the default hook is used'],
  [/^default_hooks\b/, 'it is left out'],
  [/^log_processor$/, 'the log is as without it'],
  [/^visualizer$/, 'model.predict(image) draws'],
  [
    /^visualizer\.vis_backends\b/,
    'scalars go to scalars.jsonl in work_dir; LocalVisBackend, TensorboardVisBackend, MLflowVisBackend and WandbVisBackend write more',
  ],
  [/^\w+_dataloader\.sampler$/, 'images are read as by DefaultSampler'],
  [/^\w+_dataloader\.batch_sampler$/, 'batches are as without it'],
  [/^(val|test)_cfg$/, 'evaluations run as by ValLoop'],
  [/^(val|test)_evaluator\.[1-9]\d*$/, 'it is not computed'],
  [/^test_evaluator\b/, '`detlab test` cannot use it'],
];
/** A dataset is given to `fit`: of a config's, only the pipeline and the order of images are used. */
const DATA =
  /^(train|val|test)_dataloader(\.datasets?(\.\d+)?)+$|^(train|val|test)_dataloader\.dataset\.(?!.*pipeline)/;

/**
 * What of a config a run does not act on, a line for each; the same at the start of a run and in `detlab config check`.
 * @param launched whether the run is of several processes
 */
export const settingNotices = (config: ConfigObject, launched = false) => [
  ...findIgnoredSettings(config, catalogue),
  ...findRelatedSettings(config),
  ...pythonImports(config),
  ...(launched ? [] : environmentNotices(process.env)),
];

/** The lines of these that concern an evaluation by `detlab test`. */
export const testNotices = (config: ConfigObject): string[] =>
  settingNotices(config)
    .filter(({ paths }) => paths.some((path) => /^(test_|tta_model|launcher|environment)/.test(path)))
    .map(noticeLine);

/**
 * @returns lines for the log: what the run goes on without
 * @throws DetLabError listing every problem that stops it
 */
export function checkRun(config: ConfigObject, launched = false): string[] {
  const fatal: OptionProblem[] = [];
  const lines: string[] = [];
  for (const problem of findConfigProblems(config, catalogue)) {
    if (problem.unknown && isKind(problem.unknown.kind)) {
      const instead = SPARE.find(([place]) => place.test(problem.path))?.[1];
      if (instead !== undefined && !isMisspelt(problem.unknown))
        lines.push(...(instead ? [`${missing(problem)}: ${instead}`] : []));
      else if (!DATA.test(problem.path)) fatal.push(problem);
    } else if (problem.key !== undefined || !(DATA.test(problem.path) || /^test_evaluator\b/.test(problem.path)))
      fatal.push(problem);
  }
  if (fatal.length > 0) throw new DetLabError(problemsText('Cannot train', fatal));
  return [...lines, ...settingNotices(config, launched).map(noticeLine)];
}

const isKind = (kind: string): kind is Kind => (KINDS as readonly string[]).includes(kind);

/** Whether a type is a typing error of one that some package has, rather than one of the user's. */
const isMisspelt = ({ kind, type, origin }: { kind: string; type: string; origin?: string }): boolean =>
  origin === undefined && isKind(kind) && (catalogue.isTypo(kind, type) || nearestElsewhere(type, kind) !== undefined);

/** A problem in one clause: without the names that are known. */
const missing = ({ path, message, unknown }: OptionProblem): string =>
  unknown?.origin === undefined
    ? `${path}: "${unknown?.type}" is not implemented`
    : problemLine({ path, message: message.replace(/(\. |:).*$/, '') });
