// What transforms need from the machine, as Node has it: sharp to decode and encode files, the compiled pixel kernels, and the
// files of text models. Importing this
// file installs them, in each thread.

import sharp from 'sharp';
import { readLabelMap } from '../masks/label-map';
import { readPanopticPng } from '../masks/panoptic-png';
import '../text/read-text-model';
import { decodeImage, decodeReduced } from './loading/decode';
import { installImageDecoder } from './loading/image-decoder';
import { installMapReaders } from './loading/map-readers';
import { compiledKernels } from './pixels/compiled-kernels';
import { installJpegRoundTrip } from './pixels/corruptions/jpeg';
import { installPixelKernels } from './pixels/native';

installImageDecoder((file, id, backend, reduced) =>
  reduced ? decodeReduced(file, id, backend, reduced) : decodeImage(file, id, backend),
);
installPixelKernels(compiledKernels);
installMapReaders({ semantic: readLabelMap, ids: readPanopticPng });
installJpegRoundTrip(async (data, { height, width }, quality) => {
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
  return sharp(bytes).removeAlpha().raw().toBuffer();
});
