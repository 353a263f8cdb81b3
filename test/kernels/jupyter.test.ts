// jupyter_kernel_test, Jupyter's own tests of a kernel, in full: nothing fails and nothing is skipped.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths';

const python = join(packageRoot, '.venv', 'bin', 'python');
const isInstalled = existsSync(python);
if (!isInstalled) console.log('jupyter_kernel_test is skipped: there is no .venv; run `npm run setup` to get it');

interface Outcome {
  test: string;
  outcome: 'passed' | 'failed' | 'skipped';
  details: string;
}

const TESTS = [
  'DetLabTests.test_clear_output',
  'DetLabTests.test_completion',
  'DetLabTests.test_display_data',
  'DetLabTests.test_error',
  'DetLabTests.test_execute_result',
  'DetLabTests.test_execute_stderr',
  'DetLabTests.test_execute_stdout',
  'DetLabTests.test_history',
  'DetLabTests.test_inspect',
  'DetLabTests.test_is_complete',
  'DetLabTests.test_kernel_info',
  'DetLabTests.test_pager',
  'DetLabWelcomeTests.test_recv_iopub_welcome_msg',
  'RestartTests.test_input',
  'RestartTests.test_restart',
];

describe.skipIf(!isInstalled)('jupyter_kernel_test', () => {
  const folder = mkdtempSync(join(tmpdir(), 'detlab-suite-'));
  let outcomes: Outcome[] = [];
  let log = '';

  /** Runs test classes of the suite. */
  async function run(...classes: string[]): Promise<{ outcomes: Outcome[]; log: string }> {
    // to files: a kernel that outlived its client would hold a pipe open
    const [out, err] = ['jsonl', 'log'].map((extension) => join(folder, `${classes[0]}.${extension}`));
    const stdio = [out, err].map((path) => openSync(path, 'w'));
    const suite = spawn(python, [join(__dirname, 'jupyter/protocol_suite.py'), ...classes], {
      cwd: folder,
      env: { ...process.env, JUPYTER_PATH: folder, JUPYTER_RUNTIME_DIR: folder, DETLAB_KERNEL: 'detlab-under-test' },
      stdio: ['ignore', ...stdio],
    });
    await new Promise((resolve) => suite.once('close', resolve));
    for (const file of stdio) closeSync(file);
    const lines = readFileSync(out, 'utf8').split('\n');
    return {
      outcomes: lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)),
      log: readFileSync(err, 'utf8'),
    };
  }

  beforeAll(async () => {
    const kernels = join(folder, 'kernels', 'detlab-under-test');
    mkdirSync(kernels, { recursive: true });
    const launcher = join(packageRoot, 'dist', 'kernels', 'jupyter', 'launcher.js');
    const spec = {
      argv: [process.execPath, launcher, '--connection-file', '{connection_file}'],
      display_name: 'DetLab under test',
      language: 'typescript',
      interrupt_mode: 'message',
    };
    writeFileSync(join(kernels, 'kernel.json'), JSON.stringify(spec));
    const runs = await Promise.all([run('DetLabTests'), run('DetLabWelcomeTests', 'RestartTests')]);
    log = runs.map((each) => each.log).join('\n');
    outcomes = runs.flatMap((each) => each.outcomes);
  }, 240_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('runs to its end, with the tests listed here', () => {
    const names = outcomes.map(({ test }) => test.replace(/ .*/, ''));
    expect([...new Set(names)].sort(), log.slice(-4000)).toEqual(TESTS);
  });

  it.each(TESTS)('%s', (name) => {
    const results = outcomes.filter(({ test }) => test.replace(/ .*/, '') === name);
    expect(results.filter(({ outcome }) => outcome !== 'passed').map(({ details }) => details)).toEqual([]);
    expect(results.length, log.slice(-4000)).toBeGreaterThan(0);
  });
});
