// The configs that come with DetLab, by the names that the bases of others give them.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../paths';
import { sameConfig } from './config-names';

const EXTENSION = /\.(ts|json|py)$/;

/**
 * The file that a `_base_` of MMDetection's stands for where MMDetection itself is not: `../_base_/models/mask_rcnn_r50_fpn.py`,
 * `../../mmdetection/configs/_base_/default_runtime.py`, or a bare `faster_rcnn_r50_fpn_1x_coco.py`. None where the folder
 * it was looked for in (`wanted`) is a folder of the user's with configs like it: then the name is a slip.
 */
export function ownConfig(request: string, wanted: string): string | undefined {
  const beside = configsIn(path.dirname(wanted));
  const bare = !request.replace(/^\.\//, '').includes('/');
  if (
    bare
      ? beside.some((file) => plainName(path.basename(file)) === plainName(path.basename(request)))
      : beside.length > 0
  )
    return undefined;
  const root = path.join(packageRoot, 'configs');
  const inside = request.replace(/^.*\bconfigs\//, '').replace(/^(\.{1,2}\/)+/, '');
  const folder = path.posix.dirname(inside);
  const name = plainName(path.posix.basename(inside));
  const files = folder === '.' ? allConfigs(root) : configsIn(path.join(root, folder));
  const found = files.filter((file) => plainName(path.basename(file)) === name);
  return found.length === 1 ? found[0] : undefined;
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

const plainName = (file: string): string => sameConfig(file.replace(EXTENSION, ''));
