// The parts of set-up that must survive interruptions and company, and the count `npm test` prints.

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths';

/** A copy of the scripts in a folder of its own: their root is where they lie. */
const folder = mkdtempSync(join(tmpdir(), 'detlab-scripts-'));
beforeAll(() => {
  cpSync(join(packageRoot, 'scripts'), join(folder, 'scripts'), { recursive: true });
  cpSync(join(packageRoot, 'package.json'), join(folder, 'package.json'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const url = (name: string) => pathToFileURL(join(folder, 'scripts', name)).href;

/** Runs module code in a process of its own, with `lib` being one of the scripts. */
function runCode(lib: string, code: string, env: NodeJS.ProcessEnv = process.env) {
  const source = `import * as lib from '${url(lib)}';\n${code}`;
  return spawn(process.execPath, ['--input-type=module', '-e', source], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

const finished = (child: ReturnType<typeof spawn>) =>
  new Promise<string>((resolve) => {
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.on('close', () => resolve(output));
  });

it('compiled modules read the namespace of TensorFlow.js itself, not a copy each', async () => {
  const file = join(folder, 'dist', 'src', 'deep', 'a.js');
  mkdirSync(join(folder, 'dist', 'src', 'deep'), { recursive: true });
  writeFileSync(
    file,
    'const tf = __importStar(require("@tensorflow/tfjs"));\nconst os = __importStar(require("os"));\n',
  );
  expect(
    await finished(runCode('setup/namespaces.mjs', 'console.log(lib.shareNamespaces(), lib.shareNamespaces())')),
  ).toBe('1 0\n');
  expect(readFileSync(file, 'utf8')).toBe(
    'const tf = require("@tensorflow/tfjs");\nconst os = __importStar(require("os"));\n',
  );
});

describe('stamps', () => {
  it('are valid for what they were made for only', async () => {
    const output = await finished(
      runCode(
        'setup/stamp.mjs',
        "const a = lib.digest(['x'], ['package.json']); lib.markDone('step', a); console.log(lib.isDone('step', a), lib.isDone('step', lib.digest(['y'], ['package.json'])), lib.isDone('other', a))",
      ),
    );
    expect(output.trim()).toBe('true false false');
  });

  it('see an edit of a source', async () => {
    mkdirSync(join(folder, 'src', 'deep'), { recursive: true });
    const file = join(folder, 'src', 'deep', 'a.ts');
    const code = "console.log(lib.digestTree(['src'], /\\.ts$/))";
    writeFileSync(file, 'one');
    const first = await finished(runCode('setup/stamp.mjs', code));
    expect(await finished(runCode('setup/stamp.mjs', code))).toBe(first);
    writeFileSync(file, 'three');
    expect(await finished(runCode('setup/stamp.mjs', code))).not.toBe(first);
  });
});

describe('the lock', () => {
  const work = (name: string) =>
    `import { appendFileSync } from 'node:fs';
     await lib.withLock((m) => console.log(m), async () => {
       appendFileSync('${join(folder, 'order')}', '${name}<');
       await new Promise((r) => setTimeout(r, 300));
       appendFileSync('${join(folder, 'order')}', '${name}>');
     });`;

  it('lets one in at a time', async () => {
    const outputs = await Promise.all(['a', 'b', 'c'].map((name) => finished(runCode('setup/lock.mjs', work(name)))));
    const order = readFileSync(join(folder, 'order'), 'utf8');
    expect(order).toHaveLength(12);
    expect(order).toMatch(/^((\w)<\2>){3}$/);
    expect(outputs.join('')).toContain('another set-up');
    expect(existsSync(join(folder, '.setup', 'lock'))).toBe(false);
  });

  it('is taken over from a holder that is dead, or silent', async () => {
    const lock = join(folder, '.setup', 'lock');
    const gone = spawnSync(process.execPath, ['-e', '0']).pid;
    writeFileSync(lock, String(gone));
    await finished(runCode('setup/lock.mjs', work('d')));
    writeFileSync(lock, String(process.pid));
    const old = new Date(Date.now() - 120_000);
    utimesSync(lock, old, old);
    await finished(runCode('setup/lock.mjs', work('e')));
    expect(readFileSync(join(folder, 'order'), 'utf8').slice(-8)).toBe('d<d>e<e>');
  });
});

it('installs torch first, so that the engine is built while the rest is installed', async () => {
  const [fake, log] = [join(folder, 'venv-python'), join(folder, 'pip-log')];
  writeFileSync(join(folder, 'requirements.txt'), 'jupyterlab==1.0.0\ntorch==2.0.0\n');
  const pip = `#!/bin/sh\necho "$@" >> ${log}\n`;
  const venv = `for last; do :; done; mkdir -p $last/bin; cp ${fake}-pip $last/bin/python`;
  writeFileSync(fake, `#!/bin/sh\nif [ "$1" = -c ]; then echo 3.11; else ${venv}; fi\n`, { mode: 0o755 });
  writeFileSync(`${fake}-pip`, pip, { mode: 0o755 });
  const code = `import { appendFileSync } from 'node:fs';
    console.log(await lib.installPythonPackages(() => {}, () => appendFileSync('${log}', 'build the engine\\n')))`;
  await finished(runCode('setup/python-packages.mjs', code, { ...process.env, DETLAB_PYTHON: fake }));
  const steps = readFileSync(log, 'utf8').trim().split('\n');
  expect(steps.map((step) => step.replace(/.* /, ''))).toEqual(['torch==2.0.0', 'engine', 'requirements.txt']);
  rmSync(join(folder, '.venv'), { recursive: true });
  rmSync(join(folder, '.setup', 'python-packages'), { force: true });
});

describe('a missing prerequisite', () => {
  const python = (env: NodeJS.ProcessEnv) =>
    finished(
      runCode('setup/python-packages.mjs', 'console.log(await lib.installPythonPackages(() => {}))', {
        ...process.env,
        ...env,
      }),
    );

  it('Python: one line that says what is lost and what to install', async () => {
    const line = await python({ DETLAB_PYTHON: 'no-such-python' });
    expect(line.trim().split('\n')).toHaveLength(1);
    expect(line).toContain('there is no Python (tried no-such-python)');
    expect(line).toMatch(/only the wasm engine\. Install Python 3\.10/);
  });

  it('a Python without venv', async () => {
    const fake = join(folder, 'fake-python');
    writeFileSync(fake, '#!/bin/sh\necho 3.11\nexit 1\n', { mode: 0o755 });
    expect(await python({ DETLAB_PYTHON: fake })).toMatch(/Python 3\.11 has no venv module.*apt install python3-venv/);
  });

  it('an old Python', async () => {
    const fake = join(folder, 'old-python');
    writeFileSync(fake, '#!/bin/sh\necho 3.8\n', { mode: 0o755 });
    expect(await python({ DETLAB_PYTHON: fake })).toContain('Python 3.8 is too old');
  });

  it('the compiler', async () => {
    const line = await finished(
      runCode('setup/torch-engine.mjs', 'console.log(await lib.buildEngine(() => {}))', {
        ...process.env,
        CXX: 'no-such-compiler',
      }),
    );
    expect(line).toMatch(/^the C\+\+ compiler no-such-compiler is missing: .*wasm engine.*apt install g\+\+/);
  });
});

describe('the count of npm test', () => {
  it('counts tests, skips, and files that could not be loaded', async () => {
    const { countReport } = await import(url('test-report.mjs'));
    const test = (status: string) => ({ status });
    const report = {
      testResults: [
        { status: 'passed', assertionResults: [test('passed'), test('passed'), test('skipped')] },
        { status: 'failed', assertionResults: [test('passed'), test('failed'), test('todo')] },
        { status: 'failed', assertionResults: [] },
      ],
    };
    expect(countReport(report)).toEqual({ passed: 3, failed: 2, skipped: 2 });
  });
});
