// The files that a config may inherit from. A config from elsewhere must not read the rest of the disk through `_base_`, so
// its bases must be in its project, under a folder given for a package, or among the built-in configs.

import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { DetLabError } from '../errors';
import { packageRoot } from '../paths';

/** Config folders by package, for `mmdet::...` in `_base_`. */
export type PackageRoots = Record<string, string>;

/** Levels above a config's folder that are part of its project if nothing marks one. */
const LEVELS_ABOVE = 4;
const PROJECT_MARKS = ['.git', 'package.json', 'pyproject.toml', 'setup.py', 'setup.cfg', 'model-index.yml'];

/** Parses `mmdet=/path,mmyolo=/other`, or one `mmdet=/path` per text. @throws DetLabError for anything else. */
export function parsePackageRoots(texts: readonly string[]): PackageRoots {
  const roots: PackageRoots = {};
  for (const text of texts.flatMap((text) => text.split(path.delimiter)).filter(Boolean)) {
    const [, name, folder] = /^(\w+)=(.+)$/.exec(text) ?? [];
    if (!name)
      throw new DetLabError(
        `Cannot read the config root ${JSON.stringify(text)}: expected PACKAGE=FOLDER, e.g. mmdet=/path/to/configs`,
      );
    roots[name] = path.resolve(folder);
  }
  return roots;
}

/** Package roots of the environment, `DETLAB_CONFIG_ROOTS=mmdet=/path:mmyolo=/other`, overridden by those given. */
export function packageRoots(given: PackageRoots = {}): PackageRoots {
  return { ...parsePackageRoots([process.env.DETLAB_CONFIG_ROOTS ?? '']), ...given };
}

/**
 * Whether a file may be part of the config at `top`. Folders of the project may be symbolic links (projects include the
 * configs of others in this way), but a link to a single file counts as its target.
 */
export function readableFrom(top: string, packages: PackageRoots): (file: string) => boolean {
  const given = [...Object.values(packages), path.join(packageRoot, 'configs')];
  const roots = [projectOf(path.resolve(top)), ...given];
  const real = [projectOf(realpathSync(top)), ...given.map(existingPath)];
  return (file) => {
    if (!lstatSync(file).isSymbolicLink() && roots.some((root) => isUnder(file, root))) return true;
    const target = realpathSync(file);
    return real.some((root) => isUnder(target, root));
  };
}

const existingPath = (folder: string) => (existsSync(folder) ? realpathSync(folder) : folder);

function isUnder(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '' && relative.split(path.sep)[0] !== '..' && !path.isAbsolute(relative);
}

/** The folder within which a config may inherit: the working directory, if it contains the config, or its project. */
function projectOf(file: string): string {
  const folder = path.dirname(file);
  const working = process.cwd();
  const shared = new Set(
    ['/', '/home', '/root', '/usr', '/etc', '/var', '/opt', '/mnt', tmpdir(), homedir()].flatMap((p) => [
      path.resolve(p),
      existingPath(p),
    ]),
  );
  for (const root of [working, existingPath(working)])
    if (!shared.has(root) && (folder === root || isUnder(folder, root))) return root;
  let project = folder;
  for (let level = 0, at = folder; level <= LEVELS_ABOVE && !shared.has(at); level++, at = path.dirname(at)) {
    project = at;
    if (PROJECT_MARKS.some((mark) => existsSync(path.join(at, mark)))) break;
  }
  return project;
}

/** The file of `mmdet::folder/name.py`, or undefined if the package has no such config. */
export function packageFile(request: string, packages: PackageRoots): string | undefined {
  const [name, inside] = request.split('::');
  const root = packages[name] ?? (name === 'mmdet' ? path.join(packageRoot, 'configs') : undefined);
  if (root === undefined) return undefined;
  const candidates = [inside, `${inside}.py`, inside.replace(/\.py$/, '.ts'), `${inside}.ts`];
  return candidates
    .map((candidate) => path.resolve(root, candidate))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}
