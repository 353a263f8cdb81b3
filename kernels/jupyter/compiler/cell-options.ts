// Compiler options of cells and of the local modules they import: lenient by default, otherwise those of the nearest
// tsconfig.json, except for options that cells depend on (module kind, target, output).

import { createRequire } from 'node:module';
import { dirname, relative } from 'node:path';
import ts from 'typescript';

/** Where npm put @types/node: beside this package, or inside of it. */
const nodeRequire = createRequire(__filename);

const LIBRARIES = ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.decorators.d.ts'];

export interface CellOptions {
  options: ts.CompilerOptions;
  /** Errors in tsconfig.json; the options that could be read apply all the same. */
  problem: string | undefined;
}

/** The options for cells of a notebook in `directory`. */
export function cellOptions(directory: string): CellOptions {
  const { options: given, problem } = readConfig(directory);
  const projectTypes = dirname(dirname(nodeRequire.resolve('@types/node/package.json')));
  const roots = given.typeRoots ?? ts.getEffectiveTypeRoots({}, { getCurrentDirectory: () => directory }) ?? [];
  const options: ts.CompilerOptions = {
    jsx: ts.JsxEmit.ReactJSX,
    ...given,
    target: ts.ScriptTarget.ES2022,
    lib: given.lib ?? LIBRARIES,
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    customConditions: [...new Set(['node', ...(given.customConditions ?? [])])],
    typeRoots: [...roots, projectTypes],
    types: [...new Set(['node', ...(given.types ?? [])])],
    esModuleInterop: true,
    allowSyntheticDefaultImports: true,
    resolveJsonModule: true,
    allowJs: true,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
    skipLibCheck: true,
    // a cell uses names of other cells, and declares names for later ones
    noUnusedLocals: false,
    noUnusedParameters: false,
    allowUnusedLabels: true,
    allowUnreachableCode: true,
    verbatimModuleSyntax: false,
    isolatedModules: false,
    isolatedDeclarations: false,
    declaration: true,
    emitDeclarationOnly: false,
    declarationMap: false,
    noEmit: false,
    noEmitOnError: false,
    noEmitHelpers: false,
    importHelpers: false,
    removeComments: false,
    stripInternal: false,
    sourceMap: true,
    inlineSourceMap: false,
    composite: false,
    incremental: false,
    outDir: '/detlab-out',
  };
  for (const name of ['outFile', 'rootDir', 'rootDirs', 'declarationDir', 'tsBuildInfoFile', 'sourceRoot', 'mapRoot']) {
    delete options[name];
  }
  return { options, problem };
}

function readConfig(directory: string): CellOptions {
  const path = ts.findConfigFile(directory, ts.sys.fileExists);
  if (!path) return { options: {}, problem: undefined };
  const problems: ts.Diagnostic[] = [];
  // The list of files is not needed: reading whole folders would take seconds.
  const parsed = ts.getParsedCommandLineOfConfigFile(path, undefined, {
    ...ts.sys,
    readDirectory: () => [],
    onUnRecoverableConfigFileDiagnostic: (problem) => problems.push(problem),
  });
  const NO_INPUTS = 18003;
  problems.push(...(parsed?.errors ?? []).filter(({ code }) => code !== NO_INPUTS));
  const messages = problems.map(({ file, start, messageText }) => {
    const at = file && start !== undefined ? file.getLineAndCharacterOfPosition(start) : undefined;
    const place = `${relative(directory, file?.fileName ?? path)}${at ? `:${at.line + 1}:${at.character + 1}` : ''}`;
    return `${place} - ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
  const options = parsed?.options ?? {};
  // `paths` without `baseUrl` are relative to the configuration file.
  if (options.paths && !options.baseUrl) options.pathsBasePath ??= dirname(path);
  return { options, problem: messages.length ? `tsconfig.json has errors: ${messages.join('\n')}` : undefined };
}
