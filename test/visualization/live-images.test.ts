// Images with boxes as data: stored once, right without scripts, escaped, saved in every format.

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { encodeRle } from '../../src/masks';
import { Random } from '../../src/random';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { type LiveBox, type LiveImage, LiveImages } from '../../src/visualization/live-images';

const EVIL = '<img src=x onerror=alert(1)>';
const folder = mkdtempSync(join(tmpdir(), 'detlab-live-'));

/** A gradient with a class in each box. */
function image(width: number, height: number, boxes: readonly LiveBox[], values?: Record<string, number>): LiveImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 251);
  return { source: `${EVIL}.jpg`, pixels: { data, width, height, order: 'rgb' }, width, height, boxes, values };
}
const boxes: LiveBox[] = [
  { bbox: [10, 10, 60, 40], label: 0, state: 'truth', foundUpTo: 0.8 },
  { bbox: [12, 11, 60, 42], label: 0, score: 0.8, state: 'true positive', iou: 0.9, met: `${EVIL} 0` },
  { bbox: [70, 5, 90, 20], label: 1, score: 0.2, state: 'background' },
];
const one = new LiveImages([image(120, 80, boxes)], { classes: ['car', EVIL], threshold: 0.3, title: 'cars' });
const bundleOf = async (images: LiveImages) => (await images[JUPYTER_DISPLAY]()) as Record<string, string>;
/** The SVG inside of the first image of HTML. */
const drawn = (html: string) => decodeURIComponent(/src="data:image\/svg\+xml,([^"]*)"/.exec(html)![1]);
const dataOf = (html: string) => JSON.parse(/<script type="application\/json">(.*)<\/script>/.exec(html)![1]);

