// What a cell registers is known to the types of later cells, and of the same one.

import { beforeAll, describe, expect, it } from 'vitest';
import { CellCompiler } from '../../../../kernels/jupyter/compiler/compiler';
import { CELL_GLOBALS } from '../../../../kernels/jupyter/session/cell-globals';
import { PRELUDE_IMPORTS } from '../../../../kernels/jupyter/session/prelude';
import { slowTest } from '../../../slow-cases';

let compiler: CellCompiler;

/** Runs a cell, as far as the compiler knows; returns its errors. */
function run(source: string): string[] {
  const compiled = compiler.compile(source);
  if ('problems' in compiled) return compiled.problems.map(({ message }) => message);
  compiler.commit(new Set());
  return [];
}

const neck = (type: string, options: string) => `defineModule({
  kind: 'neck', type: '${type}', summary: 'One', example: '', options: z.strictObject(${options}),
  build: (_, { inputs }) => new OwnNeck(inputs!),
})`;

beforeAll(() => {
  compiler = new CellCompiler(process.cwd(), PRELUDE_IMPORTS, CELL_GLOBALS);
  expect(
    run(`import { defineModule, Module, type FeatureSpec } from 'detlab';
      import { z } from 'zod';
      class OwnNeck extends Module {
        constructor(readonly outputs: FeatureSpec[]) { super(); }
        forward(features: tf.Tensor4D[]): tf.Tensor4D[] { return features; }
      }
      const base = detector('faster-rcnn_r18_fpn_toytown');`),
  ).toEqual([]);
});

describe('register', () => {
  it('declares a variable: its name and its options', () => {
    expect(run(`const lazyNeck = ${neck('LazyNeck', '{ gain: z.number().optional() }')}; register(lazyNeck);`)).toEqual(
      [],
    );
    expect(run("base.neck('LazyNeck'); base.neck({ type: 'LazyNeck', gain: 2 });")).toEqual([]);
    expect(run("base.neck({ type: 'LazyNeck', gan: 2 });")).toEqual([expect.stringContaining("'gan' does not exist")]);
    expect(run("base.neck({ type: 'LazyNeck', gain: 'two' });")).toEqual([expect.stringContaining('number')]);
    expect(run("base.neck('FPN'); base.neck({ type: 'FPN', out_channels: 8 });")).toEqual([]);
  });

  it('again, with other options, replaces them; in the same cell too', () => {
    const cell = `const lazyNeck = ${neck('LazyNeck', '{ depth: z.int() }')};
      register(lazyNeck);
      base.neck({ type: 'LazyNeck', depth: 2 });`;
    expect(run(cell)).toEqual([]);
    expect(run(cell)).toEqual([]);
    expect(run("base.neck({ type: 'LazyNeck', gain: 2 });")).toEqual([
      expect.stringContaining("'gain' does not exist"),
    ]);
  });

  it('declares the name of a definition in place', () => {
    expect(run(`register(${neck('InlineNeck', '{ gain: z.number() }')});`)).toEqual([]);
    expect(run("base.neck('InlineNeck'); base.neck({ type: 'InlineNeck', gain: 2 });")).toEqual([]);
    expect(run("base.neck({ type: 'InlineNeck', gan: 2 });")).toEqual([
      expect.stringContaining("'gan' does not exist"),
    ]);
    expect(run(`if (base) register(${neck('InnerNeck', '{ gain: z.number() }')});`)).toEqual([]);
    expect(run("base.neck('InnerNeck'); base.neck({ type: 'InnerNeck', gain: 2 });")).toEqual([]);
  });

  slowTest('declares a variable of an earlier cell', () => {
    expect(run(`const later = ${neck('LaterNeck', '{}')};`)).toEqual([]);
    expect(run("base.neck('LaterNeck')")).toEqual([
      expect.stringMatching(
        /LaterNeck.*\nNo module has the name "LaterNeck"\. Did you mean "LazyNeck"\? .* a cell with register/,
      ),
    ]);
    expect(run('register(later);')).toEqual([]);
    expect(run("base.neck('LaterNeck')")).toEqual([]);
  });

  slowTest('leaves errors of its argument in their place', () => {
    expect(run('register(5 as never as string);')).toEqual([expect.stringContaining('string')]);
    expect(run(`register(${neck('WrongNeck', '{ gain: z.numbr() }')});`)).toEqual([expect.stringContaining("'numbr'")]);
    expect(run('register(unknownNeck);')).toEqual([expect.stringContaining("Cannot find name 'unknownNeck'")]);
  });
});
