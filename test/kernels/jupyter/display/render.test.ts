// What values look like, without a kernel around.

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { isBundle, shownOf } from '../../../../kernels/jupyter/display/bundle';
import { imageType } from '../../../../kernels/jupyter/display/image-size';
import { render } from '../../../../kernels/jupyter/display/render';
import { html, latex, markdown } from '../../../../kernels/jupyter/display/rich';
import { tableShown } from '../../../../kernels/jupyter/display/table';
import { isTensor, tensorShown } from '../../../../kernels/jupyter/display/tensor';
import { shortText, textOf } from '../../../../kernels/jupyter/display/text';

const EVIL = '<img src=x onerror=alert(1)>';
const textOfRows = (value: object) => tableShown(value)?.data['text/plain'] as string | undefined;

describe('text', () => {
  it('never throws and never ends in a long wait', () => {
    const fail = () => {
      throw new Error('no');
    };
    const traps = { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail };
    expect(textOf(new Proxy({ a: 1 }, traps))).toBe('{ a: 1 }');
    expect(textOf([new Proxy({ a: 1 }, traps)])).toBe('[ { a: 1 } ]');
    expect(textOf({ [Symbol.for('nodejs.util.inspect.custom')]: fail })).toBe('[object that cannot be shown: no]');
    expect(textOf(Object.defineProperty({}, Symbol.toStringTag, { get: fail }))).toBe(
      '[object that cannot be shown: no]',
    );
    expect(shortText(new Proxy({}, traps))).toBe('{}');
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(textOf(proxy)).toContain('a proxy that has been revoked');
  });

  it('shows large values in part', () => {
    const wide = (depth: number): unknown =>
      depth ? Array.from({ length: 60 }, () => wide(depth - 1)) : { a: { b: 1 } };
    expect(textOf(wide(3)).length).toBeLessThan(220_000);
    const keys = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i]));
    expect(textOf(keys)).toMatch(/k199: 199\n}\n\.\.\. 4,800 more keys$/);
    class Big {}
    expect(textOf(Object.assign(new Big(), keys))).toMatch(/^Big {/);
    expect(textOf('x'.repeat(1e6)).length).toBeLessThan(11_000);
  });

  it.each([
    [12n, '12n'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Float32Array([1, 2]), 'Float32Array(2) [ 1, 2 ]'],
    [class Cat extends Map {}, '[class Cat extends Map]'],
    [Promise.resolve(3), 'Promise { 3 }'],
    ["it's", `"it's"`],
    [new Map([['a', 1]]), "Map(1) { 'a' => 1 }"],
    [
      [
        [1, 2],
        [3, 4],
      ],
      '[ [ 1, 2 ], [ 3, 4 ] ]',
    ],
  ])('%o', (value, text) => expect(textOf(value)).toBe(text));
});

describe('tables', () => {
  it('keep the order of columns and cut in the middle', () => {
    const rows = Array.from({ length: 1234 }, (_, i) => (i % 2 ? { b: i, a: 'x' } : { a: 'y', c: i / 3 }));
    const lines = textOfRows(rows)!.split('\n');
    expect(lines[0]).toMatch(/^\s+a\s+c\s+b$/);
    expect(lines).toHaveLength(2 + 20 + 1 + 10 + 1);
    expect(lines.at(-2)).toMatch(/^1233 {2}x\s+1233$/);
    expect(lines.at(-1)).toBe('1,234 rows × 3 columns');
    expect(tableShown(rows)!.data['text/html']).toContain('1,234 rows × 3 columns');
  });

  it('shorten what is nested, long or wide, and call no accessor', () => {
    const row = {
      list: [1, 2, 3],
      text: 'a\nb'.repeat(100),
      get trap(): number {
        throw new Error('no');
      },
      none: null,
      big: 10n,
    };
    const text = textOfRows([row, { list: 1 }])!;
    expect(text).toContain('[ 1, 2, 3 ]');
    expect(text).toContain('[Getter]');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(140);
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`c${i}`, i]));
    expect(textOfRows([wide])).toMatch(/c22 {2}…\n[\s\S]*1 rows × 100 columns$/);
  });

  it('are made of maps and sets of objects too, and of nothing else', () => {
    expect(textOfRows(new Map([['cat', { n: 1 }]]))).toBe('     n\n---  -\ncat  1');
    expect(textOfRows(new Set([{ n: 1 }]))).toBe('   n\n-  -\n0  1');
    for (const value of [
      [],
      [1],
      [{}],
      [{ a: 1 }, 2],
      [[1, 2]],
      new Map([['a', 1]]),
      [{ a: [1], b: {}, c: 2 }],
      [new Date()],
      [tf.scalar(1)],
    ])
      expect(tableShown(value)).toBeUndefined();
  });
});

