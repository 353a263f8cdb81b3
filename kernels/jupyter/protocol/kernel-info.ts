// The kernel's description, for `kernel_info_request`.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/paths';
import { type Content, PROTOCOL_VERSION } from './wire-message';

export function kernelInfo(): Content {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  const { version: typescript } = require('typescript/package.json') as { version: string };
  return {
    status: 'ok',
    protocol_version: PROTOCOL_VERSION,
    implementation: 'detlab',
    implementation_version: version,
    language_info: {
      name: 'typescript',
      version: typescript,
      mimetype: 'text/typescript',
      file_extension: '.ts',
      pygments_lexer: 'typescript',
      codemirror_mode: { name: 'javascript', typescript: true },
      nbconvert_exporter: 'script',
    },
    banner: `DetLab ${version}: TypeScript ${typescript} on Node.js ${process.version}`,
    help_links: [
      { text: 'TensorFlow.js', url: 'https://js.tensorflow.org/api/latest/' },
      { text: 'MMDetection', url: 'https://mmdetection.readthedocs.io/' },
      { text: 'TypeScript', url: 'https://www.typescriptlang.org/docs/' },
    ],
    debugger: false,
  };
}
