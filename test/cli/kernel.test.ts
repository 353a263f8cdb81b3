// `detlab kernel`: what it writes and refuses to, and what the doctor makes of kernelspecs that have gone wrong.

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
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { selectKernelspec } from '../../src/cli/kernel/jupyter-findings';
import { kernelsFolder, userDataDir } from '../../src/cli/kernel/jupyter-paths';
import { kernelspec } from '../../src/cli/kernel/kernelspec';
import { probeKernel } from '../../src/cli/kernel/probe';
import { detlab } from './detlab';

const scratch = mkdtempSync(join(tmpdir(), 'detlab-kernelspec-'));
afterAll(() => rmSync(scratch, { recursive: true }));

let prefix: string;
let folder: string;
let number = 0;
beforeEach(() => {
  prefix = join(scratch, String(number++));
  folder = join(prefix, 'share', 'jupyter', 'kernels', 'detlab');
});
const data = () => join(prefix, 'share', 'jupyter');
const FOREIGN = { argv: ['other-kernel', '-f', '{connection_file}'], display_name: 'Another', language: 'typescript' };

/** Writes a kernel.json; returns the data folder it is in. */
function put(spec: unknown, name = 'detlab'): string {
  const at = join(data(), 'kernels', name);
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'kernel.json'), typeof spec === 'string' ? spec : JSON.stringify(spec));
  return data();
}

describe('install and uninstall', () => {
  test('write a kernelspec that starts this checkout, once, and take it away', async () => {
    const place = ['--prefix', prefix, '--json'];
    const first = await detlab('kernel', 'install', ...place);
    expect([first.code, first.lines()]).toEqual([0, [{ event: 'installed', folder, changed: true }]]);
    const spec = JSON.parse(readFileSync(join(folder, 'kernel.json'), 'utf8'));
    expect(spec).toMatchObject({
      display_name: 'DetLab (TypeScript)',
      language: 'typescript',
      interrupt_mode: 'message',
    });
    expect(spec.argv).toEqual([process.execPath, kernelspec().argv[1], '--connection-file', '{connection_file}']);
    expect(readdirSync(folder).sort()).toEqual(['kernel.json', 'logo-32x32.png', 'logo-64x64.png', 'logo-svg.svg']);

    expect((await detlab('kernel', 'install', ...place)).lines()[0].changed).toBe(false);
    // what an older version left is brought up to date
    writeFileSync(join(folder, 'kernel.json'), JSON.stringify({ ...spec, interrupt_mode: 'signal' }));
    writeFileSync(join(folder, 'logo-old.png'), '');
    expect((await detlab('kernel', 'install', ...place)).lines()[0].changed).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, 'kernel.json'), 'utf8'))).toEqual(spec);
    expect(readdirSync(folder)).toHaveLength(4);

    const gone = await detlab('kernel', 'uninstall', ...place);
    expect([gone.code, gone.lines()]).toEqual([0, [{ event: 'uninstalled', folder, removed: true }]]);
    expect(existsSync(folder)).toBe(false);
    expect((await detlab('kernel', 'uninstall', ...place)).lines()[0].removed).toBe(false);
  });

  test("leave another's kernel of that name alone unless forced", async () => {
    put(FOREIGN);
    for (const act of ['install', 'uninstall']) {
      const { code, err } = await detlab('kernel', act, '--prefix', prefix);
      expect([code, err]).toEqual([1, expect.stringMatching(/the kernel "Another", which is not DetLab's/)]);
    }
    expect(JSON.parse(readFileSync(join(folder, 'kernel.json'), 'utf8'))).toEqual(FOREIGN);
    expect((await detlab('kernel', 'install', '--force', '--prefix', prefix)).code).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'kernel.json'), 'utf8')).display_name).toBe('DetLab (TypeScript)');
  });

  test('replace a link to a kernelspec, not what it leads to', async () => {
    const source = join(prefix, 'source');
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, 'kernel.json'), JSON.stringify({ ...kernelspec(), language: 'old' }));
    mkdirSync(join(data(), 'kernels'), { recursive: true });
    symlinkSync(source, folder);
    expect((await detlab('kernel', 'install', '--prefix', prefix)).code).toBe(0);
    expect(JSON.parse(readFileSync(join(source, 'kernel.json'), 'utf8')).language).toBe('old');
    expect(JSON.parse(readFileSync(join(folder, 'kernel.json'), 'utf8')).language).toBe('typescript');
  });

  test('say where they cannot write, and what is wrong with the options', async () => {
    mkdirSync(prefix);
    writeFileSync(join(prefix, 'share'), 'a file');
    const { code, err } = await detlab('kernel', 'install', '--prefix', prefix);
    expect([code, err]).toEqual([1, expect.stringMatching(/Cannot install the kernel in .*: (ENOTDIR|EEXIST) at /)]);
    const both = await detlab('kernel', 'install', '--user', '--prefix', prefix);
    expect([both.code, both.err]).toEqual([
      2,
      expect.stringContaining("'--user' cannot be used with option '--prefix"),
    ]);
    expect((await detlab('kernel', 'instal')).err).toContain('Did you mean install?');
  });

  test('go where Jupyter looks', () => {
    const home = { HOME: '/home/ada' };
    expect(userDataDir({ ...home, JUPYTER_DATA_DIR: '/data' })).toBe('/data');
    expect(userDataDir({ ...home, XDG_DATA_HOME: '/xdg' }, 'linux')).toBe('/xdg/jupyter');
    expect(userDataDir(home, 'linux')).toMatch(/\.local\/share\/jupyter$/);
    expect(userDataDir(home, 'darwin')).toMatch(/Library\/Jupyter$/);
    expect(userDataDir({ APPDATA: '/roaming' }, 'win32')).toBe('/roaming/jupyter');
    expect(kernelsFolder({ user: true }, { JUPYTER_DATA_DIR: '/data' })).toBe('/data/kernels');
    expect(kernelsFolder({ sysPrefix: true }, { VIRTUAL_ENV: '/env' })).toBe('/env/share/jupyter/kernels');
    expect(kernelsFolder({ sysPrefix: true }, { CONDA_PREFIX: '/conda' })).toBe('/conda/share/jupyter/kernels');
  });
});

