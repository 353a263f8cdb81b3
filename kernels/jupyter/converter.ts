// tslab's TypeScript converter, adjusted from outside: it takes its compiler from `require`, so while it is loaded the
// compiler is handed to it with three functions replaced. That gives cells the packages of this project (wherever the
// notebook lies), Node's types, and source maps for stack traces.

import { dirname, join } from 'node:path';
import type * as typescript from '@tslab/typescript-for-tslab';
import type { Converter, ConvertResult } from 'tslab/dist/converter';
import { packageRoot } from '../../src/paths';

const COMPILER = '@tslab/typescript-for-tslab';
export const ts = require(
  require.resolve(COMPILER, {
    paths: [require.resolve('tslab/dist/converter')],
  }),
) as typeof typescript;

export interface Converted extends ConvertResult {
  /** Source maps of the two steps, cell to module and module to CommonJS. */
  maps: [string, string] | undefined;
}

export interface CellConverter extends Omit<Converter, 'convert'> {
  convert(declarations: string, source: string): Converted;
}

const INLINE_MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;

/** A converter for cells that see the files of `process.cwd()`. */
export function createCellConverter(): CellConverter {
  let maps: Converted['maps'];
  let program: typescript.BuilderProgram | undefined;

  const createWatchCompilerHost = (...args: unknown[]) => {
    const options = args[1] as typescript.CompilerOptions;
    options.inlineSourceMap = true;
    // tslab's own handling of top-level awaits takes `await (x)` for a call of a function named await.
    options.disableTopLevelAwait = false;
    options.typeRoots = [...(options.typeRoots ?? []), join(packageRoot, 'node_modules', '@types')];
    options.types = ['node'];
    const create = ts.createWatchCompilerHost as unknown as (...args: unknown[]) => typescript.WatchCompilerHost<never>;
    const host = create(...args);
    const createProgram = host.createProgram as (...args: unknown[]) => typescript.BuilderProgram;
    host.createProgram = ((...given: unknown[]) => {
      program = createProgram(...given);
      return program;
    }) as never;
    const find = (name: string, file: string) =>
      ts.resolveModuleName(name, file, options, host as typescript.ModuleResolutionHost).resolvedModule;
    const isBare = (name: string) => !/^[./]/.test(name);
    const resolve = (name: string, file: string) =>
      find(name, file) ??
      (isBare(name) ? find(name === 'detlab' ? packageRoot : name, join(packageRoot, 'cell.ts')) : undefined);
    // The compiler asks for every import of every file again at each cell: what was found stays found, and what a
    // package does not have, it will not have later.
    const found = new Map<string, typescript.ResolvedModuleFull | undefined>();
    host.resolveModuleNameLiterals = (literals, file) =>
      literals.map(({ text }) => {
        const key = `${dirname(file)}\0${text}`;
        if (found.has(key)) return { resolvedModule: found.get(key) };
        const resolvedModule = resolve(text, file);
        if (resolvedModule || file.includes('/node_modules/')) found.set(key, resolvedModule);
        return { resolvedModule };
      });
    return host;
  };

  const transpileModule = (input: string, options: typescript.TranspileOptions) => {
    const first = INLINE_MAP.exec(input);
    const output = ts.transpileModule(input.replace(INLINE_MAP, '\n'), {
      ...options,
      compilerOptions: { ...options.compilerOptions, sourceMap: true },
    });
    maps = first ? [Buffer.from(first[1], 'base64').toString(), output.sourceMapText ?? ''] : undefined;
    return { ...output, outputText: output.outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n') };
  };

  // tslab turns the variables of earlier cells into `exports.name`, but forgets those in `{ name }`
  const visitEachChild = (node: typescript.Node, visitor: typescript.Visitor, context: never) => {
    if (!ts.isShorthandPropertyAssignment(node)) return ts.visitEachChild(node, visitor, context);
    const symbol = program?.getProgram().getTypeChecker().getShorthandAssignmentValueSymbol(ts.getOriginalNode(node));
    const isEarlier = symbol?.declarations?.some((d) => d.getSourceFile().fileName.endsWith('/__prev__.d.ts'));
    if (!isEarlier) return ts.visitEachChild(node, visitor, context);
    const { factory } = ts;
    const value = factory.createPropertyAccessExpression(factory.createIdentifier('exports'), node.name.text);
    return factory.createPropertyAssignment(node.name, value);
  };

  const replaced: Record<string, unknown> = { createWatchCompilerHost, transpileModule, visitEachChild };
  const converter = loadConverter(replaced).createConverter({ isJS: false, isBrowser: false });
  return {
    ...converter,
    convert(declarations, source) {
      maps = undefined;
      const result = converter.convert(declarations, source);
      return { ...result, maps };
    },
  };
}

/** `tslab/dist/converter` on a copy of the compiler with some of its functions replaced. */
function loadConverter(replaced: Record<string, unknown>): typeof import('tslab/dist/converter') {
  const path = require.resolve('tslab/dist/converter');
  const compilerPath = require.resolve(COMPILER, { paths: [path] });
  const compiler = require.cache[compilerPath]!;
  const original = compiler.exports;
  const copy = {};
  for (const name of Object.keys(original)) {
    Object.defineProperty(copy, name, { enumerable: true, get: () => replaced[name] ?? original[name] });
  }
  delete require.cache[path];
  compiler.exports = copy;
  try {
    return require(path);
  } finally {
    compiler.exports = original;
  }
}
