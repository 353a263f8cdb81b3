// An image whose bytes can be replaced. They travel as bytes, not as base64 text.

import { escapeHtml } from '../escape';
import { choiceProperty, type Property, textProperty } from './property';
import { widgetMaker } from './widget';

/** Properties of an image widget. */
export interface ImageProperties {
  /** The bytes of a file: PNG, JPEG, GIF, WebP or SVG. */
  value: Uint8Array;
  format: 'png' | 'jpeg' | 'gif' | 'webp' | 'svg+xml';
  /** CSS pixels; its own size if left out. */
  width: string;
  height: string;
}

const STARTS: [ImageProperties['format'], RegExp][] = [
  ['png', /^\x89PNG/],
  ['jpeg', /^\xff\xd8\xff/],
  ['gif', /^GIF8/],
  ['webp', /^RIFF[\s\S]{4}WEBP/],
  ['svg+xml', /^\s*<(\?xml|svg)/],
];

const formatOf = (bytes: Uint8Array) => {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 64)).toString('latin1');
  return STARTS.find(([, pattern]) => pattern.test(start))?.[0];
};

const bytesProperty: Property<Uint8Array> = {
  initial: new Uint8Array(),
  read: (value) => {
    if (!(value instanceof Uint8Array)) return { expected: 'a Buffer or Uint8Array with the bytes of an image file' };
    if (value.length > 0 && !formatOf(value))
      return {
        expected: 'the bytes of a PNG, JPEG, GIF, WebP or SVG file, such as `await sharp(...).png().toBuffer()`',
      };
    return { value };
  },
};

/**
 * An image.
 * @example const view = widgets.image({ value: await sharp('a.jpg').toBuffer(), width: '320' });
 */
export const image = widgetMaker<ImageProperties>({
  name: 'Image',
  properties: {
    value: bytesProperty,
    format: choiceProperty(['png', 'jpeg', 'gif', 'webp', 'svg+xml'], 'png'),
    width: textProperty(''),
    height: textProperty(''),
  },
  // the bytes say what they are
  settle: (state) => ({ ...state, format: formatOf(state.value) ?? state.format }),
  text: ({ value, format }) => `image (${format}, ${value.length} bytes)`,
  html: ({ value, format, width, height }) => {
    const size = [width && ` width="${escapeHtml(width)}"`, height && ` height="${escapeHtml(height)}"`].join('');
    const data = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    return value.length ? `<img alt=""${size} src="data:image/${format};base64,${data}">` : '';
  },
});
