// What a run was made by: versions of DetLab, Node, engine and packages, the machine, and the state of the git repository that it
// was started in. `run.json` keeps it, and train.log begins with it.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, platform, totalmem } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { engine } from '../engine';
import { packageRoot } from '../paths';

export interface GitState {
  branch: string;
  commit: string;
  /** Files that differ from the commit, or are new. */
  changed: string[];
}

export interface Provenance {
  detlab: string;
  node: string;
  /** `linux x64`. */
  system: string;
  processors: number;
  memoryBytes: number;
  engine: string;
  /** Versions of what DetLab is built on. */
  packages: Record<string, string>;
  /** Of the folder that the run was started in; absent where it is no repository, or git is not there. */
  git?: GitState;
}

/** A large repository on a slow disk does not delay a run. */
const GIT_MS = 3000;
/** Files that a line names. */
const LISTED = 5;

const run = promisify(execFile);

async function gitState(folder: string): Promise<GitState | undefined> {
  const git = async (...args: string[]) => {
    const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' };
    const { stdout } = await run('git', ['-C', folder, ...args], { timeout: GIT_MS, env, maxBuffer: 2 ** 24 });
    return stdout.trimEnd();
  };
  try {
    const [branch, commit, status] = await Promise.all([
      git('rev-parse', '--abbrev-ref', 'HEAD'),
      git('rev-parse', 'HEAD'),
      git('status', '--porcelain', '--untracked-files=normal'),
    ]);
    // two letters and a space before each name
    return { branch, commit, changed: status === '' ? [] : status.split('\n').map((line) => line.slice(3)) };
  } catch {
    return undefined;
  }
}

interface PackageFile {
  version: string;
  dependencies?: Record<string, string>;
}

const packageFile = (folder: string): PackageFile =>
  JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as PackageFile;

function packageVersions(dependencies: Record<string, string>): Record<string, string> {
  const versions = Object.entries(dependencies).map(([name, declared]) => {
    try {
      return [name, packageFile(path.join(packageRoot, 'node_modules', name)).version];
    } catch {
      return [name, declared]; // installed elsewhere
    }
  });
  return Object.fromEntries(versions);
}

/** @param folder which the run was started in */
export async function provenance(folder = process.cwd()): Promise<Provenance> {
  const { version, dependencies = {} } = packageFile(packageRoot);
  const git = await gitState(folder);
  return {
    detlab: version,
    node: process.version,
    system: `${platform()} ${arch()}`,
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    engine: engine().description,
    packages: packageVersions(dependencies),
    ...(git && { git }),
  };
}

/** As train.log has it. */
export function provenanceLines(p: Provenance): string[] {
  const { git } = p;
  const more = git && git.changed.length > LISTED ? `, and ${git.changed.length - LISTED} more` : '';
  const changed =
    git &&
    (git.changed.length === 0 ? 'nothing changed' : `changed: ${git.changed.slice(0, LISTED).join(', ')}${more}`);
  return [
    `DetLab ${p.detlab}, Node ${p.node} on ${p.system}, ${p.processors} processors, ${(p.memoryBytes / 2 ** 30).toFixed(1)} GB of memory`,
    `packages: ${Object.entries(p.packages)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
    git ? `git: ${git.branch}, commit ${git.commit}, ${changed}` : 'git: no repository',
  ];
}
