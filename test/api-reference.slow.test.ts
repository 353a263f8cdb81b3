// The API reference builds without a warning, and with it every public class, function, type and constant has a page.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../src/paths';
import { publicNames } from './public-names';

it('npm run docs', () => {
  const out = mkdtempSync(path.join(tmpdir(), 'detlab-docs-'));
  const typedoc = path.join(packageRoot, 'node_modules', 'typedoc', 'bin', 'typedoc');
  const { status, stdout, stderr } = spawnSync(process.execPath, [typedoc, '--out', out], {
    cwd: packageRoot,
    encoding: 'utf8',
  });
  expect(status, stdout + stderr).toBe(0);
  const folders = ['classes', 'functions', 'variables', 'modules', 'enums'];
  // a class that is also in `nn` has its page there
  const pagesOf = (name: string) => [`${name}.html`, `nn.${name}.html`];
  const hasPage = (name: string) =>
    folders.some((folder) => pagesOf(name).some((page) => existsSync(path.join(out, folder, page))));
  expect(publicNames.filter((name) => !hasPage(name))).toEqual([]);
  rmSync(out, { recursive: true, force: true });
}, 300_000);
