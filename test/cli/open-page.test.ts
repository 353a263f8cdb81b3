// Where a page can be opened, and with what.

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { hasDisplay, openPage, viewerOf } from '../../src/cli/open-page';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-open-'));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  [{}, 'linux', false],
  [{ DISPLAY: '' }, 'linux', false],
  [{ DISPLAY: ':0' }, 'linux', true],
  [{ WAYLAND_DISPLAY: 'wayland-0' }, 'linux', true],
  [{}, 'darwin', true],
  [{ SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }, 'darwin', false],
  [{}, 'win32', true],
] as const)('%j on %s: %s', (env, platform, expected) => expect(hasDisplay(env, platform)).toBe(expected));

it("takes the system's viewer", () => {
  expect(viewerOf('/a b.html', 'linux')).toEqual(['xdg-open', '/a b.html']);
  expect(viewerOf('/a b.html', 'darwin')).toEqual(['open', '/a b.html']);
  expect(viewerOf('C:\\a b.html', 'win32')).toEqual(['cmd', '/c', 'start', '""', '"C:\\a b.html"']);
});

it.runIf(process.platform === 'linux')('starts it, or says that there is none', async () => {
  vi.stubEnv('PATH', folder);
  expect(await openPage('/page.html')).toBe(false);
  const [viewer, opened] = [path.join(folder, 'xdg-open'), path.join(folder, 'opened')];
  writeFileSync(viewer, `#!/bin/sh\nprintf %s "$1" > '${opened}'\n`);
  chmodSync(viewer, 0o755);
  expect(await openPage('/a page.html')).toBe(true);
  await vi.waitFor(() => expect(existsSync(opened) && readFileSync(opened, 'utf8')).toBe('/a page.html'));
});
