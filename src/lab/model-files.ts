// The models that a config names by their files, as mmrazor's (`architecture: { cfg_path: 'mmyolo::rtmdet/rtmdet_s...py' }`): read
// when the config is, so that everything that looks at a model sees its parts.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { scopeOf } from '../catalogue/type-origins';
import {
  type ConfigObject,
  cloneConfig,
  findConfig,
  isObject,
  loadConfig,
  migrateConfig,
  packageFile,
  packageRoots,
} from '../config';
import { DetLabError } from '../errors';

const PARTS = ['architecture', 'teacher'];
/** Folders above a config's in which the path of another one may begin. */
const LEVELS_ABOVE = 4;

/**
 * The config with the models of files in place of their `cfg_path`.
 * @param folders of the config's own files
 * @throws DetLabError for a file that is nowhere
 */
export function withModelFiles(config: ConfigObject, folders: readonly string[] = []): ConfigObject {
  const { model } = config;
  if (!isObject(model)) return config;
  const read = PARTS.flatMap((part) => {
    const given = model[part];
    if (!isObject(given) || typeof given.cfg_path !== 'string' || given.type !== undefined) return [];
    const { cfg_path, ...rest } = given;
    if (rest.pretrained === false || typeof model.teacher_ckpt === 'string') delete rest.pretrained;
    return [[part, { ...modelOf(cfg_path, folders, `model.${part}`), ...rest }] as const];
  });
  return read.length === 0 ? config : { ...config, model: { ...model, ...Object.fromEntries(read) } };
}

/** The model of a config, whose types without a scope are those of its package. */
function modelOf(request: string, folders: readonly string[], at: string): ConfigObject {
  const { config } = migrateConfig(loadConfig(fileOf(request, folders, at)).config);
  const { model, data_preprocessor } = config;
  if (!isObject(model)) throw new DetLabError(`Cannot read ${at}: the config "${request}" has no model`);
  const scope = scopeOf(config);
  return {
    ...(scope !== undefined && { _scope_: scope }),
    ...cloneConfig(model),
    ...(isObject(data_preprocessor) && { data_preprocessor: cloneConfig(data_preprocessor) }),
  };
}

/** The file of a package, one beside the config or in a folder above it, or a built-in config of this name. */
function fileOf(request: string, folders: readonly string[], at: string): string {
  const inside = request.slice(request.indexOf('::') + 1).replace(/^:/, '');
  const ofPackage = request.includes('::') ? packageFile(request, packageRoots()) : undefined;
  const above = folders.flatMap((folder) =>
    Array.from({ length: LEVELS_ABOVE + 1 }, (_, level) => path.resolve(folder, '../'.repeat(level), inside)),
  );
  const found = ofPackage ?? [path.resolve(inside), ...above].find((file) => existsSync(file));
  if (found !== undefined) return found;
  try {
    return findConfig(path.basename(inside, path.extname(inside))).file;
  } catch (error) {
    if (!(error instanceof DetLabError)) throw error;
    const [name] = request.split('::');
    const where = request.includes('::') ? `. Set DETLAB_CONFIG_ROOTS=${name}=FOLDER to the folder of its configs` : '';
    throw new DetLabError(`Cannot read ${at}: no config "${request}"${where}. ${error.message}`);
  }
}
