// The tarball, installed by npm into an empty folder without development packages: import, require and types, the command, the
// kernel, the wasm engine at once, and the torch engine, built at its first use with this checkout's libtorch.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { torchMissing } from '../../src/engine/torch';
import { packageRoot, places } from '../../src/paths';
import { publicNames } from '../public-names';
import { pack } from './packed';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab install '));
const home = path.join(folder, 'home');
const app = path.join(folder, 'my app');
const modules = path.join(app, 'node_modules');

function run(program: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const all = { ...process.env, DETLAB_HOME: home, DETLAB_ENGINE: '', DETLAB_OFFLINE: '1', ...env };
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: app,
    env: all,
    encoding: 'utf8',
    timeout: 580_000,
  });
  return { status, stdout, stderr };
}
const node = (code: string, env?: NodeJS.ProcessEnv) => {
  writeFileSync(path.join(app, 'program.mjs'), code);
  return run(process.execPath, ['program.mjs'], env);
};
const detlab = (...args: string[]) => run('npx', ['--no-install', 'detlab', ...args], { DETLAB_ENGINE: 'wasm' });

beforeAll(() => {
  mkdirSync(app);
  writeFileSync(path.join(app, 'package.json'), '{ "name": "my-app", "private": true }');
  const args = ['install', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline', pack(folder)];
  const { status, stderr } = run('npm', args);
  expect(status, stderr).toBe(0);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('installs no development packages', () => {
  const { devDependencies } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8'));
  expect(Object.keys(devDependencies).filter((name) => existsSync(path.join(modules, name)))).toEqual([]);
});

it('is imported and required as one instance, with every name', () => {
  const { stdout, stderr } = node(`
    import * as imported from 'detlab';
    import { createRequire } from 'node:module';
    const required = createRequire(import.meta.url)('detlab');
    const names = Object.keys(required);
    console.log(JSON.stringify({ names, differ: names.filter((name) => imported[name] !== required[name]) }));`);
  expect(stderr).toBe('');
  const { names, differ } = JSON.parse(stdout);
  expect(names.sort()).toEqual(publicNames);
  expect(differ).toEqual([]);
});

it('has the library for browsers', () => {
  const code = "console.log(import.meta.resolve('detlab/web'));";
  const file = new URL(node(code).stdout.trim());
  expect(readFileSync(file, 'utf8').length).toBeGreaterThan(100_000);
});

it('has types for both', () => {
  const compile = (name: string, code: string) => {
    writeFileSync(path.join(app, name), code);
    const tsc = path.join(modules, 'typescript', 'bin', 'tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022'];
    return run(process.execPath, [tsc, ...options, name]).stdout;
  };
  const right =
    "const model = detector('faster-rcnn_r18_fpn_toytown').neck({ type: 'PAFPN' });\nmodel.classes(['a']);\n";
  expect(compile('a.mts', `import { detector } from 'detlab';\n${right}`)).toBe('');
  expect(compile('b.cts', `import detlab = require('detlab');\nconst { detector } = detlab;\n${right}`)).toBe('');
  const wrong =
    "import { detector } from 'detlab';\ndetector('faster-rcnn_r18_fpn_toytown').neck({ type: 'PAFPM' });\n";
  expect(compile('c.mts', wrong)).toContain('PAFPM');
}, 120_000);

it('trains, saves and predicts on wasm, from the package alone', () => {
  const { stdout, stderr } = node(
    `import { dataset, detector } from 'detlab';
     const town = await dataset.toytown({ images: 4 });
     const run = await detector('faster-rcnn_r18_fpn_toytown').classes(town.classes).fit(town, { epochs: 1 });
     await run.model.save('town.safetensors');
     console.log(town.val.records[0].path);`,
    { DETLAB_ENGINE: 'wasm' },
  );
  expect(stderr).not.toMatch(/error|warn/i);
  const image = stdout.trim().split('\n').pop()!;
  const predicted = detlab('predict', 'town.safetensors', image, '--out', 'drawn', '--save', 'found.coco.json');
  expect(predicted.status, predicted.stderr).toBe(0);
  expect(existsSync(path.join(app, 'drawn', `${path.parse(image).name}.png`))).toBe(true);
  expect(Array.isArray(JSON.parse(readFileSync(path.join(app, 'found.coco.json'), 'utf8')))).toBe(true);
}, 200_000);

it('has the command', () => {
  expect(detlab('--help').stdout).toContain('detlab');
  expect(detlab('configs', 'yolox_s').stdout).toContain('yolox_s_8xb8-300e_coco');
  expect(detlab('describe', 'FPN').stdout).toContain('out_channels');
  const doctor = detlab('doctor');
  expect(doctor.status, doctor.stdout).toBe(0);
  expect(doctor.stdout).toMatch(/ok +kernel +ready/);
  expect(doctor.stdout).toContain('run `npx detlab setup`');
}, 120_000);

it('registers a kernel that starts from there', () => {
  expect(detlab('kernel', 'install', '--prefix', path.join(folder, 'jupyter')).status).toBe(0);
  const spec = path.join(folder, 'jupyter', 'share', 'jupyter', 'kernels', 'detlab', 'kernel.json');
  const { argv } = JSON.parse(readFileSync(spec, 'utf8'));
  expect(argv[1]).toBe(path.join(modules, 'detlab', 'dist', 'kernels', 'jupyter', 'launcher.js'));
});

it.skipIf(torchMissing() !== undefined)(
  'builds the torch engine at its first use, and only then',
  () => {
    const code = "import { startEngine } from 'detlab';\nconsole.log((await startEngine()).description);";
    const env = { VIRTUAL_ENV: places.venv() };
    const first = node(code, env);
    expect(first.stdout).toMatch(/^torch /);
    expect(first.stderr).toContain(`the torch engine is set up, once for all projects, in ${home}`);
    const second = node(code, env);
    expect(second).toEqual({ status: 0, stdout: first.stdout, stderr: '' });
  },
  290_000,
);
