// JupyterLab of .venv in a headless Chromium, for tests: a server of its own on a free loopback port, with its own folders
// and this checkout's kernel, and one browser for all scenarios of a file.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { installKernelspec } from '../../src/cli/kernel/install';
import { venvPython } from '../../src/cli/kernel/jupyter-paths';
import { packageRoot } from '../../src/paths';
import { allowed } from '../kernels/jupyter/kernels';
import { browser } from './browser';

/** Why there can be no front end here, for the notice of a skipped test. */
export const missing = !existsSync(venvPython)
  ? 'no JupyterLab in .venv'
  : !browser
    ? 'no chromium on the PATH (Debian: apt install chromium)'
    : undefined;

/** Screenshots are left here. */
export const artefacts = join(packageRoot, 'runs', 'frontends');

const SETTINGS = {
  'apputils-extension/notification': { fetchNews: 'false', checkForUpdates: false },
  // a busy machine answers late; it must answer all the same
  'completer-extension/manager': { providerTimeout: 20_000 },
  'docmanager-extension/plugin': { autosave: false },
};
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface JupyterLab {
  /** Notebooks are opened from here. */
  folder: string;
  page: Page;
  /** Texts of the dialogs (alert, confirm) that pages opened. */
  alerts: string[];
  open(notebook: string, json: string): Promise<void>;
  stop(): Promise<void>;
}

/** Waits until a started server has said its address in its log. */
async function address(server: ChildProcess, log: string): Promise<string> {
  for (const deadline = Date.now() + allowed(90_000); ; ) {
    const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(readFileSync(log, 'utf8'))?.[0];
    if (url) return url;
    if (Date.now() > deadline || server.exitCode !== null) {
      throw new Error(`JupyterLab did not start (exit ${server.exitCode}):\n${readFileSync(log, 'utf8').slice(-3000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export interface LabOptions {
  dark?: boolean;
  /** Extensions of JupyterLab to do without. */
  without?: readonly string[];
}

export async function startJupyterLab({ dark = false, without = [] }: LabOptions = {}): Promise<JupyterLab> {
  const scratch = mkdtempSync(join(tmpdir(), 'detlab-lab-'));
  const place = (name: string) => join(scratch, name);
  const folder = place('notebooks');
  mkdirSync(folder);
  mkdirSync(artefacts, { recursive: true });
  installKernelspec(join(place('prefix'), 'share', 'jupyter', 'kernels'));
  const theme = { theme: dark ? 'JupyterLab Dark' : 'JupyterLab Light' };
  for (const [name, settings] of Object.entries({ ...SETTINGS, 'apputils-extension/themes': theme })) {
    const file = `${place('settings')}/@jupyterlab/${name}.jupyterlab-settings`;
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, JSON.stringify(settings));
  }
  const disabledExtensions = Object.fromEntries(without.map((name) => [name, true]));
  mkdirSync(join(place('config'), 'labconfig'), { recursive: true });
  writeFileSync(join(place('config'), 'labconfig', 'page_config.json'), JSON.stringify({ disabledExtensions }));
  const token = randomUUID();
  const log = place('server.log');
  const output = openSync(log, 'a');
  const args = ['--no-browser', '--ip=127.0.0.1', '--port=0', '--allow-root', `--ServerApp.root_dir=${folder}`];
  const server = spawn(venvPython, ['-m', 'jupyterlab', ...args], {
    cwd: folder,
    env: {
      ...process.env,
      JUPYTER_TOKEN: token,
      JUPYTER_CONFIG_DIR: place('config'),
      JUPYTER_DATA_DIR: place('data'),
      JUPYTER_RUNTIME_DIR: place('runtime'),
      JUPYTERLAB_SETTINGS_DIR: place('settings'),
      JUPYTERLAB_WORKSPACES_DIR: place('workspaces'),
      JUPYTER_PATH: join(place('prefix'), 'share', 'jupyter'), // before what .venv may have of another checkout
    },
    stdio: ['ignore', output, output],
  });
  closeSync(output);

  let context: BrowserContext | undefined;
  async function stop() {
    await context?.close().catch(() => {});
    if (server.exitCode === null && server.signalCode === null) {
      const exit = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM'); // ends its kernels too
      const late = setTimeout(() => server.kill('SIGKILL'), 15_000);
      await exit;
      clearTimeout(late);
    }
    rmSync(scratch, { recursive: true, force: true });
  }

  try {
    const url = await address(server, log);
    context = await chromium.launchPersistentContext(place('browser'), {
      executablePath: browser,
      headless: true,
      args: FLAGS,
      viewport: { width: 1280, height: 1000 },
    });
    context.setDefaultTimeout(60_000);
    const page = context.pages()[0] ?? (await context.newPage());
    const alerts: string[] = [];
    page.on('dialog', (dialog) => {
      if (dialog.type() !== 'beforeunload') alerts.push(dialog.message());
      void dialog.accept();
    });
    return {
      folder,
      page,
      alerts,
      async open(notebook, json) {
        writeFileSync(join(folder, notebook), json);
        // a page of its own for each notebook: nothing else is on it
        await page.goto(`${url}doc/tree/${notebook}?token=${token}`);
        await page.locator('.jp-NotebookPanel .jp-Notebook').waitFor();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
