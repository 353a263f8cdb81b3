// What DetVisualizationHook draws of a test: every image to `test_out_dir`, or some to the vis_backends, in a folder of work_dir
// that has the time of the test as its name.

import path from 'node:path';
import type { ModuleConfig } from '../catalogue/registry';
import { type ConfigObject, isObject } from '../config';
import type { EvaluationResults } from '../evaluation';
import { catalogue } from './catalogue';
import { modulesAt, objectAt } from './config-access';
import { DetVisualizationHook, spreadOver } from './det-visualization-hook';
import { folderName } from './fit';
import type { Model } from './model';
import { fileNamer } from './prediction/file-names';
import { OutputFolder } from './prediction/output-folder';
import { configuredBackends, recordedConfig } from './vis-backends';

/** Images that vis_backends get; a folder of `test_out_dir` gets all. */
const MAX_STORED = 100;

/** The hooks of this type that a config names and that draw. */
export function configuredDrawings(config: ConfigObject): DetVisualizationHook[] {
  const defaults = Object.values(objectAt(config, 'default_hooks')).filter(isObject) as ModuleConfig[];
  return [...defaults, ...modulesAt(config, 'custom_hooks')]
    .filter(({ type }) => /^(mmdet\.)?(Det|Grounding)VisualizationHook$/.test(String(type)))
    .map((hook) => catalogue.build('hook', hook, { path: 'default_hooks.visualization' }))
    .filter((hook): hook is DetVisualizationHook => hook instanceof DetVisualizationHook && hook.options.draw);
}

/**
 * Draws the images of a test as the config's hook asks.
 *
 * @param hook one that draws
 * @returns the folder of the images, and how many of them it has
 */
export async function drawTested(
  hook: DetVisualizationHook,
  results: EvaluationResults,
  model: Pick<Model, 'config' | 'name'>,
  { signal, now = new Date() }: { signal?: AbortSignal; now?: Date } = {},
): Promise<{ folder: string; drawn: number }> {
  const { config, name } = model;
  const workDir = typeof config.work_dir === 'string' ? config.work_dir : path.join('runs', folderName(name));
  const root = path.resolve(workDir, timeName(now));
  const { test_out_dir: outDir } = hook.options;
  return typeof outDir === 'string'
    ? drawAll(hook, results, path.resolve(root, outDir), signal)
    : drawToBackends(hook, results, model, root, signal);
}

async function drawAll(
  hook: DetVisualizationHook,
  results: EvaluationResults,
  target: string,
  signal?: AbortSignal,
): Promise<{ folder: string; drawn: number }> {
  const folder = new OutputFolder(target);
  const kept = results.images.map(({ record }) => record.path);
  const fileOf = fileNamer(folder.root, { extension: '.png', kept });
  await folder.make();
  let drawn = 0;
  for (const image of results.images) {
    if (signal?.aborted) break;
    await folder.write(fileOf(image.record.path), await hook.png(image, results));
    drawn++;
  }
  return { folder: folder.root, drawn };
}

async function drawToBackends(
  hook: DetVisualizationHook,
  results: EvaluationResults,
  { config }: Pick<Model, 'config'>,
  root: string,
  signal?: AbortSignal,
): Promise<{ folder: string; drawn: number }> {
  const backends = configuredBackends(config);
  const history = { train: [], evaluations: [] };
  for (const backend of backends)
    backend.start({ workDir: root, ...recordedConfig(config), history, step: 0, stepsPerEvaluation: 1 });
  let drawn = 0;
  try {
    const numbered = results.images.map((image, i) => ({ image, number: i + 1 }));
    for (const { image, number } of spreadOver(numbered, MAX_STORED)) {
      if (signal?.aborted) break;
      const png = await hook.png(image, results);
      for (const backend of backends) backend.image?.('test_img', png, number);
      drawn++;
    }
  } finally {
    for (const backend of backends) backend.close?.();
  }
  return { folder: root, drawn };
}

/** As mmengine names the folder of a run: 20260131_235959, in local time. */
function timeName(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('');
  return `${day}_${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('')}`;
}
