// CheckpointHook in a config: mmengine's options.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { isTemplate } from '../checkpoint-naming';
import { AUTO } from '../history';
import { type MetricKeys, ruleOfMetric } from '../metric-rule';
import { PUBLISHED } from '../publish-weights';
import { CheckpointHook, type CheckpointOptions } from './checkpoint-hook';
import { priority } from './priority';
import { storage } from './storage-option';

const rule = z.enum(['greater', 'less']);
type Names = string | string[] | null | undefined;
const names = z.union([z.string().min(1), z.array(z.string().min(1))]).nullish();
const published = z.enum(
  PUBLISHED,
  'expected "state_dict" or "meta": a published file has weights, classes and config',
);

const options = z
  .strictObject({
    interval: z
      .union([z.int().positive(), z.literal(-1)])
      .default(1)
      .describe('Epochs between two checkpoints; iterations with by_epoch: false; -1: at the end of the run only'),
    by_epoch: z.boolean().default(true).describe('Whether interval counts epochs; false: iterations'),
    max_keep_ckpts: z.int().optional().describe('How many of the newest are kept; -1: all. 1 when left out'),
    save_best: names.describe(
      "Metric whose best model is kept as well, or several: 'coco/bbox_mAP'; 'auto': the first of the evaluation",
    ),
    rule: z
      .union([rule, z.array(rule).min(1)])
      .nullish()
      .describe("'greater' or 'less': which values of save_best are better, of each; by its name when left out"),
    greater_keys: names.describe("Parts of names of metrics of which the largest is the best; mmengine's by default"),
    less_keys: names.describe("Parts of names of metrics of which the smallest is the best; ['loss'] by default"),
    save_last: z.boolean().default(true).describe('Save the end of the run even where no checkpoint is due'),
    save_begin: z.int().nonnegative().default(0).describe('Epochs (or iterations) before the first checkpoint'),
    save_optimizer: z
      .boolean()
      .default(true)
      .describe('Save the state of the optimizer; without it, a resumed run starts its momentum anew'),
    save_param_scheduler: z
      .boolean()
      .default(true)
      .describe('Save the state of the schedule; without it, a resumed run counts it up to where it goes on'),
    out_dir: z
      .string()
      .min(1)
      .nullish()
      .describe('Folder of the checkpoints, under the name of work_dir, which then has a link to them'),
    filename_tmpl: z
      .string()
      .refine(isTemplate, 'expected a name with one {} for the number, such as "model_{}.pth"')
      .nullish()
      .describe('Names of the checkpoints, which are folders: "model_{}.pth" gives model_3'),
    published_keys: z
      .union([published.transform((key) => [key]), z.array(published)])
      .nullish()
      .describe('Write the last and best weights as .pth files named by their hash, with these keys'),
    file_client_args: storage,
    backend_args: storage,
    priority,
  })
  .refine((o) => isSingle(o.save_best), {
    message: "expected 'auto' alone, and each metric once",
    path: ['save_best'],
  })
  .refine((o) => !Array.isArray(o.rule) || o.rule.length === 1 || o.rule.length === listed(o.save_best).length, {
    message: 'expected one rule, or one for each of save_best',
    path: ['rule'],
  })
  .refine((o) => o.rule || listed(o.save_best).every((metric) => metric === AUTO || ruleOfMetric(metric, keysOf(o))), {
    message: "the name of the metric does not say which values are better: expected rule 'greater' or 'less'",
    path: ['rule'],
  });
type Options = z.output<typeof options>;

const listed = (given: Names): string[] => [given ?? []].flat();

function isSingle(given: Names): boolean {
  const all = listed(given);
  return new Set(all).size === all.length && (all.length < 2 || !all.includes(AUTO));
}

function keysOf({ greater_keys: greater, less_keys: less }: { greater_keys?: Names; less_keys?: Names }): MetricKeys {
  return { ...(greater && { greater: listed(greater) }), ...(less && { less: listed(less) }) };
}

function hookOptions(o: Options): CheckpointOptions {
  const interval = o.interval === -1 ? Number.POSITIVE_INFINITY : o.interval;
  const best = listed(o.save_best);
  return {
    ...(o.by_epoch ? { interval } : { interval: Number.POSITIVE_INFINITY, everyIterations: interval }),
    maxKeep: o.max_keep_ckpts ?? 1,
    ...(best.length > 0 && { saveBest: best.length === 1 ? best[0] : best }),
    ...(best.length > 0 && o.rule && { rule: o.rule }),
    ...((o.greater_keys || o.less_keys) && { keys: keysOf(o) }),
    ...(o.save_begin > 0 && { saveBegin: o.save_begin }),
    ...(o.save_last ? {} : { saveLast: false }),
    ...(o.save_optimizer ? {} : { saveOptimizer: false }),
    ...(o.save_param_scheduler ? {} : { saveSchedule: false }),
    ...(o.out_dir && { outDir: o.out_dir }),
    ...(o.filename_tmpl && { nameTemplate: o.filename_tmpl }),
    ...(o.published_keys && { publish: o.published_keys }),
  };
}

export const checkpointHookDefinition = defineModule({
  kind: 'hook',
  type: 'CheckpointHook',
  summary:
    'Saves the whole state of the run every interval epochs or iterations, and the best models if asked; a default hook',
  origin: 'mmengine',
  shapes: 'the state of the run -> a folder with weights, optimizer and schedule',
  example: "{ type: 'CheckpointHook', interval: 1, max_keep_ckpts: 3, save_best: 'auto' }",
  options,
  build: (o) => new CheckpointHook(hookOptions(o)),
});
