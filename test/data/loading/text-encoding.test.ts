// Text in any encoding: byte order marks, XML declarations, UTF-8, and what is guessed.

import { expect, it } from 'vitest';
import { decodeText } from '../../../src/data/loading/text-encoding';

const declared = (encoding: string, text = 'é') => `<?xml version='1.0' encoding='${encoding}'?>${text}`;

it('follows the byte order mark, the zeros of UTF-16, the declaration', () => {
  expect(decodeText(Buffer.from('\ufeffé'))).toEqual({ text: 'é' });
  expect(decodeText(Buffer.from('\ufeffé', 'utf16le'))).toEqual({ text: 'é' });
  expect(decodeText(Buffer.from('<é', 'utf16le'))).toEqual({ text: '<é' });
  expect(decodeText(Buffer.from('<é', 'utf16le').swap16())).toEqual({ text: '<é' });
  expect(decodeText(Buffer.from(declared('latin1'), 'latin1')).text).toBe(declared('latin1'));
  expect(decodeText(Buffer.concat([Buffer.from(declared('shift_jis', '')), Buffer.of(0x83, 0x41)])).text).toMatch(
    /ア$/,
  );
});

it('reads a file that says UTF-16 and is not', () => {
  expect(decodeText(Buffer.from(declared('utf-16')))).toEqual({ text: declared('utf-16') });
});

it('says which encoding it guessed', () => {
  expect(decodeText(Buffer.from(declared('UTF-8'), 'latin1'))).toEqual({
    text: declared('UTF-8'),
    guessed: 'windows-1252',
  });
  expect(decodeText(Buffer.from('é'))).toEqual({ text: 'é' });
});

it('refuses unknown encodings by name', () => {
  expect(() => decodeText(Buffer.from(declared('klingon')))).toThrow('declares the encoding "klingon"');
});
