// The config and the classes that a weights file holds: DetLab's own, or the Python config of a checkpoint of MMDetection, which is
// parsed and never executed, as those of files.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Weights } from '../checkpoints';
import type { ConfigObject } from '../config';
import { DetLabError } from '../errors';
import { loadTranslated } from './legacy-config';
import { metaOf } from './load-strictly';

export interface OwnMeta {
  name: string;
  classes: string[];
  config: ConfigObject;
  threshold?: unknown;
}

type OwnWeights = Pick<Weights, 'source' | 'detlab' | 'config' | 'classes'>;

/**
 * @returns undefined for a file without a config
 * @throws DetLabError for a config that cannot be used, or without the names of the classes
 */
export function ownMeta(weights: OwnWeights, notice: (line: string) => void): OwnMeta | undefined {
  const saved = metaOf(weights);
  if (saved || weights.config === undefined) return saved;
  const { source, classes, config: text } = weights;
  if (!classes)
    throw new DetLabError(
      `Cannot load "${source}" as a model: it has a config, but no names of classes. Use detector(config).classes([...]).load("${source}")`,
    );
  const folder = mkdtempSync(path.join(tmpdir(), 'detlab-config-'));
  const file = path.join(folder, `${path.parse(source).name}.py`);
  const readable = (message: string) => message.replaceAll(file, `the config in ${path.basename(source)}`);
  try {
    writeFileSync(file, text);
    const { name, config } = loadTranslated(file, {}, (line) => notice(readable(line)));
    const { custom_imports, ...rest } = config;
    if (custom_imports !== undefined)
      notice(`custom_imports of the config in ${path.basename(source)} is not followed: a checkpoint executes nothing`);
    return { name, classes: [...classes], config: rest };
  } catch (error) {
    if (!(error instanceof DetLabError)) throw error;
    throw new DetLabError(
      `${readable(error.message)}. Give another config: detector(config).load("${source}"), or detlab predict CONFIG ${source} SOURCE`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
