// A rank that lives and does not answer.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { endsOf } from './started';

const folder = mkdtempSync(join(tmpdir(), 'detlab-ranks-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the others give it up after the time-out, by name', async () => {
  const [[first]] = await endsOf([{ hangs: 2, timeout: 3 }], folder);
  expect(first).toMatch(/rank 1 has not answered for 3 seconds/);
});