test('an image is in the HTML once, as a JPEG under the boxes of the threshold', async () => {
  const html = (await bundleOf(one))['text/html'];
  expect(html.match(/image\/jpeg;base64/g)).toHaveLength(1);
  const svg = drawn(html);
  expect(svg).toMatch(/<text [^>]*>car 0\.80<\/text>/);
  expect(svg).not.toContain('0.20');
  const jpeg = /data:image\/jpeg;base64,([^']*)/.exec(svg)![1];
  expect(await sharp(Buffer.from(jpeg, 'base64')).metadata()).toMatchObject({ format: 'jpeg', width: 120, height: 80 });
  // all boxes are data
  expect(dataOf(html).images[0].boxes).toHaveLength(3);
});

test('boxes that are not upright are paths of their corners, in data and in drawings', async () => {
  const turned: LiveBox[] = [
    { bbox: [10, 10, 60, 60], rbox: [35, 35, 40, 20, Math.PI / 4], label: 0, score: 0.9 },
    { bbox: [70, 5, 110, 40], corners: [90, 5, 110, 20, 90, 40, 70, 25], label: 1 },
  ];
  const images = new LiveImages([image(120, 80, turned)], {
    classes: ['ship', 'plane'],
    threshold: 0.3,
    title: 'port',
  });
  const html = (await bundleOf(images))['text/html'];
  const [first, second] = dataOf(html).images[0].boxes;
  expect(first[15].map(Math.round)).toEqual([42, 56, 56, 42, 28, 14, 14, 28]);
  expect(second[15]).toEqual([90, 5, 110, 20, 90, 40, 70, 25]);
  expect(drawn(html)).toContain('M90 5L110 20L90 40L70 25z');
  const [header, row, truth] = readFileSync(await images.save(join(folder, 'port.csv')), 'utf8')
    .trim()
    .split(/\r?\n/);
  expect(header).toMatch(/,cx,cy,width,height,angle$/);
  expect(row).toMatch(/,35,35,40,20,0\.785/);
  expect(truth).toMatch(/,,,,,$/);
});

test('names are text in HTML, SVG and JSON', async () => {
  const html = (await bundleOf(one))['text/html'];
  expect(html).not.toContain(EVIL);
  expect(dataOf(html).classes[1]).toBe(EVIL);
  const svg = drawn((await bundleOf(one.with({ threshold: 0 })))['text/html']);
  expect(svg).toContain('&lt;img src=x onerror=alert(1)&gt; 0.20');
  expect(svg).not.toContain(EVIL);
  expect(one.toString()).toContain(EVIL);
});

test.each(['png', 'jpg', 'svg', 'html', 'csv', 'json'])('saves as .%s, one and many', async (extension) => {
  const many = new LiveImages([image(120, 80, boxes), image(60, 90, [])], { classes: ['car', EVIL] });
  for (const images of [one, many, many.with({ sideBySide: true })]) {
    const file = readFileSync(await images.save(join(folder, `images.${extension}`)));
    if (extension === 'csv' || extension === 'html') expect(file.length).toBeGreaterThan(100);
    else if (extension === 'json') expect(JSON.parse(file.toString()).images[0].boxes[1].score).toBe(0.8);
    else expect((await sharp(file).metadata()).format).toBe(extension === 'jpg' ? 'jpeg' : extension);
  }
});

test('a truth whose finder is below the threshold is missed', async () => {
  const at = async (threshold: number) => drawn(await one.with({ threshold }).html());
  const [blue, yellow] = ['#5e81f4', '#ffd60a'];
  expect(await at(0.8)).toContain(blue);
  expect(await at(0.8)).not.toContain(yellow);
  expect(await at(0.81)).toContain(yellow);
});

test('sorted by a value, what has none last; a minus is descending', () => {
  const images = [0.5, Number.NaN, 0.1].map((AP) => image(8, 8, [], { AP }));
  const order = (sortBy: string) => new LiveImages(images, { classes: [], sortBy }).shown.map((i) => i.values?.AP);
  expect(order('AP')).toEqual([0.1, 0.5, Number.NaN]);
  expect(order('-AP')).toEqual([0.5, 0.1, Number.NaN]);
  expect(() => order('PA')).toThrow(
    'Cannot show images: sortBy: no image has a value "PA"; there are AP. Did you mean',
  );
});

test('pixels are read of shown images only', async () => {
  let read = 0;
  const pixels = async () => {
    read++;
    return { data: new Uint8Array(48), width: 4, height: 4, order: 'bgr' as const };
  };
  const images = Array.from({ length: 9 }, () => ({ ...image(4, 4, []), pixels }));
  const html = await new LiveImages(images, { classes: [], limit: 2 }).html();
  expect(read).toBe(2);
  expect(dataOf(html).note).toBe('2 of 9 images; { limit: 9 } shows all');
});

test('an image of 6000 x 2 pixels has room for its labels, and is stored small', async () => {
  const html = await new LiveImages([image(6000, 2, [{ bbox: [5, 0, 3000, 2], label: 0, score: 0.9 }])], {
    classes: ['line'],
  }).html();
  const [, x, y, width, height] = /viewBox='(\S+) (\S+) (\S+) (\S+)'/.exec(drawn(html))!.map(Number);
  expect([x, width]).toEqual([0, 6000]);
  expect(height).toBeGreaterThan(200);
  expect(Math.abs(y - (2 - height) / 2)).toBeLessThanOrEqual(1); // in the middle
});

test('lines and boxes of a tiny image are as thin and exact as those of any other', async () => {
  const html = await new LiveImages([image(9, 9, [{ bbox: [1.25, 2, 5, 5.5], label: 0, score: 0.9 }])], {
    classes: ['dot'],
  }).html();
  const [, width] = /stroke-width='(\S+)'><path d='[^']*' stroke='#e6194b'/.exec(drawn(html))!;
  expect(Number(width)).toBeCloseTo((2 * 9) / 720, 3);
  expect(drawn(html)).toContain('M1.25 2h3.75v3.5h-3.75z');
});

test('a photograph weighs less than 0.3 of what its PNG does, the fall-back PNG included', async () => {
  const [width, height] = [640, 480];
  const random = Random.seeded(1);
  // soft shapes with the noise of a sensor
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return 128 + 70 * Math.sin(x / 40) * Math.cos(y / 30) + random.uniform(-4, 4);
  });
  const pixels = { data, width, height, order: 'rgb' as const };
  const many = Array.from({ length: 100 }, (_, i) => ({ bbox: [i * 5, 9, 60 + i * 5, 99], label: 0, score: i / 130 }));
  const live = new LiveImages([{ source: 'a.jpg', pixels, width, height, boxes: many }], { classes: ['cell'] });
  const bundle = await bundleOf(live);
  const png = (await live.png()).toString('base64');
  expect(bundle['text/html'].length + bundle['image/png'].length).toBeLessThan(0.3 * png.length);
});

test('500 boxes with masks are quick', async () => {
  const mask = encodeRle(
    Uint8Array.from({ length: 400 * 400 }, (_, i) => Number(((i % 400) - 200) ** 2 + (i / 400 - 200) ** 2 < 900)),
    400,
    400,
  );
  const many = Array.from({ length: 500 }, (_, i) => ({
    bbox: [i / 2, 9, 99 + i / 2, 40],
    label: 0,
    score: 0.5,
    mask,
  }));
  const started = performance.now();
  const html = await new LiveImages([image(400, 400, many)], { classes: ['dot'] }).html();
  expect(performance.now() - started).toBeLessThan(5000);
  expect(html.length).toBeLessThan(1_000_000);
});

test('an image that cannot be read is left out and named; a drawing of none is an error', async () => {
  const lost: LiveImage = {
    ...image(4, 4, []),
    pixels: async () => Promise.reject(new Error(`Cannot read "${EVIL}"`)),
  };
  const two = new LiveImages([lost, image(8, 8, [])], { classes: [] });
  const html = await two.html();
  expect(dataOf(html).images).toHaveLength(1);
  expect(html).toContain('<small>Cannot read &quot;&lt;img src=x onerror=alert(1)&gt;&quot;</small>');
  const alone = new LiveImages([lost], { classes: [] });
  expect(Object.keys(await alone[JUPYTER_DISPLAY]())).toEqual(['text/html', 'text/plain']);
  await expect(alone.png()).rejects.toThrow('Cannot draw images: Cannot read');
});