describe('the doctor on a kernelspec', () => {
  const look = (...folders: string[]) =>
    selectKernelspec({ name: 'here', option: '--user', data: folders }, 'kernelspec').finding;
  const entry = kernelspec().argv[1];
  const withArgv = (node: string, script: string) => ({
    ...kernelspec(),
    argv: [node, script, ...kernelspec().argv.slice(2)],
  });

  test('is content with a fresh one', () => {
    expect(look(put(kernelspec()))).toMatchObject({ ok: true, detail: folder });
  });

  test.each<[string, unknown, RegExp, RegExp]>([
    [
      'whose Node.js is gone',
      withArgv('/nowhere/node', entry),
      /its Node\.js no longer exists: \/nowhere\/node/,
      /install --user`/,
    ],
    [
      'whose checkout moved',
      withArgv(process.execPath, '/nowhere/dist/kernels/jupyter/main.js'),
      /was moved or deleted/,
      /install --user` here/,
    ],
    [
      'of an older version',
      { ...kernelspec(), interrupt_mode: 'signal' },
      /outdated \(interrupt_mode\)/,
      /install --user` again/,
    ],
    ['that is no JSON', '{', /not JSON/, /install --force/],
    ["that is another's", FOREIGN, /another kernel named detlab/, /remove or rename/],
  ])('tells one %s', (_, spec, detail, advice) => {
    const finding = look(put(spec));
    expect(finding.ok).toBe(false);
    expect(finding.detail).toMatch(detail);
    expect(finding.advice).toMatch(advice);
  });

  test('tells one of another checkout, and one of an old Node.js', () => {
    const other = join(scratch, 'other', 'dist', 'kernels', 'jupyter');
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, 'main.js'), '');
    expect(look(put(withArgv(process.execPath, join(other, 'main.js')))).detail).toContain(
      'it starts another checkout',
    );
    const old = join(scratch, 'old-node');
    writeFileSync(old, '#!/bin/sh\necho v16.20.0\n', { mode: 0o755 });
    expect(look(put(withArgv(old, entry))).detail).toMatch(/is v16\.20\.0, which is too old/);
  });

  test('tells one that is missing, and one that is hidden by another on the path', () => {
    expect(look(data()).detail).toBe('not installed for the Jupyter of here');
    const right = put(kernelspec());
    prefix = join(scratch, String(number++));
    const foreign = put(FOREIGN, 'DetLab'); // Jupyter does not tell capitals apart
    expect(look(right, foreign).ok).toBe(true);
    expect(look(foreign, right).detail).toContain(`which hides ${join(right, 'kernels', 'detlab')}`);
  });
});

describe('the trial', () => {
  test('says what a kernel that does not start said', async () => {
    const script = join(scratch, 'broken.js');
    writeFileSync(script, "console.error('no such engine'); process.exit(3);");
    const findings = await probeKernel({ ...kernelspec(), argv: [process.execPath, script] });
    expect(findings.map(({ name, ok }) => [name, ok])).toEqual([
      ['zeromq', true],
      ['loopback', true],
      ['kernel', false],
    ]);
    expect(findings[2].detail).toMatch(/exit 3[\s\S]*no such engine/);
    const none = await probeKernel({ ...kernelspec(), argv: [join(scratch, 'no-such-node')] });
    expect(none[2].detail).toMatch(/could not be started: .*ENOENT/);
  });

  test('has an answer of the kernel', async () => {
    const kernel = (await probeKernel(kernelspec())).find(({ name }) => name === 'kernel');
    expect(kernel).toMatchObject({ ok: true, detail: expect.stringMatching(/1\+1 gives 2, shuts down/) });
  });
});
