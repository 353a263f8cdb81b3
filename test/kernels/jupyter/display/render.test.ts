// Bundles, templates and image formats, without a kernel.

import { expect, it } from 'vitest';
import { isBundle, shownOf } from '../../../../kernels/jupyter/display/bundle';
import { imageType } from '../../../../kernels/jupyter/display/image-size';
import { render } from '../../../../kernels/jupyter/display/render';
import { html, latex, markdown } from '../../../../kernels/jupyter/display/rich';

const EVIL = '<img src=x onerror=alert(1)>';

it('recognises images by their first bytes', () => {
  expect(imageType(Buffer.from('<?xml version="1.0"?>\n<!-- x --><svg width="1">'))).toBe('image/svg+xml');
  for (const other of ['', '<svgx', '<p><svg>', 'GIF', 'RIFF....WAVE'])
    expect(imageType(Buffer.from(other))).toBeUndefined();
});

it('templates escape interpolated values, except those of their own type', () => {
  expect(html`<p>${EVIL} ${html`<b>${1}</b>`}${[html`<i>a</i>`, '&']}${undefined}</p>`.data['text/html']).toBe(
    '<p>&lt;img src=x onerror=alert(1)&gt; <b>1</b><i>a</i>&amp;</p>',
  );
  expect(markdown`# ${'*a* [x](y) <b>'}`.data['text/markdown']).toBe('# \\*a\\* \\[x\\]\\(y\\) &lt;b&gt;');
  expect(latex`$${'a_b'}$`.data['text/latex']).toBe('$a\\_b$');
  expect(html('<b>as it is</b>').data['text/html']).toBe('<b>as it is</b>');
  expect(String(html`<b>${'<'}</b> and<br>more`)).toBe('< and\nmore');
});

it('bundles always have a plain text', () => {
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

it('shows an element of a DOM library as its HTML', async () => {
  expect((await render({ outerHTML: '<p>x</p>' })).data).toEqual({ 'text/html': '<p>x</p>', 'text/plain': 'x' });
});
