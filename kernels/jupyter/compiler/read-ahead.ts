// Parses the files of types that a program will need, a file for each step.

import { dirname, join } from 'node:path';
import ts from 'typescript';
import { createResolver } from './module-resolution';
import type { SourceFiles } from './source-files';

interface Root {
  path: string;
  /** Where it is no file. */
  text?: string;
}

/** The file that has the types of Node, for notebooks in `directory`. */
export function nodeTypes(options: ts.CompilerOptions, directory: string): Root | undefined {
  const path = join(directory, '__cell__.ts');
  const { resolvedTypeReferenceDirective } = ts.resolveTypeReferenceDirective('node', path, options, ts.sys);
  const file = resolvedTypeReferenceDirective?.resolvedFileName;
  return file === undefined ? undefined : { path: file };
}

/** Parses a file, and all that it imports or refers to. */
export function* readAhead(
  files: SourceFiles,
  options: ts.CompilerOptions,
  directory: string,
  root: Root | undefined,
): Generator<void> {
  const resolver = createResolver(directory, options);
  const waiting = root ? [root] : [];
  const known = new Set(waiting.map(({ path }) => path));
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { path } = next;
    const text = next.text ?? files.parse(path, options)?.text;
    const { importedFiles = [], referencedFiles = [] } = text ? ts.preProcessFile(text, true, false) : {};
    const found = [
      ...importedFiles.map(({ fileName }) => resolver.resolve(fileName, path)?.resolvedFileName),
      ...referencedFiles.map(({ fileName }) => join(dirname(path), fileName).replace(/\\/g, '/')),
    ];
    for (const file of found) {
      if (file === undefined || known.has(file) || !/\.[cm]?tsx?$/.test(file)) continue;
      known.add(file);
      waiting.push({ path: file });
    }
    yield;
  }
}
