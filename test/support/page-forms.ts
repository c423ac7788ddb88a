// The forms of a page, as whoever looks at it finds them: what they send, where to, and what they say is wrong.

/** One that a person types into or chooses from. */
export interface Control {
  name: string;
  tag: 'input' | 'select' | 'textarea';
  type: string;
  value: string;
  isRequired: boolean;
  isInvalid: boolean;
  /** What the page says is wrong with it. */
  error: string;
}

export interface PageForm {
  action: string;
  controls: Control[];
  /** What goes along: hidden fields, and the checkboxes that are ticked. */
  along: [name: string, value: string][];
}

const ENTITIES: Record<string, string> = { quot: '"', '#39': "'", lt: '<', gt: '>', amp: '&' };
const decoded = (text: string): string => text.replace(/&(\w+|#39);/g, (all, name) => ENTITIES[name] ?? all);

type Attributes = Record<string, string | undefined>;
const attributesOf = (tag: string): Attributes =>
  Object.fromEntries(
    [...tag.matchAll(/\s([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, decoded(value)]),
  );

/** The texts of the elements of class `error` that describe it. */
function errorOf(page: string, { 'aria-describedby': ids = '' }: Attributes): string {
  const texts = ids.split(' ').flatMap((id) => {
    const found = new RegExp(`<p class="error" id="${id.replace(/\W/g, '\\$&')}">\\s*([^<]*?)\\s*</p>`).exec(
      page,
    );
    return found?.[1] ? [decoded(found[1])] : [];
  });
  return texts.join(' ');
}

/** What a `select` shows: the option that is selected, otherwise the first. */
function chosenOf(options: string): string {
  const all = [...options.matchAll(/<option([^>]*)>/g)].map(([, tag = '']) => tag);
  const chosen = all.find((tag) => / selected/.test(tag)) ?? all[0] ?? '';
  return attributesOf(chosen).value ?? '';
}

const CONTROLS = /<input([^>]*)>|<(select|textarea)([^>]*)>(.*?)<\/\2>/gs;

/** Every form of a page that is posted. */
export function formsOf(page: string): PageForm[] {
  return [...page.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)].flatMap(([, head = '', body = '']) => {
    const { method, action } = attributesOf(head);
    if (method !== 'post' || action === undefined) return [];
    const form: PageForm = { action, controls: [], along: [] };
    for (const [, input, tag = 'input', attributes = input ?? '', inside = ''] of body.matchAll(CONTROLS)) {
      const found = attributesOf(attributes);
      const { name, type = 'text', value = '' } = found;
      if (name === undefined) continue;
      if (type === 'hidden' || type === 'checkbox') {
        if (type === 'hidden' || / checked/.test(attributes)) form.along.push([name, value]);
        continue;
      }
      form.controls.push({
        name,
        tag: tag as Control['tag'],
        type,
        value: tag === 'select' ? chosenOf(inside) : tag === 'textarea' ? decoded(inside) : value,
        isRequired: / required/.test(attributes),
        isInvalid: found['aria-invalid'] === 'true',
        error: errorOf(page, found),
      });
    }
    return [form];
  });
}
