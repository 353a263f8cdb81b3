// The config of a teacher (LD), which a model names by its file: read before the model is built.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { type ConfigObject, loadConfig } from '../config';

/**
 * The model with the content of its `teacher_config`. The file is looked for from the working directory, as in MMDetection, from the
 * folders of the config, and last among the built-in configs by its name.
 *
 * @throws DetLabError for a name that no config has, with the nearest
 */
export function withTeacherConfig(model: ConfigObject, folders: readonly string[] = []): ConfigObject {
  const { teacher_config: file } = model;
  if (typeof file !== 'string') return model;
  const found = ['', ...folders].map((folder) => path.join(folder, file)).find((place) => existsSync(place));
  const { config } = loadConfig(found ?? path.basename(file, path.extname(file)));
  return { ...model, teacher_config: config };
}
