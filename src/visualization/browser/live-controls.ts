// Controls of interactive displays: a slider, a group of switches, a choice from a list.

interface LiveSlider {
  element: HTMLElement;
  /** Moves it without a call of its handler. */
  set(value: number): void;
}

interface LiveSwitches {
  element: HTMLElement;
  setCounts(countOf: (index: number) => number): void;
  /** Whether the dots show the colours. */
  setColored(isColored: boolean): void;
}

function liveElement(tag: string, name: string, text = ''): HTMLElement {
  const element = document.createElement(tag);
  if (name !== '') element.className = name;
  if (text !== '') element.textContent = text;
  return element;
}

/** A value from 0 to 1. */
function liveSlider(title: string, value: number, onInput: (value: number) => void): LiveSlider {
  const element = liveElement('label', '', title);
  const slider = Object.assign(document.createElement('input'), { type: 'range', min: '0', max: '1', step: '0.01' });
  const output = document.createElement('output');
  const set = (next: number) => {
    slider.value = String(next);
    output.textContent = next.toFixed(2);
  };
  set(value);
  slider.addEventListener('input', () => {
    output.textContent = Number(slider.value).toFixed(2);
    onInput(Number(slider.value));
  });
  element.append(slider, output);
  return { element, set };
}

/** A switch for each of `indices`; what is off is in `hidden`. A double click leaves one alone switched on. */
function liveSwitches(
  indices: readonly number[],
  names: readonly string[],
  colors: readonly string[],
  hidden: Set<number>,
  onChange: () => void,
): LiveSwitches {
  const element = liveElement('span', 'detlab-live-chips');
  const switches = indices.map((index) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.title = 'Click: on or off. Double click: this one only, or all';
    const [dot, count] = [liveElement('i', ''), liveElement('small', '')];
    dot.style.background = colors[index];
    button.append(dot, names[index] ?? String(index), count);
    return { index, button, dot, count };
  });
  const show = () => {
    for (const { index, button } of switches) button.setAttribute('aria-pressed', String(!hidden.has(index)));
  };
  const change = () => {
    show();
    onChange();
  };
  for (const { index, button } of switches) {
    button.addEventListener('click', () => {
      if (!hidden.delete(index)) hidden.add(index);
      change();
    });
    button.addEventListener('dblclick', () => {
      const isOnly = hidden.size === indices.length - 1 && !hidden.has(index);
      for (const other of indices)
        if (isOnly || other === index) hidden.delete(other);
        else hidden.add(other);
      change();
    });
  }
  show();
  element.append(...switches.map(({ button }) => button));
  return {
    element,
    setCounts(countOf) {
      for (const { index, count } of switches) count.textContent = String(countOf(index));
    },
    setColored(isColored) {
      for (const { dot } of switches) dot.style.display = isColored ? '' : 'none';
    },
  };
}

/** @param choices pairs of value and text */
function liveChoice(
  title: string,
  choices: readonly (readonly string[])[],
  value: string,
  onChange: (value: string) => void,
): HTMLElement {
  const element = liveElement('label', '', `${title} `);
  const select = document.createElement('select');
  select.append(...choices.map(([id, text]) => new Option(text, id, false, id === value)));
  select.addEventListener('change', () => onChange(select.value));
  element.append(select);
  return element;
}
