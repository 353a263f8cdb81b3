// Which files of the engine are compiled together, with a compiler that only writes down what it is given.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../../src/paths';

const folder = mkdtempSync(join(tmpdir(), 'detlab-build-'));
const engine = join(folder, 'kernels', 'torch');
const source = (file: string) => join(engine, 'src', `${file}.cpp`);
const FILES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

beforeAll(() => {
  mkdirSync(join(engine, 'src'), { recursive: true });
  const scripts = ['kernels/torch/build.mjs', 'kernels/torch/find-torch.mjs', 'scripts/setup'];
  for (const script of scripts) cpSync(join(packageRoot, script), join(folder, script), { recursive: true });
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(engine, 'src', 'torch.h'), '#pragma once\n');
  for (const file of FILES) writeFileSync(source(file), `int ${file};\n`);
  // the units of each compilation, from the includes of a group or the name of the file; "bad" does not compile with others
  const compiler = `#!${process.execPath}
    const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
    const args = process.argv.slice(2);
    if (args.includes('-dumpfullversion')) return console.log('12.0.0');
    const given = args[args.indexOf('-c') + 1];
    if (args.includes('-c')) {
      const group = [...readFileSync(given, 'utf8').matchAll(/#include "(.*)"/g)].map(([, path]) => path);
      const units = group.length ? group : [given];
      appendFileSync(${JSON.stringify(join(folder, 'log'))}, units.map((path) => path.split('/').pop()[0]).join('') + '\\n');
      if (units.length > 1 && units.some((path) => readFileSync(path, 'utf8').includes('bad'))) process.exit(1);
    }
    writeFileSync(args[args.indexOf('-o') + 1], '');`;
  writeFileSync(join(folder, 'compiler'), compiler, { mode: 0o755 });
  const torch = JSON.stringify({ folder: '/torch', version: '2.0', cuda: null });
  writeFileSync(join(folder, 'python'), `#!/bin/sh\necho '${torch}'\n`, { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Builds on two cores; returns what was compiled, each compilation as the letters of its files. */
function build(): string[] {
  writeFileSync(join(folder, 'log'), '');
  const url = pathToFileURL(join(engine, 'build.mjs')).href;
  const code = `import os from 'node:os';
    import { syncBuiltinESMExports } from 'node:module';
    os.availableParallelism = () => 2;
    syncBuiltinESMExports();
    const { buildTorchEngine } = await import('${url}');
    await buildTorchEngine();`;
  const env = { ...process.env, CXX: join(folder, 'compiler'), DETLAB_PYTHON: join(folder, 'python') };
  execFileSync(process.execPath, ['--input-type=module', '-e', code], { env, stdio: 'pipe' });
  return readFileSync(join(folder, 'log'), 'utf8').split('\n').filter(Boolean).sort();
}

it('compiles all files as a group for each core, and of an edited one less and less', () => {
  const first = build();
  expect(first.map((group) => group.length)).toEqual([4, 4]);
  expect(first.join('').split('').sort()).toEqual(FILES);
  expect(build()).toEqual([]);

  const edit = (text: string) => {
    writeFileSync(source('c'), text);
    return build();
  };
  const group = first.find((letters) => letters.includes('c'))!;
  const second = edit('int c2;\n');
  expect(second.map((letters) => letters.length)).toEqual([2, 2]);
  expect(second.join('').split('').sort().join('')).toBe(group);
  expect(edit('int c3;\n').sort()).toEqual(second.find((letters) => letters.includes('c'))!.split(''));
  expect(edit('int c4;\n')).toEqual(['c']);
  expect(build()).toEqual([]);
});

it('compiles files one by one that do not compile together', () => {
  writeFileSync(join(engine, 'src', 'torch.h'), '#pragma once // changed\n');
  writeFileSync(source('b'), 'int bad;\n');
  const compiled = build();
  const group = compiled.find((letters) => letters.length > 1 && letters.includes('b'))!;
  expect(compiled.filter((letters) => letters.length === 1)).toEqual(group.split(''));
  expect(build()).toEqual([]);
  writeFileSync(source('b'), 'int good;\n');
  expect(build()).toEqual(['b']);
});
