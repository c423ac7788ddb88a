// Colours of the accent and what can be read with it (WCAG 2.2, 1.4.3). Pure.

export type Scheme = 'light' | 'dark';

/** What the accent is written on: ground, raised and sunken of src/web/styles/elements.css, which a test compares. */
export const GROUNDS: Record<Scheme, readonly string[]> = {
  light: ['#fbfaf8', '#ffffff', '#f3f1ec'],
  dark: ['#141817', '#1b201f', '#101413'],
};
const RAISED = 1;
/** Of text of the usual size. */
export const MIN_CONTRAST = 4.5;
/** How much of the accent is in what is chosen. */
const SOFT_SHARE = 0.12;
const INKS = ['#ffffff', '#101413'] as const;

const channels = (hex: string): number[] =>
  [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = channels(hex).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** From 1 to 21. `#rrggbb` each. */
export function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

/** The ground of what is chosen. */
export function softOf(accent: string, scheme: Scheme): string {
  const raised = channels(GROUNDS[scheme][RAISED] ?? '');
  const mixed = channels(accent).map((value, i) =>
    Math.round(value * SOFT_SHARE + (raised[i] ?? 0) * (1 - SOFT_SHARE)),
  );
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** What is written on the accent. */
export const inkOn = (accent: string): string =>
  contrast(accent, INKS[0]) >= contrast(accent, INKS[1]) ? INKS[0] : INKS[1];

/** Where the accent can be read least. */
export function leastContrast(accent: string, scheme: Scheme): { ground: string; ratio: number } {
  const [least] = [...GROUNDS[scheme], softOf(accent, scheme)]
    .map((ground) => ({ ground, ratio: contrast(accent, ground) }))
    .sort((a, b) => a.ratio - b.ratio);
  return least ?? { ground: '', ratio: 1 };
}

/** The tokens of the accent, for both schemes. */
export function accentStyle(accent: Record<Scheme, string>): string {
  const both = (of: (colour: string, scheme: Scheme) => string) =>
    `light-dark(${of(accent.light, 'light')},${of(accent.dark, 'dark')})`;
  return `:root{--accent:${both((colour) => colour)};--accent-ink:${both(inkOn)};--accent-soft:${both(softOf)}}`;
}
