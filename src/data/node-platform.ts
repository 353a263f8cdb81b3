// What transforms need from the machine, as Node has it: sharp to decode files, and the compiled pixel kernels. Importing this
// file installs them, in each thread.

import { decodeImage } from './loading/decode';
import { installImageDecoder } from './loading/image-decoder';
import { compiledKernels } from './pixels/compiled-kernels';
import { installPixelKernels } from './pixels/native';

installImageDecoder(decodeImage);
installPixelKernels(compiledKernels);
