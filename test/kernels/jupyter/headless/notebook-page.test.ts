// The HTML page of an executed notebook.

import { expect, it } from 'vitest';
import { markdownToHtml } from '../../../../kernels/jupyter/headless/notebook-page';

it('shows headings, lists, code, emphasis and links of Markdown, and escapes HTML', () => {
  const html = markdownToHtml(
    '## Head `x`\ntext with **bold**, _it_ and [a link](https://example.org/a)\n\n- one\n- two\n\n```ts\na < b\n\nc\n```\n<img src=x onerror=alert(1)>',
  );
  expect(html).toContain('<h2>Head <code>x</code></h2>');
  expect(html).toContain('<strong>bold</strong>, <em>it</em> and <a href="https://example.org/a">a link</a>');
  expect(html).toContain('<ul><li>one</li><li>two</li></ul>');
  expect(html).toContain('<pre>a &lt; b\n\nc</pre>');
  expect(html).not.toContain('<img');
});
