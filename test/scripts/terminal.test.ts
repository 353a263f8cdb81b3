// The status below the lines that scripts print.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/paths';

const url = pathToFileURL(join(packageRoot, 'scripts', 'terminal.mjs')).href;

/** What module code prints on a pipe, with `lib` being the script. */
const printed = (code: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', `import * as lib from '${url}';\n${code}`], {
    encoding: 'utf8',
  }).stdout;

it('says what is being done when nothing else was printed for some seconds, and returns the result', () => {
  const code = `const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const result = await lib.withStatus(() => 'copying', async () => {
  lib.printLine('begins');
  await sleep(5200);
  lib.printLine('goes on');
  await sleep(1000);
  return 'done';
});
lib.printLine(result);`;
  expect(printed(code)).toBe('begins\ncopying\ngoes on\ndone\n');
}, 30_000);

it('is silent where there is nothing to say, and passes errors on', () => {
  const code = `await lib.withStatus(() => '', async () => { throw new Error('broken') }).catch((e) => lib.printLine(e.message));`;
  expect(printed(code)).toBe('broken\n');
});
