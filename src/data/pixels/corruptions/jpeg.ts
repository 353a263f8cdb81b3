// JPEG compression, of the encoder that the machine has: Node's is installed by node-platform.ts.

import { DetLabError } from '../../../errors';

/** Encodes and decodes RGB bytes [height, width, 3]. */
export type JpegRoundTrip = (
  data: Uint8Array,
  size: { height: number; width: number },
  quality: number,
) => Promise<Uint8Array>;

let installed: JpegRoundTrip | undefined;

export const installJpegRoundTrip = (roundTrip: JpegRoundTrip): void => {
  installed = roundTrip;
};

export const QUALITIES = [25, 18, 15, 10, 7];

/** @throws DetLabError where there is no encoder */
export function jpegRoundTrip(...given: Parameters<JpegRoundTrip>): Promise<Uint8Array> {
  if (installed) return installed(...given);
  throw new DetLabError('Cannot compress an image as JPEG: there is no encoder here. Use another transform');
}
