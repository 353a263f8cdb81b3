// Finds the built-in config that a `_base_` path of MMDetection refers to.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../paths';
import { normalizedName } from './config-names';

const EXTENSION = /\.(ts|json|py)$/;

/**
 * The built-in config for a `_base_` of MMDetection's that does not exist on disk: `../_base_/models/mask_rcnn_r50_fpn.py`,
 * `../../mmdetection/configs/_base_/default_runtime.py`, or a bare `faster_rcnn_r50_fpn_1x_coco.py`. Undefined if the folder
 * of the missing file has other configs: then the name is a typing error.
 */
export function builtInConfig(request: string, missing: string): string | undefined {
  const siblings = configsIn(path.dirname(missing));
  const bare = !request.replace(/^\.\//, '').includes('/');
  if (
    bare
      ? siblings.some((file) => plainName(path.basename(file)) === plainName(path.basename(request)))
      : siblings.length > 0
  )
    return undefined;
  const root = path.join(packageRoot, 'configs');
  const inside = request.replace(/^.*\bconfigs\//, '').replace(/^(\.{1,2}\/)+/, '');
  const folder = path.posix.dirname(inside);
  const name = plainName(path.posix.basename(inside));
  const files = folder === '.' ? allConfigs(root) : configsIn(path.join(root, folder));
  const matches = files.filter((file) => plainName(path.basename(file)) === name);
  return matches.length === 1 ? matches[0] : undefined;
}

function configsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((entry) => EXTENSION.test(entry) && !entry.endsWith('.d.ts'))
    .map((entry) => path.join(folder, entry));
}

const allConfigs = (root: string): string[] =>
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== '_base_' && entry.name !== 'common')
    .flatMap((entry) => configsIn(path.join(root, entry.name)));

const plainName = (file: string): string => normalizedName(file.replace(EXTENSION, ''));
