// What `npm pack` puts into the tarball, and how it behaves where nothing is built.

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths';
import { slowTest } from '../slow-cases';
import { pack, packedFiles } from './packed';

const read = (file: string) => readFileSync(path.join(packageRoot, file), 'utf8');
const listed = (folder: string) =>
  readdirSync(path.join(packageRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(packageRoot, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'));

/** What a source is compiled to; the scripts of displays have no types, the library for browsers is bundled. */
const compiledFrom = (source: string): string[] => {
  const stem = `dist/${source.replace(/\.ts$/, '')}`;
  if (source.startsWith('src/web/')) return [`${stem}.d.ts`];
  return source.includes('/browser/') ? [`${stem}.js`] : [`${stem}.js`, `${stem}.d.ts`];
};

const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };

describe('the files of the tarball', () => {
  const files = packedFiles();

  it('are those that are needed to run, and no others', () => {
    const scripts = ['command.mjs', 'lock.mjs', 'paths.mjs', 'pixel-kernels.mjs', 'places.cjs', 'python-packages.mjs'];
    const expected = [
      ...['LICENSE', 'README.md', 'package.json', 'requirements.txt', 'bin/detlab.cjs'],
      ...['configs', 'weights', 'kernels/jupyter/logo', 'kernels/torch/src', 'kernels/pixels/src'].flatMap(listed),
      ...['kernels/jupyter/README.md', 'kernels/jupyter/kernelspec.json'],
      ...['kernels/pixels/build.mjs', 'kernels/torch/build.mjs', 'kernels/torch/find-torch.mjs'],
      ...['scripts/setup-engine.mjs', 'scripts/terminal.mjs'],
      ...[...scripts, 'stamp.mjs', 'torch-engine.mjs'].map((name) => `scripts/setup/${name}`),
    ];
    expect(files.filter((file) => !file.startsWith('dist/')).sort()).toEqual(expected.sort());
  });

  it('are compiled from every source, without maps', () => {
    const all = ['src', 'kernels/jupyter'].flatMap(listed);
    const sources = all.filter((file) => /(?<!\.d)\.ts$/.test(file));
    const tables = all.filter((file) => /^src\/.*\.json$/.test(file)).map((file) => `dist/${file}`);
    const packed = new Set(files);
    expect(sources.length).toBeGreaterThan(900);
    expect(sources.flatMap(compiledFrom).filter((file) => !packed.has(file))).toEqual([]);
    const compiled = (file: string) => /^dist\/(src|kernels)\/.*\.(js|d\.ts)$/.test(file) || tables.includes(file);
    const bundles = files.filter((file) => file.startsWith('dist/web/'));
    expect(bundles).toEqual(['dist/web/index.mjs', 'dist/web/page.js']);
    const others = files.filter((file) => file.startsWith('dist/') && !bundles.includes(file) && !compiled(file));
    expect(others).toEqual([]);
  });

  it('name no folder of this machine', () => {
    const text = files.filter((file) => /\.(js|cjs|mjs|ts|json|md|txt|cpp|h)$/.test(file));
    const places = [packageRoot, `${homedir()}${path.sep}`, `${tmpdir()}${path.sep}detlab`];
    expect(text.filter((file) => places.some((place) => read(file).includes(place)))).toEqual([]);
  });

  it('import nothing but Node and the dependencies', () => {
    const known = new Set([...builtinModules, ...Object.keys(dependencies), 'detlab']);
    const strange = files
      .filter((file) => /\.[cm]?js$/.test(file) && !file.includes('/browser/'))
      .flatMap((file) =>
        [...read(file).matchAll(/(?:\brequire\(|\bimport\(|^import .*from |^} from )['"]([^'"./][^'"]*)['"]/gm)]
          .map(([, name]) => name.replace(/^((?:@[^/]+\/)?[^/]+).*$/, '$1'))
          .filter((name) => !name.startsWith('node:') && !known.has(name))
          .map((name) => `${file}: ${name}`),
      );
    expect(strange).toEqual([]);
  });
});

describe('a package whose engine is not built', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'detlab package '));
  const installed = path.join(folder, 'node_modules', 'detlab');
  beforeAll(() => {
    const tarball = pack(folder);
    mkdirSync(installed, { recursive: true });
    spawnSync('tar', ['xzf', tarball, '-C', installed, '--strip-components=1']);
    symlinkSync(path.join(packageRoot, 'node_modules'), path.join(installed, 'node_modules'), 'junction');
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const home = path.join(folder, 'home');
  const start = (env: NodeJS.ProcessEnv) => {
    const code = "require('detlab').startEngine().then((e) => console.log(e.name), (e) => console.log(e.message))";
    const all = { ...process.env, DETLAB_HOME: home, DETLAB_OFFLINE: '1', VIRTUAL_ENV: '', CONDA_PREFIX: '', ...env };
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], { cwd: folder, env: all, encoding: 'utf8' });
    return { stdout: stdout.trim(), stderr };
  };

  it('has wasm at once, without a word where it was asked for', () => {
    expect(start({ DETLAB_ENGINE: 'wasm' })).toEqual({ stdout: 'wasm', stderr: '' });
    expect(existsSync(home)).toBe(false);
  });

  it('says in one line why there is only wasm', () => {
    const { stdout, stderr } = start({ DETLAB_ENGINE: '', CXX: 'no-such-compiler' });
    expect(stdout).toBe('wasm');
    expect(stderr).toMatch(
      /^detlab: the C\+\+ compiler no-such-compiler is missing: .*apt install g\+\+.* wasm engine\n$/,
    );
  });

  it('asks nothing of the network with DETLAB_OFFLINE', () => {
    const { stdout } = start({ DETLAB_ENGINE: 'torch', DETLAB_PYTHON: 'no-such-python' });
    expect(stdout).toMatch(/^Cannot start the torch engine: no Python has torch and DETLAB_OFFLINE is set/);
  });

  slowTest('names DETLAB_HOME where it cannot be written', () => {
    const file = path.join(folder, 'a file');
    writeFileSync(file, '');
    const { stdout, stderr } = start({ DETLAB_ENGINE: '', DETLAB_HOME: file });
    expect(stdout).toBe('wasm');
    expect(stderr).toMatch(/the torch engine has no place: .*Set DETLAB_HOME to a folder that can be written/);
  });

  slowTest('does not repeat a set-up that has failed after long work, until asked', () => {
    mkdirSync(path.join(home, 'setup'), { recursive: true });
    const failure = { reason: 'pip could not install torch', costly: true, at: Date.now() };
    writeFileSync(path.join(home, 'setup', 'engine-failure.json'), JSON.stringify(failure));
    expect(start({ DETLAB_ENGINE: '' }).stderr).toMatch(/pip could not install torch \(`npx detlab setup` tries again/);
    const again = start({ DETLAB_ENGINE: 'torch', CXX: 'no-such-compiler' }).stdout;
    expect(again).toContain('the C++ compiler no-such-compiler is missing');
  });
});