describe('tensors', () => {
  it('of all types, with what is text escaped', async () => {
    await tf.setBackend('cpu');
    const words = tensorShown(tf.tensor2d([['a', EVIL]]) as never);
    expect(words.data['text/plain']).toBe(`Tensor string [1, 2]\n[[${'"a"'.padStart(EVIL.length + 2)}, "${EVIL}"]]`);
    expect(words.data['text/html']).not.toContain('<img');
    const complex = tensorShown(tf.complex([1, 2], [3, -4]) as never);
    expect(complex.data['text/plain']).toBe('Tensor complex64 [2]\n[1+3i, 2-4i]');
    const odd = tensorShown(tf.tensor1d([Number.NaN, Number.NEGATIVE_INFINITY, 0.5, 1.23456789e25]) as never);
    expect(odd.data['text/plain']).toBe('Tensor float32 [4]\n[        NaN,   -Infinity,         0.5, 1.23457e+25]');
    expect(isTensor(tf.scalar(1))).toBe(true);
    expect(isTensor({ shape: [1], dtype: 'float32' })).toBe(false);
  });

  it('that cannot be read show their facts', () => {
    const lost = {
      dataId: {},
      dtype: 'float32',
      shape: [2],
      size: 2,
      isDisposed: false,
      dataSync: () => {
        throw new Error(EVIL);
      },
    };
    const { data } = tensorShown(lost as never);
    expect(data['text/plain']).toBe(`Tensor float32 [2], 2 values, 8 bytes, its values cannot be read: ${EVIL}`);
    expect(data['text/html']).not.toContain('<img');
  });
});

it('knows images by their first bytes', () => {
  expect(imageType(Buffer.from('<?xml version="1.0"?>\n<!-- x --><svg width="1">'))).toBe('image/svg+xml');
  for (const other of ['', '<svgx', '<p><svg>', 'GIF', 'RIFF....WAVE'])
    expect(imageType(Buffer.from(other))).toBeUndefined();
});

it('templates escape what is put into them, and take their own kind as it is', () => {
  expect(html`<p>${EVIL} ${html`<b>${1}</b>`}${[html`<i>a</i>`, '&']}${undefined}</p>`.data['text/html']).toBe(
    '<p>&lt;img src=x onerror=alert(1)&gt; <b>1</b><i>a</i>&amp;</p>',
  );
  expect(markdown`# ${'*a* [x](y) <b>'}`.data['text/markdown']).toBe('# \\*a\\* \\[x\\]\\(y\\) &lt;b&gt;');
  expect(latex`$${'a_b'}$`.data['text/latex']).toBe('$a\\_b$');
  expect(html('<b>as it is</b>').data['text/html']).toBe('<b>as it is</b>');
  expect(String(html`<b>${'<'}</b> and<br>more`)).toBe('< and\nmore');
});

it('bundles always have a text', () => {
  const plain = (bundle: Record<string, unknown>) => shownOf(bundle).data['text/plain'];
  expect(plain({ 'text/html': '<style>b{}</style><table><tr><td>a</td><td>&lt;b&gt;</td></tr></table>' })).toBe(
    'a  <b>',
  );
  expect(plain({ 'text/html': '<img src="x">' })).toBe('<text/html>');
  expect(plain({ 'application/json': { a: 1 } })).toBe('{ a: 1 }');
  expect(plain({ 'text/markdown': '# x', 'text/html': '<h1>x</h1>' })).toBe('# x');
  expect(isBundle({ 'text/plain': 'x' })).toBe(true);
  for (const other of [{}, { a: 1 }, [], 'text/plain', null]) expect(isBundle(other)).toBe(false);
});

it('an element of a DOM library is its HTML', async () => {
  expect((await render({ outerHTML: '<p>x</p>' })).data).toEqual({ 'text/html': '<p>x</p>', 'text/plain': 'x' });
});
