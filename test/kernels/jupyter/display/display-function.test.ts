// What cells show, as a front end receives it: results of every kind, and `display`.

import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KernelClient, Received } from '../../../../kernels/jupyter/client';
import { startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(() => kernel?.stop());

async function result(code: string) {
  const { published, error } = await kernel.execute(code);
  expect(error).toBeUndefined();
  return published.find((m) => m.type === 'execute_result')?.content as {
    data: Record<string, string>;
    metadata: Record<string, unknown>;
  };
}
const shown = (published: Received[]) => published.filter((m) => /display_data|clear_output/.test(m.type));
const size = async (base64: string) => {
  const { width, height } = await sharp(Buffer.from(base64, 'base64')).metadata();
  return [width, height];
};

it.each([
  ['tf.scalar(3.5)', /^Tensor float32 \[\]\n3\.5$/],
  ['tf.tensor1d([1, 2, 3], "int32")', /^Tensor int32 \[3\]\n\[1, 2, 3\]$/],
  ['tf.tensor2d([[1, 2.5], [-3, 4]])', /^Tensor float32 \[2, 2\]\n\[\[ {2}1, 2\.5\],\n \[ -3, {3}4\]\]$/],
  ['tf.tensor1d([true, false], "bool")', /\[ true, false\]$/],
  ['tf.zeros([2, 3, 2])', /^Tensor float32 \[2, 3, 2\]\n\[\[\[0, 0\],\n {2}\[0, 0\],\n {2}\[0, 0\]\],\n\n \[\[0, 0\],/],
  [
    'tf.zeros([8, 64, 100, 3])',
    /^Tensor float32 \[8, 64, 100, 3\], 153,600 values, 600 KiB\n\[\[\[\[0, 0, 0\],[\s\S]*\.\.\./,
  ],
  ['tf.zeros([0, 4])', /^Tensor float32 \[0, 4\]$/],
  ['tf.tidy(() => { const t = tf.ones([2]); t.dispose(); return [t] })[0]', /^Tensor float32 \[2\], disposed$/],
  ['tf.variable(tf.ones([2]), false, "scale")', /^Variable float32 \[2\], "scale", not trainable\n\[1, 1\]$/],
])('shows %s with type, shape and values', async (code, text) => {
  const { data } = await result(code);
  expect(data['text/plain']).toMatch(text);
  expect(data['text/html']).toMatch(/^<div/);
  expect(data['text/html']).not.toContain('<b>"');
});

it('shows canvases, ImageData, image files and sharp pipelines as images', async () => {
  await kernel.execute(`import { createCanvas, ImageData, Image } from '@napi-rs/canvas'; import sharp from 'sharp';
const canvas = createCanvas(30, 20); canvas.getContext('2d').fillRect(0, 0, 9, 9);
const big = createCanvas(2000, 100);
const solid = sharp({ create: { width: 12, height: 7, channels: 3, background: 'red' } });`);
  const canvas = await result('canvas');
  expect(await size(canvas.data['image/png'])).toEqual([30, 20]);
  expect(canvas.data['text/plain']).toBe('<Canvas, 30 × 20>');
  expect(canvas.metadata).toEqual({});
  expect((await result('big')).metadata).toEqual({ 'image/png': { width: 960 } });
  expect(await size((await result('new ImageData(4, 3)')).data['image/png'])).toEqual([4, 3]);
  expect(
    await size((await result('const i = new Image(); i.src = canvas.toBuffer("image/png"); i')).data['image/png']),
  ).toEqual([30, 20]);
  expect(await size((await result('solid')).data['image/png'])).toEqual([12, 7]);
  const jpeg = await result('await solid.clone().jpeg().toBuffer()');
  expect(Object.keys(jpeg.data)).toEqual(['image/jpeg', 'text/plain']);
  expect(jpeg.data['text/plain']).toBe('<JPEG image, 12 × 7>');
  const webp = await result('await solid.clone().webp().toBuffer()');
  expect(await size(webp.data['image/png'])).toEqual([12, 7]);
  const gif = await result('new Uint8Array(await solid.clone().gif().toBuffer())');
  expect(gif.data['text/html']).toMatch(/^<img [^>]*src="data:image\/gif;base64,R0lGOD/);
  const svg = await result(
    `Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="10"><circle r="5"/></svg>')`,
  );
  expect(svg.data['image/svg+xml']).toMatch(/^<svg/);
  expect(await size(svg.data['image/png'])).toEqual([80, 20]);
  expect(svg.metadata).toEqual({ 'image/png': { width: 40 } });
  expect((await result(`new Blob([canvas.toBuffer('image/png')], { type: 'image/png' })`)).data['image/png']).toMatch(
    /^iVBORw0KGgo/,
  );
  expect(Object.keys((await result('"<svg></svg>"')).data)).toEqual(['text/plain']);
  expect(Object.keys((await result('new Uint8Array([1, 2, 3])')).data)).toEqual(['text/plain']);
});

it('shows Vega-Lite and Vega specifications with a PNG', async () => {
  const spec = `{ data: { values: [{ a: 1 }, { a: 2 }] }, mark: 'bar', width: 100, encoding: { x: { field: 'a', type: 'quantitative' } } }`;
  for (const code of [
    `(${spec})`,
    `({ $schema: 'https://vega.github.io/schema/vega-lite/v5.json', layer: [${spec}] })`,
    `({ toSpec: () => (${spec}) })`,
  ]) {
    const { data, metadata } = await result(code);
    expect(data['application/vnd.vegalite.v5+json']).toBeTypeOf('object');
    expect(data['text/plain']).toMatch(/^<Vega-Lite chart, (bar|layer)/);
    const [width] = await size(data['image/png']);
    expect(metadata).toEqual({ 'image/png': { width: Math.ceil(width! / 2) } });
  }
  const vega = await result(
    `({ $schema: 'https://vega.github.io/schema/vega/v5.json', width: 50, height: 50, marks: [{ type: 'rect', encode: { enter: { x: { value: 1 }, width: { value: 9 }, y: { value: 1 }, height: { value: 9 } } } }] })`,
  );
  expect(vega.data['application/vnd.vega.v5+json']).toBeTypeOf('object');
  expect(vega.data['image/png']).toMatch(/^iVBORw0KGgo/);
  const broken = await result(`({ $schema: 'https://vega.github.io/schema/vega-lite/v5.json', mark: 'nothing' })`);
  expect(broken.data['text/plain']).toContain('Vega-Lite chart');
  for (const code of [`({ mark: 'bar' })`, `({ mark: 'good', data: {} })`, `({ layer: [] })`])
    expect(Object.keys((await result(code)).data)).toEqual(['text/plain']);
});

it('shows arrays of objects as tables, and a bundle with metadata', async () => {
  const { data } = await result(`[{ name: 'cat', n: 1 }, { name: '<b>', n: 20.123456789, more: [1] }]`);
  expect(data['text/plain']).toBe(
    '   name        n  more\n-  ----  -------  -----\n0  cat         1\n1  <b>   20.1235  [ 1 ]',
  );
  expect(data['text/html']).toContain('&lt;b&gt;');
  expect(
    await result(
      `({ [Symbol.for('Jupyter.display')]: () => [{ 'text/html': '<i>x</i>' }, { 'text/html': { isolated: true } }] })`,
    ),
  ).toMatchObject({
    data: { 'text/html': '<i>x</i>', 'text/plain': 'x' },
    metadata: { 'text/html': { isolated: true } },
  });
});

it('falls back to the plain value when Jupyter.display returns no bundle', async () => {
  for (const returned of ['"text"', 'undefined', 'null', '7', '{}', '[]', 'Promise.resolve("text")', 'this']) {
    const { data } = await result(`({ a: 5, [Symbol.for('Jupyter.display')]() { return ${returned} } })`);
    expect(data['text/plain']).toMatch(/^{\s+a: 5,/);
  }
  const nested = await result(`({ [Symbol.for("Jupyter.display")]: async () => html\`<b>\${"<x>"}</b>\` })`);
  expect(nested.data).toEqual({ 'text/html': '<b>&lt;x&gt;</b>', 'text/plain': '<x>' });
});

it('shows errors without internals, and hostile values', async () => {
  const { data } = await result(
    'function fail() { return Object.assign(new RangeError("too far"), { code: "E7" }) }\nfail()',
  );
  expect(data['text/plain']).toMatch(/^RangeError: too far\n\s+at fail \(cell\[\d+\]:1:\d+\)/);
  expect(data['text/plain']).toContain("code: 'E7'");
  expect(data['text/plain']).not.toMatch(/kernels\/jupyter/);
  const trap =
    '{ get() { throw new Error("no") }, has() { throw new Error("no") }, ownKeys() { throw new Error("no") } }';
  expect((await result(`new Proxy({ a: 1 }, ${trap})`)).data['text/plain']).toBe('{ a: 1 }');
  expect((await result('new Proxy(function f() {}, { get: () => () => ({}) })')).data['text/plain']).toBe(
    '[Function: f]',
  );
  expect(
    (
      await result(
        '({ get a(): number { throw new Error("no") }, get [Symbol.for("Jupyter.display")](): number { throw new Error("no") } })',
      )
    ).data['text/plain'],
  ).toContain('a: [Getter]');
});

it('keeps the order of what is shown, also where drawing takes time', async () => {
  const { published, reply } = await kernel.execute(`
const slow = { async [Symbol.for('Jupyter.display')]() { await new Promise(r => setTimeout(r, 300)); return { 'text/plain': 'slow' } } };
display(slow, { id: 'slow' }); display.text('quick'); display({ data: { values: [{ a: 1 }] }, mark: 'point', encoding: { x: { field: 'a' } } });
display({ async [Symbol.for('Jupyter.display')]() { throw new Error('no image') } });`);
  expect(reply.status).toBe('ok');
  const ids = shown(published)
    .filter((m) => m.type === 'display_data')
    .map((m) => m.content.transient.display_id);
  expect(ids).toHaveLength(4);
  const last = ids.map((id) => shown(published).findLast((m) => m.content.transient.display_id === id)!.content.data);
  expect(last[0]['text/plain']).toBe('slow');
  expect(last[1]['text/plain']).toBe('quick');
  expect(last[2]['image/png']).toMatch(/^iVBORw0KGgo/);
  expect(last[3]['text/plain']).toMatch(/^Cannot display this value:\nError: no image/);
  expect(published.at(-1)!.content.execution_state).toBe('idle');
});

it('replaces what a handle shows, from later cells too, ten times a second at most and the last one always', async () => {
  const first = await kernel.execute(`const handle = display.html\`<b>\${"<1>"}</b>\`; handle`);
  expect(first.types).not.toContain('execute_result');
  const [{ content }] = shown(first.published);
  expect(content.data).toEqual({ 'text/html': '<b>&lt;1&gt;</b>', 'text/plain': '<1>' });
  const { published } = await kernel.execute(
    'for (let i = 0; i < 60; i++) { handle.update({ step: i }); await new Promise(r => setTimeout(r, 5)); }',
  );
  const updates = shown(published);
  expect(updates.every((m) => m.type === 'update_display_data')).toBe(true);
  expect(new Set(updates.map((m) => m.content.transient.display_id))).toEqual(new Set([content.transient.display_id]));
  expect(updates.at(-1)!.content.data['text/plain']).toBe('{ step: 59 }');
  expect(updates.length).toBeLessThanOrEqual((10 * (updates.at(-1)!.at - updates[0].at)) / 1000 + 3);
  const late = kernel.start('setTimeout(() => handle.update("after the end"), 50)');
  await kernel.finish(late);
  const update = await kernel.wait((m) => m.parent === late && m.type === 'update_display_data');
  expect(update.content.data['text/plain']).toBe("'after the end'");
});

it('shows a tensor as it was when update was called', async () => {
  const { published } = await kernel.execute(
    "const live = display('start'); live.update('a'); tf.tidy(() => { live.update(tf.tensor1d([4, 5])) });",
  );
  expect(shown(published).at(-1)!.content.data['text/plain']).toBe('Tensor float32 [2]\n[4, 5]');
});

it('shows a named display again in each run, and replaces it within one', async () => {
  const code = "display(1, { id: 'named' }); display(2, { id: 'named' });";
  for (let run = 0; run < 2; run++) {
    const { published } = await kernel.execute(code);
    expect(shown(published).map((m) => [m.type, m.content.data['text/plain'], m.content.transient.display_id])).toEqual(
      [
        ['display_data', '1', 'named'],
        ['update_display_data', '2', 'named'],
      ],
    );
  }
});

it('has a function for each type, and clears', async () => {
  const { published, error } = await kernel.execute(`
import { createCanvas as create } from '@napi-rs/canvas';
const png = create(5, 4).toBuffer('image/png');
display.markdown('**b**'); display.markdown\`\${'**not bold**'}\`; display.latex('$x$'); display.json({ a: [1] }); display.text('<t>'); display.png(png);
display.jpeg(png); display.image(png); display.svg('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>');
display.vegalite({ mark: 'point', data: { values: [] } }); display.raw({ 'image/png': png }, { 'image/png': { width: 50 } });
display.clear({ wait: true }); display.clear();`);
  expect(error).toBeUndefined();
  const first = shown(published).filter((m) => m.type !== 'update_display_data');
  expect(first.slice(-2).map((m) => m.content)).toEqual([{ wait: true }, { wait: false }]);
  const datas = first.slice(0, -2).map((m) => m.content.data);
  expect(datas.map((data) => Object.keys(data)[0])).toEqual([
    'text/markdown',
    'text/markdown',
    'text/latex',
    'application/json',
    'text/plain',
    'image/png',
    'image/jpeg',
    'image/png',
    'image/svg+xml',
    'application/vnd.vegalite.v5+json',
    'image/png',
  ]);
  expect(datas.every((data) => typeof data['text/plain'] === 'string')).toBe(true);
  expect(datas[1]['text/markdown']).toBe('\\*\\*not bold\\*\\*');
  expect(datas[3]['application/json']).toEqual({ a: [1] });
  expect(first.at(-3)!.content.metadata).toEqual({ 'image/png': { width: 50 } });
});

it.each([
  ['display.png("text" as any)', 'Cannot display with display.png: expected a Buffer or Uint8Array, received string'],
  ['display.image(new Uint8Array([1, 2]))', 'Cannot display these bytes as an image: expected PNG'],
  ['display.image("/nowhere.png")', 'ENOENT'],
  ['display.raw({ html: "x" })', 'Cannot display with display.raw: expected an object whose keys are MIME types'],
  [
    'const loop: any = {}; loop.self = loop; display.json(loop)',
    'Cannot display application/json: the value cannot be written as JSON',
  ],
  [
    'display.raw({ "application/x-large": Buffer.alloc(500 * 2 ** 20) })',
    'Cannot display 500 MiB of application/x-large: a notebook output holds at most 64 MiB',
  ],
  [
    'const png = Buffer.alloc(100 * 2 ** 20); png.set([137, 80, 78, 71, 13, 10, 26, 10]); png',
    'Cannot display 100 MiB of image/png',
  ],
])('rejects %s with an explanation', async (code, message) => {
  const { error } = await kernel.execute(code);
  expect(error?.evalue).toContain(message);
  expect((await kernel.execute('1 + 1')).result).toBe('2');
});

it('shows nothing large of what is large: bytes, texts, deep and wide objects', async () => {
  const large = [
    'Buffer.alloc(500 * 2 ** 20)',
    '"x".repeat(50_000_000)',
    'Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => ["k" + i, i]))',
  ];
  const nested = 'const wide = (n: number): any => n ? Array.from({ length: 100 }, () => wide(n - 1)) : 0; wide(3)';
  const cyclic = 'const c: any = { list: [] }; c.list.push(c); c.self = c; c';
  for (const code of [
    ...large,
    nested,
    cyclic,
    'Array.from({ length: 1_000_000 }, (_, i) => ({ i }))',
    'new Float64Array(1e7)',
  ]) {
    const { data } = await result(code);
    expect(JSON.stringify(data).length).toBeLessThan(400_000);
  }
});

it('stops a display that never ends, asleep or awake', async () => {
  for (const body of ['return new Promise(() => {})', 'await null; for (;;);']) {
    const id = kernel.start(`console.log('going'); ({ async [Symbol.for('Jupyter.display')]() { ${body} } })`);
    await kernel.wait((m) => m.parent === id && m.type === 'stream');
    kernel.send('control', 'interrupt_request', {});
    const { error } = await kernel.finish(id);
    expect(error?.ename).toBe('Interrupted');
  }
  const id = kernel.start(
    "console.log('going'); display({ [Symbol.for('Jupyter.display')]: () => new Promise(() => {}) }); 5",
  );
  await kernel.wait((m) => m.parent === id && m.type === 'stream');
  kernel.send('control', 'interrupt_request', {});
  await kernel.finish(id);
  expect((await kernel.execute('1 + 1')).result).toBe('2');
});

it('runs cells written for tslab', async () => {
  const { published, error } = await kernel.execute(`import * as tslab from 'tslab';
tslab.display.html('<b>x</b>'); tslab.display.png(new Uint8Array([1, 2, 3])); tslab.display.raw('application/json', '{"a":1}');
const d = tslab.newDisplay(); d.text('one'); d.text('two'); tslab.versions.node === process.version`);
  expect(error).toBeUndefined();
  const [html, png, , one, two] = shown(published);
  expect(html.content.data).toEqual({ 'text/html': '<b>x</b>', 'text/plain': 'x' });
  expect(png.content.data['image/png']).toBe('AQID');
  expect([one.type, two.type]).toEqual(['display_data', 'update_display_data']);
  expect(two.content.data['text/plain']).toBe('two');
  expect(two.content.transient.display_id).toBe(one.content.transient.display_id);
  const { result } = await kernel.execute("import { versions, type Display } from 'tslab'; versions.tslab");
  expect(result).toMatch(/^'\d+\.\d+\.\d+'$/);
  const wrong = await kernel.execute("const shown: Display = tslab.newDisplay(); shown.png('text')");
  expect(wrong.error?.evalue).toContain("Argument of type 'string' is not assignable to parameter of type 'Uint8Array");
});
