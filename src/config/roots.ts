// Which files a config may be made of. A config from elsewhere must not reach into the rest of the disk by `_base_`, so
// what it inherits from has to lie in its own project, under a folder given for a package, or among our own configs.

import { existsSync, realpathSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { DetLabError } from '../errors';
import { packageRoot } from '../paths';

/** Folders of configs by package: what `mmdet::...` in `_base_` is looked up in. */
export type PackageRoots = Record<string, string>;

/** Levels above a config's folder that still count as its project when nothing marks one. */
const LEVELS_ABOVE = 4;
const PROJECT_MARKS = ['.git', 'package.json', 'pyproject.toml', 'setup.py', 'setup.cfg', 'model-index.yml'];

/** `mmdet=/path,mmyolo=/other` or one `mmdet=/path` a text. @throws DetLabError for anything else. */
export function parsePackageRoots(texts: readonly string[]): PackageRoots {
  const roots: PackageRoots = {};
  for (const text of texts.flatMap((text) => text.split(path.delimiter)).filter(Boolean)) {
    const [, name, folder] = /^(\w+)=(.+)$/.exec(text) ?? [];
    if (!name)
      throw new DetLabError(
        `Cannot read the config root ${JSON.stringify(text)}: expected PACKAGE=FOLDER, as mmdet=/path/to/configs`,
      );
    roots[name] = path.resolve(folder);
  }
  return roots;
}

/** Package roots from the environment, `DETLAB_CONFIG_ROOTS=mmdet=/path:mmyolo=/other`, below those given. */
export function packageRoots(given: PackageRoots = {}): PackageRoots {
  return { ...parsePackageRoots([process.env.DETLAB_CONFIG_ROOTS ?? '']), ...given };
}

/** Whether `file` may be part of the config at `top`, links followed. */
export function mayRead(file: string, top: string, packages: PackageRoots): boolean {
  const real = realpathSync(file);
  return [projectOf(top), ...Object.values(packages), path.join(packageRoot, 'configs')].some((root) =>
    isUnder(real, root),
  );
}

function isUnder(file: string, folder: string): boolean {
  if (!existsSync(folder)) return false;
  const relative = path.relative(realpathSync(folder), file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}

/** The folder a config may inherit within. */
function projectOf(file: string): string {
  const folder = path.dirname(realpathSync(file));
  const working = realpathSync(process.cwd());
  const shared = new Set(
    ['/', '/home', '/root', '/usr', '/etc', '/var', '/opt', '/mnt', tmpdir(), homedir()].map((p) => path.resolve(p)),
  );
  if (!shared.has(working) && (folder === working || isUnder(folder, working))) return working;
  let project = folder;
  for (let level = 0, at = folder; level <= LEVELS_ABOVE && !shared.has(at); level++, at = path.dirname(at)) {
    project = at;
    if (PROJECT_MARKS.some((mark) => existsSync(path.join(at, mark)))) break;
  }
  return project;
}

/** The file of `mmdet::folder/name.py`, or undefined when that package has no such config. */
export function packageFile(request: string, packages: PackageRoots): string | undefined {
  const [name, inside] = request.split('::');
  const root = packages[name] ?? (name === 'mmdet' ? path.join(packageRoot, 'configs') : undefined);
  if (root === undefined) return undefined;
  const candidates = [inside, `${inside}.py`, inside.replace(/\.py$/, '.ts'), `${inside}.ts`];
  return candidates
    .map((candidate) => path.resolve(root, candidate))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}
