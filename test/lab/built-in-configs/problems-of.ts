// What the compiler says of a file.

import ts from 'typescript';

/** Problems of one file; `virtual` are files that are not on the disk, or are read as something else. */
export function problemsOf(file: string, options: ts.CompilerOptions, virtual: Record<string, string> = {}): unknown[] {
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.fileExists = (name) => name in virtual || fileExists.call(host, name);
  host.readFile = (name) => virtual[name] ?? readFile.call(host, name);
  const program = ts.createProgram([file], options, host);
  const source = program.getSourceFile(file);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ start = 0, messageText }) => {
      const line = source!.text.slice(source!.text.lastIndexOf('\n', start) + 1).split('\n')[0];
      return [line.trim(), ts.flattenDiagnosticMessageText(messageText, '\n')];
    },
  );
}
