// The columns of a shard's objects, which grow together: one check of their room an object.

type Column = Float32Array | Float64Array | Int32Array | Uint8Array | Uint32Array;

export class ObjectColumns {
  count = 0;
  private capacity = 1024;
  private bboxes = new Float32Array(4 * this.capacity);
  private labels = new Int32Array(this.capacity);
  private areas = new Float32Array(this.capacity);
  private ids = new Float64Array(this.capacity);
  private ignored = new Uint8Array(this.capacity);
  private crowds = new Uint8Array(this.capacity);
  private groups = new Uint8Array(this.capacity);
  private outlines = new Float64Array(this.capacity);
  private outlineLengths = new Uint32Array(this.capacity);

  add(x1: number, y1: number, x2: number, y2: number, label: number, area: number, id: number): void {
    if (this.count === this.capacity) this.grow();
    const i = this.count++;
    const { bboxes } = this;
    bboxes[4 * i] = x1;
    bboxes[4 * i + 1] = y1;
    bboxes[4 * i + 2] = x2;
    bboxes[4 * i + 3] = y2;
    this.labels[i] = label;
    this.areas[i] = area;
    this.ids[i] = id;
    this.outlineLengths[i] = 0;
  }

  flags(ignored: boolean, crowd: boolean, group: boolean): void {
    const i = this.count - 1;
    this.ignored[i] = ignored ? 1 : 0;
    this.crowds[i] = crowd ? 1 : 0;
    this.groups[i] = group ? 1 : 0;
  }

  outline(place: number, length: number): void {
    this.outlines[this.count - 1] = place;
    this.outlineLengths[this.count - 1] = length;
  }

  /** The columns in shared memory; they are empty afterwards. */
  take(outlined: boolean) {
    const { count } = this;
    this.count = 0;
    const [crowds, groups] = [shared(this.crowds, count), shared(this.groups, count)];
    for (let i = 0; i < count; i++) if (this.outlineLengths[i] === 0) this.outlines[i] = 0;
    return {
      bboxes: shared(this.bboxes, 4 * count),
      labels: shared(this.labels, count),
      ignored: shared(this.ignored, count),
      areas: shared(this.areas, count),
      annotationIds: shared(this.ids, count),
      ...(crowds.includes(1) && { crowds }),
      ...(groups.includes(1) && { groups }),
      ...(outlined && {
        outlines: shared(this.outlines, count),
        outlineLengths: shared(this.outlineLengths, count),
      }),
    };
  }

  private grow(): void {
    this.capacity *= 2;
    this.bboxes = enlarged(this.bboxes, 4 * this.capacity);
    this.labels = enlarged(this.labels, this.capacity);
    this.areas = enlarged(this.areas, this.capacity);
    this.ids = enlarged(this.ids, this.capacity);
    this.ignored = enlarged(this.ignored, this.capacity);
    this.crowds = enlarged(this.crowds, this.capacity);
    this.groups = enlarged(this.groups, this.capacity);
    this.outlines = enlarged(this.outlines, this.capacity);
    this.outlineLengths = enlarged(this.outlineLengths, this.capacity);
  }
}

function enlarged<C extends Column>(column: C, length: number): C {
  const larger = new (column.constructor as new (length: number) => C)(length);
  larger.set(column);
  return larger;
}

/** The first values in shared memory. */
function shared<C extends Column>(column: C, length: number): C {
  const bytes = new SharedArrayBuffer(length * column.BYTES_PER_ELEMENT);
  const taken = new (column.constructor as new (buffer: SharedArrayBuffer) => C)(bytes);
  taken.set(column.subarray(0, length));
  return taken;
}
