// PyTorch's ModuleList and Sequential: modules named 0, 1, 2, ...

import type * as tf from '@tensorflow/tfjs';
import { Module } from './module';

/** A list of modules; the enclosing module applies them. */
export class ModuleList<T extends Module> extends Module implements Iterable<T> {
  private readonly items: T[] = [];

  constructor(items: Iterable<T> = []) {
    super();
    for (const item of items) this.push(item);
  }

  push(item: T): T {
    this.addChild(String(this.items.length), item);
    this.items.push(item);
    return item;
  }

  at(index: number): T {
    const item = this.items.at(index);
    if (!item) throw new RangeError(`Cannot get module ${index}: expected 0 to ${this.items.length - 1}`);
    return item;
  }

  get length(): number {
    return this.items.length;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.items[Symbol.iterator]();
  }
}

/** Modules applied in order; intermediate tensors are freed as soon as they are read. */
export class Sequential<T extends Module & { forward(x: tf.Tensor4D): tf.Tensor4D }> extends ModuleList<T> {
  /** @param x several maps where the first module reads several; @param release whether it is freed too: nobody else reads it */
  forward(x: Parameters<T['forward']>[0], { release = false } = {}): tf.Tensor4D {
    let y = x as tf.Tensor4D;
    for (const module of this) {
      const next = module.forward(y);
      if ((release || y !== x) && next !== y) y.dispose();
      y = next;
    }
    return y;
  }
}
