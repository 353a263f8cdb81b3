// The detections of one image in Node and in a page that `model.save('demo.html')` writes.

import { join } from 'node:path';
import { expect } from 'vitest';
import { withPage } from '../frontends/browser';
import { disagreement } from './agreement';
import { NAMES, narrowModel } from './narrow';
import { foundIn, give, png, scenePng } from './web-page';

/** Without a software renderer, which is slow to try. */
export const onWasm = (file: string, look: Parameters<typeof withPage>[1]) =>
  withPage(file, look, ['--disable-3d-apis']);

export async function expectSameInPage(family: string, dir: string): Promise<void> {
  const model = await narrowModel(family);
  const page = model.save(join(dir, `${family}.html`));
  const expected = await model.predict(scenePng());
  expect(expected.length).toBeGreaterThan(10);
  await onWasm(page, async (opened) => {
    const [image] = await give(opened, [png()]);
    const difference = disagreement([...expected], foundIn(image, NAMES));
    expect(difference.alone).toEqual([]);
    expect(difference.box).toBeLessThan(1e-2);
    expect(difference.score).toBeLessThan(1e-4);
    if (expected[0].mask) expect(image.boxes.every((box) => typeof box[9] === 'string')).toBe(true);
  });
  model.dispose();
}
