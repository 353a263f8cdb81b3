// A headless Chromium, for tests of front ends and of saved pages.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright-core';

/** The browser as Debian and others name it; undefined where there is none. */
export const browser = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)))
  .find(existsSync);

/** Opens a saved page; an error in its scripts fails. */
export async function withPage(
  file: string,
  look: (page: Page) => Promise<void>,
  args: readonly string[] = [],
): Promise<void> {
  const running = await chromium.launch({ executablePath: browser, args: ['--no-sandbox', '--disable-gpu', ...args] });
  try {
    const page = await running.newPage();
    const errors: Error[] = [];
    page.on('pageerror', (error) => errors.push(error));
    await page.goto(pathToFileURL(file).href);
    await look(page);
    if (errors.length > 0) throw errors[0];
  } finally {
    await running.close();
  }
}
