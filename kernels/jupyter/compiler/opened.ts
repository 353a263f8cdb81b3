// A cell in its program.

import type ts from 'typescript';

export interface Opened {
  program: ts.Program;
  cell: ts.SourceFile;
  /** The declarations of earlier cells, the cell's outer scope. */
  earlier: ts.SourceFile;
}
