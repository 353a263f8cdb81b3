// Pages of every family find what Node finds. Skipped where there is no Chromium.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { browser } from '../frontends/browser';
import { bundled } from '../web/bundled';
import { FAMILIES } from '../web/narrow';
import { expectSameInPage } from '../web/same-in-page';

const dir = mkdtempSync(join(tmpdir(), 'detlab-demo-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeAll(bundled);

test.skipIf(!browser).each(Object.keys(FAMILIES))('%s: the same in Node and in a page', (family) =>
  expectSameInPage(family, dir),
);
