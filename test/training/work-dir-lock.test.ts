import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { trainTiny as run } from './tiny-run';
import { workDirs } from './work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

test('two runs never share a folder; a dead process leaves it free', async () => {
  const workDir = freshDir();
  const controller = new AbortController();
  const callbacks = {
    onStep: () => new Promise<void>((resolve) => controller.signal.addEventListener('abort', () => resolve())),
  };
  const first = run({ workDir, signal: controller.signal, callbacks });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await expect(run({ workDir })).rejects.toThrow(new RegExp(`process ${process.pid} is training there`));
  controller.abort();
  await first;
  writeFileSync(join(workDir, '.training'), '999999999');
  expect((await run({ workDir, epochs: 1 })).result.interrupted).toBe(false);
});
