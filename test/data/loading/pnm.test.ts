// PBM, PGM and PPM files, text and binary.

import { expect, it } from 'vitest';
import { decodePnm, isPnm } from '../../../src/data/loading/pnm';

const file = (header: string, ...values: number[]) => Buffer.concat([Buffer.from(header), Buffer.from(values)]);
const gray = (values: number[]) => values.flatMap((v) => [v, v, v]);
const pixels = (bytes: Buffer) => [...decodePnm(bytes).data];

it('reads binary and text files of the three kinds', () => {
  expect(pixels(file('P6\n2 1\n255\n', 1, 2, 3, 4, 5, 6))).toEqual([1, 2, 3, 4, 5, 6]);
  expect(pixels(file('P5 2 1 255\n', 10, 35))).toEqual(gray([10, 35])); // 10 and 35: a line end and a hash
  expect(pixels(file('P4\n9 2\n', 0x80, 0x00, 0x01, 0x80))).toEqual(
    gray([0, ...new Array(8).fill(255), ...new Array(7).fill(255), 0, 0]),
  );
  expect(pixels(file('P3 # colours\n1 2\n255\n1 2 3\n# more\n4 5 6'))).toEqual([1, 2, 3, 4, 5, 6]);
  expect(pixels(file('P2\n3 1\n15\n0 15 7\n'))).toEqual(gray([0, 255, 119]));
  expect(pixels(file('P1\n3 2\n101\n0 1 0'))).toEqual(gray([0, 255, 0, 255, 0, 255]));
});

it('takes two bytes a value above 255, and scales to the maximum', () => {
  expect(pixels(file('P5 2 1 65535\n', 0x12, 0xff, 0xff, 0x00))).toEqual(gray([0x12, 0xff]));
  expect(pixels(file('P5 2 1 4095\n', 0x0f, 0xff, 0x08, 0x00))).toEqual(gray([255, 128]));
  expect(pixels(file('P6 1 1 100\n', 0, 50, 100))).toEqual([0, 127, 255]);
});

it('copies pixels out of the file', () => {
  const bytes = file('P6\n1 1\n255\n', 1, 2, 3);
  expect(decodePnm(bytes).data.buffer).not.toBe(bytes.buffer);
  expect(decodePnm(bytes).data.byteOffset).toBe(0);
});

it('knows its files by their first bytes', () => {
  expect([file('P5 1'), file('P7\n'), file('PK12'), file('P5')].map(isPnm)).toEqual([true, false, false, false]);
});

it('refuses files that are cut off, and sizes that no file has', () => {
  expect(() => decodePnm(file('P6\n2 1\n255\n', 1, 2, 3))).toThrow('expected 17 bytes, received 14');
  expect(() => decodePnm(file('P2\n3 1\n255\n1 2  '))).toThrow('expected 3 values, received 2');
  expect(() => decodePnm(file('P2\n100000 1000\n255\n1 2'))).toThrow('cut off');
  expect(() => decodePnm(file('P5\n2'))).toThrow('cut off');
  expect(() => decodePnm(file('P5\n0 4\n255\n'))).toThrow('0 x 4');
  expect(() => decodePnm(file('P5\n99999 99999\n255\n'))).toThrow('the limit is 134,217,728');
});
