// The kernelspec, by which Jupyter starts the kernel: the content of kernels/jupyter/kernelspec.json, with an argv of this
// Node.js and this checkout, valid until one of them moves.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../paths';

export interface Kernelspec {
  argv: string[];
  display_name: string;
  language: string;
  env?: Record<string, string>;
  metadata?: Record<string, unknown>;
  [key: string]: unknown;
}

const source = path.join(packageRoot, 'kernels', 'jupyter', 'kernelspec.json');
const template = JSON.parse(readFileSync(source, 'utf8')) as {
  name: string;
  entry: string;
  spec: Pick<Kernelspec, 'display_name' | 'language'>;
};

/** The folder's name under `kernels/`, and the kernel's name in notebooks. */
export const kernelName = template.name;
/** The script that Jupyter starts. */
export const kernelEntry = path.join(packageRoot, ...template.entry.split('/'));
const logos = path.join(packageRoot, 'kernels', 'jupyter', 'logo');

export const kernelspec = (): Kernelspec => ({
  argv: [process.execPath, kernelEntry, '--connection-file', '{connection_file}'],
  ...template.spec,
});

/** The files of the kernelspec's folder, `kernel.json` last: with it Jupyter recognises the folder as a kernel. */
export function kernelspecFiles(): [name: string, content: Buffer][] {
  const pictures = readdirSync(logos).map((name): [string, Buffer] => [name, readFileSync(path.join(logos, name))]);
  return [...pictures, ['kernel.json', Buffer.from(`${JSON.stringify(kernelspec(), null, 2)}\n`)]];
}

/** The kernel.json of a folder; undefined without one; a string that describes the problem of an invalid one. */
export function readKernelspec(folder: string): Kernelspec | string | undefined {
  const file = path.join(folder, 'kernel.json');
  if (!existsSync(file)) return undefined;
  try {
    const spec = JSON.parse(readFileSync(file, 'utf8')) as Kernelspec;
    const words = Array.isArray(spec?.argv) && spec.argv.every((word) => typeof word === 'string');
    return words && spec.argv.length > 0 ? spec : `${file} has no argv`;
  } catch (error) {
    return `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'not JSON'}`;
  }
}

/** Whether a kernelspec starts a DetLab kernel, of any checkout and version. */
export const isOurs = (spec: Kernelspec | string | undefined): spec is Kernelspec =>
  typeof spec === 'object' &&
  /[\\/]kernels[\\/]jupyter[\\/][\w-]+\.js$/.test(spec.argv[1] ?? '') &&
  /detlab/i.test(spec.display_name ?? '');
